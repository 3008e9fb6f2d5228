/* The one-vector machine before it runs: formulas, certificate, the dense model and its file, refusals. */
#include "lib/compile/vector.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/weights.h"
#include "tests/compile_help.h"

static struct lat_vector *compiled(const struct lat_netlist *netlist, struct lat_construction construction) {
  struct lat_vector *vector;
  if (lat_vector_compile(netlist, &construction, &vector) != LAT_OK) fail_msg("%s", lat_error_message());
  return vector;
}

static struct lat_vectors *some_inputs(const struct lat_netlist *netlist, size_t count) {
  struct lat_vectors *inputs;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, count, &inputs), LAT_OK);
  lat_vectors_random(inputs, 5);
  return inputs;
}

static void formulas_count_what_is_built(void **unused) {
  (void)unused;
  for (unsigned K = 2; K <= 6; K++)
    for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_RMSNORM; norm++) {
      struct lat_netlist *netlist = help_random(K, 4, 33, K);
      struct lat_construction construction = help_plain(K);
      construction.norm = (enum lat_norm)norm;
      construction.layers = K - 1;
      struct lat_vector *vector = compiled(netlist, construction);
      struct lat_transformer *model;
      struct lat_prompt *prompt;
      assert_int_equal(lat_vector_dense(vector, &model, &prompt), LAT_OK);
      assert_int_equal(lat_vector_parameters(netlist, &construction), model->count);
      assert_int_equal(lat_vector_units(netlist), vector->ffn);
      assert_true(lat_vector_flops_dense(vector) == 4.0 * (double)(K - 1) * (double)vector->width * (double)vector->ffn);
      size_t clips = 0;
      for (size_t u = 0; u < vector->ffn; u++) clips += vector->term[u + 1] - vector->term[u] > 1;
      assert_true(vector->ffn <= (K == 2 ? 10 : ((size_t)2 << (K - 1)) + 6) * netlist->nodes);
      if (K == 2) assert_true(clips <= 6 * netlist->nodes); /* 3 clips of two units */
      lat_transformer_free(model);
      lat_prompt_free(prompt);
      lat_vector_free(vector);
      lat_netlist_free(netlist);
    }
}

/* p bits of mantissa keep the sums of kappa = 1 when 4 K - 1 <= 2^p (and the 7 of the down projection). */
static void the_certificate_knows_which_formats_keep_the_sums(void **unused) {
  (void)unused;
  for (unsigned K = 2; K <= 6; K++) {
    struct lat_netlist *netlist = help_random(11, 6, 60, K);
    unsigned widest = 1;
    for (size_t i = netlist->inputs; i < netlist->nodes; i++)
      if (lat_netlist_fan_ins(netlist, i) > widest) widest = lat_netlist_fan_ins(netlist, i);
    assert_int_equal(widest, K);
    for (int dtype = 0; dtype < LAT_DTYPES; dtype++)
      for (int other = 0; other < 2; other++) {
        struct lat_construction construction = help_plain(K);
        struct lat_certificate certificate;
        struct lat_dtype_facts facts = lat_dtype_facts((enum lat_dtype)dtype);
        construction.arithmetic.storage = (enum lat_dtype)dtype;
        construction.arithmetic.accumulate = other ? LAT_DTYPE_FP32 : (enum lat_dtype)dtype;
        struct lat_vector *vector = compiled(netlist, construction);
        lat_vector_certify(vector, &certificate);
        assert_int_equal(certificate.certified, 4 * K - 1 <= 1u << (facts.mantissa_bits + 1));
        if (!certificate.certified) assert_non_null(strstr(certificate.reason, lat_dtype_name((enum lat_dtype)dtype)));
        assert_true(certificate.margin == 0.5 && isnan(certificate.beta_minimum));
        lat_vector_free(vector);
      }
    struct lat_construction steep = help_plain(K);
    steep.arithmetic.storage = LAT_DTYPE_FP8_E4M3;
    steep.activation = LAT_ACTIVATION_GELU; /* 256 (K + 1/2) is beyond 448 */
    struct lat_certificate certificate;
    struct lat_vector *vector = compiled(netlist, steep);
    lat_vector_certify(vector, &certificate);
    assert_false(certificate.certified);
    lat_vector_free(vector);
    steep = help_plain(K);
    steep.arithmetic.storage = LAT_DTYPE_BF16;
    steep.norm = LAT_NORM_RMSNORM;
    vector = compiled(netlist, steep);
    lat_vector_certify(vector, &certificate);
    assert_false(certificate.certified);
    assert_string_equal(certificate.reason, "the rounding of RMSNorm in a narrow format is not derived");
    struct lat_vectors *inputs = some_inputs(netlist, 64);
    struct lat_engine_record record = {0};
    assert_int_equal(lat_vector_run(vector, inputs, NULL, &record, NULL), LAT_UNSUPPORTED);
    lat_vectors_free(inputs);
    lat_vector_free(vector);
    lat_netlist_free(netlist);
  }
}

