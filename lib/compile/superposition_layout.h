/* Where the channels of a search in superposition lie, for its two source files. */
#ifndef LAT_COMPILE_SUPERPOSITION_LAYOUT_H
#define LAT_COMPILE_SUPERPOSITION_LAYOUT_H

#include <stddef.h>

enum lat_special {
  LAT_SPECIAL_START,
  LAT_SPECIAL_EDGE,
  LAT_SPECIAL_QUESTION,
  LAT_SPECIAL_ROOT,
  LAT_SPECIAL_ANSWER,
  LAT_SPECIALS
};

struct lat_columns {
  size_t content, special, buffer[2], position, width;
};

static inline struct lat_columns lat_superposition_columns(size_t d, size_t position_width) {
  size_t buffer = d + LAT_SPECIALS;
  return (struct lat_columns){0, d, {buffer, buffer + d}, buffer + 2 * d, buffer + 2 * d + position_width};
}

/* row [position_width]: the cosines and sines of position `at`. */
void lat_superposition_position(size_t position_width, double at, float *row);

#endif
