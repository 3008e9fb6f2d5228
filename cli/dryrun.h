/* `run --dry-run`: what would be run, and what would not. */
#ifndef LAT_CLI_DRYRUN_H
#define LAT_CLI_DRYRUN_H

#include "cli/board.h"

/* Prints the points of every task with their shares of its cost, and the rejected combinations with their reasons. Gives
 * the exit status. */
int lat_dry_run(const struct lat_board *board, const char *out, int json);

#endif
