// Between the bare loop of recoveries and the server of its worlds.
#ifndef RECOVERY_LOOP_H
#define RECOVERY_LOOP_H

#include <stddef.h>
#include <stdint.h>

enum { BARE_FILE_LIMIT = 64 };

struct bare_file {
  char name[64];
  char *bytes;
  size_t size;
  size_t capacity;
  int has_name;
};

// The files of one world, or of the template it is made of (then without bytes).
struct world {
  struct bare_file files[BARE_FILE_LIMIT];
  int count;
};

struct fuse_session;

// Mounts at `directory`; NULL when it cannot.
struct fuse_session *bare_mount(const char *directory);

// From now on the mount shows one world, `wNUMBER`, with the files of `shown`.
void bare_show(const struct world *shown, uint64_t number);

#endif
