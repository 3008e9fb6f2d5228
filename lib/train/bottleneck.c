#include "lib/train/bottleneck.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/channel.h"
#include "lib/task/life.h"

enum { NEAR = 9, MOST = 1 << 16 };
/* The arrays in the order in which they lie in the parameters. */
enum { EMBED, W1, B1, W2, B2, W_IN, B_IN, W_OUT, B_OUT, W3, B3, W4, B4, HEAD, HEAD_BIAS, ARRAYS };

struct array {
  size_t rows, columns; /* columns 0: a vector */
  float *value;
};
struct own {
  struct lat_bottleneck config;
  struct array array[ARRAYS];
  int32_t *near; /* [S, 9]: cells of a neighbourhood, the cell itself first */
};

static size_t size_of(const struct array *array) { return array->rows * (array->columns > 0 ? array->columns : 1); }

static struct lat_array *leaf(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t index) {
  const struct array *array = &((const struct own *)learner->own)->array[index];
  float *gradient = pass->gradient != NULL ? pass->gradient + (array->value - learner->parameters) : NULL;
  size_t rows = array->columns > 0 ? array->rows : 1, columns = array->columns > 0 ? array->columns : array->rows;
  return lat_tape_leaf(pass->tape, rows, columns, array->value, gradient);
}

/* f(W x + b) by W at `index` and b behind it, then the linear map behind those. */
static struct lat_array *two_layers(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t index,
                                    struct lat_array *x, struct lat_array *residual) {
  x = lat_linear(pass->tape, x, leaf(learner, pass, index), leaf(learner, pass, index + 1), NULL);
  x = lat_activate(pass->tape, LAT_ACTIVATION_GELU_TANH, x);
  return lat_linear(pass->tape, x, leaf(learner, pass, index + 2), leaf(learner, pass, index + 3), residual);
}

static struct lat_array *narrow(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t step,
                                struct lat_array *y) {
  const struct lat_bottleneck *config = &((const struct own *)learner->own)->config;
  size_t S = pass->sequence, D = config->width;
  struct lat_tape *tape = pass->tape;
  y = lat_reshape(tape, y, pass->batch, S * D);
  y = lat_linear(tape, y, leaf(learner, pass, W_IN), leaf(learner, pass, B_IN), NULL);
  y = lat_quantise(tape, lat_tanh(tape, y), config->bits, 1);
  if (learner->between != NULL && y != NULL) {
    struct lat_pass *at = lat_tape_memory(tape, 1, sizeof *at);
    if (at == NULL) return NULL;
    *at = (struct lat_pass){.tape = tape, .batch = pass->batch, .sequence = 1, .channel = pass->channel};
    y = learner->between(learner->between_context, at, step, y);
  }
  y = lat_linear(tape, y, leaf(learner, pass, W_OUT), leaf(learner, pass, B_OUT), NULL);
  return lat_reshape(tape, y, pass->batch * S, D);
}

/* [B S 9]: the neighbourhood of every cell of every board. */
static const int32_t *neighbourhoods(const struct own *own, const struct lat_learner_pass *pass) {
  size_t S = pass->sequence;
  int32_t *index = lat_tape_memory(pass->tape, pass->batch * S * NEAR, sizeof *index);
  for (size_t b = 0; index != NULL && b < pass->batch; b++)
    for (size_t i = 0; i < S * NEAR; i++) index[b * S * NEAR + i] = (int32_t)(b * S) + own->near[i];
  return index;
}

/* Adds to pass->extra: cross-entropy of the boards after loop t < T - 1, a mean over cells and a sum over boards. board [B] goes one
 * step on. */
static void show(const struct own *own, struct lat_learner_pass *pass, uint64_t *board, struct lat_array *logits) {
  size_t S = pass->sequence;
  int32_t *target = lat_tape_memory(pass->tape, pass->batch * S, sizeof *target);
  float *weight = lat_tape_memory(pass->tape, pass->batch * S, sizeof *weight);
  if (weight == NULL) return;
  for (size_t b = 0; b < pass->batch; b++) {
    board[b] = lat_life_step((unsigned)own->config.rows, (unsigned)own->config.columns, board[b]);
    for (size_t i = 0; i < S; i++) {
      target[b * S + i] = (int32_t)(board[b] >> i & 1);
      weight[b * S + i] = 1.0f / (float)S;
    }
  }
  struct lat_array *loss = lat_cross_entropy(pass->tape, logits, target, weight, NULL, NULL);
  pass->extra = pass->extra == NULL ? loss : lat_sum_of(pass->tape, 1, pass->extra, 1, loss);
}

static uint64_t *boards(const struct lat_learner_pass *pass) {
  uint64_t *board = lat_tape_memory(pass->tape, pass->batch, sizeof *board);
  for (size_t b = 0; board != NULL && b < pass->batch; b++) {
    board[b] = 0;
    for (size_t i = 0; i < pass->sequence; i++) board[b] |= (uint64_t)pass->token[b * pass->sequence + i] << i;
  }
  return board;
}

