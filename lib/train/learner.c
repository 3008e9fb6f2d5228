#include "lib/train/learner.h"

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/parameters.h"
#include "lib/nn/pass.h"

static int run(const struct lat_learner *learner, struct lat_learner_pass *pass) {
  const struct lat_transformer *model = learner->transformer;
  const struct lat_transformer_config *config = &model->config;
  if (pass->steps == 0) return LAT_FAIL(LAT_INPUT, "a model looped 0 times computes nothing: loop it once or more");
  if (config->positions == LAT_POSITIONS_LEARNED && pass->sequence > config->sequence)
    return LAT_FAIL(LAT_INPUT, "%zu tokens, but the model has learned %zu positions", pass->sequence, config->sequence);
  struct lat_pass *made = lat_pass_make(pass->tape, model, pass->batch, pass->sequence, pass->gradient);
  if (made == NULL) return lat_tape_status(pass->tape);
  made->dropout = pass->random != NULL ? learner->dropout : 0;
  made->random = pass->random;
  made->between = learner->between;
  made->between_context = learner->between_context;
  made->channel = pass->channel;
  struct lat_array *x = lat_pass_embed(made, pass->token);
  if (x == NULL) return lat_tape_status(pass->tape);
  struct lat_array **state = lat_tape_memory(pass->tape, pass->steps, sizeof *state);
  if (state == NULL || lat_pass_run(made, pass->steps, pass->through, x, state) == NULL) return lat_tape_status(pass->tape);
  for (size_t t = 0; t < pass->steps; t++)
    pass->logits[t] = pass->every || t + 1 == pass->steps ? lat_pass_logits(made, state[t]) : NULL;
  pass->extra = made->extra;
  return lat_tape_status(pass->tape);
}

static int count_piece(void *context, const char *name, size_t rows, size_t columns, lat_real **slot) {
  struct lat_learner *learner = context;
  (void)name;
  (void)slot;
  if (learner->piece != NULL)
    learner->piece[learner->pieces] = (struct lat_piece){rows * (columns > 0 ? columns : 1), columns > 0};
  learner->pieces++;
  return LAT_OK;
}

static void count_pieces(struct lat_learner *learner, struct lat_transformer *model) {
  learner->pieces = 0;
  lat_parameters_visit_outer(&model->config, model, count_piece, learner);
  for (size_t l = 0; l < model->config.layers; l++)
    lat_parameters_visit_layer(&model->config, &model->layer[l], l, count_piece, learner);
}

static void close_transformer(struct lat_learner *learner) { lat_free(learner->piece); }

int lat_learner_transformer(struct lat_transformer *model, struct lat_learner **result) {
  int status = LAT_OK;
  *result = NULL;
  struct lat_learner *learner = lat_calloc(1, sizeof *learner);
  if (learner == NULL) return LAT_MEMORY;
  learner->run = run;
  learner->close = close_transformer;
  learner->transformer = model;
  learner->count = model->count;
  learner->parameters = model->parameters;
  count_pieces(learner, model);
  learner->piece = lat_alloc(learner->pieces, sizeof *learner->piece);
  LAT_CHECK(status, learner->piece != NULL, LAT_MEMORY, "no memory for a list of %zu parameter arrays", learner->pieces);
  count_pieces(learner, model);
  *result = learner;
  learner = NULL;
done:
  lat_learner_free(learner);
  return status;
}

double lat_learner_flops(const struct lat_learner *learner, size_t sequence, size_t steps) {
  if (learner->flops != NULL) return learner->flops(learner, sequence, steps);
  if (learner->transformer == NULL) return 0;
  return (double)steps * lat_transformer_flops(&learner->transformer->config, sequence);
}

void lat_learner_free(struct lat_learner *learner) {
  if (learner == NULL) return;
  if (learner->close != NULL) learner->close(learner);
  lat_free(learner);
}
