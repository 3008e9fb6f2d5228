/* Words, hops and reachability in logarithmically many loops: every loop's reach, exactly, and not one more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/doubling.h"
#include "lib/compile/relation.h"
#include "lib/nn/decode.h"

static int is_whole(const struct lat_transformer *model, size_t tokens, const float *x) {
  for (size_t i = 0; i < tokens * model->config.width; i++)
    if (!(x[i] == (float)(int)x[i])) return 0;
  return 1;
}

struct words {
  const struct lat_group *group;
  const struct lat_transformer *model;
  struct lat_forward *forward;
  const int32_t *token;
  enum lat_pace pace;
  size_t letters;
  float *logits;
};

static int compare_windows(void *context, size_t step, size_t layer, const float *x) {
  const struct words *w = context;
  (void)layer;
  size_t V = w->group->order, tokens = w->letters + 1;
  assert_true(is_whole(w->model, tokens, x));
  lat_transformer_logits(w->model, w->forward, x, w->logits);
  for (size_t i = 0; i < tokens; i++) {
    unsigned want = lat_word_window(w->group, w->token, i, lat_pace_reach(w->pace, step + 1));
    if (lat_greedy(V, w->logits + i * V) != (int32_t)want)
      fail_msg("%s %s n %zu: token %zu after %zu loops", w->group->name, lat_pace_name(w->pace), w->letters, i, step + 1);
  }
  return LAT_OK;
}

static void check_word(const char *name, size_t letters, enum lat_pace pace, uint64_t seed) {
  struct lat_group *group;
  struct lat_transformer *model;
  struct words w = {.pace = pace, .letters = letters};
  if (lat_group_make(name, &group) != LAT_OK) fail_msg("%s", lat_error_message());
  if (lat_word_machine(group, letters, pace, &model) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_int_equal(model->config.ffn, lat_word_units(group, letters, pace));
  size_t tokens = letters + 1;
  int32_t *token = lat_calloc(tokens, sizeof *token);
  float *x = lat_alloc(tokens * model->config.width, sizeof *x);
  w.logits = lat_alloc(tokens * group->order, sizeof(float));
  struct lat_random random;
  lat_random_start(&random, seed, "test words", 0);
  for (size_t i = 1; i < tokens; i++) token[i] = (int32_t)lat_random_below(&random, group->order);
  w.group = group, w.model = model, w.token = token;
  assert_int_equal(lat_forward_alloc(model, 1, tokens, &w.forward), LAT_OK);
  assert_int_equal(lat_transformer_embed(model, 1, tokens, token, x), LAT_OK);
  assert_int_equal(lat_transformer_run(model, w.forward, model->config.steps + 1, x, compare_windows, &w, 0), LAT_OK);
  lat_forward_free(w.forward);
  lat_free(w.logits);
  lat_free(x);
  lat_free(token);
  lat_transformer_free(model);
  lat_group_free(group);
}

static void every_loop_of_every_group_reaches_exactly_so_many_letters(void **state) {
  (void)state;
  static const char *const name[] = {"z1", "z2", "z7", "s3", "a4"};
  static const size_t letters[] = {1, 2, 3, 4, 5, 16, 17, 31, 40};
  for (size_t g = 0; g < sizeof name / sizeof *name; g++)
    for (size_t n = 0; n < sizeof letters / sizeof *letters; n++)
      for (int pace = LAT_PACE_DOUBLING; pace <= LAT_PACE_SCAN; pace++)
        check_word(name[g], letters[n], (enum lat_pace)pace, n);
  check_word("a5", 33, LAT_PACE_DOUBLING, 1);
  check_word("a5", 6, LAT_PACE_SCAN, 1);
  check_word("s5", 9, LAT_PACE_DOUBLING, 1);
}

static void loops_are_the_logarithm_or_one_less_than_the_length(void **state) {
  (void)state;
  for (size_t n = 1; n < 3000; n++) {
    size_t loops = lat_pace_loops(LAT_PACE_DOUBLING, n);
    assert_true((size_t)1 << loops >= n && (loops == 0 || (size_t)1 << (loops - 1) < n));
    assert_int_equal(lat_pace_loops(LAT_PACE_SCAN, n), n - 1);
    assert_int_equal(lat_hop_loops(n), 2 + loops);
  }
}

struct hops {
  const struct lat_transformer *model;
  struct lat_forward *forward;
  const int32_t *v;
  size_t length, hops, last_right;
  float *logits;
};

static int32_t hop(const int32_t *v, size_t i, size_t hops) {
  for (size_t h = 0; h < hops && i > 0; h++) i = lat_hop_find(v, i);
  return v[i];
}

static int compare_hops(void *context, size_t step, size_t layer, const float *x) {
  struct hops *h = context;
  size_t V = h->model->config.vocabulary, loops = lat_hop_loops(h->hops);
  (void)layer;
  if (step < 1) return LAT_OK;
  assert_true(is_whole(h->model, h->length + 1, x));
  lat_transformer_logits(h->model, h->forward, x, h->logits);
  /* After loop t >= 2 (1-based): find_c, c = ceil(p / 2^(loops - t)); nothing moves after the last. */
  size_t left = step + 1 < loops ? loops - step - 1 : 0, c = (h->hops + ((size_t)1 << left) - 1) >> left;
  for (size_t i = 0; i <= h->length; i++)
    if (lat_greedy(V, h->logits + i * V) != hop(h->v, i, c))
      fail_msg("p %zu n %zu: token %zu after %zu loops", h->hops, h->length, i, step + 1);
  return LAT_OK;
}