static int run(const struct lat_learner *learner, struct lat_learner_pass *pass) {
  const struct own *own = learner->own;
  size_t S = own->config.rows * own->config.columns, D = own->config.width;
  struct lat_tape *tape = pass->tape;
  int status = LAT_OK;
  LAT_CHECK(status, pass->steps > 0, LAT_INPUT, "a model looped 0 times computes nothing: loop it once or more");
  LAT_CHECK(status, pass->sequence == S, LAT_INPUT, "%zu tokens, but the board has %zu cells", pass->sequence, S);
  for (size_t i = 0; i < pass->batch * S; i++)
    LAT_CHECK(status, pass->token[i] == 0 || pass->token[i] == 1, LAT_INPUT, "token %d is no cell: 0 or 1",
              (int)pass->token[i]);
  const int32_t *near = neighbourhoods(own, pass);
  uint64_t *board = boards(pass);
  if (near == NULL || board == NULL) return lat_tape_status(tape);
  pass->extra = NULL;
  struct lat_array *x = lat_gather(tape, leaf(learner, pass, EMBED), pass->batch * S, pass->token);
  for (size_t t = 0; t < pass->steps; t++) {
    x = lat_gather(tape, x, pass->batch * S * NEAR, near);
    x = lat_reshape(tape, x, pass->batch * S, NEAR * D);
    x = two_layers(learner, pass, W1, x, NULL);
    if (own->config.channels > 0) x = narrow(learner, pass, t, x);
    x = two_layers(learner, pass, W3, x, x);
    int last = t + 1 == pass->steps, told = own->config.shown && pass->gradient != NULL && !last;
    struct lat_array *logits = NULL;
    if (pass->every || last || told)
      logits = lat_linear(tape, x, leaf(learner, pass, HEAD), leaf(learner, pass, HEAD_BIAS), NULL);
    if (told && logits != NULL) show(own, pass, board, logits);
    pass->logits[t] = pass->every || last ? logits : NULL;
  }
  status = lat_tape_status(tape);
done:
  return status;
}

/* Two a weight and use: both halves by every cell, the narrow place once a board, in every loop; without table and head, as
 * lat_transformer_flops. */
static double flops(const struct lat_learner *learner, size_t sequence, size_t steps) {
  const struct own *own = learner->own;
  double cell = 0, board = (double)(size_of(&own->array[W_IN]) + size_of(&own->array[W_OUT]));
  static const int by_cell[] = {W1, W2, W3, W4};
  for (size_t i = 0; i < 4; i++) cell += (double)size_of(&own->array[by_cell[i]]);
  return 2 * (double)steps * ((double)sequence * cell + board);
}

static void close_bottleneck(struct lat_learner *learner) {
  struct own *own = learner->own;
  if (own != NULL) lat_free(own->near);
  lat_free(own);
  lat_free(learner->piece);
  lat_free(learner->parameters);
}

static int check(const struct lat_bottleneck *config) {
  const struct {
    const char *name;
    size_t least, value;
  } size[] = {{"rows", 3, config->rows},           {"columns", 3, config->columns},   {"numbers a cell", 1, config->width},
              {"hidden units", 1, config->hidden}, {"channels", 0, config->channels}, {"bits", 1, config->bits}};
  for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
    size_t most = i < 2 ? 21 : i == 5 ? 24 : MOST;
    if (size[i].value < size[i].least || size[i].value > most)
      return LAT_FAIL(LAT_INPUT, "a bottleneck with %zu %s cannot be: %zu..%zu", size[i].value, size[i].name, size[i].least,
                      most);
  }
  if (config->rows * config->columns > 64)
    return LAT_FAIL(LAT_INPUT, "a board of %zu x %zu cells: 64 cells at most", config->rows, config->columns);
  return LAT_OK;
}

static void list_arrays(struct own *own) {
  const struct lat_bottleneck *config = &own->config;
  size_t D = config->width, F = config->hidden, all = config->rows * config->columns * D, c = config->channels;
  const struct array array[ARRAYS] = {
      [EMBED] = {2, D, NULL},   [W1] = {F, NEAR * D, NULL}, [B1] = {F, 0, NULL},       [W2] = {D, F, NULL},
      [B2] = {D, 0, NULL},      [W_IN] = {c, all, NULL},    [B_IN] = {c, 0, NULL},     [W_OUT] = {all, c, NULL},
      [B_OUT] = {all, 0, NULL}, [W3] = {F, D, NULL},        [B3] = {F, 0, NULL},       [W4] = {D, F, NULL},
      [B4] = {D, 0, NULL},      [HEAD] = {2, D, NULL},      [HEAD_BIAS] = {2, 0, NULL}};
  memcpy(own->array, array, sizeof array);
  if (c == 0) own->array[W_OUT] = own->array[B_OUT] = (struct array){0};
}

