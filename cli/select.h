/* What the commands of sweeps share: which experiments, which points, which folder. */
#ifndef LAT_CLI_SELECT_H
#define LAT_CLI_SELECT_H

#include <argp.h>

#include "lib/sweep/plan.h"

enum { LAT_MOST_NAMES = 256, LAT_MOST_SETS = 64 };

struct lat_selection {
  const char *out;
  struct lat_request request;
  const char *set[LAT_MOST_SETS];
  size_t names;
  const char *name[LAT_MOST_NAMES];
  int json;
  int points_asked; /* --size, --set or --filter was given */
};

/* argp options shared by commands: put them in as children. The child's input is a struct lat_selection. */
extern const struct argp lat_select_folder; /* --out, --json and names */
extern const struct argp lat_select_points; /* --size, --set, --filter */

/* The experiments of the names, each once; "all" or, with `none_is_all`, no name at all: every one. 0, or the exit status
 * after a message. */
int lat_select_experiments(const struct lat_selection *selection, int none_is_all,
                           const struct lat_experiment *experiments[LAT_MOST_NAMES], size_t *count);
/* 1 for an experiment that nobody named (all were asked for) and that has no folder below --out. */
int lat_select_skip(const struct lat_selection *selection, const struct lat_experiment *experiment);

#endif
