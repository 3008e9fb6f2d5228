/* Every parameter array of a configuration, by name and shape, in the order in which they lie in the model's one array. The
 * names are those of the weights file. */
#ifndef LAT_NN_PARAMETERS_H
#define LAT_NN_PARAMETERS_H

#include "lib/nn/transformer.h"

/* Called for one array: [rows, columns], or a vector [rows] when columns is 0. *slot is the model's pointer to it. A return
 * other than LAT_OK stops the walk and is passed on. */
typedef int lat_parameter_visitor(void *context, const char *name, size_t rows, size_t columns, lat_real **slot);

/* All but the layers: embed/token, embed/position, embed/step, inject_norm/{gain,bias}, final_norm/{gain,bias}, head/weight. */
int lat_parameters_visit_outer(const struct lat_transformer_config *config, struct lat_transformer *model,
                               lat_parameter_visitor *visit, void *context);

/* Those of one layer: layer/INDEX/norm1/gain and so on. Without heads there is neither norm1 nor attention. */
int lat_parameters_visit_layer(const struct lat_transformer_config *config, struct lat_layer *layer, size_t index,
                               lat_parameter_visitor *visit, void *context);

/* LAT_INPUT with a sentence for a configuration that cannot be. */
int lat_transformer_check(const struct lat_transformer_config *config);

#endif
