/* Emulated arithmetic: single terms held to whole-number arithmetic, kernels to chains of terms, models to a plain reference
 * that follows the rule number by number, all bit for bit; and what a naive accumulator does to a long sum. */
#include "lib/nn/emulate.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/nn/decode.h"
#include "tests/emulate_reference.h"
#include "tests/model_help.h"

static const enum lat_dtype all[] = {LAT_DTYPE_FP32, LAT_DTYPE_BF16, LAT_DTYPE_FP16, LAT_DTYPE_FP8_E4M3,
                                     LAT_DTYPE_FP8_E5M2};

static float draw(struct lat_random *random, enum lat_dtype dtype, int low, int high) {
  double x = ldexp(lat_random_uniform(random) * 2 - 1, low + (int)lat_random_below(random, (uint64_t)(high - low)));
  return lat_dtype_round(dtype, (float)ldexp(rint(ldexp(x, 24)), -24));
}

static void a_term_is_rounded_once(void **unused) {
  (void)unused;
  struct lat_random random;
  lat_random_start(&random, 3, "term", 0);
  for (size_t d = 0; d < LAT_DTYPES; d++)
    for (int i = 0; i < 50000; i++) {
      enum lat_dtype stored = LAT_DTYPE_FP16, dtype = all[d];
      float a = draw(&random, dtype, -8, 16), b = draw(&random, stored, -23, 12), c = draw(&random, stored, -23, 12);
      if (i % 2) { /* a sum just beside the middle of two numbers */
        double unit = lat_dtype_facts(dtype).unit_roundoff;
        a = lat_dtype_round(dtype, a);
        b = (float)ldexp(1, ilogb((double)(a == 0.0f ? 1.0f : a)) / 2);
        c = lat_dtype_round(stored, (float)(unit * (double)fabsf(a) / (double)b * (1 + (i % 3 - 1) * 0x1p-10)));
        c = (float)ldexp(rint(ldexp((double)c, 24)), -24);
      }
      if (!isfinite(a)) continue;
      double found = (double)lat_emulate_term(dtype, a, b, c),
             wanted = reference_term(dtype, (double)a, (double)b, (double)c);
      if (!(found == wanted || (isnan(found) && isnan(wanted))))
        fail_msg("%s: %.9g + %.9g %.9g is %.9g, not %.9g", lat_dtype_name(dtype), (double)a, (double)b, (double)c, found,
                 wanted);
    }
}

/* The sum of two doubles would be a tie, which the term far below them decides. */
static void a_term_far_below_the_sum_still_decides_a_tie(void **unused) {
  (void)unused;
  for (int sign = -1; sign <= 1; sign += 2) {
    float tiny = (float)(sign * 0x1p-60);
    assert_true(lat_emulate_term(LAT_DTYPE_BF16, tiny, 1 + 0x1p-8f, 1.0f) == (sign > 0 ? 1 + 0x1p-7f : 1.0f));
    assert_true(lat_emulate_term(LAT_DTYPE_BF16, tiny, 1 + 0x3p-8f, 1.0f) == (sign > 0 ? 1 + 0x1p-6f : 1 + 0x1p-7f));
  }
}

static void products_are_chains_of_terms_in_order(void **unused) {
  (void)unused;
  static const size_t sizes[][3] = {{1, 1, 1},    {3, 5, 7},    {40, 2, 130}, {2, 70, 65},
                                    {33, 33, 64}, {1, 97, 200}, {64, 1, 9}};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (size_t d = 0; d < LAT_DTYPES; d++)
      for (int kind = 0; kind < 4; kind++) {
        size_t rows = sizes[s][0], columns = sizes[s][1], inner = sizes[s][2], stride = columns + 3;
        struct lat_matrix a = {NULL, kind & 1 ? rows + 2 : inner + 1, kind & 1};
        struct lat_matrix b = {NULL, kind & 2 ? inner + 4 : columns + 2, kind >> 1 & 1};
        size_t a_size = a.stride * (kind & 1 ? inner : rows), b_size = b.stride * (kind & 2 ? columns : inner);
        float *left = lat_alloc(a_size, sizeof *left), *right = lat_alloc(b_size, sizeof *right);
        float *c = lat_alloc(rows * stride, sizeof *c);
        help_fill(left, a_size, 1.0, s), help_fill(right, b_size, 1.0, s + 1), help_fill(c, rows * stride, 1.0, 2);
        lat_dtype_round_all(all[(d + 1) % LAT_DTYPES], a_size, left, left);
        a.data = left, b.data = right;
        float untouched = c[columns];
        lat_emulate_gemm(all[d], rows, columns, inner, a, b, c, stride);
        assert_true(c[columns] == untouched);
        for (size_t i = 0; i < rows; i++)
          for (size_t j = 0; j < columns; j++) {
            float sum = 0.0f;
            for (size_t k = 0; k < inner; k++)
              sum = lat_emulate_term(all[d], sum, left[kind & 1 ? k * a.stride + i : i * a.stride + k],
                                     right[kind & 2 ? j * b.stride + k : k * b.stride + j]);
            if (memcmp(&sum, &c[i * stride + j], sizeof sum) != 0)
              fail_msg("%s, %zu x %zu x %zu, kind %d, at %zu %zu: %.9g, not %.9g", lat_dtype_name(all[d]), rows, columns,
                       inner, kind, i, j, (double)c[i * stride + j], (double)sum);
          }
        lat_free(left), lat_free(right), lat_free(c);
      }
}

