#include "lib/train/thinker.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/channel.h"
#include "lib/nn/extend.h"

static const char *const names[LAT_CONTENTS] = {"token", "state", "state-once", "mixture"};

const char *lat_content_name(enum lat_content content) { return (unsigned)content < LAT_CONTENTS ? names[content] : "?"; }

int lat_content_parse(const char *name, enum lat_content *content) {
  for (int i = 0; i < LAT_CONTENTS; i++)
    if (strcmp(name, names[i]) == 0) {
      *content = (enum lat_content)i;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "content '%.40s' is none of token, state, state-once, mixture", name);
}

/* A thinker and the plain learner that it falls back on. */
struct own {
  const struct lat_thinker *thinker;
  struct lat_learner *plain;
};

/* Question, slots, rest: P, n, S - P - n positions. */
struct places {
  size_t question, slots, rest;
};

static int is_slot(const struct lat_thinker *thinker, const struct lat_learner_pass *pass, size_t fields, size_t row) {
  return pass->token[row * fields] >= thinker->slot;
}

static int find(const struct lat_thinker *thinker, const struct lat_learner_pass *pass, size_t fields,
                struct places *places) {
  size_t S = pass->sequence, P = 0, n = 0;
  while (P < S && !is_slot(thinker, pass, fields, P)) P++;
  while (P + n < S && is_slot(thinker, pass, fields, P + n)) n++;
  for (size_t row = 0; row < pass->batch * S; row++)
    if (is_slot(thinker, pass, fields, row) != (row % S >= P && row % S < P + n))
      return LAT_FAIL(LAT_INPUT,
                      "slots for thoughts at different places in one batch, or not side by side: sequence %zu, place %zu",
                      row / S, row % S);
  *places = (struct places){P, n, S - P - n};
  return LAT_OK;
}

/* Positions first .. first + n - 1 of every sequence, copied onto the tape. */
static const int32_t *tokens(const struct lat_learner_pass *pass, size_t fields, size_t first, size_t n) {
  int32_t *to = lat_tape_memory(pass->tape, pass->batch * n * fields, sizeof *to);
  for (size_t b = 0; to != NULL && b < pass->batch; b++)
    memcpy(to + b * n * fields, pass->token + (b * pass->sequence + first) * fields, n * fields * sizeof *to);
  return to;
}

static struct lat_array *thought_of(const struct lat_thinker *thinker, struct lat_pass *pass, size_t slot,
                                    struct lat_array *state) {
  struct lat_array *x;
  if (thinker->content == LAT_CONTENT_MIXTURE) {
    size_t classes = lat_transformer_classes(&pass->model->config);
    struct lat_array *z = lat_pass_logits(pass, state);
    struct lat_array *weight = lat_gumbel_softmax(pass->tape, z, thinker->temperature, 0, NULL);
    x = lat_mix(pass->tape, weight, lat_take_rows(pass->tape, 1, pass->token, 0, classes));
  } else {
    x = lat_pass_final(pass, state);
  }
  return x != NULL && thinker->thought != NULL ? thinker->thought(thinker->context, pass, slot, x) : x;
}

static struct lat_array *zeros(struct lat_tape *tape, size_t rows, size_t columns) {
  lat_real *value = lat_tape_memory(tape, rows, columns * sizeof *value);
  if (value == NULL) return NULL;
  memset(value, 0, rows * columns * sizeof *value);
  return lat_tape_leaf(tape, rows, columns, value, NULL);
}

