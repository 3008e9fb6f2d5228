/* What `run` keeps count of: the tasks of one command line, the state of each of their points, the progress line. */
#ifndef LAT_CLI_BOARD_H
#define LAT_CLI_BOARD_H

#include "lib/sweep/runner.h"

struct lat_task {
  const struct lat_experiment *experiment;
  struct lat_request request;
  struct lat_sweep *plan;
  unsigned char *state; /* [plan->count]: 0 not yet, 1 + enum lat_event */
  size_t tally[4];      /* by enum lat_event, LAT_EVENT_THERE to LAT_EVENT_BROKEN */
  double cost, spent;   /* of the points that were not there at the start, and of those done since */
  double fraction;      /* of the point in hand */
};

struct lat_board {
  size_t tasks;
  struct lat_task *task;
  double started, drawn, task_started;
  size_t current; /* the task that the progress line shows */
  int terminal;   /* stderr is one */
};

/* Takes note of an event; draws. */
void lat_board_tell(struct lat_board *board, size_t task, enum lat_event event, size_t point, double fraction);
/* Notes which points are there before anything runs. */
int lat_board_start(struct lat_board *board, const char *out);
/* Wipes the progress line. */
void lat_board_clear(struct lat_board *board);
/* The final line of each task, or JSON. `end` is "done", "interrupted" or "stopped". Gives the exit status of printing. */
int lat_board_finish(struct lat_board *board, int json, const char *end);

#endif
