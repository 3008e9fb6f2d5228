/* Recurrent networks as learners: embedding, layers of cells over all positions, head. */
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/embed.h"
#include "lib/nn/initialise.h"
#include "lib/nn/operation.h"
#include "lib/train/learner.h"

/* The arrays of a layer, in this order: W [gates D, D], U [gates D, D], b [gates D]. Before the layers the table [V, D / fields],
 * behind them the head [classes, D] and its bias. */
enum { LAYER_ARRAYS = 3, OUTER_ARRAYS = 3, MOST = INT32_MAX };

struct array {
  size_t rows, columns; /* columns 0: a vector */
  float *value;
};
struct recurrent {
  enum lat_cell cell;
  size_t vocabulary, fields, classes, width, layers;
  struct array *array; /* [pieces] */
};

static size_t gates_of(const struct recurrent *own) { return own->cell == LAT_CELL_LSTM ? 4 : 1; }
static size_t size_of(const struct array *array) { return array->rows * (array->columns > 0 ? array->columns : 1); }

static struct lat_array *leaf(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t index) {
  const struct array *array = &((const struct recurrent *)learner->own)->array[index];
  float *gradient = pass->gradient != NULL ? pass->gradient + (array->value - learner->parameters) : NULL;
  size_t rows = array->columns > 0 ? array->rows : 1, columns = array->columns > 0 ? array->columns : array->rows;
  return lat_tape_leaf(pass->tape, rows, columns, array->value, gradient);
}

static int run(const struct lat_learner *learner, struct lat_learner_pass *pass) {
  const struct recurrent *own = learner->own;
  struct lat_tape *tape = pass->tape;
  size_t rows = pass->batch * pass->sequence, first = 1;
  int status = LAT_OK;
  LAT_CHECK(status, pass->steps > 0, LAT_INPUT, "a model looped 0 times computes nothing: loop it once or more");
  LAT_TRY(status, lat_embed_check(rows, own->fields, own->vocabulary, pass->token));
  struct lat_array *x = lat_gather(tape, leaf(learner, pass, 0), rows * own->fields, pass->token);
  x = lat_reshape(tape, x, rows, own->width);
  for (size_t l = 0; l < own->layers; l++, first += LAYER_ARRAYS) {
    if (pass->random != NULL) x = lat_dropout(tape, x, learner->dropout, pass->random);
    x = lat_linear(tape, x, leaf(learner, pass, first), leaf(learner, pass, first + 2), NULL);
    struct lat_array *back = leaf(learner, pass, first + 1);
    x = own->cell == LAT_CELL_LSTM ? lat_recur_lstm(tape, pass->sequence, x, back)
                                   : lat_recur_tanh(tape, pass->sequence, x, back);
  }
  if (pass->random != NULL) x = lat_dropout(tape, x, learner->dropout, pass->random);
  struct lat_array *logits = lat_linear(tape, x, leaf(learner, pass, first), leaf(learner, pass, first + 1), NULL);
  for (size_t t = 0; t < pass->steps; t++) pass->logits[t] = pass->every || t + 1 == pass->steps ? logits : NULL;
  status = lat_tape_status(tape);
done:
  return status;
}

/* Two a weight of W and U at every position, once, whatever the number of steps; without table and head, which lat_transformer_flops
 * leaves out too. */
static double flops(const struct lat_learner *learner, size_t sequence, size_t steps) {
  const struct recurrent *own = learner->own;
  double width = (double)own->width, layer = 2 * (double)gates_of(own) * width * width;
  (void)steps;
  return 2 * (double)sequence * layer * (double)own->layers;
}

static void close_recurrent(struct lat_learner *learner) {
  struct recurrent *own = learner->own;
  if (own != NULL) lat_free(own->array);
  lat_free(own);
  lat_free(learner->piece);
  lat_free(learner->parameters);
}

static int check(const struct recurrent *own) {
  const struct {
    const char *name;
    size_t value;
  } size[] = {{"vocabulary", own->vocabulary}, {"fields", own->fields}, {"classes", own->classes},
              {"width", own->width},           {"layers", own->layers}, {"width of all gates", gates_of(own) * own->width}};
  for (size_t i = 0; i < sizeof size / sizeof *size; i++)
    if (size[i].value == 0 || size[i].value > MOST)
      return LAT_FAIL(LAT_INPUT, "a recurrent network with %s %zu cannot be: 1..%d", size[i].name, size[i].value, MOST);
  if (own->width % own->fields != 0)
    return LAT_FAIL(LAT_INPUT, "width %zu is not divisible by fields %zu, whose embeddings stand side by side", own->width,
                    own->fields);
  return LAT_OK;
}

