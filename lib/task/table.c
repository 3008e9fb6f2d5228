#include "lib/task/tasks.h"

const struct lat_task *const lat_tasks[] = {
    &lat_task_circuit,
    &lat_task_crasp,
    &lat_task_words,
    &lat_task_parity,
    &lat_task_p_hop,
    &lat_task_nary_addition,
    &lat_task_mano,
    &lat_task_copy,
    &lat_task_reverse,
    &lat_task_addition,
    &lat_task_squaring,
    &lat_task_arithmetic,
    &lat_task_lis,
    &lat_task_edit_distance,
    &lat_task_bits,
    &lat_task_reachability,
    &lat_task_life,
    &lat_task_text,
    NULL,
};
