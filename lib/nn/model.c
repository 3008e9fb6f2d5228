/* A model's memory. */
#include <assert.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/parameters.h"

/* Gives each array its place, one behind the other. */
static int place(void *context, const char *name, size_t rows, size_t columns, lat_real **slot) {
  (void)name;
  lat_real **next = context;
  *slot = *next;
  *next += rows * (columns > 0 ? columns : 1);
  return LAT_OK;
}

static void fill_gain(const struct lat_transformer_config *config, const struct lat_norm_weights *norm) {
  if (norm->gain == NULL) return;
  for (size_t i = 0; i < config->width; i++) norm->gain[i] = 1;
}

int lat_transformer_alloc(const struct lat_transformer_config *config, struct lat_transformer **result) {
  *result = NULL;
  int status = LAT_OK;
  struct lat_transformer *model = NULL;
  LAT_TRY(status, lat_transformer_check(config));
  status = LAT_MEMORY;
  if ((model = lat_calloc(1, sizeof *model)) == NULL) goto done;
  model->config = *config;
  model->count = lat_transformer_count(config);
  if ((model->layer = lat_calloc(config->layers, sizeof *model->layer)) == NULL) goto done;
  if ((model->parameters = lat_calloc(model->count, sizeof *model->parameters)) == NULL) goto done;
  status = LAT_OK;
  lat_real *next = model->parameters;
  lat_parameters_visit_outer(config, model, place, &next);
  fill_gain(config, &model->inject_norm);
  fill_gain(config, &model->final_norm);
  for (size_t l = 0; l < config->layers; l++) {
    lat_parameters_visit_layer(config, &model->layer[l], l, place, &next);
    fill_gain(config, &model->layer[l].norm1);
    fill_gain(config, &model->layer[l].norm2);
    fill_gain(config, &model->layer[l].norm3);
    fill_gain(config, &model->layer[l].norm4);
  }
  assert((size_t)(next - model->parameters) == model->count);
  if (config->tied_head) model->head = model->token;
  *result = model;
  model = NULL;
done:
  lat_transformer_free(model);
  return status;
}

void lat_transformer_free(struct lat_transformer *model) {
  if (model == NULL) return;
  lat_free(model->parameters);
  lat_free(model->layer);
  lat_free(model);
}
