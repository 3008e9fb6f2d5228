/* latentlab exercise: every number that theory gives is worked out here again, by another way. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exercise_bits.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "tests/exercise_help.h"

/* GPT-2's layer of width 768 has 7,087,872 parameters, as published; the rest is counted term by term. */
static void the_textbooks_120_layers_and_its_loop(void **state) {
  (void)state;
  struct json_object *root = exercise_sheet_of("1");
  double layer = 7087872, shared = 2.0 * 32000 * 768 + 1024.0 * 768 + 2 * 768, flops = 0;
  exercise_near(exercise_real(root, "asked", 0, "stack"), 120, 0, "depth");
  exercise_near(exercise_real(root, "asked", 0, "loop"), 120, 0, "depth");
  exercise_near(exercise_real(root, "asked", 1, "stack"), 120 * layer, 0, "layers of the stack");
  exercise_near(exercise_real(root, "asked", 1, "ratio"), 0.1, 1e-12, "layers of the loop");
  exercise_near(exercise_real(root, "asked", 3, "loop"), 12 * layer + shared, 0, "parameters of the loop");
  exercise_near(exercise_real(root, "asked", 3, "ratio"), (12 * layer + shared) / (120 * layer + shared), 1e-12,
                "all parameters");
  exercise_near(exercise_real(root, "asked", 4, "stack"), 4 * (120 * layer + shared), 0, "bytes");
  for (int i = 1; i <= 1024; i++) flops += 120 * (2.0 * 768 * 12 * 768 + 2.0 * 2 * 768 * i); /* token by token */
  exercise_near(exercise_real(root, "asked", 5, "stack"), flops, 1e-6 * flops, "operations");
  exercise_near(exercise_real(root, "asked", 5, "ratio"), 1, 0, "operations");
  double kept = 0;
  for (int i = 1; i <= 1024; i++) kept += 120 * (8.0 * 768 + 2 * 3072 + 12.0 * i);
  exercise_near(exercise_real(root, "asked", 8, "loop"), 4 * kept, 1e-6 * kept, "kept for training");
  exercise_near(exercise_real(root, "asked", 8, "ratio"), 1, 0, "kept for training");
  exercise_near(exercise_real(root, "built", 0, "loop_counted"), 120, 0, "layers applied");
  json_object_put(root);
  root =
      exercise_sheet_of("1 --layers 3 --steps 4 --width 20 --heads 4 --ffn 7 --vocabulary 11 --sequence 5 --dtype-bytes 2");
  exercise_near(exercise_real(root, "built", 1, "stack_counted"),
                12 * (4 * 400 + 2 * 20 * 7 + 9 * 20 + 7) + 2 * 220 + 100 + 40, 0, "parameters");
  exercise_near(exercise_real(root, "asked", 4, "loop"), 2 * exercise_real(root, "built", 1, "loop_counted"), 0,
                "bytes at 2 bytes a number");
  json_object_put(root);
}

/* Whole multiples of 2^-9 that fp8-e4m3 leaves as they are. */
static size_t units(int64_t value[512]) {
  size_t count = 0;
  for (int64_t i = -448 * 512; i <= 448 * 512; i++)
    if (lat_dtype_round_double(LAT_DTYPE_FP8_E4M3, (double)i / 512) * 512 == (double)i) value[count++] = i;
  return count;
}

struct direction {
  int64_t x, y;
};
/* The order of x / y by crosswise products; the quadrant first. */
static int by_direction(const void *a, const void *b) {
  const struct direction *p = a, *q = b;
  int left = (p->x > 0) - (p->x < 0) + 3 * ((p->y > 0) - (p->y < 0)),
      right = (q->x > 0) - (q->x < 0) + 3 * ((q->y > 0) - (q->y < 0));
  if (left != right) return left < right ? -1 : 1;
  int64_t u = p->x * q->y, v = q->x * p->y;
  return (u > v) - (u < v);
}
static uint64_t directions(struct direction *list, size_t count) {
  uint64_t distinct = count > 0;
  qsort(list, count, sizeof *list, by_direction);
  for (size_t i = 1; i < count; i++) distinct += by_direction(&list[i], &list[i - 1]) != 0;
  return distinct;
}

