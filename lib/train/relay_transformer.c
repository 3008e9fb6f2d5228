/* The relay with a transformer at both ends. One model has the layers of both, so that its parameters are one array. */
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/train/recipe.h"
#include "lib/train/relay_parts.h"

enum { BLANK = 2 };

int lat_relay_transformer_config(const struct lat_relay_config *relay, size_t width, size_t heads, size_t layers,
                                 struct lat_transformer_config *config) {
  struct lat_task_setting setting;
  char text[64];
  int status = LAT_OK;
  LAT_CHECK(status, layers >= 2 && layers % 2 == 0, LAT_INPUT,
            "%zu layers do not divide between a sender and a reader: take an even number", layers);
  snprintf(text, sizeof text, "bits:length=%zu", relay->bits);
  LAT_TRY(status, lat_task_parse(text, &setting));
  LAT_TRY(status, lat_recipe_config(&setting, width, heads, layers, 1, config));
  config->vocabulary = BLANK + 1;
  config->sequence = relay->bits + 1;
  config->mask = LAT_MASK_FULL;
done:
  return status;
}

/* The layers first .. last - 1 over `pass`. */
static struct lat_array *layers(struct lat_pass *pass, size_t first, size_t last, struct lat_array *x) {
  for (size_t l = first; l < last; l++) x = lat_pass_layer(pass, l, x);
  return x;
}

/* z: the first d numbers of the states behind the bits. */
static struct lat_array *send(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t width) {
  const struct lat_transformer *model = learner->transformer;
  size_t B = pass->batch, m = pass->sequence;
  int32_t *token = lat_tape_memory(pass->tape, B * (m + 1), sizeof *token);
  int32_t *last = lat_tape_memory(pass->tape, B, sizeof *last);
  struct lat_pass *made = lat_pass_make(pass->tape, model, B, m + 1, pass->gradient);
  if (token == NULL || last == NULL || made == NULL) return NULL;
  for (size_t b = 0; b < B; b++) {
    for (size_t i = 0; i < m; i++) token[b * (m + 1) + i] = pass->token[b * m + i];
    token[b * (m + 1) + m] = BLANK;
    last[b] = (int32_t)(b * (m + 1) + m);
  }
  struct lat_array *x = layers(made, 0, model->config.layers / 2, lat_pass_embed(made, token));
  return x != NULL ? lat_columns(pass->tape, lat_gather(pass->tape, x, B, last), 0, width) : NULL;
}

static struct lat_array *reads(const struct lat_learner *learner, const struct lat_learner_pass *pass,
                               struct lat_array *thought) {
  const struct lat_transformer *model = learner->transformer;
  size_t B = pass->batch, m = pass->sequence, D = model->config.width;
  int32_t *token = lat_tape_memory(pass->tape, B * m, sizeof *token);
  int32_t *example = lat_tape_memory(pass->tape, B * m, sizeof *example);
  struct lat_pass *made = lat_pass_make(pass->tape, model, B, m, pass->gradient);
  if (thought == NULL || token == NULL || example == NULL || made == NULL) return NULL;
  lat_real *place = lat_tape_memory(pass->tape, D * thought->columns, sizeof *place);
  if (place == NULL) return NULL;
  for (size_t i = 0; i < D * thought->columns; i++) place[i] = i / thought->columns == i % thought->columns ? 1 : 0;
  for (size_t i = 0; i < B * m; i++) token[i] = BLANK, example[i] = (int32_t)(i / m);
  /* The thought in the first d places of a state, for every position of its example. */
  struct lat_array *wide =
      lat_linear(pass->tape, thought, lat_tape_leaf(pass->tape, D, thought->columns, place, NULL), NULL, NULL);
  struct lat_array *x =
      lat_sum_of(pass->tape, 1, lat_pass_embed(made, token), 1, lat_gather(pass->tape, wide, B * m, example));
  x = layers(made, model->config.layers / 2, model->config.layers, x);
  return x != NULL ? lat_pass_logits(made, x) : NULL;
}

static int run(const struct lat_learner *learner, struct lat_learner_pass *pass) {
  const struct lat_relay_config *config = &lat_relay_head_of(learner)->config;
  struct lat_array *bits;
  int status = LAT_OK;
  LAT_CHECK(status, pass->steps > 0, LAT_INPUT, "a model looped 0 times computes nothing: loop it once or more");
  LAT_TRY(status, lat_relay_bits(config, pass, &bits)); /* only to check them */
  pass->extra = NULL;
  struct lat_array *thought = lat_relay_channel(config, 1, pass, send(learner, pass, config->width), NULL, NULL);
  struct lat_array *logits = reads(learner, pass, lat_relay_between(learner, pass, 0, thought));
  for (size_t t = 0; t < pass->steps; t++) pass->logits[t] = pass->every || t + 1 == pass->steps ? logits : NULL;
  status = lat_tape_status(pass->tape);
done:
  return status;
}

static void close_ends(struct lat_learner *learner) {
  lat_free(learner->piece);
  lat_free(learner->own);
}

int lat_learner_relay_transformer(const struct lat_relay_config *config, struct lat_transformer *model,
                                  struct lat_learner **result) {
  struct lat_learner *learner = NULL;
  struct lat_relay_head *head = NULL;
  int status = LAT_OK;
  *result = NULL;
  LAT_CHECK(status, config->thoughts == 1 && config->kind != LAT_RELAY_CODEBOOK && config->kind != LAT_RELAY_GUMBEL,
            LAT_INPUT, "a relay between transformers takes one thought and no codes");
  LAT_CHECK(status, config->width >= 1 && config->width <= model->config.width && config->bits >= 1, LAT_INPUT,
            "a thought of %zu numbers does not fit in states of %zu", config->width, model->config.width);
  head = lat_calloc(1, sizeof *head);
  LAT_CHECK(status, head != NULL, LAT_MEMORY, "no memory for a relay");
  LAT_TRY(status, lat_learner_transformer(model, &learner));
  head->config = *config;
  learner->own = head;
  learner->run = run;
  learner->close = close_ends;
  learner->at_once = 64;
  *result = learner;
  head = NULL;
done:
  lat_free(head);
  return status;
}
