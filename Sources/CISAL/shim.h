// ISA-L's CRC32C (Castagnoli, the iSCSI polynomial).
#ifndef CISAL_SHIM_H
#define CISAL_SHIM_H
#include <isa-l/crc.h>

// Swift may not alias `unsigned char *` with raw memory; the shim takes `const void *`. `state` is
// the running value without the final inversion (start with 0xFFFFFFFF, invert at the end).
static inline unsigned int cisal_crc32c_extend(unsigned int state, const void *bytes, int count) {
  return crc32_iscsi((unsigned char *)bytes, count, state);
}
#endif
