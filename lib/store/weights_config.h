/* The configuration of a model as attributes of a weights file, and back. Private to lib/store. */
#ifndef LAT_STORE_WEIGHTS_CONFIG_H
#define LAT_STORE_WEIGHTS_CONFIG_H

#include "lib/nn/transformer.h"
#include "lib/store/hdf5.h"

int lat_weights_put_config(hid_t file, const struct lat_transformer_config *config);

/* LAT_INPUT "attribute NAME: WHAT" for an attribute that is missing or says what cannot be. */
int lat_weights_get_config(hid_t file, struct lat_transformer_config *config);

/* LAT_INPUT with a sentence for the first attribute, but steps, that is not the same. */
int lat_weights_compare_config(const struct lat_transformer_config *file, const struct lat_transformer_config *model);

#endif
