// What both bare servers answer alike, and how they are mounted.
#ifndef SERVER_PARTS_H
#define SERVER_PARTS_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <stddef.h>

enum { MAXIMUM_TRANSFER = 1 << 20 };

// What is not wanted of the kernel: each would have it do other work than the mount has it do.
enum {
  UNWANTED_CAPABILITIES = FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_ASYNC_DIO | FUSE_CAP_SPLICE_READ |
      FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE,
};

// Barriers cost the disk nothing here: both kinds are answered at once.
void answer_sync(
    fuse_req_t request, fuse_ino_t node, int data_only, struct fuse_file_info *information);

void answer_release(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *information);

// Answers with the part of `held` bytes at `bytes` that was asked for.
void answer_read(fuse_req_t request, const char *bytes, size_t held, size_t size, off_t offset);

// A session of these operations, mounted at `directory`; NULL when it cannot be. Whoever has it
// unmounts and destroys it.
struct fuse_session *mount_session(
    const struct fuse_lowlevel_ops *operations, const char *directory);

#endif
