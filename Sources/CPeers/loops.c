#define _GNU_SOURCE
#include "CPeers.h"

#include <isa-l/crc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0) return -1;
    bytes += written;
    count -= (size_t)written;
  }
  return 0;
}

enum { BUFFER_BYTES = 64 << 10 };

double cpeers_append(int descriptor, const void *record, size_t bytes, uint64_t count) {
  char *buffer = malloc(BUFFER_BYTES);
  char *copy = malloc(bytes);
  if (!buffer || !copy) return -1;
  memcpy(copy, record, bytes);
  size_t used = 0;
  int failed = 0;
  double begun = now();
  for (uint64_t number = 0; number < count && !failed; number++) {
    memcpy(copy + 8, &number, sizeof number);
    unsigned int sum = ~crc32_iscsi((unsigned char *)copy + 4, (int)bytes - 4, ~0u);
    memcpy(copy, &sum, sizeof sum);
    if (used + bytes > BUFFER_BYTES) {
      failed = write_all(descriptor, buffer, used);
      used = 0;
    }
    memcpy(buffer + used, copy, bytes);
    used += bytes;
  }
  if (!failed) failed = write_all(descriptor, buffer, used);
  double seconds = now() - begun;
  free(buffer);
  free(copy);
  return failed ? -1 : seconds;
}

double cpeers_append_synced(int descriptor, const void *record, size_t bytes, uint64_t count) {
  double begun = now();
  for (uint64_t number = 0; number < count; number++) {
    if (pwrite(descriptor, record, bytes, (off_t)(number * bytes)) != (ssize_t)bytes) return -1;
    if (fdatasync(descriptor) != 0) return -1;
  }
  return now() - begun;
}

double cpeers_fill(int descriptor, uint64_t bytes) {
  char *zeros = calloc(1, 1 << 20);
  if (!zeros) return -1;
  double begun = now();
  int failed = 0;
  for (uint64_t done = 0; done < bytes && !failed; done += 1 << 20) {
    uint64_t rest = bytes - done;
    failed = write_all(descriptor, zeros, rest < 1 << 20 ? (size_t)rest : 1 << 20);
  }
  free(zeros);
  if (failed || fsync(descriptor) != 0) return -1;
  return now() - begun;
}