/* 2^p + 1 is no number of p bits, and the tie goes to 2^p. */
static void sums_of_ones_stall_at_two_to_the_precision(void **unused) {
  (void)unused;
  enum { N = 5000 };
  static float ones[N];
  for (size_t i = 0; i < N; i++) ones[i] = 1.0f;
  static const float stall[] = {N, 256, 2048, 16, 8};
  for (size_t d = 0; d < LAT_DTYPES; d++) {
    float sum;
    lat_emulate_gemm(all[d], 1, 1, N, (struct lat_matrix){ones, N, 0}, (struct lat_matrix){ones, 1, 0}, &sum, 1);
    assert_true(sum == stall[d]);
  }
}

/* One head that looks at all tokens alike: the average of v over n tokens, of which the first `zeros` are 0 and the rest 1. */
static double average(enum lat_dtype accumulate, size_t n, size_t zeros) {
  const struct lat_attention_shape shape = {1, n, 1, 1, 1, LAT_MASK_FULL, 0, 1.0f, {LAT_DTYPE_FP32, accumulate}};
  float *q = lat_calloc(n, sizeof *q), *v = lat_calloc(n, sizeof *v), *scores = lat_alloc(n, sizeof *scores), y;
  for (size_t i = zeros; i < n; i++) v[i] = 1.0f;
  lat_attention_rows(&shape, 0, 1, q, q, v, &y, scores);
  lat_free(q), lat_free(v), lat_free(scores);
  return (double)y;
}

static void a_uniform_average_counts_only_as_far_as_its_accumulator(void **unused) {
  (void)unused;
  /* In whatever order a machine's BLAS sums them, n terms are off by at most n 2^-24 of the whole. */
  assert_true(fabs(average(LAT_DTYPE_FP32, 1000, 500) - 0.5) < 1000 * 0x1p-24);
  assert_true(average(LAT_DTYPE_BF16, 256, 128) == 0.5);
  /* Beyond 256 tokens the sum of weights stands at 256, every weight is 1/256, and the average of ones stops at 1. */
  assert_true(average(LAT_DTYPE_BF16, 512, 256) == 1.0);
  assert_true(average(LAT_DTYPE_BF16, 5000, 0) == 1.0);
  assert_true(average(LAT_DTYPE_BF16, 5000, 4900) == 100.0 / 256);
  assert_true(average(LAT_DTYPE_FP8_E4M3, 32, 16) == 1.0);
}

static const struct lat_transformer_config usual = {.width = 21,
                                                    .heads = 3,
                                                    .key_width = 4,
                                                    .value_width = 3,
                                                    .ffn = 35,
                                                    .layers = 2,
                                                    .steps = 2,
                                                    .norm = LAT_NORM_LAYERNORM,
                                                    .norm_epsilon = 1e-5,
                                                    .activation = LAT_ACTIVATION_GELU,
                                                    .mask = LAT_MASK_CAUSAL,
                                                    .window = 5,
                                                    .attention_scale = 0.5,
                                                    .linear_bias = 1};

