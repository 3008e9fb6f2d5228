/* Greedy: each row that no cube covers yet gives the cube of that row alone, which then loses literals while it stays inside
 * the table. At most 64 rows, so nothing cleverer is worth its lines. */
#include "lib/circuit/cover.h"

#include "lib/circuit/truth.h"

uint64_t lat_cube_rows(struct lat_cube cube, unsigned n) {
  uint64_t rows = lat_truth_mask(n);
  for (unsigned j = 0; j < n; j++) {
    if (!(cube.care >> j & 1)) continue;
    uint64_t variable = lat_truth_variable(n, j);
    rows &= cube.value >> j & 1 ? variable : ~variable;
  }
  return rows;
}

/* Leaves out cubes that the others cover. */
static unsigned drop_redundant(struct lat_cube *cube, unsigned cubes, unsigned n) {
  for (unsigned c = cubes; c-- > 0;) {
    uint64_t others = 0;
    for (unsigned i = 0; i < cubes; i++) {
      if (i != c) others |= lat_cube_rows(cube[i], n);
    }
    if ((lat_cube_rows(cube[c], n) & ~others) != 0) continue;
    for (unsigned i = c + 1; i < cubes; i++) cube[i - 1] = cube[i];
    cubes--;
  }
  return cubes;
}

unsigned lat_cover_make(uint64_t table, unsigned n, struct lat_cube cube[LAT_MAX_CUBES]) {
  unsigned cubes = 0;
  for (uint64_t left = table; left != 0;) {
    unsigned row = (unsigned)__builtin_ctzll(left);
    struct lat_cube grown = {(uint8_t)((1U << n) - 1), (uint8_t)row};
    for (unsigned j = 0; j < n; j++) {
      struct lat_cube wider = grown;
      wider.care &= (uint8_t) ~(1U << j);
      if ((lat_cube_rows(wider, n) & ~table) == 0) grown = wider;
    }
    grown.value &= grown.care;
    left &= ~lat_cube_rows(grown, n);
    cube[cubes++] = grown;
  }
  return drop_redundant(cube, cubes, n);
}
