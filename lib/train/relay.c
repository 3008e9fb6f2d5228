/* Sender and reader as perceptrons, their parameters in one array as the trainer wants them. */
#include "lib/train/relay.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/train/relay_parts.h"

enum { MOST = 1 << 20, MOST_LAYERS = 8, READ_AT_ONCE = 256 };

struct array {
  size_t rows, columns; /* columns 0: a vector */
  float *value;
};
/* The arrays in the order in which they lie in the parameters. */
struct relay {
  struct lat_relay_head head;
  double temperature;
  size_t arrays;
  struct array *array;
  size_t back, step, sender, out, codes, reader, logits; /* places among the arrays; 0: none (array 0 is W1) */
};

static size_t size_of(const struct array *array) { return array->rows * (array->columns > 0 ? array->columns : 1); }

static int has_codes(const struct lat_relay_config *config) {
  return config->kind == LAT_RELAY_CODEBOOK || config->kind == LAT_RELAY_GUMBEL;
}

/* A leaf over rows first .. first + rows - 1 of an array. */
static struct lat_array *leaf_rows(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t index,
                                   size_t first, size_t rows) {
  const struct array *array = &((const struct relay *)learner->own)->array[index];
  size_t columns = array->columns > 0 ? array->columns : array->rows;
  float *value = array->value + first * columns;
  float *gradient = pass->gradient != NULL ? pass->gradient + (value - learner->parameters) : NULL;
  return lat_tape_leaf(pass->tape, rows, columns, value, gradient);
}

static struct lat_array *leaf(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t index) {
  const struct array *array = &((const struct relay *)learner->own)->array[index];
  return leaf_rows(learner, pass, index, 0, array->columns > 0 ? array->rows : 1);
}

static struct lat_array *hidden(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t index,
                                struct lat_array *x) {
  x = lat_linear(pass->tape, x, leaf(learner, pass, index), leaf(learner, pass, index + 1), NULL);
  return lat_activate(pass->tape, LAT_ACTIVATION_GELU_TANH, x);
}

/* z_t from the bits, already taken through W1, and the thought before. */
static struct lat_array *send(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t t,
                              struct lat_array *bits, struct lat_array *before) {
  const struct relay *own = learner->own;
  struct lat_array *x = bits;
  if (before != NULL) x = lat_linear(pass->tape, before, leaf(learner, pass, own->back), NULL, x);
  if (own->step > 0) x = lat_add_pattern(pass->tape, x, leaf_rows(learner, pass, own->step, t, 1));
  x = lat_activate(pass->tape, LAT_ACTIVATION_GELU_TANH, x);
  for (size_t l = 1; l < own->head.config.sender_layers; l++) x = hidden(learner, pass, own->sender + 2 * (l - 1), x);
  return lat_linear(pass->tape, x, leaf(learner, pass, own->out), leaf(learner, pass, own->out + 1), NULL);
}

/* [B, 2 m] from all thoughts. */
static struct lat_array *reads(const struct lat_learner *learner, const struct lat_learner_pass *pass,
                               struct lat_array **thought) {
  const struct relay *own = learner->own;
  size_t n = own->head.config.thoughts, layers = own->head.config.reader_layers;
  struct lat_array *x = NULL;
  for (size_t t = 0; t < n; t++)
    x = lat_linear(pass->tape, thought[t], leaf(learner, pass, own->reader + t),
                   t == 0 ? leaf(learner, pass, own->reader + n) : NULL, x);
  if (layers == 0) return x;
  x = lat_activate(pass->tape, LAT_ACTIVATION_GELU_TANH, x);
  for (size_t l = 1; l < layers; l++) x = hidden(learner, pass, own->reader + n + 1 + 2 * (l - 1), x);
  return lat_linear(pass->tape, x, leaf(learner, pass, own->logits), leaf(learner, pass, own->logits + 1), NULL);
}

