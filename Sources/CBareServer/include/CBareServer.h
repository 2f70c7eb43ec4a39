// What the mount is measured against: the least that a FUSE server can do.
#ifndef CBARESERVER_H
#define CBARESERVER_H

// Serves an empty in-memory file system at an existing directory until it is unmounted: one flat
// directory, each file one contiguous buffer, nothing recorded, nothing volatile. libfuse's own
// blocking loop on one thread. With `cached` the kernel keeps pages, and getxattr is implemented,
// as a file system with extended attributes has to. Returns 0, or 1 when it cannot mount.
int cbare_serve(const char *directory, int cached);

#endif
