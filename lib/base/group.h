/* Finite groups by their multiplication tables: Z_m, and the symmetric and alternating groups of up to 5 points.
 *
 * Elements are numbered 0 .. order-1, 0 is the identity. product[a * order + b] is "a, then b": a word is multiplied from
 * left to right. Z_m: addition. S_d, A_d: (even) permutations of d points in lexicographic order, made by composing them;
 * nothing is read from a stored table. The word problem of a group that is not solvable is NC1-complete under AC0 reductions
 * (Barrington 1989); a solvable group's lies in ACC0. */
#ifndef LAT_BASE_GROUP_H
#define LAT_BASE_GROUP_H

#include <stddef.h>
#include <stdint.h>

enum { LAT_GROUP_LARGEST_CYCLIC = 128 };

struct lat_group {
  char name[8];
  size_t order;
  int solvable;
  uint16_t *product; /* [order * order] */
  uint16_t *inverse; /* [order] */
};

/* NAME is z1 .. z128, s2 .. s5 or a3 .. a5. LAT_INPUT with the names for anything else, LAT_MEMORY. The caller frees it. */
int lat_group_make(const char *name, struct lat_group **group);
void lat_group_free(struct lat_group *group);

static inline unsigned lat_group_product(const struct lat_group *group, unsigned a, unsigned b) {
  return group->product[a * group->order + b];
}

#endif
