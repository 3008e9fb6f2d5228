/* Prompt, thoughts and answer through the key-value cache: after every thought the answer token is tried and forgotten. */
#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/superposition.h"
#include "lib/compile/superposition_layout.h"
#include "lib/nn/decode.h"
#include "lib/nn/rmsnorm.h"

struct lat_superposition_scratch {
  struct lat_cache *cache;
  float *prompt;           /* [S, D] */
  float *thought, *answer; /* [D] */
};

int lat_superposition_scratch_alloc(const struct lat_superposition *machine, struct lat_superposition_scratch **result) {
  size_t D = machine->model->config.width;
  int status = LAT_OK;
  *result = NULL;
  struct lat_superposition_scratch *scratch = lat_calloc(1, sizeof *scratch);
  LAT_CHECK(status, scratch != NULL, LAT_MEMORY, "no memory for a search");
  LAT_TRY(status, lat_cache_alloc(machine->model, 1, machine->tokens, 1, &scratch->cache));
  scratch->prompt = lat_alloc(machine->tokens + 2, D * sizeof(float));
  LAT_CHECK(status, scratch->prompt != NULL, LAT_MEMORY, "no memory for %zu tokens", machine->tokens);
  scratch->thought = scratch->prompt + machine->tokens * D;
  scratch->answer = scratch->thought + D;
  *result = scratch;
  scratch = NULL;
done:
  lat_superposition_scratch_free(scratch);
  return status;
}

void lat_superposition_scratch_free(struct lat_superposition_scratch *scratch) {
  if (scratch == NULL) return;
  lat_cache_free(scratch->cache);
  lat_free(scratch->prompt);
  lat_free(scratch);
}

static void put_position(const struct lat_superposition *machine, size_t token, float *row) {
  const struct lat_superposition_options *o = &machine->options;
  struct lat_columns at = lat_superposition_columns(o->width, o->position_width);
  lat_superposition_position(o->position_width, (double)(token + 1), row + at.position);
}

static void put_node(const struct lat_superposition *machine, size_t token, uint32_t node, float *rows) {
  size_t D = machine->model->config.width, d = machine->options.width;
  assert(node < machine->options.nodes);
  float *row = rows + token * D;
  memset(row, 0, D * sizeof *row);
  memcpy(row, machine->vector + node * d, d * sizeof *row);
  put_position(machine, token, row);
}

/* `row` is that token's own row, wherever it lies. */
static void put_special(const struct lat_superposition *machine, size_t token, enum lat_special special, float *row) {
  size_t D = machine->model->config.width;
  memset(row, 0, D * sizeof *row);
  row[machine->options.width + (size_t)special] = 1;
  put_position(machine, token, row);
}

static float product_of(size_t d, const float *x, const float *y) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += (double)x[i] * (double)y[i];
  return (float)sum;
}

static size_t put_prompt(const struct lat_superposition *machine, size_t edges, const uint32_t *edge, uint32_t root,
                         const uint32_t candidate[2], float *x) {
  size_t D = machine->model->config.width, token = 1;
  put_special(machine, 0, LAT_SPECIAL_START, x);
  for (size_t e = 0; e < edges; e++, token += 3) {
    put_node(machine, token, edge[2 * e], x);
    put_node(machine, token + 1, edge[2 * e + 1], x);
    put_special(machine, token + 2, LAT_SPECIAL_EDGE, x + (token + 2) * D);
  }
  put_special(machine, token, LAT_SPECIAL_QUESTION, x + token * D);
  put_node(machine, token + 1, candidate[0], x);
  put_node(machine, token + 2, candidate[1], x);
  put_special(machine, token + 3, LAT_SPECIAL_ROOT, x + (token + 3) * D);
  put_node(machine, token + 4, root, x);
  return token + 5;
}

int lat_superposition_run(const struct lat_superposition *machine, struct lat_superposition_scratch *scratch, size_t edges,
                          const uint32_t *edge, uint32_t root, const uint32_t candidate[2], size_t thoughts, float *product,
                          float *logit) {
  const struct lat_superposition_options *o = &machine->options;
  size_t D = machine->model->config.width, n = o->nodes, d = o->width;
  int status = LAT_OK;
  assert(edges <= o->edges && thoughts <= o->thoughts);
  lat_cache_truncate(scratch->cache, 0);
  size_t tokens = put_prompt(machine, edges, edge, root, candidate, scratch->prompt);
  float *last = scratch->prompt + (tokens - 1) * D;
  memcpy(scratch->thought, last, D * sizeof *last);
  for (size_t v = 0; v < n && product != NULL; v++) product[v] = product_of(d, scratch->thought, machine->vector + v * d);
  LAT_TRY(status, lat_transformer_decode(machine->model, scratch->cache, tokens, scratch->prompt));
  memcpy(scratch->thought, last, D * sizeof *last);
  for (size_t c = 0;; c++, tokens++) {
    if (logit != NULL) {
      put_special(machine, tokens, LAT_SPECIAL_ANSWER, scratch->answer);
      LAT_TRY(status, lat_transformer_decode(machine->model, scratch->cache, 1, scratch->answer));
      lat_cache_truncate(scratch->cache, tokens);
      for (size_t i = 0; i < 2; i++) logit[2 * c + i] = product_of(d, scratch->answer, machine->vector + candidate[i] * d);
    }
    if (c == thoughts) break;
    lat_rmsnorm_forward(1, D, scratch->thought, machine->gain, 0, scratch->thought);
    for (size_t v = 0; v < n && product != NULL; v++)
      product[(c + 1) * n + v] = product_of(d, scratch->thought, machine->vector + v * d);
    put_position(machine, tokens, scratch->thought);
    LAT_TRY(status, lat_transformer_decode(machine->model, scratch->cache, 1, scratch->thought));
  }
done:
  return status;
}
