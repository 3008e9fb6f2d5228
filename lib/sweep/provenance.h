/* Where a result comes from. What is the same for every run of one build goes into the point; what varies (host, time,
 * seconds, threads, job) goes into the sidecar beside it. */
#ifndef LAT_SWEEP_PROVENANCE_H
#define LAT_SWEEP_PROVENANCE_H

#include "lib/base/text.h"

const char *lat_source(void);  /* the git commit of the build, with "-dirty" when the tree had changes, or "unknown" */
const char *lat_flags(void);   /* compiler and flags of the build */
const char *lat_version(void); /* "0.1.0" */

/* JSON text of the sidecar, appended. `error` is NULL, or why the point could not be done. LAT_MEMORY. */
struct lat_sidecar {
  const char *experiment, *id, *canonical, *error, *error_name;
  double seconds, started; /* wall clock; seconds since 1970 */
  int jobs;
};
int lat_sidecar_text(struct lat_text *text, const struct lat_sidecar *sidecar);

#endif
