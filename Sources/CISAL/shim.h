// ISA-L's CRC32C (Castagnoli, the iSCSI polynomial), and its gzip.
#ifndef CISAL_SHIM_H
#define CISAL_SHIM_H
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <stdlib.h>

// Swift may not alias `unsigned char *` with raw memory; the shim takes `const void *`. `state` is
// the running value without the final inversion (start with 0xFFFFFFFF, invert at the end).
static inline unsigned int cisal_crc32c_extend(unsigned int state, const void *bytes, int count) {
  return crc32_iscsi((unsigned char *)bytes, count, state);
}

// Compresses `size` bytes at `input` into `output`, with a gzip header and trailer, and returns how
// many bytes that makes; -1 when they do not fit `room` or are more than ISA-L counts at once.
static inline long cisal_gzip(const void *input, size_t size, void *output, size_t room) {
  if (size > INT_MAX || room > INT_MAX) return -1;
  struct isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = (unsigned char *)input;
  stream.avail_in = (unsigned int)size;
  stream.next_out = (unsigned char *)output;
  stream.avail_out = (unsigned int)room;
  return isal_deflate_stateless(&stream) == COMP_OK ? (long)stream.total_out : -1;
}

// Decompresses a gzip file and returns how many bytes it held; -1 when it is damaged or cut off, -2
// when they do not fit `room`. The trailer's checksum and length are verified.
static inline long cisal_gunzip(const void *input, size_t size, void *output, size_t room) {
  if (size > INT_MAX || room > INT_MAX) return -1;
  struct inflate_state *state = (struct inflate_state *)malloc(sizeof(struct inflate_state));
  if (state == NULL) return -1;
  isal_inflate_init(state);
  state->crc_flag = ISAL_GZIP;
  state->next_in = (unsigned char *)input;
  state->avail_in = (unsigned int)size;
  state->next_out = (unsigned char *)output;
  state->avail_out = (unsigned int)room;
  int status = isal_inflate(state);
  long count = -1;
  if (status == ISAL_DECOMP_OK) {
    if (state->block_state == ISAL_BLOCK_FINISH) count = (long)state->total_out;
    else if (state->avail_out == 0) count = -2;
  }
  free(state);
  return count;
}
#endif
