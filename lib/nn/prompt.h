/* A prompt of residual-stream rows with ports: how a Boolean question is put to a transformer and its answer read.
 *
 * The state before the first step is `state` with, for every input i that is 1, `input_delta` added to row input_row[i].
 * The answer of output o is 1 when <x[readout_row[o]], readout_direction> > 0 after the last step. Where ports are single
 * numbers of a row (one thought holds them all), input_column and readout_column name them: of input_delta and of the
 * product only that column then counts. The same data is what the weights file keeps under prompt/ and readout/. */
#ifndef LAT_NN_PROMPT_H
#define LAT_NN_PROMPT_H

#include <stddef.h>
#include <stdint.h>

struct lat_prompt {
  size_t tokens, width, inputs, outputs; /* N, D, I, O */
  float *state;                          /* [N, D], all inputs 0 */
  uint32_t *input_row;                   /* [I] */
  float *input_delta;                    /* [D] */
  uint32_t *readout_row;                 /* [O] */
  float *readout_direction;              /* [D] */
  uint32_t *input_column;                /* [I], or NULL: input_delta goes to the whole row */
  uint32_t *readout_column;              /* [O], or NULL; there when input_column is */
};

int lat_prompt_alloc(size_t tokens, size_t width, size_t inputs, size_t outputs, struct lat_prompt **prompt);
/* Gives the ports columns, all 0 at first. LAT_MEMORY: the prompt stays as it was. */
int lat_prompt_add_columns(struct lat_prompt *prompt);
void lat_prompt_free(struct lat_prompt *prompt);

/* Writes the initial state for one input assignment: bit[i] is 0 or 1; x [N, D] is overwritten. */
void lat_prompt_state(const struct lat_prompt *prompt, const unsigned char *bit, float *x);

/* The answer of output o for the state x [N, D]: the sign of the product, as 0 or 1; *margin (may be NULL) is the product.
 */
int lat_prompt_read(const struct lat_prompt *prompt, const float *x, size_t output, double *margin);

#endif