static void hops_are_composed_to_any_number_in_two_loops_and_the_logarithm(void **state) {
  (void)state;
  static const size_t shape[][2] = {{2, 1}, {2, 2}, {2, 17}, {3, 40}, {5, 63}, {16, 64}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
    for (size_t p = 1; p <= 13 && p <= shape[s][1]; p++) {
      struct hops h = {.length = shape[s][1], .hops = p};
      struct lat_transformer *model;
      size_t tokens = h.length + 1, symbols = shape[s][0];
      if (lat_hop_machine(symbols, h.length, p, &model) != LAT_OK) fail_msg("%s", lat_error_message());
      int32_t *v = lat_alloc(tokens, sizeof *v);
      float *x = lat_alloc(tokens * model->config.width, sizeof *x);
      h.logits = lat_alloc(tokens * model->config.vocabulary, sizeof(float));
      struct lat_random random;
      lat_random_start(&random, p, "test hops", s);
      v[0] = (int32_t)symbols;
      for (size_t i = 1; i < tokens; i++) v[i] = (int32_t)lat_random_below(&random, symbols); /* equal neighbours too */
      h.model = model, h.v = v;
      assert_int_equal(lat_forward_alloc(model, 1, tokens, &h.forward), LAT_OK);
      assert_int_equal(lat_transformer_embed(model, 1, tokens, v, x), LAT_OK);
      assert_int_equal(lat_transformer_run(model, h.forward, lat_hop_loops(p) + 3, x, compare_hops, &h, 0), LAT_OK);
      lat_forward_free(h.forward);
      lat_free(h.logits);
      lat_free(x);
      lat_free(v);
      lat_transformer_free(model);
    }
}

static void finding_follows_the_definition(void **state) {
  (void)state;
  static const int32_t v[] = {9, 1, 2, 1, 1, 3, 2}; /* v[0] = # */
  static const size_t want[] = {0, 0, 0, 2, 4, 0, 3};
  for (size_t i = 1; i < 7; i++) assert_int_equal(lat_hop_find(v, i), want[i]);
}

static void squaring_reaches_exactly_twice_as_far_in_each_loop(void **state) {
  (void)state;
  static const char *const kind[] = {"path", "cycle", "random", "tree"};
  static const size_t vertices[] = {1, 2, 3, 9, 16, 33, 70};
  for (size_t k = 0; k < 4; k++)
    for (size_t n = 0; n < sizeof vertices / sizeof *vertices; n++)
      for (int pace = LAT_PACE_DOUBLING; pace <= LAT_PACE_SCAN; pace++) {
        struct lat_transformer *model;
        struct lat_forward *forward;
        size_t N = vertices[n], diameter;
        if (lat_reach_machine(N, (enum lat_pace)pace, &model) != LAT_OK) fail_msg("%s", lat_error_message());
        unsigned char *edge = lat_calloc(N * N, 1);
        uint32_t *distance = lat_alloc(N * N, sizeof *distance);
        float *x = lat_alloc(N * model->config.width, sizeof *x);
        if (lat_relation_make(kind[k], N, n, edge) != LAT_OK) fail_msg("%s", lat_error_message());
        diameter = lat_relation_distances(N, edge, distance);
        lat_reach_state(N, edge, (enum lat_pace)pace, x);
        assert_int_equal(lat_forward_alloc(model, 1, N, &forward), LAT_OK);
        for (size_t loops = 0; loops <= 8; loops++) {
          size_t reach = lat_pace_reach((enum lat_pace)pace, loops);
          assert_true(is_whole(model, N, x));
          for (size_t i = 0; i < N * N; i++)
            if (lat_reach_read(N, (enum lat_pace)pace, x, i / N, i % N) != (distance[i] <= reach))
              fail_msg("%s n %zu: %zu after %zu loops", kind[k], N, i, loops);
          assert_int_equal(lat_transformer_run(model, forward, 1, x, NULL, NULL, 0), LAT_OK);
        }
        if (k == 0) assert_int_equal(diameter, N - 1);
        lat_forward_free(forward);
        lat_free(x);
        lat_free(distance);
        lat_free(edge);
        lat_transformer_free(model);
      }
}

static void what_cannot_be_is_refused_in_one_sentence(void **state) {
  (void)state;
  struct lat_transformer *model;
  struct lat_group *group;
  enum lat_pace pace;
  unsigned char edge[4];
  assert_int_equal(lat_group_make("s3", &group), LAT_OK);
  assert_int_equal(lat_word_machine(group, 0, LAT_PACE_SCAN, &model), LAT_INPUT);
  assert_null(model);
  assert_int_equal(lat_hop_machine(1, 8, 2, &model), LAT_INPUT);
  assert_int_equal(lat_hop_machine(4, 0, 1, &model), LAT_INPUT);
  assert_int_equal(lat_hop_machine(4, 8, 0, &model), LAT_INPUT);
  assert_int_equal(lat_hop_machine(4, 8, 9, &model), LAT_INPUT);
  assert_int_equal(lat_reach_machine(0, LAT_PACE_SCAN, &model), LAT_INPUT);
  assert_int_equal(lat_pace_parse("jog", &pace), LAT_INPUT);
  assert_int_equal(lat_pace_parse("scan", &pace), LAT_OK);
  assert_int_equal(lat_relation_make("torus", 2, 0, edge), LAT_INPUT);
  lat_group_free(group);
}

static void no_memory_is_told_and_nothing_leaks(void **state) {
  (void)state;
  struct lat_group *group;
  assert_int_equal(lat_group_make("z3", &group), LAT_OK);
  size_t before = lat_memory_current();
  for (int machine = 0; machine < 3; machine++)
    for (uint64_t k = 1;; k++) {
      struct lat_transformer *model;
      lat_memory_fail_at(k);
      int status = machine == 0   ? lat_word_machine(group, 5, LAT_PACE_DOUBLING, &model)
                   : machine == 1 ? lat_hop_machine(3, 5, 2, &model)
                                  : lat_reach_machine(3, LAT_PACE_SCAN, &model);
      lat_memory_fail_at(0);
      if (status == LAT_OK) {
        lat_transformer_free(model);
        assert_true(k > 1);
        break;
      }
      assert_int_equal(status, LAT_MEMORY);
      assert_int_equal(lat_memory_current(), before);
    }
  lat_group_free(group);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_loop_of_every_group_reaches_exactly_so_many_letters),
      cmocka_unit_test(loops_are_the_logarithm_or_one_less_than_the_length),
      cmocka_unit_test(hops_are_composed_to_any_number_in_two_loops_and_the_logarithm),
      cmocka_unit_test(finding_follows_the_definition),
      cmocka_unit_test(squaring_reaches_exactly_twice_as_far_in_each_loop),
      cmocka_unit_test(what_cannot_be_is_refused_in_one_sentence),
      cmocka_unit_test(no_memory_is_told_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
