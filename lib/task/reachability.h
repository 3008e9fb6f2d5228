/* The graphs of the task `reachability`, for what looks at them as graphs: heuristics, frontiers, search trees. */
#ifndef LAT_TASK_REACHABILITY_H
#define LAT_TASK_REACHABILITY_H

#include "lib/task/graph.h"
#include "lib/task/task.h"

/* The graph of the example that the task makes from the same stream, graph->edge being the caller's room for its option `edges`, [m,
 * 2]; all other members are filled. `setting` is one of the task `reachability` whose shape is fine. To have the graph of
 * example `index` start the stream as lat_task_make does (lat_task_stream). */
void lat_reachability_draw(const struct lat_task_setting *setting, struct lat_random *random, struct lat_graph *graph);

#endif
