// fallocate: glibc shows it under _GNU_SOURCE only, which Swift's Glibc module does not set.
#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <fcntl.h>

int clinux_allocate(int descriptor, int64_t size) { return fallocate(descriptor, 0, 0, size); }
