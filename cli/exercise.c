/* latentlab exercise: the list, the dispatch, and the flags of an exercise from its table. */
#include "cli/exercise.h"

#include <json-c/json.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "lib/base/text.h"

static const struct lat_exercise *const exercises[] = {&lat_exercise_depth,   &lat_exercise_bits, &lat_exercise_parity,
                                                       &lat_exercise_brent,   &lat_exercise_beta, &lat_exercise_cost,
                                                       &lat_exercise_channel, &lat_exercise_code};
enum { EXERCISES = sizeof exercises / sizeof *exercises, JSON = 512, LIST, FLAG = 1024 };

#define EXIT_CHECKED                                                                                                       \
  "Exit status: 0 every check holds, 1 one does not or something failed, 2 misuse or bad input. What is wrong is told in " \
  "one line on standard error."

struct request {
  const struct lat_exercise *exercise;
  const char *word[LAT_EXERCISE_FLAGS], *file, *name;
  int names, json, list;
};

static error_t parse_flag(int key, char *argument, struct argp_state *state) {
  struct request *request = state->input;
  if (key == JSON) {
    request->json = 1;
    return 0;
  }
  if (key >= FLAG && key < FLAG + LAT_EXERCISE_FLAGS) {
    request->word[key - FLAG] = argument != NULL ? argument : "";
    return 0;
  }
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  if (request->exercise->file == NULL || request->file != NULL) {
    argp_error(state, "'%s' is one word too many", argument);
    return ARGP_ERR_UNKNOWN;
  }
  request->file = argument;
  return 0;
}

/* Which of the flags this exercise has is its own affair; how they are read is the same for all. */
static int read_values(const struct request *request, struct lat_exercise_values *values) {
  const struct lat_exercise_flag *flag = request->exercise->flags;
  values->file = request->file;
  for (size_t i = 0; flag[i].name != NULL; i++) {
    const char *word = request->word[i] != NULL ? request->word[i] : flag[i].usual;
    int64_t whole = 0;
    int status = LAT_OK;
    switch (flag[i].kind) {
      case LAT_FLAG_SWITCH: values->integer[i] = request->word[i] != NULL; break;
      case LAT_FLAG_WORD: values->word[i] = word; break;
      case LAT_FLAG_REAL: status = lat_parse_real(word, flag[i].minimum, flag[i].maximum, &values->real[i]); break;
      case LAT_FLAG_INTEGER:
        status = lat_parse_int(word, (int64_t)flag[i].minimum, (int64_t)flag[i].maximum, &whole);
        values->integer[i] = (size_t)whole;
        break;
    }
    if (status != LAT_OK) return lat_fail_prefix(status, "--%s", flag[i].name);
  }
  return LAT_OK;
}

static struct json_object *json_of(const struct lat_exercise *exercise, const struct lat_exercise_values *values) {
  struct json_object *object = json_object_new_object();
  for (size_t i = 0; exercise->flags[i].name != NULL; i++) {
    struct json_object *value = NULL;
    switch (exercise->flags[i].kind) {
      case LAT_FLAG_SWITCH: value = json_object_new_boolean(values->integer[i] != 0); break;
      case LAT_FLAG_INTEGER: value = json_object_new_int64((int64_t)values->integer[i]); break;
      case LAT_FLAG_REAL: value = json_object_new_double(values->real[i]); break;
      case LAT_FLAG_WORD: value = values->word[i] != NULL ? json_object_new_string(values->word[i]) : NULL; break;
    }
    json_object_object_add(object, exercise->flags[i].name, value);
  }
  if (exercise->file != NULL)
    json_object_object_add(object, "file", values->file != NULL ? json_object_new_string(values->file) : NULL);
  return object;
}

static int show(size_t index, const struct request *request) {
  const struct lat_exercise *exercise = exercises[index];
  struct lat_exercise_values values = {0};
  struct lat_sheet sheet;
  int status = read_values(request, &values);
  if (status != LAT_OK) return lat_cli_fail(status);
  lat_sheet_start(&sheet);
  /* Models are tiny here, and threads would mostly wait for each other. No bit depends on their number; times do. */
  int threads = omp_get_max_threads(), timed = 0;
  for (size_t i = 0; exercise->flags[i].name != NULL; i++)
    timed |=
        exercise->flags[i].kind == LAT_FLAG_SWITCH && strcmp(exercise->flags[i].name, "seconds") == 0 && values.integer[i];
  if (!timed) omp_set_num_threads(1);
  status = exercise->run(&values, &sheet);
  omp_set_num_threads(threads);
  int failed = sheet.failed;
  if (status == LAT_OK && request->json) {
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "exercise", json_object_new_int64((int64_t)index + 1));
    json_object_object_add(object, "name", json_object_new_string(exercise->name));
    json_object_object_add(object, "question", json_object_new_string(exercise->question));
    json_object_object_add(object, "parameters", json_of(exercise, &values));
    lat_sheet_json(&sheet, object);
    json_object_object_add(object, "source", json_object_new_string(exercise->source));
    status = lat_cli_print_json(object);
  } else if (status == LAT_OK) {
    lat_sheet_print(&sheet, (int)index + 1, exercise->name, exercise->question, exercise->source);
    status = lat_cli_finish(0);
  } else {
    status = lat_cli_fail(status);
  }
  lat_sheet_free(&sheet);
  return status == 0 && failed > 0 ? 1 : status;
}

