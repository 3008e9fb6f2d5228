/* A stop asked for by SIGINT or SIGTERM. The first signal lets the point in hand finish or be put down; the second one ends
 * the program at once. */
#ifndef LAT_CLI_STOP_H
#define LAT_CLI_STOP_H

#include <sys/types.h>

/* Watches for the signals. With `workers`, a first signal is passed on to these processes, a second one kills them. */
void lat_stop_watch(const pid_t *workers, int count);
/* 1 after a signal. */
int lat_stop_asked(void);
/* The same as one signal. */
void lat_stop_ask(void);

#endif
