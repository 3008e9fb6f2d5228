/* The weights file: a whole model, and with it a prompt with ports, in HDF5. The contract of the project with other
 * programs; version 1.
 *
 * Root attributes: format = "latentlab-weights", version = 1; whole numbers vocabulary sequence width heads key_width
 * value_width ffn layers steps window step_embeddings, 0 or 1: linear_bias final_norm, 0, 1 or 2 (none, add, norm): input_injection; reals norm_epsilon
 * attention_scale; texts norm activation mask positions storage accumulate. Their meaning: struct lat_transformer_config.
 * Text placement, real residual_scale and 0 or 1 tied_head: all three, or none for pre, 1 and 0.
 * Whole numbers fields and classes: both, or neither for 1 and V.
 * A file with neither storage nor accumulate is in fp32. With a narrow storage every parameter is a value of it.
 *
 * Datasets, 32-bit floats: embed/token [V, D / fields], embed/position [S, D], embed/step [steps, D],
 * layer/i/{norm1,norm2,norm3,norm4}/{gain,bias} [D], layer/i/attention/{query,key,value,output}/{weight [out, in], bias [out]},
 * layer/i/ffn/{up,down}/{weight,bias}, {inject_norm,final_norm}/{gain,bias}, head/weight [classes, D]: those that the configuration has.
 *
 * With a prompt: prompt/state [N, D], prompt/input_delta [D], readout/direction [D] (floats), prompt/input_row [I],
 * readout/row [O] (whole numbers, 0 .. N-1). Where ports are single numbers of a row, prompt/input_column [I] and
 * readout/column [O] (0 .. D-1), both or neither: of delta and direction only that column then counts. */
#ifndef LAT_STORE_WEIGHTS_H
#define LAT_STORE_WEIGHTS_H

#include "lib/nn/prompt.h"
#include "lib/nn/transformer.h"

/* Writes the file in one step; equal models give equal bytes. `prompt` may be NULL. LAT_INPUT for a number that is not
 * finite, a parameter that is no value of the storage, or a prompt that does not fit the model, LAT_FILE, LAT_MEMORY. */
int lat_weights_save(const char *path, const struct lat_transformer *model, const struct lat_prompt *prompt);

/* Reads it and trusts nothing: LAT_INPUT with one sentence that names the file and the attribute or dataset when something
 * is missing, of another type or shape, not finite, out of range, or there although the attributes rule it out. The caller
 * frees both. *prompt is NULL when the file has none; `prompt` may be NULL when it is not wanted. */
int lat_weights_load(const char *path, struct lat_transformer **model, struct lat_prompt **prompt);

/* The file's parameters for a model that is there, of the same configuration but for the number of steps: LAT_INPUT with path, the first
 * attribute that differs and both its values; the model is then as it was. */
int lat_weights_load_into(const char *path, struct lat_transformer *model);

#endif
