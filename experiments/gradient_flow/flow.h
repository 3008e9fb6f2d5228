/* One variant of a loop, and how gradients flow through it: made, measured, and made ready to be trained. */
#ifndef LAT_EXPERIMENTS_GRADIENT_FLOW_FLOW_H
#define LAT_EXPERIMENTS_GRADIENT_FLOW_FLOW_H

#include "lib/nn/initialise.h"
#include "lib/nn/jacobian.h"
#include "lib/task/task.h"
#include "lib/train/learner.h"

/* bare: neither residual connections nor norms; none: residual connections without norms; the others: both, placed as named. */
enum lat_flow_block { LAT_FLOW_BARE, LAT_FLOW_NONE, LAT_FLOW_PRE, LAT_FLOW_POST, LAT_FLOW_SANDWICH };

struct lat_flow_choice {
  enum lat_flow_block block;
  enum lat_injection injection;
  int untied; /* T layers, each used once, in place of one layer used T times */
  int damped; /* what is added to the stream times 1 / sqrt(2 T) */
  enum lat_initial weights;
  double gain;
  size_t width, heads, length, loops; /* of words of `length` bits, whose prefixes' parities are asked */
  uint64_t seed;
};

struct lat_flow {
  struct lat_task_setting setting;
  struct lat_task_shape shape;
  struct lat_transformer *model;
  struct lat_learner *learner; /* runs the variant, injection between untied layers and missing residuals included */
  struct lat_loop loop;
};

int lat_flow_block_parse(const char *name, enum lat_flow_block *block); /* LAT_INPUT */
/* LAT_INPUT, LAT_MEMORY; to be closed either way. */
int lat_flow_open(const struct lat_flow_choice *choice, struct lat_flow *flow);
void lat_flow_close(struct lat_flow *flow);

/* The first that is met. What cannot be measured then is NaN. */
enum lat_flow_state { LAT_FLOW_FINE, LAT_FLOW_STATE_BROKEN, LAT_FLOW_GRADIENT_BROKEN, LAT_FLOW_GRADIENT_ZERO };

enum { LAT_FLOW_VALUES = 4 };

/* L: mean cross-entropy over all asked positions of the examples; h_t: state after t loops. */
struct lat_flow_measure {
  double state;          /* enum lat_flow_state: in single precision, as training would meet it */
  double broken_at;      /* loops after which the state is not finite; NaN: it is */
  double rms;            /* of h_T */
  double log_ratio;      /* log10 |dL/dh_0| / |dL/dh_T| through the loop alone, on the first `probes` examples */
  double log_input;      /* the same with what comes back through the injection, over all examples */
  double log_parameters; /* log10 of |dL/d block's parameters| */
  double log_singular[LAT_FLOW_VALUES]; /* natural logarithms of the largest of dh_T/dh_0, first example */
  double log_step;                      /* the largest of dh_T/dh_(T-1) */
  double residual;                      /* of the singular values, see lib/nn/jacobian.h; the larger of both */
};

/* On examples 0 .. examples - 1 of (seed, "flow"). LAT_MEMORY. */
int lat_flow_measure(const struct lat_flow *flow, uint64_t seed, size_t examples, size_t probes,
                     struct lat_flow_measure *measure);

#endif
