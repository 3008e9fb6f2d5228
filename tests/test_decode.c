/* Decoding with a cache: held to the forward pass over the whole sequence. */
#include "lib/nn/decode.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/model_help.h"

enum { B = 3, S = 83, T = 3 };

/* The forward pass and decoding differ by the order in which matrix products are summed, no more. */
#define BOUND 2e-5

static const struct lat_transformer_config usual = {.vocabulary = 11,
                                                    .sequence = S,
                                                    .width = 24,
                                                    .heads = 3,
                                                    .key_width = 6,
                                                    .value_width = 5,
                                                    .ffn = 37,
                                                    .layers = 2,
                                                    .steps = T,
                                                    .norm = LAT_NORM_LAYERNORM,
                                                    .norm_epsilon = 1e-5,
                                                    .activation = LAT_ACTIVATION_GELU,
                                                    .mask = LAT_MASK_CAUSAL,
                                                    .window = 9,
                                                    .positions = LAT_POSITIONS_NONE,
                                                    .attention_scale = 0.4,
                                                    .linear_bias = 1,
                                                    .final_norm = 1};

static float *state(size_t count, uint64_t seed) {
  float *x = lat_alloc(count, sizeof *x);
  assert_non_null(x);
  help_fill(x, count, 1.0, seed);
  return x;
}

/* Decodes tokens from .. to - 1 of every sequence of x [B, S, D] in place. */
static void decode_part(const struct lat_transformer *model, struct lat_cache *cache, size_t from, size_t to, float *x) {
  size_t D = model->config.width, count = to - from;
  float *part = lat_alloc(B * count * D, sizeof *part);
  for (size_t b = 0; b < B; b++) memcpy(part + b * count * D, x + (b * S + from) * D, count * D * sizeof *x);
  assert_int_equal(lat_transformer_decode(model, cache, count, part), LAT_OK);
  for (size_t b = 0; b < B; b++) memcpy(x + (b * S + from) * D, part + b * count * D, count * D * sizeof *x);
  lat_free(part);
}

/* Decodes all of x in parts of `size` tokens. */
static void decode(const struct lat_transformer *model, size_t size, float *x) {
  struct lat_cache *cache;
  assert_int_equal(lat_cache_alloc(model, B, S, T, &cache), LAT_OK);
  for (size_t from = 0; from < S; from += size) decode_part(model, cache, from, from + size < S ? from + size : S, x);
  assert_int_equal(lat_cache_tokens(cache), S);
  lat_cache_free(cache);
}

static void run_whole(const struct lat_transformer *model, float *x) {
  struct lat_forward *forward;
  assert_int_equal(lat_forward_alloc(model, B, S, &forward), LAT_OK);
  assert_int_equal(lat_transformer_run(model, forward, T, x, NULL, NULL, 0), LAT_OK);
  lat_forward_free(forward);
}

static void must_be_close(const float *a, const float *b, size_t n, double bound) {
  for (size_t i = 0; i < n; i++) {
    double error = fabs((double)a[i] - (double)b[i]);
    if (!(error <= bound * (1.0 + fabs((double)b[i])))) fail_msg("at %zu: %.9g and %.9g", i, (double)a[i], (double)b[i]);
  }
}

/* The kinds of model that there are, one a line of this table. */
static struct lat_transformer_config kind(size_t index) {
  struct lat_transformer_config config = usual;
  if (index == 1) config.mask = LAT_MASK_WINDOW;
  if (index == 2) config.positions = LAT_POSITIONS_ROTARY, config.mask = LAT_MASK_WINDOW;
  if (index == 3) config.positions = LAT_POSITIONS_ROTARY, config.norm = LAT_NORM_RMSNORM;
  if (index == 4) config.input_injection = 1, config.step_embeddings = 2;
  if (index == 5) config.norm = LAT_NORM_NONE, config.activation = LAT_ACTIVATION_RELU, config.linear_bias = 0;
  if (index == 6) config.heads = 1, config.key_width = 1, config.value_width = 1, config.layers = 1, config.ffn = 1;
  if (index >= 7) { /* as models are trained */
    config.placement = index == 7 ? LAT_PLACEMENT_SANDWICH : LAT_PLACEMENT_POST;
    config.input_injection = LAT_INJECTION_NORM;
    config.positions = LAT_POSITIONS_ROTARY;
    config.norm = LAT_NORM_RMSNORM;
    config.fields = 2, config.classes = 3;
  }
  return config;
}
enum { KINDS = 9 };

