/* Softmax over binary address codes without the square.
 *
 * When keys are the +-1 codes of the token numbers and queries are +-q codes of addresses, the weight of address j for a
 * query at p is a product over address bits: 1 for a right bit, w_b = exp(-2 q_b k_b scale) for a wrong one. The sum over
 * all 2^m addresses is then m butterfly passes (a, b) <- (a + w_b b, b + w_b a), one a bit, for all p at once: O'Donnell,
 * Analysis of Boolean Functions (2014), section 2.4, the noise operator. Tokens that are not there count 0 in the values
 * and in the butterfly of the occupancy that divides. When every w_b underflows to 0 the softmax is a plain gather. */
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_plan.h"
#include "lib/compile/engine_step.h"
#include "lib/nn/vector_math.h"

struct code {
  size_t component[32];      /* which number of the key carries address bit b */
  double key[32], query[32]; /* signed size of that number for a 1 bit; size in queries */
};

static int no_code(const char *what, size_t token) {
  return LAT_FAIL(LAT_UNSUPPORTED,
                  "fast attention needs +-1 address codes, but %s of token %zu is none; use dense attention", what, token);
}

static int close_to(double a, double b) { return fabs(a - b) <= 1e-4 * fabs(b); }

/* Reads the code off the keys of tokens 0 and 2^b, then holds every key against it. */
static int read_code(const struct lat_engine *engine, const float *key, struct code *code) {
  size_t N = engine->tokens, W = engine->compiled->model->config.key_width, m = engine->address_bits;
  for (size_t b = 0; b < m; b++) {
    size_t token = (size_t)1 << b, found = 0;
    if (token >= N) token = 0; /* one token alone: the bit is never set */
    for (size_t k = 0; k < W; k++) {
      if (token != 0 ? key[k] * key[token * W + k] < 0.0f : k == b) {
        code->component[b] = k;
        code->key[b] = token != 0 ? (double)key[token * W + k] : -(double)key[k];
        found++;
      }
    }
    if (found != 1) return no_code("the key", token);
  }
  for (size_t j = 0; j < N; j++) {
    for (size_t b = 0; b < m; b++) {
      double expected = (j >> b & 1) != 0 ? code->key[b] : -code->key[b];
      if (!close_to((double)key[j * W + code->component[b]], expected)) return no_code("the key", j);
    }
    for (size_t k = 0; k < W; k++) { /* numbers outside the code cancel in the softmax when all keys agree in them */
      int in_code = 0;
      for (size_t b = 0; b < m; b++) in_code |= code->component[b] == k;
      if (!in_code && key[j * W + k] != key[k]) return no_code("the key", j);
    }
  }
  return LAT_OK;
}

/* The address that each query points at; the size of its numbers must be the same everywhere. */
static int read_pointers(const struct lat_engine *engine, const float *query, struct code *code, uint32_t *source) {
  size_t N = engine->tokens, H = engine->heads, W = engine->compiled->model->config.key_width, m = engine->address_bits;
  for (size_t b = 0; b < m; b++) code->query[b] = fabs((double)query[code->component[b]]);
  for (size_t r = 0; r < H * N; r++) {
    uint32_t address = 0;
    for (size_t b = 0; b < m; b++) {
      double q = (double)query[r * W + code->component[b]];
      if (!close_to(fabs(q), code->query[b])) return no_code("a query", r % N);
      if (q * code->key[b] > 0.0) address |= (uint32_t)1 << b;
    }
    source[r] = address;
  }
  return LAT_OK;
}

/* Who fetches row j: what has to be looked at again when token j changes. */
static int make_readers(struct lat_engine *engine, struct lat_mixing *mixing) {
  size_t N = engine->tokens, H = engine->heads;
  mixing->reader_first = lat_engine_memory(engine, N + 2, sizeof *mixing->reader_first);
  mixing->reader = lat_engine_memory(engine, H * N, sizeof *mixing->reader);
  if (mixing->reader_first == NULL || mixing->reader == NULL) return LAT_MEMORY;
  uint32_t *at = mixing->reader_first + 1; /* shifted by one place, so that filling leaves the right beginnings */
  for (size_t r = 0; r < H * N; r++) at[mixing->source[r] + 1]++;
  for (size_t j = 0; j < N; j++) at[j + 1] += at[j];
  for (size_t r = 0; r < H * N; r++) mixing->reader[at[mixing->source[r]]++] = (uint32_t)(r % N);
  return LAT_OK;
}

