/* What can be trained on a task: parameters and a pass that gives logits. The transformer is the one that matters; recurrent
 * networks stand beside it as baselines. */
#ifndef LAT_TRAIN_LEARNER_H
#define LAT_TRAIN_LEARNER_H

#include "lib/nn/pass.h"
#include "lib/nn/tape.h"
#include "lib/nn/transformer.h"
#include "lib/train/trainer.h"

/* One pass over B sequences. The arrays live on the tape. */
struct lat_learner_pass {
  struct lat_tape *tape;
  float *gradient; /* [count], added to; NULL: none is wanted */
  size_t batch, sequence;
  const int32_t *token;      /* [B S fields] */
  size_t steps;              /* T: loops of the block; a learner without loops takes 1 for any */
  size_t through;            /* gradients go back through the last so many loops; SIZE_MAX: all */
  int every;                 /* logits after every step are wanted, not only after the last */
  struct lat_random *random; /* for dropout; NULL: none */
  struct lat_random
      *channel; /* for noise that is part of the model, in training and after it; never NULL in fit and evaluate */
  struct lat_array **logits; /* [steps]: filled, NULL where not wanted */
  struct lat_array
      *extra; /* [1, 1], filled by the learner or NULL: a sum over the pass's examples whose mean joins the training loss */
};

struct lat_learner {
  size_t count; /* parameters */
  float *parameters;
  size_t pieces;
  struct lat_piece *piece;
  double dropout;
  size_t
      at_once; /* examples of a pass in fit and evaluate; 0: as many as make 512 positions. Changes the rounding of sums */
  /* LAT_INPUT for tokens or lengths that the model has no place for. Fit for many threads at once. */
  int (*run)(const struct lat_learner *learner, struct lat_learner_pass *pass);
  void (*close)(struct lat_learner *learner);
  double (*flops)(const struct lat_learner *learner, size_t sequence, size_t steps); /* or NULL: see lat_learner_flops */
  const struct lat_transformer *transformer;                                         /* or NULL */
  lat_between *between; /* NULL at first; set by the caller: what happens to a transformer's state after each loop */
  void *between_context;
  void *own;
};

/* Over a model that the caller owns and keeps. LAT_MEMORY. */
int lat_learner_transformer(struct lat_transformer *model, struct lat_learner **learner);

enum lat_cell { LAT_CELL_TANH, LAT_CELL_LSTM };
/* `layers` layers of cells of width D over token embeddings, head with bias. tanh: h_t = tanh(W x_t + U h_(t-1) + b) (Elman 1990);
 * LSTM with input, forget and output gates, forget bias 1 (Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000).
 * Weights N(0, 1/fan_in) from the seed, U orthogonal. LAT_INPUT for sizes of 0, LAT_MEMORY. */
int lat_learner_recurrent(enum lat_cell cell, size_t vocabulary, size_t fields, size_t classes, size_t width, size_t layers,
                          uint64_t seed, struct lat_learner **learner);

/* Floating-point operations of a pass over one sequence, forward: what the learner says, else those of its transformer in all steps. */
double lat_learner_flops(const struct lat_learner *learner, size_t sequence, size_t steps);

/* NULL is allowed. */
void lat_learner_free(struct lat_learner *learner);

#endif