static void parts_of_any_size_give_the_states_of_the_whole_pass(void **unused) {
  (void)unused;
  static const size_t sizes[] = {1, 7, 64, S};
  for (size_t k = 0; k < KINDS; k++) {
    struct lat_transformer_config config = kind(k);
    struct lat_transformer *model = help_model(&config, 0.3, k);
    size_t count = B * S * config.width;
    float *whole = state(count, 1), *parts = lat_alloc(count, sizeof *parts);
    run_whole(model, whole);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      help_fill(parts, count, 1.0, 1);
      decode(model, sizes[s], parts);
      must_be_close(parts, whole, count, BOUND);
    }
    lat_free(whole);
    lat_free(parts);
    lat_transformer_free(model);
  }
}

/* Emulated sums do not depend on what is computed beside them: there the states are the same bit for bit. */
static void in_emulated_arithmetic_parts_give_the_same_bits(void **unused) {
  (void)unused;
  static const struct lat_arithmetic arithmetic[] = {
      {LAT_DTYPE_BF16, LAT_DTYPE_FP32}, {LAT_DTYPE_FP16, LAT_DTYPE_FP16}, {LAT_DTYPE_FP32, LAT_DTYPE_BF16}};
  for (size_t a = 0; a < sizeof arithmetic / sizeof *arithmetic; a++) {
    for (size_t k = 0; k < KINDS; k++) {
      struct lat_transformer_config config = kind(k);
      config.arithmetic = arithmetic[a];
      struct lat_transformer *model = help_model(&config, 0.3, k);
      lat_transformer_round(model);
      size_t count = B * S * config.width;
      float *whole = state(count, 1), *parts = state(count, 1);
      run_whole(model, whole);
      decode(model, 7, parts);
      assert_memory_equal(parts, whole, count * sizeof *whole);
      lat_free(whole);
      lat_free(parts);
      lat_transformer_free(model);
    }
  }
}

static void embedding_at_an_offset_is_that_of_the_whole(void **unused) {
  (void)unused;
  static const enum lat_positions positions[] = {LAT_POSITIONS_NONE, LAT_POSITIONS_LEARNED, LAT_POSITIONS_SINUSOIDAL};
  for (size_t p = 0; p < 3; p++) {
    struct lat_transformer_config config = usual;
    config.positions = positions[p];
    struct lat_transformer *model = help_model(&config, 0.3, 5);
    size_t D = config.width;
    int32_t token[B * S], part[B * 5];
    float *whole = state(B * S * D, 1), *x = state(B * 5 * D, 2);
    for (size_t i = 0; i < B * S; i++) token[i] = (int32_t)(i * 7 % 11);
    assert_int_equal(lat_transformer_embed(model, B, S, token, whole), LAT_OK);
    for (size_t b = 0; b < B; b++) memcpy(part + b * 5, token + b * S + 13, 5 * sizeof *part);
    assert_int_equal(lat_transformer_embed_at(model, B, 5, 13, part, x), LAT_OK);
    for (size_t b = 0; b < B; b++) assert_memory_equal(x + b * 5 * D, whole + (b * S + 13) * D, 5 * D * sizeof *x);
    if (positions[p] == LAT_POSITIONS_LEARNED)
      assert_int_equal(lat_transformer_embed_at(model, B, 5, S - 4, part, x), LAT_INPUT);
    lat_free(whole);
    lat_free(x);
    lat_transformer_free(model);
  }
}

