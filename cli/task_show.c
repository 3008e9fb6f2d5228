/* Examples and baselines as text. One token a position: positions side by side in lines of at most WIDE characters; more tokens: one
 * line a position. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/task.h"
#include "lib/base/memory.h"

enum { WIDE = 100, LEAD = 10 };

int lat_task_example_alloc(const struct lat_task_shape *shape, struct lat_example *example) {
  example->token = lat_alloc(shape->sequence * shape->fields, sizeof *example->token);
  example->target = lat_alloc(shape->sequence, sizeof *example->target);
  example->level = lat_alloc(shape->sequence, sizeof *example->level);
  example->set = NULL;
  return example->token && example->target && example->level ? LAT_OK : LAT_MEMORY;
}

void lat_task_example_free(struct lat_example *example) {
  lat_free(example->token);
  lat_free(example->target);
  lat_free(example->level);
  *example = (struct lat_example){0};
}

void lat_task_token(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  if (setting->task->token_text)
    setting->task->token_text(setting, field, token, text);
  else
    snprintf(text, 16, "%d", token);
}

void lat_task_class(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  if (class < 0)
    snprintf(text, 16, ".");
  else if (setting->task->class_text)
    setting->task->class_text(setting, class, text);
  else
    snprintf(text, 16, "%d", class);
}

enum row { ROW_POSITION, ROW_TOKEN, ROW_TARGET, ROW_LEVEL, ROWS };

/* One field only: the cell of a row at a position. */
static void cell(const struct lat_task_setting *setting, const struct lat_example *example, enum row row, size_t position,
                 char text[16]) {
  switch (row) {
    case ROW_POSITION: snprintf(text, 16, "%u", (unsigned)position + 1); return;
    case ROW_TOKEN: lat_task_token(setting, 0, example->token[position], text); return;
    case ROW_TARGET: lat_task_class(setting, example->target[position], text); return;
    default:
      if (example->target[position] < 0)
        snprintf(text, 16, ".");
      else
        snprintf(text, 16, "%d", example->level[position]);
  }
}

static size_t width(const struct lat_task_setting *setting, const struct lat_task_shape *shape,
                    const struct lat_example *example) {
  size_t widest = 1;
  for (size_t p = 0; p < shape->sequence; p++)
    for (int row = 0; row < ROWS; row++) {
      char text[16];
      cell(setting, example, (enum row)row, p, text);
      if (strlen(text) > widest) widest = strlen(text);
    }
  return widest;
}

static void print_across(const struct lat_task_setting *setting, const struct lat_task_shape *shape,
                         const struct lat_example *example) {
  static const char *const names[ROWS] = {"position", "token", "target", "level"};
  size_t wide = width(setting, shape, example), a_line = (WIDE - LEAD - 2) / (wide + 1);
  for (size_t from = 0; from < shape->sequence; from += a_line) {
    size_t to = from + a_line < shape->sequence ? from + a_line : shape->sequence;
    if (from) printf("\n");
    for (int row = 0; row < ROWS; row++) {
      printf("  %-*s", LEAD - 2, names[row]);
      for (size_t p = from; p < to; p++) {
        char text[16];
        cell(setting, example, (enum row)row, p, text);
        printf("%s%*s", p == shape->prompt && p > from ? " |" : " ", (int)wide, text);
      }
      printf("\n");
    }
  }
}

static void print_down(const struct lat_task_setting *setting, const struct lat_task_shape *shape,
                       const struct lat_example *example) {
  size_t wide = 1;
  char text[16];
  for (size_t i = 0; i < shape->sequence * shape->fields; i++) {
    lat_task_token(setting, i % shape->fields, example->token[i], text);
    if (strlen(text) > wide) wide = strlen(text);
  }
  size_t tokens = (wide + 1) * shape->fields;
  printf("  position  %-*s %6s %6s\n", (int)tokens, "tokens", "target", "level");
  for (size_t p = 0; p < shape->sequence; p++) {
    if (p == shape->prompt) printf("  made from here on\n");
    printf("  %8zu  ", p + 1);
    for (size_t f = 0; f < shape->fields; f++) {
      lat_task_token(setting, f, example->token[p * shape->fields + f], text);
      printf("%-*s ", (int)wide, text);
    }
    cell(setting, example, ROW_TARGET, p, text);
    printf(" %6s", text);
    cell(setting, example, ROW_LEVEL, p, text);
    printf(" %6s\n", text);
  }
}

int lat_task_print_examples(const struct lat_task_request *request, const struct lat_task_setting *setting,
                            const struct lat_task_shape *shape) {
  struct lat_example example;
  char name[512];
  int status;
  lat_task_write(setting, name, sizeof name);
  LAT_TRY(status, lat_task_example_alloc(shape, &example));
  printf("%s, %s, seed %lld\n", name, request->purpose, (long long)request->seed);
  for (int64_t i = 0; i < request->show; i++) {
    lat_task_make(setting, (uint64_t)request->seed, request->purpose, (uint64_t)i, &example);
    printf("\nexample %lld\n", (long long)i);
    if (shape->fields == 1)
      print_across(setting, shape, &example);
    else
      print_down(setting, shape, &example);
  }
done:
  lat_task_example_free(&example);
  return status;
}

int lat_task_print_baseline(const struct lat_task_request *request, const struct lat_task_setting *setting,
                            const struct lat_task_shape *shape) {
  struct lat_baseline b;
  char name[512];
  double *by_level = lat_calloc(shape->levels, sizeof *by_level);
  int status;
  LAT_CHECK(status, by_level, LAT_MEMORY, "no memory for %zu levels", shape->levels);
  LAT_TRY(status, lat_task_baseline(setting, (uint64_t)request->seed, (size_t)request->counted, &b, by_level));
  lat_task_write(setting, name, sizeof name);
  printf("%s%s\nwithout understanding, on %lld examples of test after as many of train, seed %lld:\n\n",
         request->show ? "\n" : "", name, (long long)request->counted, (long long)request->seed);
  if (isnan(b.chance)) {
    printf("  nothing is asked in these examples\n");
    goto done;
  }
  printf("  chance         %6.4f  one of the classes that occur\n", b.chance);
  printf("  majority       %6.4f  the commonest class\n", b.majority);
  printf("  position       %6.4f  the commonest class at the position\n", b.position);
  printf("  n-gram         %6.4f  the commonest class after the last %zu position%s%s\n", b.ngram, b.ngram_n,
         b.ngram_n == 1 ? "" : "s", b.ngram_fields < shape->fields ? "' first tokens" : "");
  printf("  whole example  %6.4f  every scored position right, by the best of these\n\n  level  the best of these\n",
         b.exact);
  for (size_t l = 1; l < shape->levels; l++)
    if (!isnan(by_level[l])) printf("  %5zu  %6.4f\n", l, by_level[l]);
done:
  lat_free(by_level);
  return status;
}
