#include "lib/compile/pointers.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

struct code {
  uint64_t sign;
  uint32_t token;
};

/* Sizes of components may differ by this much, relatively: rounding of a norm. */
#define SAME_SIZE 1e-3

static int compare(const void *a, const void *b) {
  uint64_t x = ((const struct code *)a)->sign, y = ((const struct code *)b)->sign;
  return x < y ? -1 : x > y;
}

/* The signs of `width` components of about the size *size (taken from the first, when it is 0), or 0 in *good. */
static uint64_t signs(const float *vector, size_t width, double *size, int *good) {
  uint64_t sign = 0;
  for (size_t b = 0; b < width; b++) {
    double component = fabs((double)vector[b]);
    if (*size == 0) *size = component;
    if (!(fabs(component - *size) <= SAME_SIZE * *size) || !(component > 0)) *good = 0;
    sign |= (uint64_t)(vector[b] > 0) << b;
  }
  return sign;
}

int lat_pointers_find(const struct lat_transformer *model, struct lat_probe *probe, const struct lat_prompt *prompt,
                      uint32_t *pointer) {
  size_t N = prompt->tokens, D = prompt->width, H = model->config.heads, width = model->config.key_width;
  if (width > 64) return LAT_FAIL(LAT_UNSUPPORTED, "keys of %zu components are more than 64", width);
  uint64_t all = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
  uint64_t reverse = model->config.attention_scale < 0 ? all : 0;
  int status = LAT_OK;
  struct code *code = lat_alloc(N * H, sizeof *code);
  float *vector = lat_alloc(H * width, sizeof *vector);
  LAT_CHECK(status, code && vector, LAT_MEMORY, "no memory for the keys of %zu tokens", N);
  double size = 0;
  int good = 1;
  for (size_t i = 0; i < N; i++) {
    lat_probe_key(probe, prompt->state + i * D, vector);
    for (size_t h = 0; h < H; h++)
      code[h * N + i] = (struct code){signs(vector + h * width, width, &size, &good), (uint32_t)i};
    LAT_CHECK(status, good, LAT_INPUT, "the key of token %zu is not an address code", i);
  }
  for (size_t h = 0; h < H; h++) {
    qsort(code + h * N, N, sizeof *code, compare);
    for (size_t i = 1; i < N; i++)
      LAT_CHECK(status, code[h * N + i].sign != code[h * N + i - 1].sign, LAT_INPUT,
                "tokens %u and %u have the same address in head %zu", code[h * N + i - 1].token, code[h * N + i].token, h);
  }
  size = 0;
  for (size_t i = 0; i < N; i++) {
    lat_probe_query(probe, prompt->state + i * D, vector);
    for (size_t h = 0; h < H; h++) {
      struct code wanted = {signs(vector + h * width, width, &size, &good) ^ reverse, 0};
      LAT_CHECK(status, good, LAT_INPUT, "the query of token %zu in head %zu is not an address code", i, h);
      const struct code *found = bsearch(&wanted, code + h * N, N, sizeof *code, compare);
      LAT_CHECK(status, found, LAT_INPUT, "the query of token %zu in head %zu matches no token", i, h);
      pointer[i * H + h] = found->token;
    }
  }
done:
  lat_free(vector);
  lat_free(code);
  return status;
}
