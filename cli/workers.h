/* `run --jobs N`: N processes of this same program, started anew (never a bare fork: OpenMP does not survive it), that work
 * on the same points and tell the first process over a pipe what they do. */
#ifndef LAT_CLI_WORKERS_H
#define LAT_CLI_WORKERS_H

#include "cli/board.h"

enum { LAT_MOST_JOBS = 256 };

/* Starts `jobs` workers with the arguments of this command and waits for them all. LAT_OK, LAT_INTERRUPTED after a stop,
 * LAT_FILE or the like with the first worker's sentence when one had to stop. */
int lat_workers_run(struct lat_board *board, int jobs, int argc, char **argv);
/* In a worker: runs the tasks and tells them to `descriptor`. Gives the exit status. */
int lat_worker_main(struct lat_board *board, const char *out, int jobs, int descriptor);

#endif
