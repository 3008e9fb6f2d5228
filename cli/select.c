#include "cli/select.h"

#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/names.h"

static const struct argp_option folder_options[] = {
    {"out", 'o', "DIR", 0, "folder of the results (default results/run)", 0},
    {"json", 'j', 0, 0, "print JSON, and nothing else, on standard output", 0},
    {0}};

static error_t parse_folder(int key, char *arg, struct argp_state *state) {
  struct lat_selection *selection = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      if (!selection->out) selection->out = "results/run";
      return 0;
    case 'o':
      if (!*arg) argp_error(state, "--out needs the name of a folder");
      selection->out = arg;
      return 0;
    case 'j': selection->json = 1; return 0;
    case ARGP_KEY_ARG:
      if (selection->names == LAT_MOST_NAMES) {
        argp_error(state, "over %d names", LAT_MOST_NAMES);
        return EINVAL;
      }
      selection->name[selection->names++] = arg;
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option point_options[] = {
    {"size", 's', "SIZE", 0, "smoke, quick (the default) or paper", 0},
    {"set", 'S', "NAME=VALUES", 0,
     "values of a parameter in place of those of the size: 1,2,4 or from:to:step or from:to:*factor; may be repeated", 0},
    {"filter", 'f', "EXPRESSION", 0, "only points for which this holds, as in 'layers<=4 && family==parity:8'", 0},
    {0}};

static error_t parse_points(int key, char *arg, struct argp_state *state) {
  struct lat_selection *selection = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      selection->request.size = "quick";
      selection->request.set = selection->set;
      return 0;
    case 's': selection->request.size = arg; break;
    case 'f': selection->request.filter = arg; break;
    case 'S':
      if (selection->request.sets == LAT_MOST_SETS) {
        argp_error(state, "over %d --set", LAT_MOST_SETS);
        return EINVAL;
      }
      selection->set[selection->request.sets++] = arg;
      break;
    default: return ARGP_ERR_UNKNOWN;
  }
  selection->points_asked = 1;
  return 0;
}

const struct argp lat_select_folder = {folder_options, parse_folder, 0, 0, 0, 0, 0};
const struct argp lat_select_points = {point_options, parse_points, 0, 0, 0, 0, 0};

int lat_select_experiments(const struct lat_selection *selection, int none_is_all,
                           const struct lat_experiment *experiments[LAT_MOST_NAMES], size_t *count) {
  int all = none_is_all && selection->names == 0;
  *count = 0;
  for (size_t i = 0; i < selection->names; i++) {
    const struct lat_experiment *found = NULL;
    int known = 0;
    if (!strcmp(selection->name[i], "all")) {
      all = 1;
      continue;
    }
    if (!(found = lat_experiment_find(lat_program.experiments, selection->name[i]))) return lat_cli_fail(LAT_INPUT);
    for (size_t j = 0; j < *count; j++) known |= experiments[j] == found;
    if (!known) experiments[(*count)++] = found;
  }
  if (all) {
    for (*count = 0; lat_program.experiments[*count] && *count < LAT_MOST_NAMES; ++*count)
      experiments[*count] = lat_program.experiments[*count];
  } else if (*count == 0) {
    return lat_cli_misuse("which experiment? Give names, or all; `latentlab list` shows them");
  }
  return 0;
}

int lat_select_skip(const struct lat_selection *selection, const struct lat_experiment *experiment) {
  struct lat_text path = {0};
  int skip = 1;
  for (size_t i = 0; i < selection->names; i++) skip &= strcmp(selection->name[i], experiment->name) != 0;
  if (skip && lat_path(&path, "%s/%s", selection->out, experiment->name) == LAT_OK) skip = !lat_path_exists(path.bytes);
  lat_text_free(&path);
  return skip;
}