static int run(size_t index, int argc, char **argv) {
  const struct lat_exercise *exercise = exercises[index];
  struct argp_option options[LAT_EXERCISE_FLAGS + 2] = {{0}};
  char help[LAT_EXERCISE_FLAGS][256], text[2048];
  struct request request = {.exercise = exercise};
  size_t count = 0;
  for (; exercise->flags[count].name != NULL; count++) {
    const struct lat_exercise_flag *flag = &exercise->flags[count];
    snprintf(help[count], sizeof help[count], flag->usual != NULL ? "%s (default %s)" : "%s", flag->help, flag->usual);
    options[count] = (struct argp_option){flag->name, FLAG + (int)count, flag->argument, 0, help[count], 1};
  }
  options[count] = (struct argp_option){"json", JSON, 0, 0, "print JSON, and nothing else, on standard output", 2};
  snprintf(text, sizeof text, "%s%s%s\v" EXIT_CHECKED, exercise->question, exercise->file != NULL ? " FILE: " : "",
           exercise->file != NULL ? exercise->file : "");
  const struct argp argp = {options, parse_flag, exercise->file != NULL ? "[FILE]" : NULL, text, 0, 0, 0};
  int end = lat_cli_parse(&argp, argc, argv, &request);
  return end >= 0 ? end : show(index, &request);
}

/* By number or by name; EXERCISES when there is none. */
static size_t find(const char *word) {
  size_t index = 0;
  char *rest;
  long number = strtol(word, &rest, 10);
  if (*word >= '0' && *word <= '9' && *rest == '\0')
    return number >= 1 && number <= EXERCISES ? (size_t)number - 1 : EXERCISES;
  while (index < EXERCISES && strcmp(exercises[index]->name, word) != 0) index++;
  return index;
}

static int unknown(const char *word) {
  const char *names[EXERCISES], *nearest;
  for (size_t i = 0; i < EXERCISES; i++) names[i] = exercises[i]->name;
  if ((nearest = lat_nearest(word, names, EXERCISES)) != NULL)
    return lat_cli_misuse("there is no exercise '%s'; did you mean '%s'? `latentlab exercise --list` lists them", word,
                          nearest);
  return lat_cli_misuse("there is no exercise '%s'; there are 1 to %d, `latentlab exercise --list` lists them", word,
                        (int)EXERCISES);
}

static int list(int json) {
  struct json_object *all = json ? json_object_new_array() : NULL;
  for (size_t i = 0; i < EXERCISES; i++) {
    if (!json) {
      printf("%2zu  %-9s  %s\n", i + 1, exercises[i]->name, exercises[i]->question);
      continue;
    }
    struct json_object *object = json_object_new_object(), *flags = json_object_new_array();
    json_object_object_add(object, "exercise", json_object_new_int64((int64_t)i + 1));
    json_object_object_add(object, "name", json_object_new_string(exercises[i]->name));
    json_object_object_add(object, "question", json_object_new_string(exercises[i]->question));
    json_object_object_add(object, "source", json_object_new_string(exercises[i]->source));
    for (const struct lat_exercise_flag *flag = exercises[i]->flags; flag->name != NULL; flag++) {
      struct json_object *row = json_object_new_object();
      json_object_object_add(row, "name", json_object_new_string(flag->name));
      json_object_object_add(row, "help", json_object_new_string(flag->help));
      json_object_object_add(row, "default", flag->usual != NULL ? json_object_new_string(flag->usual) : NULL);
      json_object_array_add(flags, row);
    }
    json_object_object_add(object, "flags", flags);
    json_object_array_add(all, object);
  }
  return json ? lat_cli_print_json(all) : lat_cli_finish(0);
}

static error_t parse_general(int key, char *argument, struct argp_state *state) {
  struct request *request = state->input;
  switch (key) {
    case JSON: request->json = 1; return 0;
    case LIST: request->list = 1; return 0;
    case ARGP_KEY_ARG:
      request->name = argument;
      request->names++;
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

int lat_command_exercise(int argc, char **argv) {
  static const struct argp_option options[] = {{"list", LIST, 0, 0, "the exercises and what they ask", 0},
                                               {"json", JSON, 0, 0, "print JSON, and nothing else, on standard output", 0},
                                               {0}};
  static const struct argp argp = {options,
                                   parse_general,
                                   "NUMBER [FLAGS...]",
                                   "Works through an exercise: question, formula, numbers, a check against a model that is "
                                   "really built or a channel that is really simulated, and a conclusion. "
                                   "`latentlab exercise NUMBER --help` tells the flags of one.\v" EXIT_CHECKED,
                                   0,
                                   0,
                                   0};
  struct request request = {0};
  if (argc > 1 && argv[1][0] != '-') { /* what follows is for this exercise */
    size_t index = find(argv[1]);
    if (index == EXERCISES) return unknown(argv[1]);
    char name[64];
    snprintf(name, sizeof name, "%s %s", argv[0], argv[1]);
    argv[1] = name;
    return run(index, argc - 1, argv + 1);
  }
  int end = lat_cli_parse(&argp, argc, argv, &request);
  if (end >= 0) return end;
  if (request.list && request.names == 0) return list(request.json);
  if (request.list || request.names > 1) return lat_cli_misuse("one exercise at a time, or --list alone");
  if (request.names == 0) return lat_cli_misuse("which exercise? `latentlab exercise --list` lists them");
  size_t index = find(request.name);
  if (index == EXERCISES) return unknown(request.name);
  request.exercise = exercises[index];
  return show(index, &request);
}
