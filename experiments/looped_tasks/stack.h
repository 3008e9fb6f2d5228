/* Stacks to compare, in the notation of Saunshi et al. (2025): k x T is a block of k layers applied T times. All else is the shared
 * recipe (lib/train/recipe.h), with heads of about 16 numbers; a loop adds the embedded input before each step but the first. */
#ifndef LAT_EXPERIMENTS_LOOPED_TASKS_STACK_H
#define LAT_EXPERIMENTS_LOOPED_TASKS_STACK_H

#include <stdint.h>

#include "lib/nn/transformer.h"
#include "lib/task/task.h"

struct lat_stack {
  size_t layers, loops, width;
};

/* "kxT", or "kxT@D" for a width of its own in place of `width`. LAT_INPUT with a sentence. */
int lat_stack_parse(const char *text, size_t width, struct lat_stack *stack);

/* The configuration for the longest of the settings; these must agree in classes and fields, and the tokens that two
 * of them have must mean the same (LAT_INPUT); the vocabulary is the largest. */
int lat_stack_config(const struct lat_stack *stack, size_t settings, const struct lat_task_setting *setting,
                     struct lat_transformer_config *config);

#endif
