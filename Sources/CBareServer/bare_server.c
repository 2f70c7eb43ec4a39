// The bare server of `torture bench`, in C as its point is to have no runtime at all. It follows
// the session settings of `torture mount` (no splice, no write-back cache, requests of 1 MiB, no
// FLUSH, no name and no attribute remembered by the kernel), so that only what is done between
// request and answer differs.
#define _GNU_SOURCE
#include "CBareServer.h"
#include "server_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 4096 };

// A file; its node number is its place in `files`, and two more, as 1 is the root.
struct file {
  char *name;  // NULL once it has none
  char *bytes;
  size_t size;
  size_t capacity;
  uint64_t lookups;
};

static struct file *files[FILE_LIMIT];
static int is_cached;
static const double remembered = 0;

static struct file *file_of(fuse_ino_t node) { return files[node - 2]; }

static int find(const char *name) {
  for (int index = 0; index < FILE_LIMIT; index++) {
    if (files[index] && files[index]->name && strcmp(files[index]->name, name) == 0) return index;
  }
  return -1;
}

static struct stat status_of(fuse_ino_t node) {
  struct stat status = {.st_ino = node, .st_blksize = 4096, .st_nlink = 1};
  if (node == FUSE_ROOT_ID) {
    status.st_mode = S_IFDIR | 0755;
  } else {
    status.st_mode = S_IFREG | 0644;
    status.st_size = (off_t)file_of(node)->size;
    status.st_blocks = (status.st_size + 511) / 512;
  }
  return status;
}

static struct fuse_entry_param entry_of(int index) {
  files[index]->lookups++;
  return (struct fuse_entry_param){
      .ino = (fuse_ino_t)index + 2,
      .attr = status_of((fuse_ino_t)index + 2),
      .attr_timeout = remembered,
      .entry_timeout = remembered,
  };
}

// Grows the buffer of a file by doubling; a hole is zeroed by hand. Large ones are aligned as pages
// are, which the kernel copies faster; what is reserved and never written is not resident.
static int reserve(struct file *file, size_t end) {
  if (end <= file->capacity) return 0;
  size_t capacity = file->capacity ? file->capacity : 4096;
  while (capacity < end) capacity *= 2;
  char *bytes = capacity < 65536 ? malloc(capacity) : aligned_alloc(4096, capacity);
  if (!bytes) return -1;
  if (file->size) memcpy(bytes, file->bytes, file->size);
  free(file->bytes);
  file->bytes = bytes;
  file->capacity = capacity;
  return 0;
}

static int resize(struct file *file, size_t size) {
  if (size > file->size) {
    if (reserve(file, size) != 0) return -1;
    memset(file->bytes + file->size, 0, size - file->size);
  }
  file->size = size;
  return 0;
}

static void drop_if_unused(int index) {
  struct file *file = files[index];
  if (file->name || file->lookups) return;
  free(file->bytes);
  free(file);
  files[index] = NULL;
}

static void drop_name(int index) {
  free(files[index]->name);
  files[index]->name = NULL;
  drop_if_unused(index);
}

static void on_init(void *data, struct fuse_conn_info *connection) {
  (void)data;
  connection->want |= connection->capable & FUSE_CAP_ATOMIC_O_TRUNC;
  connection->want &= ~(unsigned)UNWANTED_CAPABILITIES;
  connection->max_write = MAXIMUM_TRANSFER;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
  (void)parent;
  int index = find(name);
  if (index < 0) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  struct fuse_entry_param entry = entry_of(index);
  fuse_reply_entry(request, &entry);
}

static void on_forget(fuse_req_t request, fuse_ino_t node, uint64_t count) {
  if (node != FUSE_ROOT_ID) {
    file_of(node)->lookups -= count;
    drop_if_unused((int)node - 2);
  }
  fuse_reply_none(request);
}

static void on_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *information) {
  (void)information;
  struct stat status = status_of(node);
  fuse_reply_attr(request, &status, remembered);
}

