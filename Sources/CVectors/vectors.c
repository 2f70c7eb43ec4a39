#include "CVectors.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx2,fma")))

int cvectors_is_supported(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

WIDE static inline float total(__m256 lanes) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_shuffle_ps(sum, sum, 1)));
}

// One vector at a time: several side by side were half as fast, as one stream of lines is what the
// processor reads ahead of (measured). Four sums, so that additions do not wait for one another.
WIDE void cvectors_squared_distances(
  const void *query, const void *vectors, long dimension, long count, float *distances) {
  const float *q = query;
  const float *v = vectors;
  for (long vector = 0; vector < count; vector += 1, v += dimension) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    long i = 0;
    for (; i + 32 <= dimension; i += 32) {
      __m256 d0 = _mm256_sub_ps(_mm256_loadu_ps(q + i), _mm256_loadu_ps(v + i));
      __m256 d1 = _mm256_sub_ps(_mm256_loadu_ps(q + i + 8), _mm256_loadu_ps(v + i + 8));
      __m256 d2 = _mm256_sub_ps(_mm256_loadu_ps(q + i + 16), _mm256_loadu_ps(v + i + 16));
      __m256 d3 = _mm256_sub_ps(_mm256_loadu_ps(q + i + 24), _mm256_loadu_ps(v + i + 24));
      s0 = _mm256_fmadd_ps(d0, d0, s0);
      s1 = _mm256_fmadd_ps(d1, d1, s1);
      s2 = _mm256_fmadd_ps(d2, d2, s2);
      s3 = _mm256_fmadd_ps(d3, d3, s3);
    }
    for (; i + 8 <= dimension; i += 8) {
      __m256 d = _mm256_sub_ps(_mm256_loadu_ps(q + i), _mm256_loadu_ps(v + i));
      s0 = _mm256_fmadd_ps(d, d, s0);
    }
    float sum = total(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
    for (; i < dimension; i += 1) {
      float d = q[i] - v[i];
      sum += d * d;
    }
    distances[vector] = sum;
  }
}

WIDE void cvectors_inner_products(
  const void *query, const void *vectors, long dimension, long count, float *products,
  float *squares) {
  const float *q = query;
  const float *v = vectors;
  for (long vector = 0; vector < count; vector += 1, v += dimension) {
    __m256 p0 = _mm256_setzero_ps(), p1 = p0, s0 = p0, s1 = p0;
    long i = 0;
    for (; i + 16 <= dimension; i += 16) {
      __m256 a = _mm256_loadu_ps(v + i);
      __m256 b = _mm256_loadu_ps(v + i + 8);
      p0 = _mm256_fmadd_ps(_mm256_loadu_ps(q + i), a, p0);
      p1 = _mm256_fmadd_ps(_mm256_loadu_ps(q + i + 8), b, p1);
      s0 = _mm256_fmadd_ps(a, a, s0);
      s1 = _mm256_fmadd_ps(b, b, s1);
    }
    float product = total(_mm256_add_ps(p0, p1));
    float square = total(_mm256_add_ps(s0, s1));
    for (; i < dimension; i += 1) {
      product += q[i] * v[i];
      square += v[i] * v[i];
    }
    products[vector] = product;
    squares[vector] = square;
  }
}

WIDE long cvectors_next_within(const float *distances, long from, long count, float limit) {
  __m256 limits = _mm256_set1_ps(limit);
  long i = from;
  for (; i + 8 <= count; i += 8) {
    // Not above, or not a number.
    int within =
      _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(distances + i), limits, _CMP_NGT_UQ));
    if (within != 0) { return i + __builtin_ctz((unsigned)within); }
  }
  for (; i < count; i += 1) {
    if (!(distances[i] > limit)) { return i; }
  }
  return count;
}

#else

int cvectors_is_supported(void) { return 0; }

void cvectors_squared_distances(
  const void *query, const void *vectors, long dimension, long count, float *distances) {
  (void)query, (void)vectors, (void)dimension, (void)count, (void)distances;
  abort();
}

void cvectors_inner_products(
  const void *query, const void *vectors, long dimension, long count, float *products,
  float *squares) {
  (void)query, (void)vectors, (void)dimension, (void)count, (void)products, (void)squares;
  abort();
}

long cvectors_next_within(const float *distances, long from, long count, float limit) {
  (void)distances, (void)from, (void)count, (void)limit;
  abort();
}

#endif
