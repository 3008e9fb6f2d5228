/* Which channels change, which of them the inputs can reach, and the sparse rows of both parts. */
#include "lib/compile/engine_plan.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_sparse.h"

enum { STATIC = 0, COMMON = 1, VECTOR = 2 };

void *lat_engine_memory(struct lat_engine *engine, size_t count, size_t size) {
  void *pointer = lat_calloc(count, size);
  if (pointer != NULL) engine->bytes += count * size;
  return pointer;
}

const struct lat_layer *lat_plan_layer(const struct lat_engine *engine, size_t kind) {
  size_t l = 0;
  while (engine->kind[l] != kind) l++;
  return &engine->compiled->model->layer[l];
}

/* ---- which layers are the same ---- */

static int same_floats(const float *a, const float *b, size_t count) {
  return a == NULL ? b == NULL : b != NULL && memcmp(a, b, count * sizeof *a) == 0;
}

static int same_linear(const struct lat_linear *a, const struct lat_linear *b, size_t out, size_t in) {
  return same_floats(a->weight, b->weight, out * in) && same_floats(a->bias, b->bias, out);
}

static int same_layer(const struct lat_transformer_config *c, const struct lat_layer *a, const struct lat_layer *b) {
  size_t D = c->width;
  return same_floats(a->norm1.gain, b->norm1.gain, D) && same_floats(a->norm1.bias, b->norm1.bias, D) &&
         same_floats(a->norm2.gain, b->norm2.gain, D) && same_floats(a->norm2.bias, b->norm2.bias, D) &&
         same_linear(&a->query, &b->query, c->heads * c->key_width, D) &&
         same_linear(&a->key, &b->key, c->heads * c->key_width, D) &&
         same_linear(&a->value, &b->value, c->heads * c->value_width, D) &&
         same_linear(&a->output, &b->output, D, c->heads * c->value_width) && same_linear(&a->up, &b->up, c->ffn, D) &&
         same_linear(&a->down, &b->down, D, c->ffn);
}

static int find_kinds(struct lat_engine *engine) {
  const struct lat_transformer *model = engine->compiled->model;
  engine->kind = lat_engine_memory(engine, engine->layers, sizeof *engine->kind);
  uint32_t *first = lat_alloc(engine->layers, sizeof *first);
  if (engine->kind == NULL || first == NULL) {
    lat_free(first);
    return LAT_MEMORY;
  }
  for (size_t l = 0; l < engine->layers; l++) {
    size_t kind = 0;
    while (kind < engine->kinds && !same_layer(&model->config, &model->layer[first[kind]], &model->layer[l])) kind++;
    if (kind == engine->kinds) first[engine->kinds++] = (uint32_t)l;
    engine->kind[l] = (uint32_t)kind;
  }
  lat_free(first);
  return LAT_OK;
}

/* ---- classes of channels ---- */

static int row_reads(const float *weight, size_t columns, size_t row, const unsigned char *class, unsigned char least) {
  for (size_t c = 0; c < columns; c++) {
    if (weight[row * columns + c] != 0.0f && class[c] >= least) return 1;
  }
  return 0;
}

static int row_writes(const struct lat_linear *linear, size_t columns, size_t row) {
  if (linear->bias != NULL && linear->bias[row] != 0.0f) return 1;
  for (size_t c = 0; c < columns; c++) {
    if (linear->weight[row * columns + c] != 0.0f) return 1;
  }
  return 0;
}

/* One sweep over a layer; true when a channel or a hidden number (in `inner`: slots, then units) was newly reached. */
static int spread(const struct lat_transformer_config *config, const struct lat_layer *layer, unsigned char *class,
                  unsigned char *inner) {
  size_t D = config->width, slots = config->heads * config->value_width, F = config->ffn;
  int grew = 0;
  for (size_t s = 0; s < slots; s++) inner[s] = row_reads(layer->value.weight, D, s, class, VECTOR) ? VECTOR : STATIC;
  for (size_t f = 0; f < F; f++) inner[slots + f] = row_reads(layer->up.weight, D, f, class, VECTOR) ? VECTOR : STATIC;
  for (size_t c = 0; c < D; c++) {
    if (class[c] == VECTOR || class[c] == STATIC) continue;
    if (row_reads(layer->output.weight, slots, c, inner, VECTOR) ||
        row_reads(layer->down.weight, F, c, inner + slots, VECTOR)) {
      class[c] = VECTOR;
      grew = 1;
    }
  }
  return grew;
}