static void on_setattr(
    fuse_req_t request, fuse_ino_t node, struct stat *attributes, int changes,
    struct fuse_file_info *information) {
  if ((changes & FUSE_SET_ATTR_SIZE) && node != FUSE_ROOT_ID &&
      resize(file_of(node), (size_t)attributes->st_size) != 0) {
    fuse_reply_err(request, ENOSPC);
    return;
  }
  on_getattr(request, node, information);
}

static void describe(struct fuse_file_info *information) {
  information->noflush = 1;
  information->direct_io = !is_cached;
}

static void on_create(
    fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
    struct fuse_file_info *information) {
  (void)parent;
  (void)mode;
  int index = 0;
  while (index < FILE_LIMIT && files[index]) index++;
  struct file *file = index < FILE_LIMIT ? calloc(1, sizeof *file) : NULL;
  char *copy = file ? strdup(name) : NULL;
  if (!copy) {
    free(file);
    fuse_reply_err(request, ENOSPC);
    return;
  }
  file->name = copy;
  files[index] = file;
  describe(information);
  struct fuse_entry_param entry = entry_of(index);
  fuse_reply_create(request, &entry, information);
}

static void on_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *information) {
  if (information->flags & O_TRUNC) file_of(node)->size = 0;
  describe(information);
  fuse_reply_open(request, information);
}

static void on_read(
    fuse_req_t request, fuse_ino_t node, size_t size, off_t offset,
    struct fuse_file_info *information) {
  (void)information;
  struct file *file = file_of(node);
  answer_read(request, file->bytes, file->size, size, offset);
}

static void on_write(
    fuse_req_t request, fuse_ino_t node, const char *bytes, size_t size, off_t offset,
    struct fuse_file_info *information) {
  (void)information;
  struct file *file = file_of(node);
  size_t end = (size_t)offset + size;
  if (((size_t)offset > file->size && resize(file, (size_t)offset) != 0) ||
      reserve(file, end) != 0) {
    fuse_reply_err(request, ENOSPC);
    return;
  }
  memcpy(file->bytes + offset, bytes, size);
  if (end > file->size) file->size = end;
  fuse_reply_write(request, size);
}

static void on_unlink(fuse_req_t request, fuse_ino_t parent, const char *name) {
  (void)parent;
  int index = find(name);
  if (index >= 0) drop_name(index);
  fuse_reply_err(request, index >= 0 ? 0 : ENOENT);
}

static void on_rename(
    fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
    const char *new_name, unsigned flags) {
  (void)parent;
  (void)new_parent;
  int index = find(name);
  int replaced = find(new_name);
  char *copy = flags == 0 && index >= 0 ? strdup(new_name) : NULL;
  if (!copy) {
    fuse_reply_err(request, flags ? EINVAL : index < 0 ? ENOENT : ENOSPC);
    return;
  }
  if (replaced >= 0 && replaced != index) drop_name(replaced);
  free(files[index]->name);
  files[index]->name = copy;
  fuse_reply_err(request, 0);
}

static void on_getxattr(fuse_req_t request, fuse_ino_t node, const char *name, size_t size) {
  (void)node;
  (void)name;
  (void)size;
  fuse_reply_err(request, ENODATA);
}

int cbare_serve(const char *directory, int cached) {
  is_cached = cached;
  struct fuse_lowlevel_ops operations = {
      .init = on_init,       .lookup = on_lookup,   .forget = on_forget,
      .getattr = on_getattr, .setattr = on_setattr, .create = on_create,
      .open = on_open,       .read = on_read,       .write = on_write,
      .fsync = answer_sync,  .unlink = on_unlink,   .rename = on_rename,
      .fsyncdir = answer_sync, .release = answer_release,
  };
  if (cached) operations.getxattr = on_getxattr;
  struct fuse_session *session = mount_session(&operations, directory);
  if (!session) return 1;
  (void)fuse_session_loop(session);
  fuse_session_unmount(session);
  fuse_session_destroy(session);
  return 0;
}
