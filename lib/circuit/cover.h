/* A truth table of up to 6 fan-ins as a sum of prime cubes: what BLIF writes. */
#ifndef LAT_CIRCUIT_COVER_H
#define LAT_CIRCUIT_COVER_H

#include <stdint.h>

#include "lib/circuit/netlist.h"

enum { LAT_MAX_CUBES = 64 };

/* True where every fan-in j of `care` equals bit j of `value`. */
struct lat_cube {
  uint8_t care, value;
};

/* Cubes whose OR is the table; none can be left out and none can lose a literal. Returns how many. */
unsigned lat_cover_make(uint64_t table, unsigned n, struct lat_cube cube[LAT_MAX_CUBES]);

/* The rows of a table of n fan-ins where the cube is true. */
uint64_t lat_cube_rows(struct lat_cube cube, unsigned n);

#endif
