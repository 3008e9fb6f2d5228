/* `latentlab status`: what is done, failed, running, missing or damaged. */
#include <json-c/json.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "lib/sweep/census.h"

static error_t parse(int key, char *arg, struct argp_state *state) {
  (void)arg;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->child_inputs[1] = state->input;
  return 0;
}

enum { MOST_TOLD = 10 };

static const char *const kinds[LAT_FOUND_KINDS] = {"done", "failed", "damaged", "running", "not_done", "missing"};

static int is_trouble(const struct lat_find *find) {
  return find->found == LAT_FOUND_FAILED || find->found == LAT_FOUND_DAMAGED || find->found == LAT_FOUND_BROKEN;
}

static size_t others(const struct lat_census *census) {
  size_t count = 0;
  for (int k = 0; k < LAT_FOUND_KINDS; k++) count += census->others[k];
  return count;
}

static void put(struct json_object *object, const char *key, const char *text) {
  json_object_object_add(object, key, json_object_new_string(text ? text : ""));
}

static struct json_object *as_json(const struct lat_sweep *plan, const struct lat_census *census) {
  struct json_object *object = json_object_new_object(), *notes = json_object_new_array();
  put(object, "experiment", plan->experiment->name);
  put(object, "size", plan->size);
  json_object_object_add(object, "planned", json_object_new_int64((int64_t)plan->count));
  for (int k = 0; k < LAT_FOUND_KINDS; k++)
    json_object_object_add(object, kinds[k], json_object_new_int64((int64_t)census->planned[k]));
  json_object_object_add(object, "others", json_object_new_int64((int64_t)others(census)));
  for (size_t i = 0; i < census->count; i++) {
    const struct lat_find *find = &census->find[i];
    if (!is_trouble(find)) continue;
    struct json_object *row = json_object_new_object();
    put(row, "state", kinds[find->found]);
    put(row, "id", find->id);
    put(row, "parameters", find->canonical);
    put(row, "reason", find->note);
    json_object_array_add(notes, row);
  }
  json_object_object_add(object, "trouble", notes);
  return object;
}

static void print(const struct lat_sweep *plan, const struct lat_census *census) {
  const size_t *n = census->planned;
  printf("%-20s %-6s %7zu %7zu %7zu %8zu %7zu %7zu %7zu %6zu\n", plan->experiment->name, plan->size, plan->count,
         n[LAT_FOUND_DONE], n[LAT_FOUND_FAILED], n[LAT_FOUND_BROKEN], n[LAT_FOUND_RUNNING], n[LAT_FOUND_MISSING],
         n[LAT_FOUND_DAMAGED] + census->others[LAT_FOUND_DAMAGED], others(census));
  size_t told = 0, trouble = 0;
  for (size_t i = 0; i < census->count; i++) trouble += is_trouble(&census->find[i]) != 0;
  for (size_t i = 0; i < census->count; i++) {
    const struct lat_find *find = &census->find[i];
    int damaged = find->found == LAT_FOUND_DAMAGED; /* all of them: each has to be deleted */
    if (!is_trouble(find) || (told >= MOST_TOLD && !damaged)) continue;
    told++;
    if (damaged)
      printf("  %s\n", find->note);
    else
      printf("  %s %s: %s\n    %s\n", kinds[find->found], find->id, find->note, find->canonical ? find->canonical : "");
  }
  if (told < trouble) printf("  and %zu more; --json shows all\n", trouble - told);
}

static int tell(const struct lat_selection *selection, const struct lat_experiment *experiment, struct json_object *all,
                size_t *trouble) {
  struct lat_sweep *plan = NULL;
  struct lat_census census = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_sweep_make(experiment, &selection->request, &plan));
  LAT_TRY(status, lat_census_take(selection->out, plan, &census));
  for (size_t i = 0; i < census.count; i++) *trouble += is_trouble(&census.find[i]) != 0;
  if (all)
    json_object_array_add(all, as_json(plan, &census));
  else
    print(plan, &census);
done:
  lat_census_free(&census);
  lat_sweep_free(plan);
  return status;
}

int lat_command_status(int argc, char **argv) {
  static const struct argp_child children[] = {
      {&lat_select_points, 0, "Points:", 2}, {&lat_select_folder, 0, "Results:", 3}, {0}};
  static const struct argp argp = {
      0,
      parse,
      "[NAME...]",
      "Counts the points of the plan that are done, failed (rows that say why), not done (this machine could not; the next "
      "run tries again), running, missing or damaged, and points of other plans in the folder. Reads every file to the "
      "end. "
      "Without names: all experiments that have points.\v"
      "Exit status: 0 nothing failed or is damaged, 1 something is, 2 misuse or bad input.",
      children,
      0,
      0};
  struct lat_selection selection = {0};
  const struct lat_experiment *experiments[LAT_MOST_NAMES];
  size_t count = 0, trouble = 0, told = 0;
  int status = lat_cli_parse(&argp, argc, argv, &selection);
  if (status >= 0) return status;
  int worst = 0;
  status = lat_select_experiments(&selection, 1, experiments, &count);
  if (status) return status;
  struct json_object *all = selection.json ? json_object_new_array() : NULL;
  for (size_t i = 0; i < count; i++) {
    if (lat_select_skip(&selection, experiments[i])) continue;
    if (!told++ && !all)
      printf("%-20s %-6s %7s %7s %7s %8s %7s %7s %7s %6s\n", "experiment", "size", "planned", "done", "failed", "not done",
             "running", "missing", "damaged", "others");
    int code = lat_cli_fail(tell(&selection, experiments[i], all, &trouble));
    if (code > worst) worst = code;
  }
  if (!told && !all) printf("no results in %s\n", selection.out);
  int printed = all ? lat_cli_print_json(all) : lat_cli_finish(0);
  return worst ? worst : trouble ? 1 : printed;
}
