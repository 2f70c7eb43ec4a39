// The server of the bare loop of recoveries: one world in memory after the other, each made of a
// template. As the mount of the target `fuse` it lets the kernel keep names and attributes, opens
// directories, and answers what the subject of `recovery_loop.c` asks; it records and decides
// nothing.
#define _GNU_SOURCE
#include "recovery_loop.h"
#include "server_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double remembered = 86400;

// The world whose number a node has: the newest, or one that is gone.
static struct world world;
static uint64_t world_number;

// A node number is the world's number, and in its lower byte the place of the file plus one; 0 is
// the world's directory. Number 1 is the mount's root.
static uint64_t world_of(fuse_ino_t node) { return node >> 8; }

static struct bare_file *file_of(fuse_ino_t node) {
  int place = (int)(node & 0xff) - 1;
  int is_there = world_of(node) == world_number && place >= 0 && place < world.count;
  return is_there ? &world.files[place] : NULL;
}

static struct stat status_of(fuse_ino_t node) {
  struct stat status = {.st_ino = node, .st_blksize = 4096, .st_nlink = 2};
  struct bare_file *file = file_of(node);
  status.st_mode = S_IFDIR | 0755;
  if (!file) return status;
  status.st_mode = S_IFREG | 0644;
  status.st_nlink = 1;
  status.st_size = (off_t)file->size;
  status.st_blocks = (status.st_size + 511) / 512;
  return status;
}

static struct fuse_entry_param entry_of(fuse_ino_t node) {
  return (struct fuse_entry_param){
      .ino = node,
      .attr = status_of(node),
      .attr_timeout = remembered,
      .entry_timeout = remembered,
  };
}

static int find(const char *name) {
  for (int place = 0; place < world.count; place++) {
    if (world.files[place].has_name && strcmp(world.files[place].name, name) == 0) return place;
  }
  return -1;
}

static fuse_ino_t node_at(int place) { return world_number << 8 | (fuse_ino_t)(place + 1); }

void bare_show(const struct world *shown, uint64_t number) {
  for (int place = 0; place < world.count; place++) free(world.files[place].bytes);
  world = *shown;
  world_number = number;
  for (int place = 0; place < world.count; place++) {
    struct bare_file *file = &world.files[place];
    file->capacity = file->size ? file->size : 1;
    file->bytes = calloc(1, file->capacity);
    file->has_name = 1;
  }
}

static void on_init(void *data, struct fuse_conn_info *connection) {
  (void)data;
  connection->want |= connection->capable & FUSE_CAP_ATOMIC_O_TRUNC;
  connection->want &= ~(unsigned)(
      UNWANTED_CAPABILITIES | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_HANDLE_KILLPRIV);
  connection->max_write = MAXIMUM_TRANSFER;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
  fuse_ino_t node = 0;
  if (parent == FUSE_ROOT_ID) {
    if (strtoull(name + 1, NULL, 10) == world_number) node = world_number << 8;
  } else {
    int place = find(name);
    if (place >= 0) node = node_at(place);
  }
  if (!node) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  struct fuse_entry_param entry = entry_of(node);
  fuse_reply_entry(request, &entry);
}

static void on_forget(fuse_req_t request, fuse_ino_t node, uint64_t count) {
  (void)node;
  (void)count;
  fuse_reply_none(request);
}

static void on_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *information) {
  (void)information;
  struct stat status = status_of(node);
  fuse_reply_attr(request, &status, remembered);
}

static void describe(struct fuse_file_info *information) {
  information->noflush = 1;
  information->direct_io = 1;
}

static void on_create(
    fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
    struct fuse_file_info *information) {
  (void)parent;
  (void)mode;
  if (world.count == BARE_FILE_LIMIT || strlen(name) >= sizeof world.files[0].name) {
    fuse_reply_err(request, ENOSPC);
    return;
  }
  struct bare_file *file = &world.files[world.count++];
  *file = (struct bare_file){.has_name = 1};
  strcpy(file->name, name);
  describe(information);
  struct fuse_entry_param entry = entry_of(node_at(world.count - 1));
  fuse_reply_create(request, &entry, information);
}

