/* The engine's butterfly, product and chunks, each against its definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine.h"
#include "lib/compile/engine_step.h"
#include "tests/compile_help.h"

static void *zeros(size_t count, size_t size) {
  void *pointer = lat_calloc(count, size);
  assert_non_null(pointer);
  return pointer;
}

/* A family whose gates have at most two fan-ins. */
static struct lat_netlist *family(const char *name_and_size) {
  struct lat_netlist *raw = NULL, *clean = NULL;
  assert_int_equal(lat_family_make(name_and_size, 1, &raw), LAT_OK);
  assert_int_equal(lat_circuit_clean(raw, &clean), LAT_OK);
  lat_netlist_free(raw);
  return clean;
}

static void the_butterfly_is_the_sum_over_all_addresses(void **state) {
  (void)state;
  static const float flip[11] = {0.5f, 0.25f, 0.125f, 0.75f, 0.0625f, 0.3f, 0.9f, 0.01f, 0.4f, 0.2f, 0.6f};
  for (size_t bits = 1; bits <= 11; bits++) {
    for (size_t lanes = LAT_LANES; lanes <= 5 * LAT_LANES; lanes += 2 * LAT_LANES) {
      size_t places = (size_t)1 << bits, occupied = bits < 3 ? places : places - 3;
      float *data = zeros(places, lanes * sizeof *data), *first = zeros(places, sizeof *first);
      for (size_t j = 0; j < occupied; j++) {
        first[j] = (float)((j * 37 + 11) % 19) / 19.0f;
        for (size_t k = 0; k < lanes; k++) data[j * lanes + k] = first[j] * (float)(k + 1);
      }
      lat_butterfly(data, bits, lanes, occupied, flip);
      for (size_t p = 0; p<places; p += bits> 8 ? 97 : 1) {
        double sum = 0.0, size = 0.0;
        for (size_t j = 0; j < occupied; j++) {
          double weight = 1.0;
          for (size_t b = 0; b < bits; b++) weight *= ((p ^ j) >> b & 1) != 0 ? (double)flip[b] : 1.0;
          sum += weight * (double)first[j];
          size += weight * fabs((double)first[j]);
        }
        for (size_t k = 0; k < lanes; k++) {
          double error = fabs((double)data[p * lanes + k] - sum * (double)(k + 1));
          if (!(error <= (double)bits * 0x1p-23 * size * (double)(k + 1)))
            fail_msg("%zu bits, row %zu: %g", bits, p, error);
        }
      }
      lat_free(data);
      lat_free(first);
    }
  }
}

/* Depths over one cache block, panels of different depth, every width of tile. */
static void mixed_rows_are_the_sums_over_tokens(void **state) {
  (void)state;
  static const size_t depth[] = {2500, 1, 1024, 1025, 7};
  enum { PANELS = 5, TOKENS = 2500, MOST_GROUPS = 6 };
  size_t panel[PANELS + 1] = {0};
  for (size_t p = 0; p < PANELS; p++) panel[p + 1] = panel[p] + depth[p] * LAT_PANEL;
  struct lat_mixing mixing = {.rows = PANELS * LAT_PANEL, .panel = panel};
  mixing.weight = zeros(panel[PANELS], sizeof *mixing.weight);
  for (size_t k = 0; k < panel[PANELS]; k++) mixing.weight[k] = (float)(k * 29 % 101) / 101.0f;
  for (size_t groups = 1; groups <= MOST_GROUPS; groups++) {
    size_t columns = groups * LAT_LANES;
    float *value = zeros(TOKENS, columns * sizeof *value), *mixed = zeros(mixing.rows, columns * sizeof *mixed);
    for (size_t k = 0; k < TOKENS * columns; k++) value[k] = (float)(k * 17 % 23) - 11.0f;
    memset(mixed, 0xff, mixing.rows * columns * sizeof *mixed); /* NaN: must be overwritten */
    lat_mix_rows(&mixing, TOKENS, groups, value, mixed);
    for (size_t r = 0; r < mixing.rows; r++) {
      const float *w = mixing.weight + panel[r / LAT_PANEL] + r % LAT_PANEL;
      for (size_t c = 0; c < columns; c += 7) {
        double sum = 0.0, size = 0.0;
        for (size_t j = 0; j < depth[r / LAT_PANEL]; j++) {
          double term = (double)w[j * LAT_PANEL] * (double)value[j * columns + c];
          sum += term;
          size += fabs(term);
        }
        double error = fabs((double)mixed[r * columns + c] - sum);
        if (!(error <= 1e-5 * size)) fail_msg("%zu groups, row %zu, column %zu: %g of %g", groups, r, c, error, size);
      }
    }
    lat_free(value);
    lat_free(mixed);
  }
  lat_free(mixing.weight);
}

