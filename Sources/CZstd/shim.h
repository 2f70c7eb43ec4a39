// Zstandard's simple API: one call for a block, no state between blocks.
#ifndef CZSTD_SHIM_H
#define CZSTD_SHIM_H
#include <zstd.h>
#endif
