/* Rows of a table side by side: x[r] = table[token[r, 0]] table[token[r, 1]] .., x [rows, fields width] overwritten, token
 * [rows, fields], table [vocabulary, width]. LAT_INPUT for a token outside 0 .. vocabulary - 1, and then x is undefined. */
#ifndef LAT_NN_EMBED_H
#define LAT_NN_EMBED_H

#include <stddef.h>
#include <stdint.h>

int lat_embed_forward(size_t rows, size_t fields, size_t width, size_t vocabulary, const int32_t *token, const float *table,
                      float *x);

/* LAT_INPUT when one of token [rows, fields] is outside 0 .. vocabulary - 1. */
int lat_embed_check(size_t rows, size_t fields, size_t vocabulary, const int32_t *token);

#endif
