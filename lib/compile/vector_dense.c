/* The one-vector machine as weights of the one transformer. */
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/construct.h"
#include "lib/compile/vector.h"

size_t lat_vector_parameters(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  double D = 2.0 * (double)netlist->nodes, F = (double)lat_vector_units(netlist);
  double norm = construction->norm == LAT_NORM_NONE ? 0 : D;
  double count = (double)construction->layers * (norm + F * (D + 1) + D * (F + 1));
  return count < 0x1p53 ? (size_t)count : SIZE_MAX; /* whole numbers up to there are exact */
}

struct lat_transformer_config lat_vector_config(const struct lat_vector *vector) {
  const struct lat_construction *construction = &vector->construction;
  return (struct lat_transformer_config){.width = vector->width,
                                         .ffn = vector->ffn,
                                         .layers = construction->layers,
                                         .steps = construction->steps,
                                         .norm = construction->norm,
                                         .norm_epsilon = LAT_CONSTRUCT_NORM_EPSILON,
                                         .activation = construction->activation,
                                         .attention_scale = 1,
                                         .linear_bias = 1,
                                         .arithmetic = construction->arithmetic};
}

static void fill_layer(const struct lat_vector *vector, struct lat_layer *layer) {
  size_t D = vector->width, F = vector->ffn;
  for (size_t d = 0; d < D && layer->norm2.gain != NULL; d++)
    layer->norm2.gain[d] = lat_construct_gain(1, LAT_CONSTRUCT_NORM_EPSILON);
  for (size_t c = 0; c < D; c++) {
    layer->down.bias[c] = vector->base[c];
    for (size_t u = vector->unit[c]; u < vector->unit[c + 1]; u++) {
      layer->down.weight[c * F + u] = vector->down[u];
      layer->up.bias[u] = vector->bias[u];
      for (size_t i = vector->term[u]; i < vector->term[u + 1]; i++)
        layer->up.weight[u * D + vector->column[i]] += vector->weight[i];
    }
  }
}

int lat_vector_dense(const struct lat_vector *vector, struct lat_transformer **model, struct lat_prompt **prompt) {
  struct lat_transformer_config config = lat_vector_config(vector);
  size_t count = lat_transformer_count(&config), most = LAT_VECTOR_DENSE_BYTES / sizeof(float);
  int status = LAT_OK;
  *model = NULL;
  *prompt = NULL;
  if (count > most)
    return LAT_FAIL(
        LAT_UNSUPPORTED,
        "the dense one-vector model of %zu nodes has width %zu, %zu hidden units and %.3g GB of parameters, more "
        "than %.3g GB: run it sparsely, without its weights file",
        vector->nodes, vector->width, vector->ffn, (double)count * sizeof(float) / 1e9,
        (double)LAT_VECTOR_DENSE_BYTES / 1e9);
  LAT_TRY(status, lat_transformer_alloc(&config, model));
  for (size_t l = 0; l < config.layers; l++) fill_layer(vector, &(*model)->layer[l]);
  if (!lat_arithmetic_is_plain(config.arithmetic)) lat_transformer_round(*model);
  LAT_TRY(status, lat_prompt_alloc(1, vector->width, vector->inputs, vector->outputs, prompt));
  LAT_TRY(status, lat_prompt_add_columns(*prompt));
  for (size_t d = 0; d < vector->width; d++) (*prompt)->state[d] = vector->state[d];
  for (size_t i = 0; i < vector->inputs; i++) {
    (*prompt)->input_column[i] = (uint32_t)i;
    (*prompt)->input_delta[i] = 2;
  }
  for (size_t o = 0; o < vector->outputs; o++) {
    (*prompt)->readout_column[o] = vector->output[o];
    (*prompt)->readout_direction[vector->output[o]] = 1;
  }
done:
  if (status != LAT_OK) {
    lat_transformer_free(*model);
    lat_prompt_free(*prompt);
    *model = NULL;
    *prompt = NULL;
  }
  return status;
}

double lat_vector_flops_dense(const struct lat_vector *vector) {
  struct lat_transformer_config config = lat_vector_config(vector);
  return lat_transformer_flops(&config, 1);
}

double lat_vector_flops_sparse(const struct lat_vector *vector) {
  return 2.0 * (double)vector->construction.layers * ((double)vector->terms + (double)vector->ffn);
}
