#include "lib/nn/embed.h"

#include <string.h>

#include "lib/base/status.h"

int lat_embed_check(size_t rows, size_t fields, size_t vocabulary, const int32_t *token) {
  for (size_t i = 0; i < rows * fields; i++) {
    if (token[i] >= 0 && (size_t)token[i] < vocabulary) continue;
    if (fields == 1)
      return LAT_FAIL(LAT_INPUT, "token %ld at row %zu is outside 0..%zu", (long)token[i], i, vocabulary - 1);
    return LAT_FAIL(LAT_INPUT, "token %ld at row %zu, field %zu, is outside 0..%zu", (long)token[i], i / fields, i % fields,
                    vocabulary - 1);
  }
  return LAT_OK;
}

int lat_embed_forward(size_t rows, size_t fields, size_t width, size_t vocabulary, const int32_t *token, const float *table,
                      float *x) {
  int status = lat_embed_check(rows, fields, vocabulary, token);
  for (size_t i = 0; status == LAT_OK && i < rows * fields; i++)
    memcpy(x + i * width, table + (size_t)token[i] * width, width * sizeof *x);
  return status;
}
