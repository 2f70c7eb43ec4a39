#include "server_parts.h"

void answer_sync(
    fuse_req_t request, fuse_ino_t node, int data_only, struct fuse_file_info *information) {
  (void)node;
  (void)data_only;
  (void)information;
  fuse_reply_err(request, 0);
}

void answer_release(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *information) {
  (void)node;
  (void)information;
  fuse_reply_err(request, 0);
}

void answer_read(fuse_req_t request, const char *bytes, size_t held, size_t size, off_t offset) {
  size_t start = (size_t)offset < held ? (size_t)offset : held;
  size_t count = size < held - start ? size : held - start;
  fuse_reply_buf(request, count ? bytes + start : NULL, count);
}

struct fuse_session *mount_session(
    const struct fuse_lowlevel_ops *operations, const char *directory) {
  char *words[] = {"bare", "-o", "fsname=torture-bare,nosuid,nodev", NULL};
  struct fuse_args arguments = FUSE_ARGS_INIT(3, words);
  struct fuse_session *session =
      fuse_session_new(&arguments, operations, sizeof *operations, NULL);
  fuse_opt_free_args(&arguments);
  if (session && fuse_session_mount(session, directory) != 0) {
    fuse_session_destroy(session);
    session = NULL;
  }
  return session;
}