/* States from the question's last position on, behind rows of zeros: thoughts one after the other. */
static struct lat_array *run_sequence(const struct lat_thinker *thinker, struct lat_pass *pass,
                                      const struct lat_learner_pass *asked, struct places places) {
  struct lat_tape *tape = pass->tape;
  size_t B = pass->batch, fields = lat_transformer_fields(&pass->model->config);
  struct lat_pass_cache *cache = lat_pass_cache_make(pass, asked->steps);
  const int32_t *question = tokens(asked, fields, 0, places.question);
  struct lat_array *states = NULL, *state;
  if (cache == NULL || question == NULL) return NULL;
  if (places.question > 1 && (states = zeros(tape, B * (places.question - 1), pass->model->config.width)) == NULL)
    return NULL;
  state = lat_pass_embed_next(pass, cache, places.question, question);
  state = lat_pass_extend(pass, cache, places.question, 1, state);
  states = lat_join_rows(tape, B, states, state);
  for (size_t i = 0; i < places.slots && state != NULL; i++) {
    struct lat_array *x = lat_pass_place_next(pass, cache, 1, thought_of(thinker, pass, i, state));
    state = lat_pass_extend(pass, cache, 1, 1, x);
    states = lat_join_rows(tape, B, states, state);
  }
  if (places.rest == 0 || state == NULL) return state != NULL ? states : NULL;
  const int32_t *rest = tokens(asked, fields, places.question + places.slots, places.rest);
  if (rest == NULL) return NULL;
  state = lat_pass_embed_next(pass, cache, places.rest, rest);
  return lat_join_rows(tape, B, states, lat_pass_extend(pass, cache, places.rest, places.rest, state));
}

/* The embedded sequence with slots [B n, D] of new content. */
static struct lat_array *put(struct lat_pass *pass, struct lat_array *x, struct places places, struct lat_array *content) {
  size_t S = pass->sequence, n = places.slots;
  int32_t *index = lat_tape_memory(pass->tape, pass->batch * n, sizeof *index);
  if (index == NULL || content == NULL) return NULL;
  for (size_t b = 0; b < pass->batch; b++)
    for (size_t i = 0; i < n; i++) index[b * n + i] = (int32_t)(b * S + places.question + i);
  if (pass->position != NULL)
    content = lat_add_pattern(pass->tape, content, lat_take_rows(pass->tape, 1, pass->position, places.question, n));
  return lat_replace_rows(pass->tape, x, index, content);
}

/* Each slot's rows [B, D] through the hook, slot after slot, and together again. */
static struct lat_array *through_hook(const struct lat_thinker *thinker, struct lat_pass *pass, size_t slots,
                                      struct lat_array *x) {
  struct lat_array *all = NULL;
  if (thinker->thought == NULL) return x;
  for (size_t i = 0; i < slots && x != NULL; i++) {
    struct lat_array *one = lat_take_rows(pass->tape, pass->batch, x, i, 1);
    one = thinker->thought(thinker->context, pass, i, one);
    all = lat_join_rows(pass->tape, pass->batch, all, one);
    if (one == NULL) return NULL;
  }
  return all;
}

static struct lat_array *run_once(const struct lat_thinker *thinker, struct lat_pass *pass,
                                  const struct lat_learner_pass *asked, struct places places) {
  struct lat_array *x = lat_pass_embed(pass, asked->token), *content;
  if (thinker->content == LAT_CONTENT_TOKEN) {
    size_t fields = lat_transformer_fields(&pass->model->config), rows = pass->batch * places.slots;
    const int32_t *slot = tokens(asked, fields, places.question, places.slots);
    if (slot == NULL) return NULL;
    content =
        lat_reshape(pass->tape, lat_gather(pass->tape, pass->token, rows * fields, slot), rows, pass->model->config.width);
  } else {
    struct lat_array *first = lat_pass_run(pass, asked->steps, SIZE_MAX, x, NULL);
    first = lat_take_rows(pass->tape, pass->batch, first, places.question - 1, places.slots);
    content = first != NULL ? lat_pass_final(pass, first) : NULL;
  }
  x = put(pass, x, places, through_hook(thinker, pass, places.slots, content));
  return x != NULL ? lat_pass_run(pass, asked->steps, SIZE_MAX, x, NULL) : NULL;
}

