// Sums over Float32 vectors with the instructions that this processor has, and memory for many.
//
// In C because Swift has no instructions for one function alone: with them for the whole program it
// would not start on an older processor. `Lanes.swift` of the store does the same without them.
#ifndef CVECTORS_H
#define CVECTORS_H
#include <stddef.h>

// Whether the functions below may be called: AVX2 and FMA are there.
int cvectors_is_supported(void);

// The squared Euclidean distance of `query` to each of `count` vectors, which lie one behind the
// other at `vectors`; both have `dimension` components. No alignment is asked for.
void cvectors_squared_distances(
  const void *query, const void *vectors, long dimension, long count, float *distances);

// The inner product of `query` and each vector, and each vector's squared length.
void cvectors_inner_products(
  const void *query, const void *vectors, long dimension, long count, float *products,
  float *squares);

// The number of the first distance from `from` on that is not above `limit` (one that is not a
// number is not), or `count`.
long cvectors_next_within(const float *distances, long from, long count, float limit);

// Zeroed memory of its own, in huge pages where the kernel has them: first touching a page of 4 KiB
// takes longer than copying a record into it. `bytes` is a multiple of the page size; what is
// touched of each 2 MiB is resident as a whole. NULL when there is no address space.
void *cvectors_allocate_large(size_t bytes);

// Gives back memory of `cvectors_allocate_large`, whole.
void cvectors_free_large(void *memory, size_t bytes);
#endif
