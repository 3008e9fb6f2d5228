/* A sweep written down in a file, for `latentlab run --sweep FILE.yaml`:
 *
 *   runs:
 *     - experiments: [depth_wavefront, leak_law]   # names as in `latentlab list`, or [all]
 *       size: quick                                # smoke, quick (when left out) or paper
 *     - experiments: [depth_wavefront]
 *       set: ["layers=1,2,4", "seed=0:4:1"]        # as --set takes them
 *       filter: layers <= 2 || seed == 0           # as --filter takes it */
#ifndef LAT_SWEEP_SWEEPFILE_H
#define LAT_SWEEP_SWEEPFILE_H

struct lat_sweepfile_run {
  char **experiments, *size, **set, *filter; /* size and filter may be NULL */
  unsigned experiments_count, set_count;
};

struct lat_sweepfile {
  struct lat_sweepfile_run *runs;
  unsigned runs_count;
};

/* Reads a file. LAT_INPUT with one sentence that gives file, line and column for an unknown key or a wrong value. Names of
 * experiments and values are not looked at here. */
int lat_sweepfile_read(const char *path, struct lat_sweepfile **file);
/* The same from text; `name` stands in messages. */
int lat_sweepfile_parse(const char *name, const char *bytes, unsigned long count, struct lat_sweepfile **file);
void lat_sweepfile_free(struct lat_sweepfile *file);

#endif
