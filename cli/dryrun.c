#include "cli/dryrun.h"

#include <json-c/json.h>
#include <stdio.h>

#include "cli/cli.h"
#include "lib/base/text.h"
#include "lib/sweep/layout.h"

static double total_cost(const struct lat_sweep *plan) {
  double cost = 0;
  for (size_t p = 0; p < plan->count; p++) cost += plan->point[p].cost;
  return cost;
}

static struct json_object *as_json(const struct lat_task *task) {
  const struct lat_sweep *plan = task->plan;
  struct json_object *object = json_object_new_object(), *points = json_object_new_array(),
                     *rejected = json_object_new_array();
  double cost = total_cost(plan);
  for (size_t p = 0; p < plan->count + plan->rejected; p++) {
    const struct lat_sweep_point *point = &plan->point[p];
    struct json_object *row = json_object_new_object();
    if (!point->reason) json_object_object_add(row, "id", json_object_new_string(point->id));
    json_object_object_add(row, "parameters", json_object_new_string(point->canonical));
    if (point->reason)
      json_object_object_add(row, "reason", json_object_new_string(point->reason));
    else
      json_object_object_add(row, "share", json_object_new_double(point->cost / cost));
    json_object_array_add(point->reason ? rejected : points, row);
  }
  json_object_object_add(object, "experiment", json_object_new_string(task->experiment->name));
  json_object_object_add(object, "size", json_object_new_string(plan->size));
  json_object_object_add(object, "points", points);
  json_object_object_add(object, "rejected", rejected);
  return object;
}

static int print(const struct lat_task *task, const char *out) {
  const struct lat_sweep *plan = task->plan;
  struct lat_text path = {0};
  int status = LAT_OK;
  double cost = total_cost(plan);
  printf("%s, size %s: %zu points", task->experiment->name, plan->size, plan->count);
  if (plan->count != plan->total) printf(" of %zu in all shards", plan->total);
  printf(", %zu combinations rejected\n", plan->rejected);
  for (size_t p = 0; p < plan->count && status == LAT_OK; p++) {
    const struct lat_sweep_point *point = &plan->point[p];
    status = lat_path(&path, "%s/%s/%s.h5", out, task->experiment->name, point->id);
    if (status != LAT_OK) break;
    printf("  %s %5.1f%% %s %s\n", point->id, 100 * point->cost / cost, lat_path_exists(path.bytes) ? "done" : "    ",
           point->canonical);
  }
  for (size_t p = plan->count; p < plan->count + plan->rejected; p++)
    printf("  rejected: %s: %s\n", plan->point[p].canonical, plan->point[p].reason);
  lat_text_free(&path);
  return status;
}

int lat_dry_run(const struct lat_board *board, const char *out, int json) {
  struct json_object *all = json ? json_object_new_array() : NULL;
  for (size_t i = 0; i < board->tasks; i++) {
    int status = LAT_OK;
    if (json)
      json_object_array_add(all, as_json(&board->task[i]));
    else
      status = print(&board->task[i], out);
    if (status != LAT_OK) return lat_cli_fail(status);
  }
  return json ? lat_cli_print_json(all) : lat_cli_finish(0);
}
