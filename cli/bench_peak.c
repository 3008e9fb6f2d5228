#include <omp.h>
#include <stdint.h>

#include "cli/bench.h"
#include "lib/base/clock.h"

#ifdef __FMA__
#include <immintrin.h>
#endif

#if defined __AVX512F__
typedef __m512 wide;
#define FUSED(a, x, y) _mm512_fmadd_ps(a, x, y)
#elif defined __FMA__
typedef __m256 wide;
#define FUSED(a, x, y) _mm256_fmadd_ps(a, x, y)
#else
typedef float wide __attribute__((vector_size(16)));
#define FUSED(a, x, y) ((a) * (x) + (y))
#endif

enum { CHAINS = 10, ROUNDS = 4000000, REPEATS = 8 };
enum { LANES = sizeof(wide) / sizeof(float) };

/* Ten chains hide the latency of one. The sum keeps the compiler from dropping the work. */
static float chains(float factor) {
  wide x = factor - (wide){0}, y = 1e-3f - (wide){0};
  wide a0 = x, a1 = a0 + y, a2 = a1 + y, a3 = a2 + y, a4 = a3 + y, a5 = a4 + y, a6 = a5 + y, a7 = a6 + y, a8 = a7 + y;
  wide a9 = a8 + y; /* all different, or the compiler would compute equal chains once */
  for (int k = 0; k < ROUNDS; k++) {
    a0 = FUSED(a0, x, y), a1 = FUSED(a1, x, y), a2 = FUSED(a2, x, y), a3 = FUSED(a3, x, y), a4 = FUSED(a4, x, y);
    a5 = FUSED(a5, x, y), a6 = FUSED(a6, x, y), a7 = FUSED(a7, x, y), a8 = FUSED(a8, x, y), a9 = FUSED(a9, x, y);
  }
  wide sum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9;
  return sum[0];
}

/* The best of a few repeats: a busy neighbour only ever lowers it. */
static double measure(int threads) {
  double best = 0.0;
  for (int r = 0; r < REPEATS; r++) {
    int large = 0;
    double began = lat_clock();
#pragma omp parallel num_threads(threads) reduction(+ : large)
    large += chains(0.5f + 0.01f * (float)r) > 1e6f;
    double seconds = lat_clock() - began;
    double rate = large == 0 ? 2.0 * CHAINS * LANES * (double)ROUNDS * threads / seconds * 1e-9 : 0.0;
    if (rate > best) best = rate;
  }
  return best;
}

void lat_bench_peak(double *one, double *all) {
  *one = measure(1);
  *all = measure(omp_get_max_threads());
}
