#include "lib/nn/embed.h"

#include <string.h>

#include "lib/base/status.h"

int lat_embed_forward(size_t rows, size_t width, size_t vocabulary, const int32_t *token, const float *table, float *x) {
  for (size_t row = 0; row < rows; row++) {
    if (token[row] < 0 || (size_t)token[row] >= vocabulary)
      return LAT_FAIL(LAT_INPUT, "token %ld at row %zu is outside 0..%zu", (long)token[row], row, vocabulary - 1);
    memcpy(x + row * width, table + (size_t)token[row] * width, width * sizeof *x);
  }
  return LAT_OK;
}