/* True when something that vector channels are computed from reads a common channel: then there is no clean cut. */
static int reads_common(const struct lat_transformer_config *config, const struct lat_layer *layer,
                        const unsigned char *class) {
  size_t D = config->width, slots = config->heads * config->value_width, F = config->ffn;
  for (size_t c = 0; c < D; c++) {
    if (class[c] != VECTOR) continue;
    for (size_t s = 0; s < slots + F; s++) {
      const float *to = s < slots ? &layer->output.weight[c * slots + s] : &layer->down.weight[c * F + (s - slots)];
      const float *from = s < slots ? &layer->value.weight[s * D] : &layer->up.weight[(s - slots) * D];
      if (*to == 0.0f) continue;
      for (size_t k = 0; k < D; k++) {
        if (from[k] != 0.0f && class[k] == COMMON) return 1;
      }
    }
  }
  return 0;
}

static int classify(struct lat_engine *engine, unsigned char *class) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  size_t D = engine->width, slots = config->heads * config->value_width;
  const float *delta = engine->compiled->prompt->input_delta;
  for (size_t c = 0; c < D; c++) {
    class[c] = STATIC;
    for (size_t k = 0; k < engine->kinds && class[c] == STATIC; k++) {
      const struct lat_layer *layer = lat_plan_layer(engine, k);
      if (row_writes(&layer->output, slots, c) || row_writes(&layer->down, config->ffn, c)) class[c] = COMMON;
    }
    if (delta[c] != 0.0f && class[c] == STATIC) {
      return LAT_FAIL(LAT_UNSUPPORTED,
                      "channel %zu differs between input vectors but no layer writes it; run this model with "
                      "the plain transformer",
                      c);
    }
    if (delta[c] != 0.0f) class[c] = VECTOR;
  }
  size_t value = engine->compiled->layout.value * (engine->compiled->layout.paired ? 2 : 1);
  if (class[value] == STATIC) {
    return LAT_FAIL(LAT_UNSUPPORTED, "no layer writes channel %zu, which should hold the wires' values", value);
  }
  class[value] = VECTOR;
  size_t ready = engine->compiled->layout.ready * (engine->compiled->layout.paired ? 2 : 1);
  if (class[ready] == STATIC) {
    return LAT_FAIL(LAT_UNSUPPORTED, "no layer writes channel %zu, which should hold the ready bits", ready);
  }
  for (size_t k = 0; k < engine->kinds; k++) {
    const struct lat_layer *layer = lat_plan_layer(engine, k);
    for (size_t q = 0; q < config->heads * config->key_width; q++) {
      if (row_reads(layer->query.weight, D, q, class, COMMON) || row_reads(layer->key.weight, D, q, class, COMMON)) {
        return LAT_FAIL(LAT_UNSUPPORTED,
                        "attention scores depend on channels that change (query or key number %zu); run this "
                        "model with the plain transformer",
                        q);
      }
    }
  }
  unsigned char *inner = lat_calloc(slots + config->ffn, 1);
  if (inner == NULL) return LAT_MEMORY;
  int grew = 1;
  while (grew) {
    grew = 0;
    for (size_t k = 0; k < engine->kinds; k++) grew |= spread(config, lat_plan_layer(engine, k), class, inner);
  }
  lat_free(inner);
  engine->merged = config->norm != LAT_NORM_NONE;
  for (size_t k = 0; k < engine->kinds && !engine->merged; k++)
    engine->merged = reads_common(config, lat_plan_layer(engine, k), class);
  for (size_t c = 0; c < D && engine->merged; c++) class[c] = class[c] == COMMON ? VECTOR : class[c];
  return LAT_OK;
}

/* ---- sparse rows of one part and one kind of layer ---- */

/* Picks the rows of `linear` [rows_all, columns] that the part's channels use, numbering them in local[]. */
static size_t used_columns(const float *weight, size_t columns, const struct lat_part *part, int32_t *local,
                           uint32_t *list) {
  size_t used = 0;
  for (size_t k = 0; k < columns; k++) {
    local[k] = LAT_NOWHERE;
    for (size_t c = 0; c < part->channels && local[k] < 0; c++) {
      if (weight[part->column[c] * columns + k] != 0.0f) {
        list[used] = (uint32_t)k;
        local[k] = (int32_t)used++;
      }
    }
  }
  return used;
}

