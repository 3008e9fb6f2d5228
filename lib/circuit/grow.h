/* An array that grows by doubling. */
#ifndef LAT_CIRCUIT_GROW_H
#define LAT_CIRCUIT_GROW_H

#include "lib/base/memory.h"

/* The array with room for `more` elements of `size` bytes behind the `used` ones, *room being what it has; NULL without
 * memory, and the old array then stays. */
static inline void *lat_grow(void *array, size_t size, size_t used, size_t more, size_t *room) {
  if (more <= *room - used && array != NULL) return array;
  size_t larger = *room < 8 ? 16 : 2 * *room;
  if (larger < used + more) larger = used + more;
  void *bigger = lat_realloc(array, larger, size);
  if (bigger != NULL) *room = larger;
  return bigger;
}

#endif
