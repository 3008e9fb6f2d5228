#include "lib/train/recipe.h"

#include <math.h>

#include "lib/base/status.h"

int lat_recipe_config(const struct lat_task_setting *setting, size_t width, size_t heads, size_t layers, size_t loops,
                      struct lat_transformer_config *config) {
  struct lat_task_shape shape;
  int status = lat_task_shape(setting, &shape);
  if (status != LAT_OK) return status;
  if (heads == 0 || width % heads != 0)
    return LAT_FAIL(LAT_INPUT, "a width of %zu does not divide into %zu heads: take a multiple", width, heads);
  *config = (struct lat_transformer_config){.vocabulary = shape.vocabulary,
                                            .fields = shape.fields,
                                            .classes = shape.classes,
                                            .sequence = shape.sequence,
                                            .width = width,
                                            .heads = heads,
                                            .key_width = width / heads,
                                            .value_width = width / heads,
                                            .ffn = 4 * width,
                                            .layers = layers,
                                            .steps = loops,
                                            .norm = LAT_NORM_LAYERNORM,
                                            .norm_epsilon = 1e-5,
                                            .placement = LAT_PLACEMENT_SANDWICH,
                                            .activation = LAT_ACTIVATION_GELU_TANH,
                                            .mask = LAT_MASK_CAUSAL,
                                            .positions = LAT_POSITIONS_LEARNED,
                                            .attention_scale = 1 / sqrt((double)(width / heads)),
                                            .linear_bias = 1,
                                            .final_norm = 1};
  return LAT_OK;
}

int lat_recipe_make(const struct lat_transformer_config *config, const struct lat_initialisation *initialisation,
                    uint64_t seed, struct lat_transformer **model, struct lat_learner **learner) {
  int status = LAT_OK;
  *model = NULL;
  *learner = NULL;
  LAT_TRY(status, lat_transformer_alloc(config, model));
  LAT_TRY(status, lat_transformer_initialise(*model, initialisation, seed));
  LAT_TRY(status, lat_learner_transformer(*model, learner));
done:
  if (status != LAT_OK) {
    lat_transformer_free(*model);
    *model = NULL;
  }
  return status;
}