static int make_value(struct lat_engine *engine, const struct lat_layer *layer, struct lat_part_layer *to, size_t slots,
                      const uint32_t *slot, const int32_t *channel, const unsigned char *is_static, uint32_t *distinct) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  size_t D = engine->width, streams = 0;
  to->slots = slots;
  to->slot_head = lat_engine_memory(engine, slots, sizeof *to->slot_head);
  to->slot_stream = lat_engine_memory(engine, slots, sizeof *to->slot_stream);
  if (to->slot_head == NULL || to->slot_stream == NULL) return LAT_MEMORY;
  const float *W = layer->value.weight, *b = layer->value.bias;
  for (size_t k = 0; k < slots; k++) {
    size_t s = 0;
    while (s < streams && !(memcmp(W + distinct[s] * D, W + slot[k] * D, D * sizeof *W) == 0 &&
                            (b == NULL || memcmp(b + distinct[s], b + slot[k], sizeof *b) == 0))) {
      s++;
    }
    if (s == streams) distinct[streams++] = slot[k];
    to->slot_head[k] = slot[k] / (uint32_t)config->value_width;
    to->slot_stream[k] = (uint32_t)s;
  }
  return lat_sparse_normed(engine, W, b, &layer->norm1, streams, distinct, channel, is_static, &to->value);
}

static int make_part_layer(struct lat_engine *engine, const struct lat_layer *layer, const struct lat_part *part,
                           const int32_t *channel, const unsigned char *is_static, struct lat_part_layer *to) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  size_t slots_all = config->heads * config->value_width, F = config->ffn, most = slots_all > F ? slots_all : F;
  int status = LAT_OK;
  int32_t *local = lat_alloc(most, sizeof *local);
  uint32_t *list = lat_alloc(most, sizeof *list), *distinct = lat_alloc(most, sizeof *distinct);
  LAT_CHECK(status, local != NULL && list != NULL && distinct != NULL, LAT_MEMORY, "%s", lat_error_message());

  size_t slots = used_columns(layer->output.weight, slots_all, part, local, list);
  LAT_TRY(status, make_value(engine, layer, to, slots, list, channel, is_static, distinct));
  LAT_TRY(status, lat_sparse_rows(engine, layer->output.weight, layer->output.bias, slots_all, part->channels, part->column,
                                  local, &to->output));
  size_t units = used_columns(layer->down.weight, F, part, local, list);
  LAT_TRY(status, lat_sparse_normed(engine, layer->up.weight, layer->up.bias, &layer->norm2, units, list, channel,
                                    is_static, &to->up));
  LAT_TRY(status,
          lat_sparse_rows(engine, layer->down.weight, layer->down.bias, F, part->channels, part->column, local, &to->down));
done:
  lat_free(local);
  lat_free(list);
  lat_free(distinct);
  return status;
}

static int make_part(struct lat_engine *engine, size_t which, const unsigned char *class, const unsigned char *is_static) {
  struct lat_part *part = &engine->part[which];
  size_t D = engine->width;
  unsigned char wanted = which == LAT_VECTOR_PART ? VECTOR : COMMON;
  part->column = lat_engine_memory(engine, D, sizeof *part->column);
  part->layer = lat_engine_memory(engine, engine->kinds, sizeof *part->layer);
  int32_t *channel = lat_alloc(D, sizeof *channel);
  int status = part->column != NULL && part->layer != NULL && channel != NULL ? LAT_OK : LAT_MEMORY;
  for (size_t c = 0; c < D && status == LAT_OK; c++) {
    channel[c] = LAT_NOWHERE;
    if (class[c] != wanted) continue;
    channel[c] = (int32_t)part->channels;
    part->column[part->channels++] = (uint32_t)c;
  }
  for (size_t k = 0; k < engine->kinds && status == LAT_OK; k++) {
    status = make_part_layer(engine, lat_plan_layer(engine, k), part, channel, is_static, &part->layer[k]);
  }
  if (status == LAT_OK) {
    const struct lat_layout *layout = &engine->compiled->layout;
    size_t step = layout->paired ? 2 : 1;
    int32_t value = channel[layout->value * step], ready = channel[layout->ready * step];
    if (value >= 0) engine->value_part = which;
    if (ready >= 0) engine->ready_part = which;
    engine->value_local[which] = value >= 0 ? (size_t)value : part->channels;
    engine->ready_local[which] = ready >= 0 ? (size_t)ready : part->channels;
  }
  lat_free(channel);
  return status;
}

/* ---- norms ---- */