static void list_near(struct own *own) {
  size_t R = own->config.rows, C = own->config.columns;
  for (size_t i = 0; i < R; i++)
    for (size_t j = 0; j < C; j++)
      for (size_t k = 0; k < NEAR; k++) {
        size_t turn = (k + NEAR / 2) % NEAR; /* the middle one first */
        own->near[(i * C + j) * NEAR + k] = (int32_t)((i + R - 1 + turn / 3) % R * C + (j + C - 1 + turn % 3) % C);
      }
}

/* Each array from a stream of its own. */
static int initialise(struct lat_learner *learner, uint64_t seed) {
  const struct own *own = learner->own;
  int status = LAT_OK;
  gsl_rng *generator = gsl_rng_alloc(lat_rng_philox);
  LAT_CHECK(status, generator != NULL, LAT_MEMORY, "no memory for a random generator");
  for (size_t i = 0; i < ARRAYS; i++) {
    const struct array *array = &own->array[i];
    if (array->columns == 0) continue;
    double deviation = i == EMBED ? 1 : 1 / sqrt((double)array->columns);
    lat_random_gsl(generator, seed, "bottleneck", i);
    for (size_t k = 0; k < size_of(array); k++)
      array->value[k] = (float)(deviation * gsl_ran_gaussian_ziggurat(generator, 1));
  }
done:
  if (generator != NULL) gsl_rng_free(generator);
  return status;
}

int lat_learner_bottleneck(const struct lat_bottleneck *config, uint64_t seed, struct lat_learner **result) {
  struct lat_learner *learner = NULL;
  size_t at = 0;
  int status = LAT_OK;
  *result = NULL;
  LAT_TRY(status, check(config));
  status = LAT_MEMORY;
  if ((learner = lat_calloc(1, sizeof *learner)) == NULL) goto done;
  learner->run = run;
  learner->close = close_bottleneck;
  learner->flops = flops;
  struct own *own = learner->own = lat_calloc(1, sizeof *own);
  if (own == NULL) goto done;
  own->config = *config;
  list_arrays(own);
  for (size_t i = 0; i < ARRAYS; i++) {
    learner->count += size_of(&own->array[i]);
    learner->pieces += size_of(&own->array[i]) > 0;
  }
  if ((own->near = lat_alloc(config->rows * config->columns * NEAR, sizeof *own->near)) == NULL) goto done;
  list_near(own);
  if ((learner->piece = lat_calloc(learner->pieces, sizeof *learner->piece)) == NULL) goto done;
  if ((learner->parameters = lat_calloc(learner->count, sizeof *learner->parameters)) == NULL) goto done;
  for (size_t i = 0, piece = 0; i < ARRAYS; at += size_of(&own->array[i]), i++) {
    own->array[i].value = learner->parameters + at;
    if (size_of(&own->array[i]) > 0)
      learner->piece[piece++] = (struct lat_piece){size_of(&own->array[i]), own->array[i].columns > 0 && i != EMBED};
  }
  LAT_TRY(status, initialise(learner, seed));
  *result = learner;
  learner = NULL;
done:
  lat_learner_free(learner);
  return status;
}

int lat_bottleneck_construct(struct lat_learner *learner) {
  struct own *own = learner->own;
  const struct lat_bottleneck *config = &own->config;
  size_t D = config->width, S = config->rows * config->columns, sent = config->channels < S ? config->channels : S;
  if (config->hidden < 4 || config->channels == 0)
    return LAT_FAIL(LAT_INPUT, "Life by explicit weights takes 4 hidden units and 1 channel, here are %zu and %zu",
                    config->hidden, config->channels);
  memset(learner->parameters, 0, learner->count * sizeof *learner->parameters);
  own->array[EMBED].value[D] = 1; /* number 0 of a state: the cell is alive */
  /* With s = neighbours + alive / 2 a cell lives on for 2.5, 3, 3.5: corners at these and at 2, 4 fall on values that s takes, where
   * the steep GELU is exact. */
  static const float corner[4] = {2, 2.5f, 3.5f, 4}, sign[4] = {2, -2, -2, 2}, steep = 64;
  for (size_t u = 0; u < 4; u++) {
    for (size_t k = 0; k < NEAR; k++) own->array[W1].value[(u * NEAR + k) * D] = k == 0 ? steep / 2 : steep;
    own->array[B1].value[u] = -steep * corner[u];
    own->array[W2].value[u] = sign[u] / steep;
  }
  for (size_t k = 0; k < sent; k++) {
    own->array[W_IN].value[k * S * D + k * D] = 32;
    own->array[B_IN].value[k] = -16;
    own->array[W_OUT].value[k * D * config->channels + k] = 0.5f;
    own->array[B_OUT].value[k * D] = 0.5f;
  }
  own->array[HEAD].value[D] = 2;
  own->array[HEAD_BIAS].value[1] = -1;
  return LAT_OK;
}
