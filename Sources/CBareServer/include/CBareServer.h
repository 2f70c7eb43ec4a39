// What the mount and the target `fuse` are measured against: the least that a FUSE server can do.
#ifndef CBARESERVER_H
#define CBARESERVER_H

// Serves an empty in-memory file system at an existing directory until it is unmounted: one flat
// directory, each file one contiguous buffer, nothing recorded, nothing volatile. libfuse's own
// blocking loop on one thread. With `cached` the kernel keeps pages, and getxattr is implemented,
// as a file system with extended attributes has to. Returns 0, or 1 when it cannot mount.
int cbare_serve(const char *directory, int cached);

// Recovers crash states that nobody judges, for `seconds`, and returns how many a second of the
// time that passed; a negative number when it cannot (errno says why, where it is of the system).
//
// One thread serves a mount at `directory` and speaks over pipes to a subject in C, a child, as the
// target `fuse` does: each recovery in a world (a directory) of its own, a round of requests in one
// piece, twice. What the subject calls is `script`, a text of lines:
//
//   state              a crash state begins; the states are taken in turn
//   file NAME SIZE     one of its files
//   round              the subject reads `requests` lines; what it calls then, in order:
//   enter | list | barrier | leave
//   open NAME | create NAME | remove NAME | rename NAME NAME     the newest description is opened,
//   size N | read N OFFSET COUNT | write N OFFSET COUNT | sync N | close N     and named by number
//   answer COUNT       it writes a line of so many bytes, its end included
//   request COUNT      it is sent a line of so many bytes, its end included
double cbare_recover(const char *directory, const char *script, double seconds);

#endif
