/* Rows of a table: x[r] = table[token[r]], x [rows, width] overwritten, table [vocabulary, width]. LAT_INPUT for a token
 * outside 0 .. vocabulary - 1, and then x is undefined. */
#ifndef LAT_NN_EMBED_H
#define LAT_NN_EMBED_H

#include <stddef.h>
#include <stdint.h>

int lat_embed_forward(size_t rows, size_t width, size_t vocabulary, const int32_t *token, const float *table, float *x);

#endif
