/* The plan of a sweep: every combination of the parameters' values, which of them are run, and which are rejected and why.
 */
#ifndef LAT_SWEEP_PLAN_H
#define LAT_SWEEP_PLAN_H

#include "lib/sweep/experiment.h"

enum { LAT_MOST_PARAMETERS = 64 };

/* What is asked for. Nothing is owned. */
struct lat_request {
  const char *size;       /* "smoke", "quick" or "paper" */
  size_t sets;            /* --set NAME=VALUES, in place of the values of the size */
  const char *const *set; /* [sets] */
  const char *filter;     /* NULL: all */
  uint64_t shard, shards; /* the points with rank k mod shards == shard in the order of their ids; 0, 0 or 0, 1: all */
};

struct lat_sweep_point {
  void *parameters; /* a filled `struct parameters` */
  char *
      canonical; /* sorted "name=value name=value ..."; a path is its base name, and NAME_hash is the hash of its content */
  char id[33];
  double cost;
  size_t rank;        /* among the ids of the whole sweep, before the shard took its part */
  const char *reason; /* rejected points: why; NULL for the others */
};

struct lat_sweep {
  const struct lat_experiment *experiment;
  const char *size;
  size_t count;                  /* the points to run, in the order of their ids */
  struct lat_sweep_point *point; /* [count + rejected]; the rejected ones follow the others */
  size_t rejected;
  size_t total; /* points of all shards */
  struct lat_sweep_storage *storage;
};

/* LAT_INPUT with one sentence for a value, name, filter or file that is wrong; LAT_MEMORY. The caller frees the plan. */
int lat_sweep_make(const struct lat_experiment *experiment, const struct lat_request *request, struct lat_sweep **plan);
void lat_sweep_free(struct lat_sweep *plan);

/* 0, 1, 2 for "smoke", "quick", "paper"; -1 with a stored LAT_INPUT sentence. */
int lat_size_index(const char *size);
/* The smallest size whose own sweep holds these parameters, or "custom": a function of the parameters alone, so that a
 * point is the same whoever asked for it. NULL when memory is out. */
const char *lat_size_of(const struct lat_experiment *experiment, const void *parameters);

/* The canonical text of parameters, and of the parameters in a record: "name=value" sorted by name, with spaces between.
 * Empty texts are left out; spaces, control characters and % in texts are written as %XX. LAT_INPUT when a file cannot be
 * read. The caller frees *canonical with lat_free. */
int lat_canonical(const struct lat_experiment *experiment, const void *parameters, char **canonical);
int lat_canonical_of(const struct lat_record *record, char **canonical);
/* Adds the parameters to a record, with their units; LAT_PATH as its base name, and NAME_hash. */
int lat_parameters_record(const struct lat_experiment *experiment, const void *parameters, struct lat_record *record);

#endif
