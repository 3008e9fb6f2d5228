#include "lib/nn/positions.h"

#include <math.h>

void lat_sinusoidal_add_at(size_t batch, size_t tokens, size_t first, size_t width, lat_real *x) {
  for (size_t s = 0; s < tokens; s++) {
    for (size_t i = 0; i < width; i++) {
      double angle = (double)(first + s) * pow(10000.0, -(double)(i - i % 2) / (double)width);
      lat_real value = (lat_real)(i % 2 == 0 ? sin(angle) : cos(angle));
      for (size_t b = 0; b < batch; b++) x[(b * tokens + s) * width + i] += value;
    }
  }
}

void lat_sinusoidal_add(size_t batch, size_t sequence, size_t width, lat_real *x) {
  lat_sinusoidal_add_at(batch, sequence, 0, width, x);
}

void lat_rotary_table(size_t sequence, size_t key_width, lat_real *table) {
  for (size_t s = 0; s < sequence; s++) {
    for (size_t i = 0; i + 1 < key_width; i += 2) {
      double angle = (double)s * pow(10000.0, -(double)i / (double)key_width);
      table[s * key_width + i] = (lat_real)cos(angle);
      table[s * key_width + i + 1] = (lat_real)sin(angle);
    }
  }
}

void lat_rotary_forward(size_t start, size_t rows, size_t sequence, size_t heads, size_t key_width, const lat_real *table,
                        lat_real *x) {
  for (size_t row = 0; row < rows; row++) {
    const lat_real *turn = table + (start + row) % sequence * key_width;
    for (size_t head = 0; head < heads; head++, x += key_width) {
      for (size_t i = 0; i + 1 < key_width; i += 2) {
        lat_real even = x[i], odd = x[i + 1];
        x[i] = even * turn[i] - odd * turn[i + 1];
        x[i + 1] = even * turn[i + 1] + odd * turn[i];
      }
    }
  }
}
