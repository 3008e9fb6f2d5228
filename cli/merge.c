/* `latentlab merge`: points into one file, and what the experiment reads in them. */
#include <json-c/json.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "lib/base/text.h"
#include "lib/sweep/analysis.h"
#include "lib/sweep/layout.h"

static error_t parse(int key, char *arg, struct argp_state *state) {
  (void)arg;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->input;
  return 0;
}

/* Merges one experiment and prints its verdict, or puts it into the array. */
static int merge(const char *out, const struct lat_experiment *experiment, struct json_object *all) {
  struct lat_merged *merged = NULL;
  struct lat_analysis *analysis = NULL;
  struct lat_text folder = {0}, file = {0}, timing = {0}, tables = {0};
  const char *name = experiment->name;
  int status = LAT_OK;
  LAT_TRY(status, lat_path(&folder, "%s/%s", out, name));
  LAT_TRY(status, lat_path(&file, "%s/%s.h5", out, name));
  LAT_TRY(status, lat_path(&timing, "%s/%s.timing.h5", out, name));
  LAT_TRY(status, lat_path(&tables, "%s/tables/%s", out, name));
  LAT_TRY(status, lat_merge_read(folder.bytes, 1, NULL, &merged));
  LAT_TRY(status, lat_merge_write(file.bytes, timing.bytes, merged));
  LAT_TRY(status, lat_analysis_make(experiment, merged, &analysis));
  LAT_TRY(status, lat_analysis_write(analysis, tables.bytes));
  size_t failed = 0;
  for (size_t i = 0; i < merged->points; i++) failed += lat_merged_failed(merged, i) != 0;
  const char *verdict = lat_verdict_name(lat_analysis_verdict(analysis)), *sentence = lat_analysis_sentence(analysis);
  if (all) {
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "experiment", json_object_new_string(name));
    json_object_object_add(object, "file", json_object_new_string(file.bytes));
    json_object_object_add(object, "tables", json_object_new_string(tables.bytes));
    json_object_object_add(object, "points", json_object_new_int64((int64_t)merged->points));
    json_object_object_add(object, "failed", json_object_new_int64((int64_t)failed));
    json_object_object_add(object, "verdict", json_object_new_string(verdict));
    json_object_object_add(object, "sentence", json_object_new_string(sentence));
    json_object_array_add(all, object);
  } else {
    printf("%s: %zu points, %zu failed; %s%s%s\n", name, merged->points, failed, verdict, *sentence ? ": " : "", sentence);
  }
done:
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  lat_text_free(&folder);
  lat_text_free(&file);
  lat_text_free(&timing);
  lat_text_free(&tables);
  return status;
}

int lat_command_merge(int argc, char **argv) {
  static const struct argp_child children[] = {{&lat_select_folder, 0, NULL, 0}, {0}};
  static const struct argp argp = {
      0,
      parse,
      "NAME...|all",
      "Copies all points of an experiment into DIR/NAME.h5, a columnar file for h5py, xarray and "
      "netCDF, and writes the tables and the verdict into DIR/tables/NAME. With all, every "
      "experiment that has points.\v" LAT_EXIT_USUAL,
      children,
      0,
      0};
  struct lat_selection selection = {0};
  const struct lat_experiment *experiments[LAT_MOST_NAMES];
  size_t count = 0, merged = 0;
  int status = lat_cli_parse(&argp, argc, argv, &selection);
  if (status >= 0) return status;
  int worst = 0;
  status = lat_select_experiments(&selection, 0, experiments, &count);
  if (status) return status;
  struct json_object *all = selection.json ? json_object_new_array() : NULL;
  for (size_t i = 0; i < count; i++) {
    if (lat_select_skip(&selection, experiments[i])) continue;
    int code = lat_cli_fail(merge(selection.out, experiments[i], all));
    if (code > worst) worst = code;
    merged++;
  }
  if (!merged) worst = lat_cli_misuse("there are no results in %s: run something first", selection.out);
  int printed = all ? lat_cli_print_json(all) : lat_cli_finish(0);
  return worst ? worst : printed;
}