/* A model of the k-th kind with random parameters of its storage. */
static struct lat_transformer *model_of(unsigned k, struct lat_arithmetic arithmetic) {
  struct lat_transformer_config config = usual;
  config.norm = (enum lat_norm)(k % 3);
  config.activation = (enum lat_activation)(k / 3 % 3);
  config.mask = (enum lat_mask)((k + k / 3) % 3);
  config.linear_bias = k % 2 == 0;
  config.input_injection = k % 4 == 1 ? LAT_INJECTION_ADD : LAT_INJECTION_NONE;
  if (k % 4 == 3 && config.norm != LAT_NORM_NONE) config.input_injection = LAT_INJECTION_NORM;
  config.step_embeddings = k % 4 == 2 ? 2 : 0;
  config.arithmetic = arithmetic;
  struct lat_transformer *model = help_model(&config, config.norm == LAT_NORM_NONE ? 0.2 : 0.5, k);
  lat_transformer_round(model);
  return model;
}

static float *start(size_t count, uint64_t seed) {
  float *x = lat_alloc(count, sizeof *x);
  help_fill(x, count, 1.0, seed);
  return x;
}

static void run(const struct lat_transformer *model, size_t batch, size_t sequence, float *x, lat_observer *observer) {
  struct lat_forward *forward;
  assert_int_equal(lat_forward_alloc(model, batch, sequence, &forward), 0);
  assert_int_equal(lat_transformer_run(model, forward, 2, x, observer, (void *)model, 1), 0);
  lat_forward_free(forward);
}

static void models_follow_the_rule_bit_for_bit(void **unused) {
  (void)unused;
  unsigned k = 0;
  for (size_t s = 0; s < LAT_DTYPES; s++)
    for (size_t a = 0; a < LAT_DTYPES; a++)
      for (int repeat = 0; repeat < 3; repeat++, k++) {
        struct lat_arithmetic arithmetic = {all[s], all[a]};
        if (lat_arithmetic_is_plain(arithmetic)) continue;
        struct lat_transformer *model = model_of(k, arithmetic);
        size_t S = k % 5 == 0 ? 1 : 37, count = 2 * S * usual.width;
        float *x = start(count, k), *y = start(count, k);
        run(model, 2, S, x, NULL);
        reference_run(model, 2, S, 2, y);
        for (size_t i = 0; i < count; i++)
          if (!(x[i] == y[i] || (isnan(x[i]) && isnan(y[i]))))
            fail_msg("storage %s, accumulate %s, kind %u, at %zu: %.9g, not %.9g", lat_dtype_name(all[s]),
                     lat_dtype_name(all[a]), k, i, (double)x[i], (double)y[i]);
        lat_free(x), lat_free(y);
        lat_transformer_free(model);
      }
}

static int is_stored(void *context, size_t step, size_t layer, const float *x) {
  const struct lat_transformer *model = context;
  (void)step, (void)layer;
  for (size_t i = 0; i < 20 * model->config.width; i++)
    if (!(lat_dtype_round(model->config.arithmetic.storage, x[i]) == x[i])) fail_msg("%.9g is not stored", (double)x[i]);
  return 0;
}

static void every_state_is_of_the_storage_and_near_the_single_precision_one(void **unused) {
  (void)unused;
  for (unsigned k = 1; k < 12; k++) {
    struct lat_transformer *model = model_of(k, (struct lat_arithmetic){LAT_DTYPE_FP16, LAT_DTYPE_FP32});
    float *x = start(20 * usual.width, k), *y = start(20 * usual.width, k);
    run(model, 1, 20, x, is_stored);
    model->config.arithmetic = (struct lat_arithmetic){LAT_DTYPE_FP32, LAT_DTYPE_FP32};
    run(model, 1, 20, y, NULL);
    double largest = 0;
    for (size_t i = 0; i < 20 * usual.width; i++) {
      double error = fabs((double)x[i] - (double)y[i]) / (1 + fabs((double)y[i]));
      if (!(error <= largest)) largest = error;
    }
    if (!(largest <= 0.02 && largest > 1e-5)) fail_msg("kind %u: %g from single precision", k, largest);
    lat_free(x), lat_free(y);
    lat_transformer_free(model);
  }
}

