// libfuse's low-level API at one version. `_FILE_OFFSET_BITS` is left out on purpose: defining it
// breaks the import beside Glibc, and on 64-bit Linux `off_t` is 64 bits wide without it.
#ifndef CFUSE_SHIM_H
#define CFUSE_SHIM_H
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#endif