/* Shapes, pieces and places; the sum of sizes cannot overflow before memory has run out. */
static int lay_out(struct lat_learner *learner) {
  struct recurrent *own = learner->own;
  size_t gates = gates_of(own) * own->width, n = 0, at = 0;
  struct array *array = own->array;
  array[n++] = (struct array){own->vocabulary, own->width / own->fields, NULL};
  for (size_t l = 0; l < own->layers; l++) {
    array[n++] = (struct array){gates, own->width, NULL};
    array[n++] = (struct array){gates, own->width, NULL};
    array[n++] = (struct array){gates, 0, NULL};
  }
  array[n++] = (struct array){own->classes, own->width, NULL};
  array[n++] = (struct array){own->classes, 0, NULL};
  for (size_t i = 0; i < n; i++)
    if (__builtin_add_overflow(learner->count, size_of(&array[i]), &learner->count))
      return LAT_FAIL(LAT_INPUT, "the sizes give more parameters than can be counted");
  learner->parameters = lat_calloc(learner->count, sizeof *learner->parameters);
  if (learner->parameters == NULL) return LAT_MEMORY;
  for (size_t i = 0; i < n; at += size_of(&array[i]), i++) {
    array[i].value = learner->parameters + at;
    learner->piece[i] = (struct lat_piece){size_of(&array[i]), array[i].columns > 0};
  }
  return LAT_OK;
}

/* Each array from a stream of its own. */
static int initialise(struct lat_learner *learner, uint64_t seed) {
  const struct recurrent *own = learner->own;
  size_t D = own->width, gates = gates_of(own);
  int status = LAT_OK;
  gsl_rng *generator = gsl_rng_alloc(lat_rng_philox);
  LAT_CHECK(status, generator != NULL, LAT_MEMORY, "no memory for a random generator");
  for (size_t i = 0; i < learner->pieces; i++) {
    const struct array *array = &own->array[i];
    size_t place = (i - 1) % LAYER_ARRAYS; /* within a layer */
    int inner = i > 0 && i + 2 < learner->pieces;
    lat_random_gsl(generator, seed, "recurrent", i);
    if (inner && place == 1) {
      for (size_t g = 0; g < gates; g++) LAT_TRY(status, lat_orthogonal(generator, D, D, 1, array->value + g * D * D));
    } else if (array->columns > 0) {
      double deviation = i == 0 ? 1 : 1 / sqrt((double)array->columns);
      for (size_t k = 0; k < size_of(array); k++)
        array->value[k] = (float)(deviation * gsl_ran_gaussian_ziggurat(generator, 1));
    } else if (inner && own->cell == LAT_CELL_LSTM) {
      for (size_t k = 0; k < D; k++) array->value[D + k] = 1; /* the forget gate begins open */
    }
  }
done:
  if (generator != NULL) gsl_rng_free(generator);
  return status;
}

int lat_learner_recurrent(enum lat_cell cell, size_t vocabulary, size_t fields, size_t classes, size_t width, size_t layers,
                          uint64_t seed, struct lat_learner **result) {
  const struct recurrent content = {cell, vocabulary, fields, classes, width, layers, NULL};
  struct lat_learner *learner = NULL;
  int status = LAT_OK;
  *result = NULL;
  LAT_TRY(status, check(&content));
  status = LAT_MEMORY;
  if ((learner = lat_calloc(1, sizeof *learner)) == NULL) goto done;
  learner->run = run;
  learner->close = close_recurrent;
  learner->flops = flops;
  struct recurrent *own = learner->own = lat_calloc(1, sizeof *own);
  if (own == NULL) goto done;
  *own = content;
  learner->pieces = layers * LAYER_ARRAYS + OUTER_ARRAYS;
  if ((own->array = lat_calloc(learner->pieces, sizeof *own->array)) == NULL) goto done;
  if ((learner->piece = lat_calloc(learner->pieces, sizeof *learner->piece)) == NULL) goto done;
  LAT_TRY(status, lay_out(learner));
  LAT_TRY(status, initialise(learner, seed));
  *result = learner;
  learner = NULL;
done:
  lat_learner_free(learner);
  return status;
}