static int check_gather(const struct lat_engine *engine, const struct lat_mixing *mixing) {
  size_t N = engine->tokens;
  int causal = engine->compiled->model->config.mask == LAT_MASK_CAUSAL;
  for (size_t r = 0; r < engine->heads * N; r++) {
    if (mixing->source[r] >= N || (causal && mixing->source[r] > r % N)) {
      return LAT_FAIL(LAT_UNSUPPORTED,
                      "token %zu points at address %u, which its attention cannot see; use dense attention", r % N,
                      mixing->source[r]);
    }
  }
  return LAT_OK;
}

/* 1 / (softmax denominator) of every fetch, by the same butterfly over ones where a token stands. */
static int make_scale(struct lat_engine *engine, struct lat_mixing *mixing) {
  size_t N = engine->tokens, H = engine->heads, places = (size_t)1 << engine->address_bits;
  float *ones = lat_calloc(places, LAT_LANES * sizeof *ones);
  mixing->scale = lat_engine_memory(engine, H * N, sizeof *mixing->scale);
  if (ones == NULL || mixing->scale == NULL) {
    lat_free(ones);
    return LAT_MEMORY;
  }
  for (size_t k = 0; k < N * LAT_LANES; k++) ones[k] = 1.0f;
  lat_butterfly(ones, engine->address_bits, LAT_LANES, N, mixing->flip);
  for (size_t r = 0; r < H * N; r++) mixing->scale[r] = 1.0f / ones[mixing->source[r] * (size_t)LAT_LANES];
  lat_free(ones);
  return LAT_OK;
}

int lat_fast_make(struct lat_engine *engine, size_t kind) {
  struct lat_mixing *mixing = &engine->mixing[kind];
  size_t N = engine->tokens, H = engine->heads, m = engine->address_bits;
  size_t W = engine->compiled->model->config.key_width;
  double scale = engine->compiled->model->config.attention_scale;
  float *query = NULL, *key = NULL;
  struct code code;
  int status = LAT_OK, exact = 1;
  mixing->source = lat_engine_memory(engine, H * N, sizeof *mixing->source);
  mixing->flip = lat_engine_memory(engine, m, sizeof *mixing->flip);
  LAT_CHECK(status, mixing->source != NULL && mixing->flip != NULL, LAT_MEMORY, "%s", lat_error_message());
  LAT_TRY(status, lat_plan_queries(engine, kind, &query, &key));
  for (size_t h = 1; h < H; h++) {
    for (size_t k = 0; k < N * W; k++) {
      LAT_CHECK(status, key[k] == key[h * N * W + k], LAT_UNSUPPORTED,
                "fast attention needs the same keys in all heads; use dense attention");
    }
  }
  LAT_TRY(status, read_code(engine, key, &code));
  LAT_TRY(status, read_pointers(engine, query, &code, mixing->source));
  for (size_t b = 0; b < m; b++) {
    mixing->flip[b] = lat_exp((float)(-2.0 * code.query[b] * fabs(code.key[b]) * scale));
    exact &= mixing->flip[b] == 0.0f;
  }
  if (!exact) {
    LAT_CHECK(status, engine->compiled->model->config.mask == LAT_MASK_FULL, LAT_UNSUPPORTED,
              "fast attention with a causal mask needs a beta so large that softmax weights underflow (2 beta >= 104); "
              "raise beta or use dense attention");
    LAT_TRY(status, make_scale(engine, mixing));
  } else {
    lat_free(mixing->flip);
    mixing->flip = NULL;
    LAT_TRY(status, check_gather(engine, mixing));
    LAT_TRY(status, make_readers(engine, mixing));
  }
done:
  lat_free(query);
  lat_free(key);
  return status;
}
