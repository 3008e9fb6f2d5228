#include "experiments/doubling/problem.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/relation.h"
#include "lib/nn/decode.h"

static int reserve(struct lat_problem *problem, size_t scratch) {
  const struct lat_transformer_config *config = &problem->model->config;
  int status = LAT_OK;
  problem->rows = problem->loops + 2;
  problem->x = lat_alloc(problem->tokens * config->width, sizeof(float));
  problem->logits = lat_alloc(problem->tokens * config->vocabulary, sizeof(float));
  problem->token = lat_calloc(problem->tokens, sizeof(int32_t));
  problem->scratch = lat_calloc(scratch, sizeof(uint32_t));
  problem->right = lat_calloc(problem->rows, sizeof(int64_t));
  LAT_CHECK(status, problem->x && problem->logits && problem->token && problem->scratch && problem->right, LAT_MEMORY,
            "no memory for %zu tokens", problem->tokens);
  LAT_TRY(status, lat_forward_alloc(problem->model, 1, problem->tokens, &problem->forward));
done:
  return status;
}

void lat_problem_free(struct lat_problem *problem) {
  lat_forward_free(problem->forward);
  lat_transformer_free(problem->model);
  lat_group_free(problem->group);
  lat_free(problem->x);
  lat_free(problem->logits);
  lat_free(problem->token);
  lat_free(problem->scratch);
  lat_free(problem->edge);
  lat_free(problem->right);
}

static int watch(void *context, size_t step, size_t layer, const float *x) {
  struct lat_problem *problem = context;
  (void)layer;
  for (size_t i = 0; i < problem->tokens * problem->model->config.width; i++)
    problem->inexact += !(x[i] == (float)(int)x[i]);
  problem->right[step + 1] += problem->compare(problem, step + 1, x);
  return LAT_OK;
}

int lat_problem_run(struct lat_problem *problem, size_t instance) {
  int status = problem->start(problem, instance, problem->x);
  if (status != LAT_OK) return status;
  problem->right[0] += problem->compare(problem, 0, problem->x);
  return lat_transformer_run(problem->model, problem->forward, problem->loops + 1, problem->x, watch, problem, 0);
}

/* ---- words ---- */

/* The first word is one letter that is not the identity and then identities: wrong as long as a letter is missing. */
static int start_word(struct lat_problem *problem, size_t instance, float *x) {
  struct lat_random random;
  /* Words of other lengths and paces are other words, so that their luck is independent. */
  uint64_t index = instance << 32 | problem->tokens << 1 | (problem->pace == LAT_PACE_SCAN);
  lat_random_start(&random, problem->seed, "doubling words", index);
  for (size_t i = 1; i < problem->tokens; i++) {
    uint64_t letter = lat_random_below(&random, problem->group->order);
    if (instance == 0) letter = i == 1 && problem->group->order > 1;
    problem->token[i] = (int32_t)letter;
    problem->scratch[i] = lat_group_product(problem->group, problem->scratch[i - 1], (unsigned)letter);
  }
  return lat_transformer_embed(problem->model, 1, problem->tokens, problem->token, x);
}

static int compare_word(struct lat_problem *problem, size_t loops, const float *x) {
  const struct lat_group *group = problem->group;
  size_t reach = lat_pace_reach(problem->pace, loops), V = group->order, last = problem->tokens - 1;
  lat_transformer_logits(problem->model, problem->forward, x, problem->logits);
  for (size_t i = 0; i <= last; i++) {
    unsigned before = problem->scratch[i > reach ? i - reach : 0];
    unsigned window = lat_group_product(group, group->inverse[before], problem->scratch[i]);
    problem->values++;
    problem->off_theory += lat_greedy(V, problem->logits + i * V) != (int32_t)window;
  }
  return lat_greedy(V, problem->logits + last * V) == (int32_t)problem->scratch[last];
}

int lat_problem_words(const char *group, size_t letters, enum lat_pace pace, size_t instances, uint64_t seed,
                      struct lat_problem *problem) {
  int status = LAT_OK;
  *problem = (struct lat_problem){.start = start_word,
                                  .compare = compare_word,
                                  .pace = pace,
                                  .tokens = letters + 1,
                                  .instances = instances,
                                  .seed = seed,
                                  .reach = letters};
  LAT_TRY(status, lat_group_make(group, &problem->group));
  LAT_TRY(status, lat_word_machine(problem->group, letters, pace, &problem->model));
  problem->loops = problem->group->order > 1 ? lat_pace_loops(pace, letters) : 0;
  LAT_TRY(status, reserve(problem, problem->tokens));
done:
  return status;
}

/* ---- hops ---- */

static size_t hop(const int32_t *v, size_t i, size_t hops) {
  for (size_t h = 0; h < hops && i > 0; h++) i = lat_hop_find(v, i);
  return i;
}

enum { TRIES = 10000 };

/* Sequences without equal neighbours (there a hop would stay where it is) and with p hops; in the first one an answer of one
 * loop fewer is another symbol than the right one. */
