#include "lib/nn/parameters.h"

#include <stdio.h>

#include "lib/base/status.h"

static int visit_norm(const struct lat_transformer_config *config, struct lat_norm_weights *norm, const char *prefix,
                      lat_parameter_visitor *visit, void *context) {
  char name[96];
  int status = LAT_OK;
  if (config->norm == LAT_NORM_NONE) return LAT_OK;
  snprintf(name, sizeof name, "%s/gain", prefix);
  LAT_TRY(status, visit(context, name, config->width, 0, &norm->gain));
  if (config->norm == LAT_NORM_RMSNORM) return LAT_OK;
  snprintf(name, sizeof name, "%s/bias", prefix);
  LAT_TRY(status, visit(context, name, config->width, 0, &norm->bias));
done:
  return status;
}

int lat_parameters_visit_outer(const struct lat_transformer_config *config, struct lat_transformer *model,
                               lat_parameter_visitor *visit, void *context) {
  int status = LAT_OK;
  if (config->vocabulary > 0)
    LAT_TRY(status, visit(context, "embed/token", config->vocabulary, config->width / lat_transformer_fields(config),
                          &model->token));
  if (config->positions == LAT_POSITIONS_LEARNED)
    LAT_TRY(status, visit(context, "embed/position", config->sequence, config->width, &model->position));
  if (config->step_embeddings > 0)
    LAT_TRY(status, visit(context, "embed/step", config->step_embeddings, config->width, &model->step));
  if (config->input_injection == LAT_INJECTION_NORM)
    LAT_TRY(status, visit_norm(config, &model->inject_norm, "inject_norm", visit, context));
  if (config->final_norm) LAT_TRY(status, visit_norm(config, &model->final_norm, "final_norm", visit, context));
  if (config->vocabulary > 0 && !config->tied_head)
    LAT_TRY(status, visit(context, "head/weight", lat_transformer_classes(config), config->width, &model->head));
done:
  return status;
}

int lat_parameters_visit_layer(const struct lat_transformer_config *config, struct lat_layer *layer, size_t index,
                               lat_parameter_visitor *visit, void *context) {
  size_t width = config->width, keys = config->heads * config->key_width, values = config->heads * config->value_width;
  const struct {
    const char *name;
    struct lat_linear *linear;
    size_t out, in;
  } part[] = {{"attention/query", &layer->query, keys, width},   {"attention/key", &layer->key, keys, width},
              {"attention/value", &layer->value, values, width}, {"attention/output", &layer->output, width, values},
              {"ffn/up", &layer->up, config->ffn, width},        {"ffn/down", &layer->down, width, config->ffn}};
  char name[96];
  int status = LAT_OK;
  for (size_t i = config->heads > 0 ? 0 : 4; i < sizeof part / sizeof *part; i++) {
    if (i == 0 || i == 4) {
      snprintf(name, sizeof name, "layer/%zu/%s", index, i == 0 ? "norm1" : "norm2");
      LAT_TRY(status, visit_norm(config, i == 0 ? &layer->norm1 : &layer->norm2, name, visit, context));
    }
    snprintf(name, sizeof name, "layer/%zu/%s/weight", index, part[i].name);
    LAT_TRY(status, visit(context, name, part[i].out, part[i].in, &part[i].linear->weight));
    if (!config->linear_bias) continue;
    snprintf(name, sizeof name, "layer/%zu/%s/bias", index, part[i].name);
    LAT_TRY(status, visit(context, name, part[i].out, 0, &part[i].linear->bias));
  }
  if (config->placement == LAT_PLACEMENT_SANDWICH) {
    snprintf(name, sizeof name, "layer/%zu/norm3", index);
    if (config->heads > 0) LAT_TRY(status, visit_norm(config, &layer->norm3, name, visit, context));
    snprintf(name, sizeof name, "layer/%zu/norm4", index);
    LAT_TRY(status, visit_norm(config, &layer->norm4, name, visit, context));
  }
done:
  return status;
}