static void truncated_tokens_are_forgotten(void **unused) {
  (void)unused;
  struct lat_transformer_config config = kind(3);
  struct lat_transformer *model = help_model(&config, 0.3, 9);
  size_t count = B * S * config.width;
  struct lat_cache *cache;
  float *straight = state(count, 1), *detour = state(count, 1), *other = state(count, 2);
  assert_int_equal(lat_cache_alloc(model, B, S, T, &cache), LAT_OK);
  decode_part(model, cache, 0, 20, straight);
  decode_part(model, cache, 20, 31, straight);
  lat_cache_truncate(cache, 0);
  decode_part(model, cache, 0, 20, detour);
  decode_part(model, cache, 20, 60, other);
  lat_cache_truncate(cache, 20);
  assert_int_equal(lat_cache_tokens(cache), 20);
  decode_part(model, cache, 20, 31, detour);
  for (size_t b = 0; b < B; b++)
    assert_memory_equal(straight + b * S * config.width, detour + b * S * config.width,
                        31 * config.width * sizeof *straight);
  lat_cache_free(cache);
  lat_free(straight);
  lat_free(detour);
  lat_free(other);
  lat_transformer_free(model);
}

static void a_sequence_does_not_see_its_neighbours(void **unused) {
  (void)unused;
  struct lat_transformer *model = help_model(&usual, 0.3, 9);
  size_t D = usual.width, one = S * D;
  float *x = state(B * one, 1), *y = state(B * one, 1);
  help_fill(y + one, one, 1.0, 77);
  decode(model, 5, x);
  decode(model, 5, y);
  assert_memory_equal(x, y, one * sizeof *x);
  assert_memory_equal(x + 2 * one, y + 2 * one, one * sizeof *x);
  assert_memory_not_equal(x + one, y + one, one * sizeof *x);
  lat_free(x);
  lat_free(y);
  lat_transformer_free(model);
}

static void threads_do_not_move_a_bit(void **unused) {
  (void)unused;
  int before = omp_get_max_threads();
  struct lat_transformer_config config = usual;
  config.width = 240, config.ffn = 600; /* enough work that threads are used */
  struct lat_transformer *model = help_model(&config, 0.05, 4);
  size_t count = B * S * config.width;
  float *one = state(count, 1), *three = state(count, 1);
  omp_set_num_threads(1);
  decode(model, 64, one);
  omp_set_num_threads(3);
  decode(model, 64, three);
  omp_set_num_threads(before);
  assert_memory_equal(one, three, count * sizeof *one);
  lat_free(one);
  lat_free(three);
  lat_transformer_free(model);
}

static void bytes_and_operations_are_counted_as_stated(void **unused) {
  (void)unused;
  struct lat_transformer_config config = kind(1);
  struct lat_transformer *model = help_model(&config, 0.3, 2);
  struct lat_cache *cache;
  float *x = state(B * S * config.width, 1);
  assert_int_equal(lat_cache_alloc(model, B, S, T, &cache), LAT_OK);
  assert_true(lat_cache_bytes(cache, 4) == 0.0);
  decode_part(model, cache, 0, 10, x);
  assert_true(lat_cache_bytes(cache, 2) == 2.0 * T * 2 * B * 10 * 3 * (6 + 5));
  for (size_t k = 0; k < KINDS; k++) {
    config = kind(k);
    double sum = 0.0;
    for (size_t i = 1; i <= S; i++) sum += lat_decode_flops(&config, i);
    assert_true(sum == lat_transformer_flops(&config, S));
  }
  lat_free(x);
  lat_cache_free(cache);
  lat_transformer_free(model);
}

static void the_greedy_choice_is_the_first_largest(void **unused) {
  (void)unused;
  const float logits[] = {-2.0f, 3.0f, 1.0f, 3.0f, -INFINITY}, bad[] = {1.0f, NAN, 2.0f}, last[] = {NAN};
  assert_int_equal(lat_greedy(5, logits), 1);
  assert_int_equal(lat_greedy(1, logits), 0);
  assert_int_equal(lat_greedy(3, bad), -1);
  assert_int_equal(lat_greedy(1, last), -1);
}