static void bits_of_a_token_and_of_a_state(void **state) {
  (void)state;
  static const double finite[] = {4278190079.0, 65279, 63487, 253, 247};
  struct json_object *root = exercise_sheet_of("2");
  double token = log(32000) / log(2);
  exercise_near(token, 14.97, 0.005, "a token");
  for (size_t f = 0; f < 5; f++) {
    exercise_near(exercise_real(root, "formats", f, "finite"), finite[f], 0, "finite values");
    exercise_near(exercise_real(root, "formats", f, "distinct"), 4096 * log2(finite[f]), 1e-6, "distinct");
    exercise_near(exercise_real(root, "formats", f, "rmsnorm"), 4095 * log2(finite[f]), 1.01,
                  "all but one entry"); /* and its sign */
  }
  exercise_near(exercise_real(root, "formats", 1, "nominal"), 65536, 0, "4096 x 16");
  exercise_near(exercise_real(root, "formats", 1, "ratio"), 65536 / token, 1e-9, "the ratio that misleads");
  exercise_near(exercise_real(root, "noise", 2, "state"), 2048 * log2(101), 1e-6, "capacity at 20 dB");
  exercise_near(exercise_real(root, "ladder", 4, "bits"), token, 1e-12, "what an argmax reads");
  exercise_near(exercise_real(root, "ladder", 4, "ratio"), 1, 1e-12, "what an argmax reads");
  int64_t value[512];
  size_t k = units(value), at = 0;
  assert_int_equal(k, 253);
  struct direction *list = malloc(k * k * k / 6 * sizeof *list);
  assert_non_null(list);
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < k; j++) list[at++] = (struct direction){value[i], value[j]};
  exercise_near(exercise_real(root, "norms", 0, "after"), (double)directions(list, at), 0, "RMSNorm of 2 entries");
  at = 0;
  for (size_t x = 0; x < k; x++)
    for (size_t y = x + 1; y < k; y++)
      for (size_t z = y + 1; z < k; z++) list[at++] = (struct direction){value[y] - value[x], value[z] - value[y]};
  exercise_near(exercise_real(root, "norms", 3, "after"), 6.0 * (double)directions(list, at) + 7, 0,
                "LayerNorm of 3 entries");
  exercise_near(exercise_real(root, "norms", 1, "after"), 3, 0, "LayerNorm of 2 entries");
  free(list);
  json_object_put(root);
}

/* By quadrature over the received value: I = h(Y) - h(noise). */
static double carried(unsigned bits, double snr) {
  int levels = 1 << bits;
  double spacing = sqrt(3.0 / ((double)levels * levels - 1)), sigma = 1 / sqrt(snr), step = sigma / 50, entropy = 0;
  for (double y = -3 - 8 * sigma; y <= 3 + 8 * sigma; y += step) {
    double p = 0;
    for (int i = 0; i < levels; i++) {
      double u = (y - (2 * i - levels + 1) * spacing) / sigma;
      p += exp(-u * u / 2) / (sigma * sqrt(2 * acos(-1.0)) * levels);
    }
    if (p > 0) entropy -= p * log2(p) * step;
  }
  return entropy - 0.5 * log2(2 * acos(-1.0) * exp(1.0) * sigma * sigma);
}

static void a_simulated_channel_carries_what_quadrature_says(void **state) {
  (void)state;
  for (unsigned bits = 1; bits <= 5; bits += 2)
    for (double db = -5; db <= 25; db += 15) {
      double error, found = lat_bits_through_noise(bits, pow(10, db / 10), 200000, &error);
      if (!(error >= 0 && error < 0.01)) fail_msg("standard error %g", error);
      exercise_near(found, carried(bits, pow(10, db / 10)), 4 * error + 5e-4, "bits through noise");
    }
}

