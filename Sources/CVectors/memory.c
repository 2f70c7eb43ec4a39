#define _GNU_SOURCE
#include "CVectors.h"

#include <stdint.h>
#include <sys/mman.h>

static const size_t huge_page_bytes = 2 << 20;

void *cvectors_allocate_large(size_t bytes) {
  size_t room = bytes + huge_page_bytes;
  char *start = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t)start & (huge_page_bytes - 1);
  size_t after = huge_page_bytes - before;
  if (before > 0) munmap(start, before);
  munmap(start + before + bytes, after);
  // A kernel without huge pages refuses; the memory is as good.
  madvise(start + before, bytes, MADV_HUGEPAGE);
  return start + before;
}

void cvectors_free_large(void *memory, size_t bytes) { munmap(memory, bytes); }