static void what_cannot_be_decoded_is_refused(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  struct lat_cache *cache;
  config.mask = LAT_MASK_FULL;
  struct lat_transformer *model = help_model(&config, 0.3, 2);
  assert_int_equal(lat_cache_alloc(model, B, S, T, &cache), LAT_INPUT);
  assert_null(cache);
  lat_transformer_free(model);
  config = usual, config.positions = LAT_POSITIONS_LEARNED;
  model = help_model(&config, 0.3, 2);
  assert_int_equal(lat_cache_alloc(model, B, S + 1, T, &cache), LAT_INPUT);
  assert_int_equal(lat_cache_alloc(model, 0, S, T, &cache), LAT_INPUT);
  assert_int_equal(lat_cache_alloc(model, B, 0, T, &cache), LAT_INPUT);
  assert_int_equal(lat_cache_alloc(model, B, S, 0, &cache), LAT_INPUT);
  assert_int_equal(lat_cache_alloc(model, SIZE_MAX / 2, S, T, &cache), LAT_INPUT);
  assert_int_equal(lat_cache_alloc(model, 1, 4, T, &cache), LAT_OK);
  float *x = state(5 * config.width, 1);
  assert_int_equal(lat_transformer_decode(model, cache, 5, x), LAT_INPUT);
  assert_int_equal(lat_transformer_decode(model, cache, 4, x), LAT_OK);
  assert_int_equal(lat_transformer_decode(model, cache, 1, x), LAT_INPUT);
  lat_free(x);
  lat_cache_free(cache);
  lat_transformer_free(model);
}

static void decoding_allocates_nothing(void **unused) {
  (void)unused;
  struct lat_transformer_config config = kind(4);
  struct lat_transformer *model = help_model(&config, 0.3, 2);
  struct lat_cache *cache;
  float *x = state(B * S * config.width, 1);
  assert_int_equal(lat_cache_alloc(model, B, S, T, &cache), LAT_OK);
  uint64_t before = lat_memory_allocations();
  assert_int_equal(lat_transformer_decode(model, cache, S, x), LAT_OK);
  assert_int_equal(lat_memory_allocations(), before);
  lat_free(x);
  lat_cache_free(cache);
  lat_transformer_free(model);
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **unused) {
  (void)unused;
  struct lat_transformer_config config = kind(4);
  config.positions = LAT_POSITIONS_ROTARY;
  struct lat_transformer *model = help_model(&config, 0.3, 2);
  struct lat_cache *cache = NULL;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  uint64_t k = 1;
  for (; status != LAT_OK; k++) {
    lat_memory_fail_at(k);
    status = lat_cache_alloc(model, B, S, T, &cache);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    if (status != LAT_OK) assert_null(cache);
    if (status != LAT_OK) assert_int_equal(lat_memory_current(), before);
  }
  assert_true(k > 10);
  lat_cache_free(cache);
  assert_int_equal(lat_memory_current(), before);
  lat_cache_free(NULL);
  lat_transformer_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(parts_of_any_size_give_the_states_of_the_whole_pass),
                                     cmocka_unit_test(in_emulated_arithmetic_parts_give_the_same_bits),
                                     cmocka_unit_test(embedding_at_an_offset_is_that_of_the_whole),
                                     cmocka_unit_test(truncated_tokens_are_forgotten),
                                     cmocka_unit_test(a_sequence_does_not_see_its_neighbours),
                                     cmocka_unit_test(threads_do_not_move_a_bit),
                                     cmocka_unit_test(bytes_and_operations_are_counted_as_stated),
                                     cmocka_unit_test(the_greedy_choice_is_the_first_largest),
                                     cmocka_unit_test(what_cannot_be_decoded_is_refused),
                                     cmocka_unit_test(decoding_allocates_nothing),
                                     cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