/* Schlaefli's recursion: a new plane cuts as many regions as the others cut it. */
static double regions(int rows, int entries) {
  if (entries == 1 || rows == 1) return 2;
  return regions(rows - 1, entries) + regions(rows - 1, entries - 1);
}

static void sign_patterns_are_counted_as_cover_says(void **state) {
  (void)state;
  for (int rows = 1; rows <= 14; rows++)
    for (int entries = 1; entries <= 6; entries++)
      exercise_near(lat_bits_cover(rows, (size_t)entries), log2(regions(rows, entries)), 1e-9, "Cover");
  for (size_t rows = 2; rows <= 16; rows++) {
    uint64_t count;
    assert_int_equal(lat_bits_count_patterns(rows, &count), LAT_OK);
    assert_int_equal(count, (uint64_t)regions((int)rows, 3));
  }
  size_t winners;
  double entropy;
  assert_int_equal(lat_bits_read_argmax(1, 3, 100, &winners, &entropy), LAT_OK);
  assert_true(winners == 1 && entropy == 0);
  assert_int_equal(lat_bits_read_argmax(2, 1, 4000, &winners, &entropy), LAT_OK);
  assert_true(winners == 2 && entropy > 0.9);
}

static void parity_takes_what_the_reach_allows(void **state) {
  (void)state;
  static const char *const words[] = {"3", "3 --bits 5 --heads 2", "3 --bits 2 --vectors 4", "3 --bits 27 --heads 6"};
  static const size_t bits[] = {64, 5, 2, 27};
  for (size_t w = 0; w < 4; w++) {
    struct json_object *root = exercise_sheet_of(words[w]);
    for (size_t row = 0; row < 5; row++) {
      double H = (double)row + 2, n = (double)bits[w];
      exercise_near(exercise_real(root, "machines", row, "heads"), H, 0, "heads");
      exercise_near(exercise_real(root, "machines", row, "bound"), ceil(log(n) / log(H + 1) - 1e-9), 0, "least layers");
      exercise_near(exercise_real(root, "machines", row, "tree"), ceil(log(n) / log(H) - 1e-9), 0, "layers of the tree");
    }
    for (size_t row = 0; row < exercise_rows_of(root, "reach"); row++) {
      assert_true(exercise_real(root, "reach", row, "found") <= exercise_real(root, "reach", row, "limit"));
      assert_true(exercise_real(root, "reach", row, "found") >= 1);
    }
    json_object_put(root);
  }
}

static void brents_bounds_hold_every_schedule(void **state) {
  (void)state;
  struct json_object *root = exercise_sheet_of("4 --family ripple:8 --width 3");
  size_t last = exercise_rows_of(root, "widths") - 1, asked = 0;
  double size = exercise_real(root, "widths", 0, "steps"), depth = exercise_real(root, "widths", last, "steps");
  exercise_near(depth, 15, 0, "depth of an adder"); /* 2 n - 1 */
  for (size_t row = 0; row <= last; row++) {
    double w = exercise_real(root, "widths", row, "width"), T = exercise_real(root, "widths", row, "steps");
    exercise_near(exercise_real(root, "widths", row, "lower"), fmax(depth, ceil(size / w)), 0, "at least");
    exercise_near(exercise_real(root, "widths", row, "upper"), depth + floor((size - depth) / w), 0, "at most");
    assert_true(T >= fmax(depth, ceil(size / w)) && T <= depth + (size - depth) / w);
    asked += w == 3.0;
  }
  assert_int_equal(asked, 1);
  json_object_put(root);
  static const char aag[] = "aag 4 2 0 1 2\n2\n4\n8\n6 2 4\n8 6 3\n"; /* a & b & !a: cleaning may leave nothing */
  FILE *file = fopen("small.aag", "w");
  assert_non_null(file);
  fputs(aag, file);
  fclose(file);
  json_object_put(exercise_sheet_of("4 small.aag --vectors 4"));
  json_object_put(exercise_sheet_of("4 --family parity:1"));
  json_object_put(exercise_sheet_of("4 --family s5_serial:3 --lut 5 --width 1000"));
}

