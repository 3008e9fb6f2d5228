#include "experiments/looped_tasks/stack.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/train/recipe.h"

enum { MOST_LAYERS = 64, MOST_WIDTH = 1024, HEAD = 16 };

int lat_stack_parse(const char *text, size_t width, struct lat_stack *stack) {
  unsigned layers, loops, own = (unsigned)width;
  int end = 0, read = sscanf(text, "%3ux%3u%n@%4u%n", &layers, &loops, &end, &own, &end);
  if (read < 2 || text[end] != 0 || layers < 1 || layers > MOST_LAYERS || loops < 1 || loops > MOST_LAYERS)
    return LAT_FAIL(LAT_INPUT, "model '%s': layers x loops is wanted, each 1 to %d, as 2x3, or 2x3@32 for width 32", text,
                    MOST_LAYERS);
  if (own < 2 || own > MOST_WIDTH || own % 2 != 0)
    return LAT_FAIL(LAT_INPUT, "model '%s': its width is %u, and an even one from 2 to %d is wanted", text, own,
                    MOST_WIDTH);
  *stack = (struct lat_stack){layers, loops, own};
  return LAT_OK;
}

static size_t heads(size_t width) {
  size_t count = width / HEAD > 1 ? width / HEAD : 1;
  while (width % count != 0) count--;
  return count;
}

/* Do the tokens that both have mean the same? Then the larger vocabulary serves both. */
static int is_prefix(const struct lat_task_setting *a, const struct lat_task_setting *b, size_t fields, size_t tokens) {
  char one[16], other[16];
  if (a->task != b->task) return 0;
  for (size_t field = 0; field < fields && a->task->token_text != NULL; field++)
    for (size_t token = 0; token < tokens; token++) {
      a->task->token_text(a, field, (int32_t)token, one);
      b->task->token_text(b, field, (int32_t)token, other);
      if (strcmp(one, other) != 0) return 0;
    }
  return 1;
}

int lat_stack_config(const struct lat_stack *stack, size_t settings, const struct lat_task_setting *setting,
                     struct lat_transformer_config *config) {
  struct lat_task_shape shape;
  int status = LAT_OK;
  LAT_TRY(status, lat_recipe_config(&setting[0], stack->width, heads(stack->width), stack->layers, stack->loops, config));
  for (size_t i = 1; i < settings; i++) {
    LAT_TRY(status, lat_task_shape(&setting[i], &shape));
    size_t tokens = shape.vocabulary < config->vocabulary ? shape.vocabulary : config->vocabulary;
    LAT_CHECK(status,
              shape.classes == config->classes && shape.fields == config->fields &&
                  (shape.vocabulary == config->vocabulary || is_prefix(&setting[0], &setting[i], shape.fields, tokens)),
              LAT_INPUT, "task %s: its settings have different vocabularies, so one model cannot be trained on them all",
              setting[0].task->name);
    if (shape.vocabulary > config->vocabulary) config->vocabulary = shape.vocabulary;
    if (shape.sequence > config->sequence) config->sequence = shape.sequence;
  }
  config->input_injection = stack->loops > 1 ? LAT_INJECTION_ADD : LAT_INJECTION_NONE;
done:
  return status;
}