static int forward(const struct lat_learner *learner, struct lat_learner_pass *pass, struct lat_relay_trace *trace) {
  const struct relay *own = learner->own;
  const struct lat_relay_config *config = &own->head.config;
  struct lat_array *bits, *before = NULL;
  int status = LAT_OK;
  LAT_CHECK(status, pass->steps > 0, LAT_INPUT, "a model looped 0 times computes nothing: loop it once or more");
  LAT_TRY(status, lat_relay_bits(config, pass, &bits));
  struct lat_array **thought = lat_tape_memory(pass->tape, config->thoughts, sizeof *thought);
  if (thought == NULL) return lat_tape_status(pass->tape);
  pass->extra = NULL;
  bits = lat_linear(pass->tape, bits, leaf(learner, pass, 0), leaf(learner, pass, 1), NULL);
  for (size_t t = 0; t < config->thoughts; t++) {
    struct lat_array *z = send(learner, pass, t, bits, before);
    struct lat_array *codes = own->codes > 0 ? leaf(learner, pass, own->codes) : NULL;
    if (trace != NULL) trace->state[t] = z;
    before = lat_relay_channel(config, own->temperature, pass, z, codes, trace != NULL ? &trace->code[t] : NULL);
    thought[t] = before = lat_relay_between(learner, pass, t, before);
  }
  struct lat_array *logits = lat_reshape(pass->tape, reads(learner, pass, thought), pass->batch * config->bits, 2);
  for (size_t t = 0; t < pass->steps; t++) pass->logits[t] = pass->every || t + 1 == pass->steps ? logits : NULL;
  status = lat_tape_status(pass->tape);
done:
  return status;
}

static int run(const struct lat_learner *learner, struct lat_learner_pass *pass) { return forward(learner, pass, NULL); }

static void close_relay(struct lat_learner *learner) {
  struct relay *own = learner->own;
  if (own != NULL) lat_free(own->array);
  lat_free(own);
  lat_free(learner->piece);
  lat_free(learner->parameters);
}

static int check(const struct lat_relay_config *config) {
  const struct {
    const char *name;
    size_t value;
  } size[] = {
      {"bits", config->bits}, {"width", config->width}, {"thoughts", config->thoughts}, {"hidden units", config->hidden}};
  int status = LAT_OK;
  for (size_t i = 0; i < sizeof size / sizeof *size; i++)
    LAT_CHECK(status, size[i].value >= 1 && size[i].value <= MOST, LAT_INPUT, "a relay with %zu %s cannot be: 1..%d",
              size[i].value, size[i].name, MOST);
  LAT_CHECK(status,
            config->sender_layers >= 1 && config->sender_layers <= MOST_LAYERS && config->reader_layers <= MOST_LAYERS,
            LAT_INPUT, "a relay with %zu hidden layers in its sender and %zu in its reader: 1..%d and 0..%d",
            config->sender_layers, config->reader_layers, MOST_LAYERS, MOST_LAYERS);
  LAT_CHECK(status, config->kind != LAT_RELAY_QUANTISED || (config->levels >= 1 && config->levels <= 24), LAT_INPUT,
            "a relay with %u bits a number: 1..24", config->levels);
  LAT_CHECK(status, config->kind != LAT_RELAY_NOISY || (config->deviation > 0 && config->width >= 2), LAT_INPUT,
            "a noisy relay of width %zu and deviation %g: width 2 or more, deviation above 0", config->width,
            config->deviation);
  LAT_CHECK(status, !has_codes(config) || (config->codes >= 2 && config->codes <= MOST), LAT_INPUT,
            "a relay with %zu codes: 2..%d", config->codes, MOST);
done:
  return status;
}

static size_t add(struct relay *own, size_t rows, size_t columns) {
  own->array[own->arrays] = (struct array){rows, columns, NULL};
  return own->arrays++;
}

static size_t add_linear(struct relay *own, size_t out, size_t in) {
  size_t place = add(own, out, in);
  add(own, out, 0);
  return place;
}

static void list_arrays(struct relay *own) {
  const struct lat_relay_config *c = &own->head.config;
  size_t n = c->thoughts, first = c->reader_layers > 0 ? c->hidden : 2 * c->bits;
  add_linear(own, c->hidden, c->bits);
  if (n > 1) {
    own->back = add(own, c->hidden, c->width);
    own->step = add(own, n, c->hidden);
  }
  own->sender = own->arrays;
  for (size_t l = 1; l < c->sender_layers; l++) add_linear(own, c->hidden, c->hidden);
  own->out = add_linear(own, c->kind == LAT_RELAY_GUMBEL ? c->codes : c->width, c->hidden);
  if (has_codes(c)) own->codes = add(own, c->codes, c->width);
  own->reader = own->arrays;
  for (size_t t = 0; t < n; t++) add(own, first, c->width);
  add(own, first, 0);
  for (size_t l = 1; l < c->reader_layers; l++) add_linear(own, c->hidden, c->hidden);
  if (c->reader_layers > 0) own->logits = add_linear(own, 2 * c->bits, c->hidden);
}