/* All 2^m addresses in use: sigma(2 beta)^m = 1 - leak, solved for beta. */
static void the_certificate_asks_for_what_the_formula_says(void **state) {
  (void)state;
  struct json_object *root = exercise_sheet_of("5 --tokens 64");
  double leak = (1 - 1.0 / 8) / 4;
  for (size_t row = 0; row < 6; row++) {
    double m = 2.0 * ((double)row + 1), q = pow(1 - leak, 1 / m), beta = 0.5 * log(q / (1 - q));
    exercise_near(exercise_real(root, "tokens", row, "tokens"), pow(2, m), 0, "tokens");
    exercise_near(exercise_real(root, "tokens", row, "formula"), beta, 1e-9, "formula");
    assert_true(exercise_real(root, "tokens", row, "certified") >= beta &&
                exercise_real(root, "tokens", row, "certified") <= 1.001 * beta);
  }
  assert_string_equal(json_object_get_string(exercise_cell(root, "runs", 0, "bit")), "lost");
  assert_string_equal(json_object_get_string(exercise_cell(root, "runs", 3, "bit")), "kept");
  json_object_put(root);
  json_object_put(exercise_sheet_of("5 --tokens 37 --fan-in 3 --kappa 1"));
  json_object_put(exercise_sheet_of("5 --tokens 16 --norm layernorm --activation gelu"));
  json_object_put(exercise_sheet_of("5 --tokens 2 --norm rmsnorm --beta 1.5"));
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static const char *const words[] = {"1 --layers 1 --steps 2 --width 4 --heads 1 --vocabulary 3 --sequence 2 --json",
                                      "3 --bits 3 --vectors 2 --json", "4 --family parity:3 --vectors 2 --json",
                                      "5 --tokens 3 --json"};
  for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
    uint64_t before = lat_memory_allocations();
    assert_int_equal(exercise_run(words[w]), 0);
    uint64_t made = lat_memory_allocations() - before, step = made > 400 ? made / 200 : 1;
    for (uint64_t k = 1; k <= made; k += step) {
      lat_memory_fail_at(k);
      int code = exercise_run(words[w]);
      lat_memory_fail_at(0);
      if (code != 1)
        fail_msg("%s: allocation %llu of %llu: status %d", words[w], (unsigned long long)k, (unsigned long long)made, code);
    }
  }
  uint64_t count;
  size_t winners;
  double entropy;
  for (uint64_t k = 1; k <= 3; k++) {
    lat_memory_fail_at(k);
    assert_int_equal(lat_bits_read_argmax(2, 2, 5, &winners, &entropy), LAT_MEMORY);
  }
  lat_memory_fail_at(1);
  assert_int_equal(lat_bits_count_finite(LAT_DTYPE_FP8_E5M2, &count, &winners), LAT_MEMORY);
  for (uint64_t k = 1; k <= 2; k++) {
    lat_memory_fail_at(k);
    assert_int_equal(lat_bits_count_rmsnorm(3, &count), LAT_MEMORY);
  }
  lat_memory_fail_at(1);
  assert_int_equal(lat_bits_count_layernorm(3, &count), LAT_MEMORY);
  lat_memory_fail_at(0);
}

int main(void) {
  omp_set_num_threads(1); /* tiny models, many times; the number of threads changes no bit */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_textbooks_120_layers_and_its_loop),
      cmocka_unit_test(bits_of_a_token_and_of_a_state),
      cmocka_unit_test(a_simulated_channel_carries_what_quadrature_says),
      cmocka_unit_test(sign_patterns_are_counted_as_cover_says),
      cmocka_unit_test(parity_takes_what_the_reach_allows),
      cmocka_unit_test(brents_bounds_hold_every_schedule),
      cmocka_unit_test(the_certificate_asks_for_what_the_formula_says),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, exercise_make_folder, exercise_remove_folder);
}
