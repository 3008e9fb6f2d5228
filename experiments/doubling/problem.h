/* Instances of the doubling experiment: made, run loop by loop, and compared with what each loop should give by means that
 * share nothing with the machines (prefix products and inverses, find_1 by its definition, breadth-first search). */
#ifndef LAT_EXPERIMENTS_DOUBLING_PROBLEM_H
#define LAT_EXPERIMENTS_DOUBLING_PROBLEM_H

#include "lib/compile/doubling.h"

struct lat_problem {
  int (*start)(struct lat_problem *problem, size_t instance, float *x);
  /* Fills *right with whether the answer is, and counts values and off_theory, for the state after so many loops. */
  int (*compare)(struct lat_problem *problem, size_t loops, const float *x);
  struct lat_group *group; /* words only */
  struct lat_transformer *model;
  struct lat_forward *forward;
  enum lat_pace pace;
  size_t tokens, instances, reach, loops, rows; /* rows = loops + 2: 0 .. loops + 1 loops are run */
  size_t symbols;
  const char *graph;
  uint64_t seed;
  float *x, *logits;
  int32_t *token;      /* [tokens] of the instance at work */
  uint32_t *scratch;   /* words: prefix products [tokens]; hop: find_c [2, tokens]; reach: distances [n * n] */
  unsigned char *edge; /* [n * n] */
  int64_t *right;      /* [rows] */
  int64_t values, off_theory, inexact;
};

/* LAT_INPUT for what cannot be, LAT_MEMORY; to be freed either way. */
int lat_problem_words(const char *group, size_t letters, enum lat_pace pace, size_t instances, uint64_t seed,
                      struct lat_problem *problem);
int lat_problem_hop(size_t symbols, size_t hops, size_t instances, uint64_t seed, struct lat_problem *problem);
/* All instances have the same kind; the reach is the largest diameter of them. */
int lat_problem_reach(const char *graph, size_t vertices, enum lat_pace pace, size_t instances, uint64_t seed,
                      struct lat_problem *problem);
int lat_problem_run(struct lat_problem *problem, size_t instance);
void lat_problem_free(struct lat_problem *problem);

#endif