static int start_hop(struct lat_problem *problem, size_t instance, float *x) {
  size_t n = problem->tokens - 1, p = problem->reach;
  int32_t *v = problem->token;
  struct lat_random random;
  lat_random_start(&random, problem->seed, "doubling hops", instance);
  v[0] = (int32_t)problem->symbols;
  for (size_t try = 0; try < TRIES; try++) {
    for (size_t i = 1; i <= n; i++) {
      v[i] = (int32_t)lat_random_below(&random, problem->symbols - (i > 1));
      if (i > 1) v[i] += v[i] >= v[i - 1];
    }
    size_t end = hop(v, n, p);
    int32_t early = p > 1 ? v[hop(v, n, (p + 1) / 2)] : 0; /* before find all logits are 0, and 0 is the choice */
    if (end > 0 && (instance > 0 || v[end] != early))
      return lat_transformer_embed(problem->model, 1, problem->tokens, v, x);
  }
  return LAT_FAIL(LAT_NUMERIC, "no sequence of %zu tokens with %zu hops in %d tries", n, p, TRIES);
}

static int compare_hop(struct lat_problem *problem, size_t loops, const float *x) {
  size_t V = problem->model->config.vocabulary, last = problem->tokens - 1;
  const int32_t *v = problem->token;
  lat_transformer_logits(problem->model, problem->forward, x, problem->logits);
  int32_t answer = lat_greedy(V, problem->logits + last * V);
  if (loops >= 2) {
    size_t left = loops < problem->loops ? problem->loops - loops : 0;
    size_t c = (problem->reach + ((size_t)1 << left) - 1) >> left;
    uint32_t *at = problem->scratch, *find = at + problem->tokens;
    find[0] = 0;
    for (size_t i = 0; i <= last; i++) at[i] = (uint32_t)i, find[i] = (uint32_t)(i > 0 ? lat_hop_find(v, i) : 0);
    for (size_t i = 0; i <= last; i++) {
      for (size_t h = 0; h < c && at[i] > 0; h++) at[i] = find[at[i]];
      problem->values++;
      problem->off_theory += lat_greedy(V, problem->logits + i * V) != v[at[i]];
    }
  }
  return answer == v[hop(v, last, problem->reach)];
}

int lat_problem_hop(size_t symbols, size_t hops, size_t instances, uint64_t seed, struct lat_problem *problem) {
  int status = LAT_OK;
  *problem = (struct lat_problem){.start = start_hop,
                                  .compare = compare_hop,
                                  .tokens = 8 * hops + 9,
                                  .instances = instances,
                                  .seed = seed,
                                  .reach = hops,
                                  .symbols = symbols,
                                  .loops = lat_hop_loops(hops)};
  LAT_TRY(status, lat_hop_machine(symbols, problem->tokens - 1, hops, &problem->model));
  LAT_TRY(status, reserve(problem, 2 * problem->tokens));
done:
  return status;
}

/* ---- reachability ---- */

static int start_reach(struct lat_problem *problem, size_t instance, float *x) {
  int status = lat_relation_make(problem->graph, problem->tokens, problem->seed + instance, problem->edge);
  if (status != LAT_OK) return status;
  lat_relation_distances(problem->tokens, problem->edge, problem->scratch);
  lat_reach_state(problem->tokens, problem->edge, problem->pace, x);
  return LAT_OK;
}

static int compare_reach(struct lat_problem *problem, size_t loops, const float *x) {
  size_t n = problem->tokens, reach = lat_pace_reach(problem->pace, loops);
  int64_t missing = 0;
  for (size_t i = 0; i < n * n; i++) {
    int now = lat_reach_read(n, problem->pace, x, i / n, i % n);
    problem->values++;
    problem->off_theory += now != (problem->scratch[i] <= reach);
    missing += now != (problem->scratch[i] != LAT_RELATION_FAR);
  }
  return missing == 0;
}

int lat_problem_reach(const char *graph, size_t vertices, enum lat_pace pace, size_t instances, uint64_t seed,
                      struct lat_problem *problem) {
  int status = LAT_OK;
  size_t n = vertices;
  *problem = (struct lat_problem){.start = start_reach,
                                  .compare = compare_reach,
                                  .pace = pace,
                                  .tokens = n,
                                  .instances = instances,
                                  .seed = seed,
                                  .graph = graph,
                                  .reach = 1};
  LAT_TRY(status, lat_reach_machine(n, pace, &problem->model));
  problem->edge = lat_alloc(n * n, 1);
  uint32_t *distance = lat_alloc(n * n, sizeof *distance);
  for (size_t i = 0; i < instances && problem->edge && distance && status == LAT_OK; i++) {
    status = lat_relation_make(graph, n, seed + i, problem->edge);
    size_t diameter = status == LAT_OK ? lat_relation_distances(n, problem->edge, distance) : 0;
    if (diameter > problem->reach) problem->reach = diameter;
  }
  lat_free(distance);
  if (status != LAT_OK) goto done;
  LAT_CHECK(status, problem->edge && distance, LAT_MEMORY, "no memory for a graph of %zu vertices", n);
  problem->loops = lat_pace_loops(pace, problem->reach);
  LAT_TRY(status, reserve(problem, n * n));
done:
  return status;
}