static void a_saved_machine_still_answers(void **unused) {
  (void)unused;
  char path[] = "/tmp/latentlab-vector-XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  struct lat_netlist *c17 = help_c17();
  struct lat_vector *vector = compiled(c17, help_plain(2));
  struct lat_transformer *model;
  struct lat_prompt *prompt;
  assert_int_equal(lat_vector_dense(vector, &model, &prompt), LAT_OK);
  assert_int_equal(lat_weights_save(path, model, prompt), LAT_OK);
  lat_transformer_free(model);
  lat_prompt_free(prompt);
  if (lat_weights_load(path, &model, &prompt) != LAT_OK) fail_msg("%s", lat_error_message());
  struct lat_forward *forward;
  assert_int_equal(lat_forward_alloc(model, 1, 1, &forward), LAT_OK);
  float x[64];
  assert_true(model->config.width <= 64);
  lat_prompt_state(prompt, (const unsigned char[5]){1, 0, 1, 1, 0}, x);
  assert_int_equal(lat_transformer_run(model, forward, model->config.steps, x, NULL, NULL, 0), LAT_OK);
  assert_int_equal(lat_prompt_read(prompt, x, 0, NULL), 1); /* 22 = (1 & 3) | (2 & !(3 & 6)) */
  assert_int_equal(lat_prompt_read(prompt, x, 1, NULL), 0); /* 23 = !(3 & 6) & (2 | 7) */
  struct lat_netlist *back = (struct lat_netlist *)&back;
  assert_int_equal(lat_compile_extract(model, prompt, &back), LAT_INPUT); /* another construction: refused, not misread */
  lat_forward_free(forward);
  lat_transformer_free(model);
  lat_prompt_free(prompt);
  lat_vector_free(vector);
  lat_netlist_free(c17);
  unlink(path);
}

static void what_cannot_be_is_refused_with_a_sentence(void **unused) {
  (void)unused;
  struct lat_netlist *c17 = help_c17();
  struct lat_vector *vector;
  struct lat_construction construction = help_plain(2);
  construction.norm = LAT_NORM_LAYERNORM;
  assert_int_equal(lat_vector_compile(c17, &construction, &vector), LAT_UNSUPPORTED);
  assert_null(vector);
  construction = help_plain(2);
  construction.snap = LAT_SNAP_NONE;
  assert_int_equal(lat_vector_compile(c17, &construction, &vector), LAT_UNSUPPORTED);
  construction = help_plain(2);
  construction.bits_per_step = 3;
  assert_int_equal(lat_vector_compile(c17, &construction, &vector), LAT_UNSUPPORTED);
  construction = help_plain(7);
  assert_int_equal(lat_vector_compile(c17, &construction, &vector), LAT_INPUT);
  construction = help_plain(2);
  construction.kappa = 0.5;
  assert_int_equal(lat_vector_compile(c17, &construction, &vector), LAT_INPUT);
  struct lat_netlist *wide = help_random(11, 6, 60, 4);
  construction = help_plain(2);
  assert_int_equal(lat_vector_compile(wide, &construction, &vector), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "map the circuit first"));
  lat_netlist_free(wide);
  lat_netlist_free(c17);
  /* too large to be dense, and no memory is asked for: 4 N F numbers */
  struct lat_netlist *large = help_family("ripple:2048", 2);
  vector = compiled(large, help_plain(2));
  struct lat_transformer *model;
  struct lat_prompt *prompt;
  size_t held = lat_memory_current();
  assert_int_equal(lat_vector_dense(vector, &model, &prompt), LAT_UNSUPPORTED);
  assert_non_null(strstr(lat_error_message(), "GB of parameters, more than 1.07 GB"));
  assert_null(model);
  assert_int_equal(lat_memory_current(), held);
  struct lat_vectors *inputs;
  struct lat_engine_record record = {0};
  assert_int_equal(lat_vectors_alloc(3, 4, &inputs), LAT_OK);
  assert_int_equal(lat_vector_run(vector, inputs, NULL, &record, NULL), LAT_INPUT);
  lat_vectors_free(inputs);
  lat_vector_free(vector);
  lat_netlist_free(large);
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **unused) {
  (void)unused;
  struct lat_netlist *c17 = help_c17();
  struct lat_vectors *inputs = some_inputs(c17, 32);
  struct lat_construction construction = help_plain(2);
  construction.norm = LAT_NORM_RMSNORM;
  size_t before = lat_memory_current();
  uint64_t failures = 0;
  for (uint64_t k = 1;; k++, failures++) {
    struct lat_vector *vector = NULL;
    struct lat_transformer *model = NULL;
    struct lat_prompt *prompt = NULL;
    struct lat_engine_record record = {0};
    lat_memory_fail_at(k);
    int status = lat_vector_compile(c17, &construction, &vector);
    if (status == LAT_OK) status = lat_vector_dense(vector, &model, &prompt);
    if (status == LAT_OK) status = lat_vector_run_dense(vector, model, prompt, inputs, NULL, &record);
    if (status == LAT_OK) status = lat_vector_run(vector, inputs, NULL, &record, NULL);
    lat_memory_fail_at(0);
    lat_transformer_free(model);
    lat_prompt_free(prompt);
    lat_vector_free(vector);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    /* the norm that could not be tried is a certificate that could not be given */
    assert_true(status == LAT_MEMORY || (status == LAT_UNSUPPORTED && strstr(lat_error_message(), "no memory")));
  }
  assert_true(failures > 25);
  lat_vectors_free(inputs);
  lat_netlist_free(c17);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formulas_count_what_is_built),
      cmocka_unit_test(the_certificate_knows_which_formats_keep_the_sums),
      cmocka_unit_test(a_saved_machine_still_answers),
      cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
      cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