static int run(const struct lat_learner *learner, struct lat_learner_pass *pass) {
  const struct own *own = learner->own;
  const struct lat_thinker *thinker = own->thinker;
  const struct lat_transformer_config *config = &learner->transformer->config;
  size_t fields = lat_transformer_fields(config);
  struct places places;
  int status = LAT_OK;
  LAT_TRY(status, find(thinker, pass, fields, &places));
  if (places.slots == 0 || (thinker->content == LAT_CONTENT_TOKEN && thinker->thought == NULL)) {
    struct lat_learner plain = *own->plain;
    plain.dropout = learner->dropout;
    plain.between = learner->between;
    plain.between_context = learner->between_context;
    return plain.run(&plain, pass);
  }
  LAT_CHECK(status, places.question > 0 || thinker->content == LAT_CONTENT_TOKEN, LAT_INPUT,
            "slots before the question hold no thoughts of it: put them behind it, or let them hold their tokens");
  LAT_CHECK(status, pass->steps > 0, LAT_INPUT, "a model looped 0 times computes nothing: loop it once or more");
  LAT_CHECK(status, !pass->every || pass->steps == 1, LAT_INPUT,
            "thoughts are read after the last loop, not after every loop");
  LAT_CHECK(status, config->positions != LAT_POSITIONS_LEARNED || pass->sequence <= config->sequence, LAT_INPUT,
            "%zu tokens, but the model has learned %zu positions", pass->sequence, config->sequence);
  struct lat_pass *made = lat_pass_make(pass->tape, learner->transformer, pass->batch, pass->sequence, pass->gradient);
  if (made == NULL) return lat_tape_status(pass->tape);
  made->dropout = pass->random != NULL ? learner->dropout : 0;
  made->random = pass->random;
  made->channel = pass->channel;
  made->between = learner->between;
  made->between_context = learner->between_context;
  int sequential = thinker->content == LAT_CONTENT_STATE || thinker->content == LAT_CONTENT_MIXTURE;
  struct lat_array *states = sequential ? run_sequence(thinker, made, pass, places) : run_once(thinker, made, pass, places);
  if (states == NULL) return lat_tape_status(pass->tape);
  for (size_t t = 0; t + 1 < pass->steps; t++) pass->logits[t] = NULL;
  pass->logits[pass->steps - 1] = lat_pass_logits(made, states);
  pass->extra = made->extra;
  status = lat_tape_status(pass->tape);
done:
  return status;
}

static void close_thinker(struct lat_learner *learner) {
  struct own *own = learner->own;
  if (own != NULL) lat_learner_free(own->plain);
  lat_free(own);
}

int lat_learner_thinker(struct lat_transformer *model, const struct lat_thinker *thinker, struct lat_learner **result) {
  const struct lat_transformer_config *config = &model->config;
  int status = LAT_OK;
  struct own *own = NULL;
  struct lat_learner *learner = NULL;
  *result = NULL;
  LAT_CHECK(status, thinker->content == LAT_CONTENT_TOKEN || config->mask != LAT_MASK_FULL, LAT_INPUT,
            "thoughts are made one after the other: the mask must be causal or windowed");
  LAT_CHECK(status, thinker->content != LAT_CONTENT_MIXTURE || lat_transformer_fields(config) == 1, LAT_INPUT,
            "a mixture of token embeddings needs tokens of one field, not of %zu", lat_transformer_fields(config));
  own = lat_calloc(1, sizeof *own);
  learner = lat_calloc(1, sizeof *learner);
  LAT_CHECK(status, own != NULL && learner != NULL, LAT_MEMORY, "no memory for a learner with thoughts");
  own->thinker = thinker;
  LAT_TRY(status, lat_learner_transformer(model, &own->plain));
  *learner = *own->plain; /* its parameters and pieces, which it keeps */
  learner->run = run;
  learner->close = close_thinker;
  learner->own = own;
  *result = learner;
  return LAT_OK;
done:
  lat_free(own);
  lat_free(learner);
  return status;
}
