/* What is in an experiment's folder, against its plan. */
#ifndef LAT_SWEEP_CENSUS_H
#define LAT_SWEEP_CENSUS_H

#include "lib/sweep/plan.h"

enum lat_found {
  LAT_FOUND_DONE,    /* a whole point file */
  LAT_FOUND_FAILED,  /* a failed row */
  LAT_FOUND_DAMAGED, /* a file that is no point, or another one than its name says */
  LAT_FOUND_RUNNING, /* claimed, not there yet */
  LAT_FOUND_BROKEN,  /* ID.failed.json: this machine could not do it */
  LAT_FOUND_MISSING,
  LAT_FOUND_KINDS
};

struct lat_find {
  enum lat_found found;
  int planned; /* 0: a point of another sweep */
  char id[33];
  char *canonical; /* NULL when it is not known */
  char *note;      /* why it failed, or what is damaged; may be NULL */
};

struct lat_census {
  size_t count, capacity;
  struct lat_find *find;           /* the points of the plan in its order, then the others by id */
  size_t planned[LAT_FOUND_KINDS]; /* how many of each */
  size_t others[LAT_FOUND_KINDS];
};

/* Reads every point file; changes nothing. LAT_FILE, LAT_MEMORY. The caller frees with lat_census_free. */
int lat_census_take(const char *out, const struct lat_sweep *plan, struct lat_census *census);
void lat_census_free(struct lat_census *census);

#endif
