/* `latentlab verify`: results against what they were made from. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/sweep/analysis.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/plan.h"

static error_t parse(int key, char *arg, struct argp_state *state) {
  (void)arg;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->input;
  return 0;
}

/* A point is the one that its file name, its id and its parameters say, all three. */
static int check_point(const char *folder, const struct lat_point *point) {
  struct lat_text path = {0};
  char *canonical = NULL, id[33];
  int status = LAT_OK;
  LAT_TRY(status, lat_canonical_of(&point->record, &canonical));
  lat_point_id(point->experiment, point->experiment_version, canonical, id);
  LAT_CHECK(status, strcmp(canonical, point->canonical) == 0, LAT_INPUT, "%s/%s.h5: its parameters are %s but it says %s",
            folder, point->id, canonical, point->canonical);
  LAT_CHECK(status, strcmp(id, point->id) == 0, LAT_INPUT, "%s/%s.h5: its parameters give the id %s", folder, point->id,
            id);
  LAT_TRY(status, lat_path(&path, "%s/%s.h5", folder, id));
  /* As many files were read as there are points, no two alike: when each has its own name, no name is wrong. */
  LAT_CHECK(status, lat_path_exists(path.bytes), LAT_INPUT, "%s: the point %s is in a file of another name", folder, id);
done:
  lat_free(canonical);
  lat_text_free(&path);
  return status;
}

struct verified {
  size_t points;
  int merged, timing, tables;
};

static int verify(const char *out, const struct lat_experiment *experiment, struct verified *verified) {
  struct lat_merged *merged = NULL;
  struct lat_analysis *analysis = NULL;
  struct lat_text folder = {0}, path = {0};
  const char *name = experiment->name;
  int status = LAT_OK;
  LAT_TRY(status, lat_path(&folder, "%s/%s", out, name));
  LAT_TRY(status, lat_merge_read(folder.bytes, 1, NULL, &merged));
  LAT_CHECK(status, strcmp(merged->experiment, name) == 0, LAT_INPUT, "%s: these are points of %s", folder.bytes,
            merged->experiment);
  for (size_t i = 0; i < merged->points; i++) LAT_TRY(status, check_point(folder.bytes, &merged->point[i]));
  verified->points = merged->points;
  for (int timing = 0; timing < 2; timing++) {
    LAT_TRY(status, lat_path(&path, timing ? "%s/%s.timing.h5" : "%s/%s.h5", out, name));
    if (!lat_path_exists(path.bytes)) continue;
    LAT_TRY(status, lat_merge_verify(path.bytes, merged));
    *(timing ? &verified->timing : &verified->merged) = 1;
  }
  LAT_TRY(status, lat_path(&path, "%s/tables/%s", out, name));
  if (lat_path_exists(path.bytes)) {
    LAT_TRY(status, lat_analysis_make(experiment, merged, &analysis));
    LAT_TRY(status, lat_analysis_compare(analysis, path.bytes));
    verified->tables = 1;
  }
done:
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  lat_text_free(&folder);
  lat_text_free(&path);
  return status;
}

int lat_command_verify(int argc, char **argv) {
  static const struct argp_child children[] = {{&lat_select_folder, 0, NULL, 0}, {0}};
  static const struct argp argp = {
      0,
      parse,
      "[NAME...]",
      "Checks every point file's checksums, works out each id anew, compares the merged file with "
      "the points and the tables with what the points give. Without names: all experiments that "
      "have points.\v"
      "Exit status: 0 all is as it was made, 1 something differs (the first difference of each is told), 2 misuse or bad "
      "input.",
      children,
      0,
      0};
  struct lat_selection selection = {0};
  const struct lat_experiment *experiments[LAT_MOST_NAMES];
  size_t count = 0, looked = 0;
  int status = lat_cli_parse(&argp, argc, argv, &selection);
  if (status >= 0) return status;
  int worst = 0;
  status = lat_select_experiments(&selection, 1, experiments, &count);
  if (status) return status;
  struct json_object *all = selection.json ? json_object_new_array() : NULL;
  for (size_t i = 0; i < count; i++) {
    if (lat_select_skip(&selection, experiments[i])) continue;
    struct verified verified = {0};
    int code = verify(selection.out, experiments[i], &verified);
    looked++;
    if (all) {
      struct json_object *object = json_object_new_object();
      json_object_object_add(object, "experiment", json_object_new_string(experiments[i]->name));
      json_object_object_add(object, "sound", json_object_new_boolean(code == LAT_OK));
      json_object_object_add(object, "points", json_object_new_int64((int64_t)verified.points));
      json_object_object_add(object, "merged", json_object_new_boolean(verified.merged));
      json_object_object_add(object, "tables", json_object_new_boolean(verified.tables));
      if (code != LAT_OK) json_object_object_add(object, "difference", json_object_new_string(lat_error_message()));
      json_object_array_add(all, object);
    } else if (code == LAT_OK) {
      printf("%s: sound: %zu points%s%s%s\n", experiments[i]->name, verified.points,
             verified.merged ? ", the merged file" : ", not merged yet", verified.timing ? ", the timings" : "",
             verified.tables ? ", the tables" : "");
    }
    if (code != LAT_OK) {
      lat_cli_fail(code);
      worst = 1;
    }
  }
  if (!looked) worst = lat_cli_misuse("there are no results in %s", selection.out);
  int printed = all ? lat_cli_print_json(all) : lat_cli_finish(0);
  return worst ? worst : printed;
}
