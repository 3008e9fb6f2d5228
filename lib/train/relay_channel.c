/* The narrow place of the relay, and what both kinds of ends share. */
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/channel.h"
#include "lib/train/relay_parts.h"

/* Of the commitment term (van den Oord, Vinyals and Kavukcuoglu 2017). */
static const double commitment = 0.25;
static const double norm_epsilon = 1e-5;

static const char *const names[] = {"continuous", "quantised", "noisy", "codebook", "gumbel"};

const char *lat_relay_name(enum lat_relay_kind kind) { return names[kind]; }

int lat_relay_parse(const char *name, enum lat_relay_kind *kind) {
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (strcmp(name, names[k]) == 0) {
      *kind = (enum lat_relay_kind)k;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "no channel '%s': there are continuous, quantised, noisy, codebook, gumbel", name);
}

double lat_relay_bound(const struct lat_relay_config *config) {
  double d = (double)config->width, n = (double)config->thoughts;
  switch (config->kind) {
    case LAT_RELAY_CONTINUOUS: return n * 32 * d;
    case LAT_RELAY_QUANTISED: return n * d * (double)config->levels;
    case LAT_RELAY_NOISY: return n * (d - 1) / 2 * log2(1 + d / ((d - 1) * config->deviation * config->deviation));
    default: return n * log2((double)config->codes);
  }
}

/* Layer normalisation whose gain is 1 and bias 0 for good. */
static struct lat_array *plain_norm(struct lat_tape *tape, struct lat_array *z) {
  lat_real *value = z != NULL ? lat_tape_memory(tape, 2 * z->columns, sizeof *value) : NULL;
  if (value == NULL) return NULL;
  for (size_t i = 0; i < z->columns; i++) value[i] = 1, value[z->columns + i] = 0;
  return lat_layer_norm(tape, z, lat_tape_leaf(tape, 1, z->columns, value, NULL),
                        lat_tape_leaf(tape, 1, z->columns, value + z->columns, NULL), norm_epsilon);
}

static struct lat_array *add_extra(struct lat_learner_pass *pass, struct lat_array *loss) {
  pass->extra = pass->extra == NULL ? loss : lat_sum_of(pass->tape, 1, pass->extra, 1, loss);
  return pass->extra;
}

static struct lat_array *choose(struct lat_learner_pass *pass, double temperature, struct lat_array *logits,
                                struct lat_array *codes, int32_t **code) {
  int trains = pass->gradient != NULL;
  struct lat_array *choice = lat_gumbel_softmax(pass->tape, logits, temperature, 1, trains ? pass->channel : NULL);
  if (choice == NULL) return NULL;
  if (code != NULL) {
    *code = lat_tape_memory(pass->tape, choice->rows, sizeof **code);
    for (size_t i = 0; *code != NULL && i < choice->rows; i++) {
      (*code)[i] = 0;
      for (size_t k = 0; k < choice->columns; k++)
        if (choice->value[i * choice->columns + k] == 1) (*code)[i] = (int32_t)k;
    }
  }
  return lat_mix(pass->tape, choice, codes);
}

struct lat_array *lat_relay_channel(const struct lat_relay_config *config, double temperature,
                                    struct lat_learner_pass *pass, struct lat_array *z, struct lat_array *codes,
                                    int32_t **code) {
  struct lat_tape *tape = pass->tape;
  struct lat_array *loss = NULL;
  switch (config->kind) {
    case LAT_RELAY_QUANTISED: return lat_quantise(tape, lat_tanh(tape, z), config->levels, 1);
    case LAT_RELAY_NOISY: return lat_add_noise(tape, plain_norm(tape, z), config->deviation, pass->channel);
    case LAT_RELAY_GUMBEL: return choose(pass, temperature, z, codes, code);
    case LAT_RELAY_CODEBOOK: {
      struct lat_array *thought = lat_codebook(tape, z, codes, commitment, &loss, code);
      return thought != NULL && add_extra(pass, loss) != NULL ? thought : NULL;
    }
    default: return z;
  }
}

struct lat_array *lat_relay_between(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t step,
                                    struct lat_array *thought) {
  if (learner->between == NULL || thought == NULL) return thought;
  struct lat_pass *shown = lat_tape_memory(pass->tape, 1, sizeof *shown);
  if (shown == NULL) return NULL;
  *shown = (struct lat_pass){.tape = pass->tape, .batch = pass->batch, .sequence = 1, .channel = pass->channel};
  return learner->between(learner->between_context, shown, step, thought);
}

int lat_relay_bits(const struct lat_relay_config *config, const struct lat_learner_pass *pass, struct lat_array **bits) {
  size_t count = pass->batch * pass->sequence;
  int status = LAT_OK;
  *bits = NULL;
  LAT_CHECK(status, pass->sequence == config->bits, LAT_INPUT, "%zu bits for a relay of %zu", pass->sequence, config->bits);
  lat_real *value = lat_tape_memory(pass->tape, count, sizeof *value);
  if (value == NULL) return lat_tape_status(pass->tape);
  for (size_t i = 0; i < count; i++) {
    LAT_CHECK(status, pass->token[i] == 0 || pass->token[i] == 1, LAT_INPUT, "token %d where a relay takes bits",
              (int)pass->token[i]);
    value[i] = pass->token[i] == 1 ? 1 : -1;
  }
  *bits = lat_tape_leaf(pass->tape, pass->batch, pass->sequence, value, NULL);
  status = lat_tape_status(pass->tape);
done:
  return status;
}