/* Each array from a stream of its own; the reader's first layer sees n thoughts. */
static int initialise(struct lat_learner *learner, uint64_t seed) {
  const struct relay *own = learner->own;
  size_t n = own->head.config.thoughts;
  int status = LAT_OK;
  gsl_rng *generator = gsl_rng_alloc(lat_rng_philox);
  LAT_CHECK(status, generator != NULL, LAT_MEMORY, "no memory for a random generator");
  for (size_t i = 0; i < own->arrays; i++) {
    const struct array *array = &own->array[i];
    int is_code = own->codes > 0 && i == own->codes, is_step = own->step > 0 && i == own->step;
    size_t fan_in = array->columns * (i >= own->reader && i < own->reader + n ? n : 1);
    double deviation = is_code ? 1 : 1 / sqrt((double)fan_in);
    if (array->columns == 0 || is_step) continue;
    lat_random_gsl(generator, seed, "relay", i);
    for (size_t k = 0; k < size_of(array); k++)
      array->value[k] = (float)(deviation * gsl_ran_gaussian_ziggurat(generator, 1));
  }
done:
  if (generator != NULL) gsl_rng_free(generator);
  return status;
}

int lat_learner_relay(const struct lat_relay_config *config, uint64_t seed, struct lat_learner **result) {
  struct lat_learner *learner = NULL;
  size_t at = 0;
  int status = LAT_OK;
  *result = NULL;
  LAT_TRY(status, check(config));
  status = LAT_MEMORY;
  if ((learner = lat_calloc(1, sizeof *learner)) == NULL) goto done;
  learner->run = run;
  learner->close = close_relay;
  struct relay *own = learner->own = lat_calloc(1, sizeof *own);
  if (own == NULL) goto done;
  own->head.config = *config;
  own->temperature = 1;
  if ((own->array = lat_calloc(config->thoughts + 2 * MOST_LAYERS * 2 + 16, sizeof *own->array)) == NULL) goto done;
  list_arrays(own);
  for (size_t i = 0; i < own->arrays; i++) learner->count += size_of(&own->array[i]);
  learner->pieces = own->arrays;
  if ((learner->piece = lat_calloc(learner->pieces, sizeof *learner->piece)) == NULL) goto done;
  if ((learner->parameters = lat_calloc(learner->count, sizeof *learner->parameters)) == NULL) goto done;
  for (size_t i = 0; i < own->arrays; at += size_of(&own->array[i]), i++) {
    int is_code = own->codes > 0 && i == own->codes, is_step = own->step > 0 && i == own->step;
    own->array[i].value = learner->parameters + at;
    learner->piece[i] = (struct lat_piece){size_of(&own->array[i]), own->array[i].columns > 0 && !is_code && !is_step};
  }
  if (own->codes > 0) own->head.codes = own->array[own->codes].value;
  /* Large enough for the matrix products, small enough for a cache. */
  learner->at_once = 64;
  LAT_TRY(status, initialise(learner, seed));
  *result = learner;
  learner = NULL;
done:
  lat_learner_free(learner);
  return status;
}

void lat_relay_cool(struct lat_learner *learner, double temperature) {
  ((struct relay *)learner->own)->temperature = temperature;
}

int lat_relay_trace(const struct lat_learner *learner, struct lat_learner_pass *pass, struct lat_relay_trace *trace) {
  size_t n = lat_relay_head_of(learner)->config.thoughts;
  trace->state = lat_tape_memory(pass->tape, n, sizeof *trace->state);
  trace->code = lat_tape_memory(pass->tape, n, sizeof *trace->code);
  if (trace->state == NULL || trace->code == NULL) return lat_tape_status(pass->tape);
  for (size_t t = 0; t < n; t++) trace->code[t] = NULL;
  return forward(learner, pass, trace);
}