static void threads_move_no_bit(void **unused) {
  (void)unused;
  enum { S = 150 };
  int most = omp_get_max_threads();
  struct lat_transformer *model = model_of(4, (struct lat_arithmetic){LAT_DTYPE_BF16, LAT_DTYPE_FP16});
  float *x = start(S * usual.width, 9), *y = start(S * usual.width, 9);
  omp_set_num_threads(1);
  run(model, 1, S, x, NULL);
  omp_set_num_threads(3);
  run(model, 1, S, y, NULL);
  omp_set_num_threads(most);
  assert_memory_equal(x, y, S * usual.width * sizeof *x);
  lat_free(x), lat_free(y);
  lat_transformer_free(model);
}

static void cached_decoding_gives_the_same_numbers(void **unused) {
  (void)unused;
  enum { S = 90 };
  for (int rotary = 0; rotary < 2; rotary++) {
    struct lat_transformer_config config = usual;
    config.arithmetic = (struct lat_arithmetic){LAT_DTYPE_BF16, LAT_DTYPE_FP32};
    config.input_injection = 1;
    if (rotary) config.positions = LAT_POSITIONS_ROTARY;
    struct lat_transformer *model = help_model(&config, 0.4, 6);
    lat_transformer_round(model);
    float *x = start(S * config.width, 9), *y = start(S * config.width, 9);
    struct lat_cache *cache;
    run(model, 1, S, x, NULL);
    assert_int_equal(lat_cache_alloc(model, 1, S, 2, &cache), 0);
    for (size_t i = 0; i < S; i += 9) assert_int_equal(lat_transformer_decode(model, cache, 9, y + i * config.width), 0);
    for (size_t i = 0; i < S * config.width; i++)
      if (!(x[i] == y[i])) fail_msg("number %zu is %.9g, not %.9g", i, (double)y[i], (double)x[i]);
    lat_cache_free(cache);
    lat_free(x), lat_free(y);
    lat_transformer_free(model);
  }
}

/* Embedding and logits: tokens and learned positions. */
static void embeddings_and_logits_are_stored_numbers(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  config.vocabulary = 7, config.sequence = 11, config.final_norm = 1;
  config.arithmetic = (struct lat_arithmetic){LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP32};
  for (int positions = 0; positions < 3; positions++) {
    config.positions = (enum lat_positions)positions;
    struct lat_transformer *model = help_model(&config, 1.0, 8);
    lat_transformer_round(model);
    for (size_t i = 0; i < model->count; i++)
      assert_true(lat_dtype_round(LAT_DTYPE_FP8_E4M3, model->parameters[i]) == model->parameters[i]);
    static const int32_t token[11] = {0, 6, 1, 5, 2, 4, 3, 0, 1, 2, 6};
    float x[11 * 21], logits[11 * 7];
    struct lat_forward *forward;
    assert_int_equal(lat_transformer_embed(model, 1, 11, token, x), 0);
    for (size_t i = 0; i < 11 * 21; i++) {
      double exact = (double)model->token[(size_t)token[i / 21] * 21 + i % 21];
      if (positions == LAT_POSITIONS_LEARNED) exact += (double)model->position[i];
      assert_true(lat_dtype_round(LAT_DTYPE_FP8_E4M3, x[i]) == x[i]);
      if (positions != LAT_POSITIONS_SINUSOIDAL)
        assert_true((double)x[i] == lat_dtype_round_double(LAT_DTYPE_FP8_E4M3, exact));
    }
    assert_int_equal(lat_forward_alloc(model, 1, 11, &forward), 0);
    lat_transformer_logits(model, forward, x, logits);
    for (size_t i = 0; i < 77; i++) assert_true(lat_dtype_round(LAT_DTYPE_FP8_E4M3, logits[i]) == logits[i]);
    lat_forward_free(forward);
    lat_transformer_free(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_term_is_rounded_once),
      cmocka_unit_test(a_term_far_below_the_sum_still_decides_a_tie),
      cmocka_unit_test(products_are_chains_of_terms_in_order),
      cmocka_unit_test(sums_of_ones_stall_at_two_to_the_precision),
      cmocka_unit_test(a_uniform_average_counts_only_as_far_as_its_accumulator),
      cmocka_unit_test(models_follow_the_rule_bit_for_bit),
      cmocka_unit_test(every_state_is_of_the_storage_and_near_the_single_precision_one),
      cmocka_unit_test(threads_move_no_bit),
      cmocka_unit_test(cached_decoding_gives_the_same_numbers),
      cmocka_unit_test(embeddings_and_logits_are_stored_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
