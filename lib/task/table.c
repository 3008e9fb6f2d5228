#include "lib/task/tasks.h"

const struct lat_task *const lat_tasks[] = {
    &lat_task_circuit,
    &lat_task_crasp,
    NULL,
};
