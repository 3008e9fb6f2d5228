/* The tasks of the table, one file each: lib/task/NAME.c. */
#ifndef LAT_TASK_TASKS_H
#define LAT_TASK_TASKS_H

#include "lib/task/task.h"

extern const struct lat_task lat_task_addition;
extern const struct lat_task lat_task_arithmetic;
extern const struct lat_task lat_task_bits;
extern const struct lat_task lat_task_circuit;
extern const struct lat_task lat_task_copy;
extern const struct lat_task lat_task_crasp;
extern const struct lat_task lat_task_edit_distance;
extern const struct lat_task lat_task_life;
extern const struct lat_task lat_task_lis;
extern const struct lat_task lat_task_mano;
extern const struct lat_task lat_task_nary_addition;
extern const struct lat_task lat_task_p_hop;
extern const struct lat_task lat_task_parity;
extern const struct lat_task lat_task_reachability;
extern const struct lat_task lat_task_reverse;
extern const struct lat_task lat_task_squaring;
extern const struct lat_task lat_task_text;
extern const struct lat_task lat_task_words;

#endif