/* One group of vectors and two at a time are two ways through the code. The shifted constant makes the norm's mean count. */
static void chunks_of_any_width_hold_the_same_bits(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_random(33, 8, 50, 2);
  for (int norm = 0; norm < 3; norm++) {
    for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
      struct lat_construction c = help_plain(2);
      struct lat_compiled *compiled = NULL;
      struct lat_engine *engine = NULL;
      struct lat_vectors *inputs = NULL;
      struct lat_chunk *narrow = NULL, *wide = NULL;
      if (norm == LAT_NORM_LAYERNORM && attention == LAT_ATTENTION_FAST) continue; /* a mean spoils the address code */
      c.norm = (enum lat_norm)norm;
      assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
      size_t column = compiled->layout.constant * (compiled->layout.paired ? 2 : 1), D = compiled->prompt->width;
      for (size_t i = 0; i < compiled->prompt->tokens; i++) compiled->prompt->state[i * D + column] += 0.25f;
      assert_int_equal(lat_engine_alloc(compiled, (enum lat_attention)attention, &engine), LAT_OK);
      assert_int_equal(lat_vectors_alloc(netlist->inputs, 64, &inputs), LAT_OK);
      lat_vectors_random(inputs, 4);
      assert_int_equal(lat_chunk_alloc(engine, LAT_VECTOR_PART, 64, &wide), LAT_OK);
      assert_int_equal(lat_chunk_alloc(engine, LAT_VECTOR_PART, 16, &narrow), LAT_OK);
      lat_chunk_start(wide, inputs, 0);
      for (int t = 0; t < 4; t++) lat_chunk_step(wide);
      size_t rows = engine->tokens * engine->part[LAT_VECTOR_PART].channels;
      for (size_t first = 0; first < 64; first += 16) {
        lat_chunk_start(narrow, inputs, first);
        for (int t = 0; t < 4; t++) lat_chunk_step(narrow);
        for (size_t r = 0; r < rows; r++) {
          assert_memory_equal(wide->state + r * 64 + first, narrow->state + r * 16, 16 * sizeof(float));
        }
      }
      lat_chunk_free(narrow);
      lat_chunk_free(wide);
      lat_vectors_free(inputs);
      lat_engine_free(engine);
      lat_compiled_free(compiled);
    }
  }
  lat_netlist_free(netlist);
}

static void automatic_attention_is_dense_then_fast(void **state) {
  (void)state;
  static const struct {
    const char *family;
    enum lat_mask mask;
    enum lat_attention becomes;
  } cases[] = {{"layered:40", LAT_MASK_FULL, LAT_ATTENTION_DENSE},
               {"layered:270", LAT_MASK_FULL, LAT_ATTENTION_FAST},
               {"layered:270", LAT_MASK_CAUSAL, LAT_ATTENTION_DENSE}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    struct lat_netlist *netlist = family(cases[k].family);
    struct lat_construction c = help_plain(2);
    struct lat_compiled *compiled = NULL;
    struct lat_engine *engine = NULL;
    c.mask = cases[k].mask;
    assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
    assert_int_equal(compiled->nodes > LAT_ENGINE_DENSE_TOKENS, k > 0);
    assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_AUTO, &engine), LAT_OK);
    assert_int_equal(lat_engine_attention(engine), cases[k].becomes);
    lat_engine_free(engine);
    lat_compiled_free(compiled);
    lat_netlist_free(netlist);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_butterfly_is_the_sum_over_all_addresses),
      cmocka_unit_test(mixed_rows_are_the_sums_over_tokens),
      cmocka_unit_test(chunks_of_any_width_hold_the_same_bits),
      cmocka_unit_test(automatic_attention_is_dense_then_fast),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
