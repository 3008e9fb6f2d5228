/* A task of its own and a small model for the tests of lib/train/fit. */
#ifndef TESTS_FIT_HELP_H
#define TESTS_FIT_HELP_H

#include "lib/train/fit.h"
#include "lib/train/recipe.h"

/* Bits, and at each place whether it equals the place before (the first: itself). */
enum { LENGTH = 5 };
extern const struct lat_task_setting dense, trace;

struct made {
  struct lat_transformer *model;
  struct lat_learner *learner;
  struct lat_phase phase[2];
  struct lat_fit_plan plan;
};

void make_fit(struct made *made, const struct lat_task_setting *setting);
void drop(struct made *made);

#endif