static void on_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *information) {
  (void)node;
  describe(information);
  fuse_reply_open(request, information);
}

static void on_open_directory(
    fuse_req_t request, fuse_ino_t node, struct fuse_file_info *information) {
  (void)node;
  fuse_reply_open(request, information);
}

static void on_read_directory(
    fuse_req_t request, fuse_ino_t node, size_t size, off_t offset,
    struct fuse_file_info *information) {
  (void)node;
  (void)information;
  char buffer[4096];
  size_t limit = size < sizeof buffer ? size : sizeof buffer, used = 0;
  for (int place = (int)offset; place < world.count; place++) {
    if (!world.files[place].has_name) continue;
    struct fuse_entry_param entry = entry_of(node_at(place));
    size_t length = fuse_add_direntry_plus(
        request, buffer + used, limit - used, world.files[place].name, &entry, place + 1);
    if (length > limit - used) break;
    used += length;
  }
  fuse_reply_buf(request, buffer, used);
}

// The kernel asks so from the second answer on, and there is none: the first holds every name.
static void on_read_plain(
    fuse_req_t request, fuse_ino_t node, size_t size, off_t offset,
    struct fuse_file_info *information) {
  (void)node;
  (void)size;
  (void)information;
  if (offset > 0) {
    fuse_reply_buf(request, NULL, 0);
  } else {
    fuse_reply_err(request, EIO);
  }
}

static void on_read(
    fuse_req_t request, fuse_ino_t node, size_t size, off_t offset,
    struct fuse_file_info *information) {
  (void)information;
  struct bare_file *file = file_of(node);
  if (!file) {
    fuse_reply_err(request, ESTALE);
    return;
  }
  answer_read(request, file->bytes, file->size, size, offset);
}

static void on_write(
    fuse_req_t request, fuse_ino_t node, const char *bytes, size_t size, off_t offset,
    struct fuse_file_info *information) {
  (void)information;
  struct bare_file *file = file_of(node);
  size_t end = (size_t)offset + size;
  if (file && end > file->capacity) {
    char *bigger = realloc(file->bytes, end + 4096);
    if (bigger) {
      file->bytes = bigger;
      file->capacity = end + 4096;
    }
  }
  if (!file || end > file->capacity) {
    fuse_reply_err(request, file ? ENOSPC : ESTALE);
    return;
  }
  if ((size_t)offset > file->size) memset(file->bytes + file->size, 0, offset - file->size);
  memcpy(file->bytes + offset, bytes, size);
  if (end > file->size) file->size = end;
  fuse_reply_write(request, size);
}

static void on_unlink(fuse_req_t request, fuse_ino_t parent, const char *name) {
  (void)parent;
  int place = find(name);
  if (place >= 0) world.files[place].has_name = 0;
  fuse_reply_err(request, place >= 0 ? 0 : ENOENT);
}

static void on_rename(
    fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
    const char *new_name, unsigned flags) {
  (void)parent;
  (void)new_parent;
  int place = find(name), replaced = find(new_name);
  if (flags || place < 0 || strlen(new_name) >= sizeof world.files[0].name) {
    fuse_reply_err(request, flags ? EINVAL : ENOENT);
    return;
  }
  if (replaced >= 0 && replaced != place) world.files[replaced].has_name = 0;
  strcpy(world.files[place].name, new_name);
  fuse_reply_err(request, 0);
}

struct fuse_session *bare_mount(const char *directory) {
  static const struct fuse_lowlevel_ops operations = {
      .init = on_init,
      .lookup = on_lookup,
      .forget = on_forget,
      .getattr = on_getattr,
      .create = on_create,
      .open = on_open,
      .opendir = on_open_directory,
      .readdir = on_read_plain,
      .readdirplus = on_read_directory,
      .read = on_read,
      .write = on_write,
      .fsync = answer_sync,
      .fsyncdir = answer_sync,
      .release = answer_release,
      .releasedir = answer_release,
      .unlink = on_unlink,
      .rename = on_rename,
  };
  return mount_session(&operations, directory);
}
