/* The random descent: a chain of thought that commits to one node a token.
 *
 * From the root the walk goes along an edge drawn uniformly among those that leave the node it stands on, one token a node,
 * until it stands on the target or the negative, or nothing leaves the node, or `most` tokens are written; then it starts
 * again. This is what a thought that is sampled down to one node does without any look ahead. */
#ifndef LAT_TASK_DESCENT_H
#define LAT_TASK_DESCENT_H

#include "lib/base/random.h"
#include "lib/task/graph.h"

struct lat_descent {
  double hit;    /* probability that one walk ends on the target */
  double length; /* expected tokens of one walk (the root is given and is no token) */
  double tokens; /* expected tokens until a walk has hit, restarts included: length / hit (Wald 1944) */
};

/* Exactly, by passing probability along the edges `most` times. LAT_MEMORY. */
int lat_descent_exact(const struct lat_graph *graph, size_t most, struct lat_descent *descent);

/* Walks until one hits, at most `walks` of them: *tokens written in all, *walked walks. LAT_MEMORY. Returns LAT_NUMERIC when
 * none of them hit. */
int lat_descent_sample(const struct lat_graph *graph, size_t most, size_t walks, struct lat_random *random, size_t *tokens,
                       size_t *walked);

#endif
