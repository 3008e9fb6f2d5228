#include "lib/circuit/cuts.h"

#include <string.h>

void lat_cut_trivial(uint32_t node, struct lat_cut *cut) {
  memset(cut, 0, sizeof *cut);
  cut->leaf[0] = node;
  cut->size = 1;
  cut->signature = (uint32_t)1 << (node % 32);
}

int lat_cut_merge(const struct lat_cut *a, const struct lat_cut *b, unsigned k, struct lat_cut *made) {
  uint32_t signature = a->signature | b->signature;
  if (__builtin_popcount(signature) > (int)k) return 0;
  uint32_t i = 0, j = 0, size = 0;
  while (i < a->size || j < b->size) {
    if (size == k) return 0;
    uint32_t x = i < a->size ? a->leaf[i] : UINT32_MAX, y = j < b->size ? b->leaf[j] : UINT32_MAX;
    made->leaf[size++] = x < y ? x : y;
    i += x <= y;
    j += y <= x;
  }
  made->size = size;
  made->signature = signature;
  return 1;
}

static int is_subset(const struct lat_cut *a, const struct lat_cut *b) {
  if (a->size > b->size || (a->signature & ~b->signature) != 0) return 0;
  uint32_t j = 0;
  for (uint32_t i = 0; i < a->size; i++, j++) {
    while (j < b->size && b->leaf[j] < a->leaf[i]) j++;
    if (j == b->size || b->leaf[j] != a->leaf[i]) return 0;
  }
  return 1;
}

static int is_better(const struct lat_cut *a, const struct lat_cut *b, enum lat_cut_order order) {
  if (order == LAT_CUT_AREA && (a->area < b->area || a->area > b->area)) return a->area < b->area;
  if (a->arrival != b->arrival) return a->arrival < b->arrival;
  if (order == LAT_CUT_DEPTH_AREA && (a->area < b->area || a->area > b->area)) return a->area < b->area;
  if (a->size != b->size) return a->size < b->size;
  return a->area < b->area;
}

void lat_cut_insert(struct lat_cut *set, size_t *count, size_t most, enum lat_cut_order order, const struct lat_cut *cut) {
  if (*count == most && !is_better(cut, &set[most - 1], order)) return;
  size_t kept = 0;
  for (size_t i = 0; i < *count; i++)
    if (is_subset(&set[i], cut)) return;
  for (size_t i = 0; i < *count; i++)
    if (!is_subset(cut, &set[i])) {
      if (kept != i) set[kept] = set[i];
      kept++;
    }
  size_t place = kept < most ? kept++ : most - 1;
  for (; place > 0 && is_better(cut, &set[place - 1], order); place--) set[place] = set[place - 1];
  set[place] = *cut;
  *count = kept;
}
