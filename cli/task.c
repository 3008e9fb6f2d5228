/* latentlab task: the tasks to train on, examples as a person reads them, and what is reached without understanding. */
#include "cli/task.h"

#include <argp.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

enum { KEY_SEED = 256, KEY_PURPOSE, KEY_LIST, KEY_BASELINE };
enum { MOST_SHOWN = 10000, MOST_COUNTED = 1000000, COUNTED = 4096 };

static const struct argp_option options[] = {
    {"list", KEY_LIST, 0, 0, "list the tasks (so does no argument)", 0},
    {"show", 's', "N", 0, "print the first N examples", 0},
    {"baseline", KEY_BASELINE, "N", OPTION_ARG_OPTIONAL,
     "what counting reaches on N examples after N others (default 4096): chance, the commonest class of all, of the "
     "position, "
     "after the last n = 1, 2, 3 positions",
     0},
    {"seed", KEY_SEED, "N", 0, "of the examples (default 0)", 0},
    {"purpose", KEY_PURPOSE, "WORD", 0, "the stream shown: train, validation, test or any word (default train)", 0},
    {"json", 'j', 0, 0, "print JSON, and nothing else, on standard output", 0},
    {0}};

static int64_t number(struct argp_state *state, const char *text, int64_t minimum, int64_t maximum, const char *what) {
  int64_t value = 0;
  if (lat_parse_int(text, minimum, maximum, &value) != LAT_OK) argp_error(state, "%s: %s", what, lat_error_message());
  return value;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  struct lat_task_request *request = state->input;
  switch (key) {
    case 's': request->show = number(state, argument, 1, MOST_SHOWN, "--show"); return 0;
    case KEY_BASELINE:
      request->counted = argument ? number(state, argument, 1, MOST_COUNTED, "--baseline") : COUNTED;
      return 0;
    case KEY_SEED: request->seed = number(state, argument, 0, INT64_MAX, "--seed"); return 0;
    case KEY_PURPOSE: request->purpose = argument; return 0;
    case KEY_LIST: request->list = 1; return 0;
    case 'j': request->json = 1; return 0;
    case ARGP_KEY_ARG:
      if (request->name) {
        argp_error(state, "one task is expected; '%s' is a second one", argument);
        return ARGP_ERR_UNKNOWN;
      }
      request->name = argument;
      return 0;
    case ARGP_KEY_END:
      if (request->list && request->name) argp_error(state, "--list takes no task");
      if ((request->show || request->counted) && !request->name)
        argp_error(state, "%s needs a task; `latentlab task` lists them", request->show ? "--show" : "--baseline");
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp argp = {
    options,
    parse,
    "[NAME[:KEY=VALUE]...]",
    "Without NAME, the tasks that models are trained on. With NAME, its options; with --show, examples; with --baseline, "
    "what is "
    "reached without understanding.\v"
    "KEY is an option of the task, `difficulty` (the option that makes it harder), or `supervision`, what is asked of a "
    "model: "
    "`answer` at the end only; `dense`, every intermediate value where it stands; `hint`, the intermediate values at "
    "pauses behind "
    "the input; `trace`, the same values written out, as a chain of thought. For example\n\n"
    "  latentlab task words:group=s3:length=8:supervision=trace --show 3\n\n"
    "In examples `.` under a position says that nothing is asked there; level 0 is asked but not scored.\n" LAT_EXIT_USUAL,
    0,
    0,
    0};

static void list_supervision(const struct lat_task *task, char text[64]) {
  size_t length = 0;
  text[0] = '\0';
  for (int s = 0; s <= LAT_SUPERVISE_TRACE; s++)
    if (task->supervision & 1u << s)
      length += (size_t)snprintf(text + length, 64 - length, "%s%s", length ? " " : "",
                                 lat_supervision_name((enum lat_supervision)s));
}

static int list_tasks(int json) {
  struct json_object *all = json ? json_object_new_array() : NULL;
  if (!json) printf("%-18s  %-12s  %-24s  %s\n", "task", "difficulty", "supervision", "what is asked");
  for (size_t i = 0; lat_tasks[i]; i++) {
    char text[64];
    list_supervision(lat_tasks[i], text);
    if (json)
      json_object_array_add(all, lat_task_describe(lat_tasks[i]));
    else
      printf("%-18s  %-12s  %-24s  %.*s\n", lat_tasks[i]->name, lat_tasks[i]->difficulty, text,
             (int)strcspn(lat_tasks[i]->help, ";"), lat_tasks[i]->help); /* details stand behind the first ";" */
  }
  return json ? lat_cli_print_json(all) : lat_cli_finish(0);
}

/* The value as it is given on the command line. */
void lat_task_value(const struct lat_task_option *option, int64_t value, char text[24]) {
  if (!option->names) {
    snprintf(text, 24, "%" PRId64, value);
    return;
  }
  const char *at = option->names;
  for (int64_t i = 0; i < value; i++) at += strcspn(at, "|") + 1;
  snprintf(text, 24, "%.*s", (int)strcspn(at, "|"), at);
}

void lat_task_write(const struct lat_task_setting *setting, char *text, size_t bytes) {
  size_t length = (size_t)snprintf(text, bytes, "%s", setting->task->name);
  for (size_t i = 0; setting->task->options[i].name && length < bytes; i++) {
    char value[24];
    lat_task_value(&setting->task->options[i], setting->option[i], value);
    length += (size_t)snprintf(text + length, bytes - length, ":%s=%s", setting->task->options[i].name, value);
  }
  if (length < bytes)
    snprintf(text + length, bytes - length, ":supervision=%s", lat_supervision_name(setting->supervision));
}

static void print_options(const struct lat_task_setting *setting) {
  const struct lat_task *task = setting->task;
  char text[64], value[24];
  list_supervision(task, text);
  printf("%s: %s\n  source       %s\n  difficulty   %s\n  supervision  %s (here %s)\n\n  options\n", task->name, task->help,
         task->source, task->difficulty, text, lat_supervision_name(setting->supervision));
  for (size_t i = 0; task->options[i].name; i++) {
    const struct lat_task_option *o = &task->options[i];
    lat_task_value(o, setting->option[i], value);
    printf("    %-10s %s; ", o->name, o->help);
    if (o->names)
      printf("%s", o->names);
    else
      printf("%" PRId64 " .. %" PRId64, o->minimum, o->maximum);
    printf(" (here %s)\n", value);
  }
}

static void print_shape(const struct lat_task_shape *shape) {
  printf("\n  %zu position%s of %zu token%s out of %zu, %zu class%s", shape->sequence, shape->sequence == 1 ? "" : "s",
         shape->fields, shape->fields == 1 ? "" : "s", shape->vocabulary, shape->classes, shape->classes == 1 ? "" : "es");
  if (shape->prompt < shape->sequence) printf("; the first %zu positions are given", shape->prompt);
  printf("\n");
}

int lat_command_task(int argc, char **argv) {
  struct lat_task_request request = {.purpose = "train"};
  struct lat_task_setting setting;
  struct lat_task_shape shape;
  int status = lat_cli_parse(&argp, argc, argv, &request);
  if (status >= 0) return status;
  if (!request.name) return list_tasks(request.json);
  if ((status = lat_task_parse(request.name, &setting)) != LAT_OK) return lat_cli_fail(status);
  if ((status = lat_task_shape(&setting, &shape)) != LAT_OK) return lat_cli_fail(status);
  if (request.json) {
    struct json_object *object = NULL;
    if ((status = lat_task_json(&request, &setting, &shape, &object)) != LAT_OK) return lat_cli_fail(status);
    return lat_cli_print_json(object);
  }
  if (!request.show && !request.counted) {
    print_options(&setting);
    print_shape(&shape);
  }
  if (request.show && (status = lat_task_print_examples(&request, &setting, &shape)) != LAT_OK) return lat_cli_fail(status);
  if (request.counted && (status = lat_task_print_baseline(&request, &setting, &shape)) != LAT_OK)
    return lat_cli_fail(status);
  return lat_cli_finish(0);
}
