#include "lib/base/group.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { MOST_POINTS = 5, MOST_ELEMENTS = 120 };

static void make_cyclic(struct lat_group *group) {
  size_t m = group->order;
  for (size_t a = 0; a < m; a++)
    for (size_t b = 0; b < m; b++) group->product[a * m + b] = (uint16_t)((a + b) % m);
}

static int is_even(const unsigned char *image, size_t points) {
  int inversions = 0;
  for (size_t i = 0; i < points; i++)
    for (size_t j = i + 1; j < points; j++) inversions += image[i] > image[j];
  return inversions % 2 == 0;
}

/* The next permutation in lexicographic order; 0 when there is none. */
static int next(unsigned char *image, size_t points) {
  size_t i = points - 1;
  while (i > 0 && image[i - 1] > image[i]) i--;
  if (i == 0) return 0;
  size_t j = points - 1;
  while (image[j] < image[i - 1]) j--;
  unsigned char swap = image[i - 1];
  image[i - 1] = image[j], image[j] = swap;
  for (size_t k = points - 1; i < k; i++, k--) swap = image[i], image[i] = image[k], image[k] = swap;
  return 1;
}

static size_t list_permutations(size_t points, int even, unsigned char list[MOST_ELEMENTS][MOST_POINTS]) {
  unsigned char image[MOST_POINTS];
  size_t count = 0;
  for (size_t i = 0; i < points; i++) image[i] = (unsigned char)i;
  do {
    if (!even || is_even(image, points)) memcpy(list[count++], image, points);
  } while (next(image, points));
  return count;
}

static void make_permutations(struct lat_group *group, size_t points, unsigned char list[MOST_ELEMENTS][MOST_POINTS]) {
  for (size_t a = 0; a < group->order; a++)
    for (size_t b = 0; b < group->order; b++) {
      unsigned char both[MOST_POINTS] = {0};
      size_t which = 0;
      for (size_t i = 0; i < points; i++) both[i] = list[b][list[a][i]];
      while (memcmp(list[which], both, points) != 0) which++;
      group->product[a * group->order + b] = (uint16_t)which;
    }
}

static void find_inverses(struct lat_group *group) {
  for (unsigned a = 0; a < group->order; a++)
    for (unsigned b = 0; b < group->order; b++)
      if (lat_group_product(group, a, b) == 0) group->inverse[a] = (uint16_t)b;
}

/* Replaces the subgroup by the one that its commutators generate; returns its size. */
static size_t derive(const struct lat_group *group, unsigned char *member) {
  unsigned char derived[LAT_GROUP_LARGEST_CYCLIC] = {1};
  unsigned n = (unsigned)group->order;
  for (unsigned a = 0; a < n; a++)
    for (unsigned b = 0; b < n; b++)
      if (member[a] && member[b])
        derived[lat_group_product(group, lat_group_product(group, group->inverse[a], group->inverse[b]),
                                  lat_group_product(group, a, b))] = 1;
  for (int grew = 1; grew;) {
    grew = 0;
    for (unsigned a = 0; a < n; a++)
      for (unsigned b = 0; b < n; b++) {
        unsigned char *product = &derived[lat_group_product(group, a, b)];
        if (derived[a] && derived[b] && !*product) grew = *product = 1;
      }
  }
  size_t size = 0;
  for (unsigned a = 0; a < n; a++) size += member[a] = derived[a];
  return size;
}

static int is_solvable(const struct lat_group *group) {
  unsigned char member[LAT_GROUP_LARGEST_CYCLIC];
  memset(member, 1, sizeof member);
  size_t size = group->order, before = 0;
  while (size > 1 && size != before) {
    before = size;
    size = derive(group, member);
  }
  return size == 1;
}

static int unknown(const char *name) {
  return LAT_FAIL(LAT_INPUT, "no group '%.40s': z1 .. z%d, s2 .. s5 or a3 .. a5", name, LAT_GROUP_LARGEST_CYCLIC);
}

int lat_group_make(const char *name, struct lat_group **result) {
  unsigned char list[MOST_ELEMENTS][MOST_POINTS];
  int status = LAT_OK;
  struct lat_group *group = NULL;
  *result = NULL;
  size_t digits = strlen(name) > 1 ? strspn(name + 1, "0123456789") : 0;
  if (digits < 1 || digits > 3 || name[1 + digits] != '\0' || name[1] == '0') return unknown(name);
  size_t number = (size_t)strtoul(name + 1, NULL, 10), order = 0;
  if (name[0] == 'z' && number <= LAT_GROUP_LARGEST_CYCLIC) order = number;
  if (name[0] == 's' && number >= 2 && number <= MOST_POINTS) order = list_permutations(number, 0, list);
  if (name[0] == 'a' && number >= 3 && number <= MOST_POINTS) order = list_permutations(number, 1, list);
  if (order == 0) return unknown(name);
  group = lat_calloc(1, sizeof *group);
  LAT_CHECK(status, group, LAT_MEMORY, "no memory for a group");
  group->order = order;
  snprintf(group->name, sizeof group->name, "%s", name);
  group->product = lat_calloc(order * order, sizeof *group->product);
  group->inverse = lat_calloc(order, sizeof *group->inverse);
  LAT_CHECK(status, group->product && group->inverse, LAT_MEMORY, "no memory for a group of order %zu", order);
  if (name[0] == 'z')
    make_cyclic(group);
  else
    make_permutations(group, number, list);
  find_inverses(group);
  group->solvable = is_solvable(group);
  *result = group;
  group = NULL;
done:
  lat_group_free(group);
  return status;
}

void lat_group_free(struct lat_group *group) {
  if (!group) return;
  lat_free(group->product);
  lat_free(group->inverse);
  lat_free(group);
}