static int make_norm_sums(struct lat_engine *engine, const unsigned char *is_static) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  size_t N = engine->tokens, D = engine->width;
  engine->initial = lat_engine_memory(engine, N, sizeof *engine->initial);
  engine->static_sum = lat_engine_memory(engine, N, sizeof *engine->static_sum);
  engine->static_square = lat_engine_memory(engine, N, sizeof *engine->static_square);
  if (engine->initial == NULL || engine->static_sum == NULL || engine->static_square == NULL) return LAT_MEMORY;
  for (size_t i = 0; i < N; i++) {
    double sum = 0.0, square = 0.0, all = 0.0, all_square = 0.0;
    for (size_t c = 0; c < D; c++) {
      double x = (double)engine->compiled->prompt->state[i * D + c];
      sum += is_static[c] ? x : 0.0;
      square += is_static[c] ? x * x : 0.0;
      all += x;
      all_square += x * x;
    }
    double mean = config->norm == LAT_NORM_LAYERNORM ? all / (double)D : 0.0;
    engine->static_sum[i] = (float)sum;
    engine->static_square[i] = (float)square;
    engine->initial[i] = (float)(1.0 / sqrt(all_square / (double)D - mean * mean + config->norm_epsilon));
  }
  return LAT_OK;
}

static int check_shape(const struct lat_engine *engine) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  const char *what = config->mask == LAT_MASK_WINDOW             ? "a windowed mask"
                     : config->positions == LAT_POSITIONS_ROTARY ? "rotary positions"
                     : config->input_injection                   ? "input injection"
                     : config->step_embeddings != 0              ? "a step embedding"
                     : config->final_norm                        ? "a final norm"
                                                                 : NULL;
  if (what == NULL) return LAT_OK;
  return LAT_FAIL(LAT_UNSUPPORTED,
                  "the circuit engine does not run models with %s; run this one with the plain transformer", what);
}

int lat_plan_make(struct lat_engine *engine) {
  int status = LAT_OK;
  unsigned char *class = lat_calloc(2 * engine->width, 1);
  if (class == NULL) return LAT_MEMORY;
  unsigned char *is_static = class + engine->width;
  LAT_TRY(status, check_shape(engine));
  LAT_TRY(status, find_kinds(engine));
  LAT_TRY(status, classify(engine, class));
  for (size_t c = 0; c < engine->width; c++) is_static[c] = class[c] == STATIC;
  LAT_TRY(status, make_part(engine, LAT_VECTOR_PART, class, is_static));
  LAT_TRY(status, make_part(engine, LAT_COMMON_PART, class, is_static));
  if (engine->compiled->model->config.norm != LAT_NORM_NONE) LAT_TRY(status, make_norm_sums(engine, is_static));
done:
  lat_free(class);
  return status;
}

void lat_plan_free(struct lat_engine *engine) {
  for (size_t p = 0; p < 2; p++) {
    for (size_t k = 0; k < engine->kinds && engine->part[p].layer != NULL; k++) {
      struct lat_part_layer *layer = &engine->part[p].layer[k];
      lat_free(layer->slot_head);
      lat_free(layer->slot_stream);
      lat_sparse_free(&layer->value);
      lat_sparse_free(&layer->output);
      lat_sparse_free(&layer->up);
      lat_sparse_free(&layer->down);
    }
    lat_free(engine->part[p].column);
    lat_free(engine->part[p].layer);
  }
  lat_free(engine->kind);
  lat_free(engine->static_sum);
  lat_free(engine->static_square);
  lat_free(engine->initial);
}

int lat_plan_queries(const struct lat_engine *engine, size_t kind, float **query, float **key) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  const struct lat_layer *layer = lat_plan_layer(engine, kind);
  size_t N = engine->tokens, D = engine->width, H = engine->heads, W = config->key_width;
  *query = lat_alloc(H * N, W * sizeof **query);
  *key = lat_alloc(H * N, W * sizeof **key);
  if (*query == NULL || *key == NULL) {
    lat_free(*query);
    lat_free(*key);
    *query = *key = NULL;
    return LAT_MEMORY;
  }
  for (int side = 0; side < 2; side++) {
    const struct lat_linear *linear = side == 0 ? &layer->query : &layer->key;
    float *to = side == 0 ? *query : *key;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < N; i++) {
      const float *x = engine->compiled->prompt->state + i * D;
      double r = engine->initial != NULL ? (double)engine->initial[i] : 1.0, mean = 0.0;
      for (size_t c = 0; c < D && config->norm == LAT_NORM_LAYERNORM; c++) mean += (double)x[c] / (double)D;
      for (size_t q = 0; q < H * W; q++) {
        const float *w = linear->weight + q * D;
        double sum = linear->bias != NULL ? (double)linear->bias[q] : 0.0;
        for (size_t c = 0; c < D; c++) {
          if (w[c] == 0.0f) continue;
          double y = ((double)x[c] - mean) * r;
          if (layer->norm1.gain != NULL) y *= (double)layer->norm1.gain[c];
          if (layer->norm1.bias != NULL) y += (double)layer->norm1.bias[c];
          sum += (double)w[c] * y;
        }
        to[(q / W * N + i) * W + q % W] = (float)sum;
      }
    }
  }
  return LAT_OK;
}
