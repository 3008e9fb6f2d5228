/* Modes of thought: what stands between question and answer, and what training tells of it. One table, one trainer.
 *
 * A task with a trace of R steps that can be removed (lib/task/thinking.h) is trained in stages 0 .. R or in one: stage s has
 * removed s steps and has s c slots in their place, or none. The last stage is the mode as it is used. A mode is
 *   what its slots hold   (lib/train/thinker.h)
 *   whether it has stages
 *   what it is told       the answer alone; the remaining steps; or what the plan's labels say of removed steps
 *   how often the block is run, and how many copies of it are stacked
 * so that any two of them that differ in one of these are a controlled comparison.
 *
 * What counts: a slot is a thought, a class that the model makes is a token. 0 thoughts means no slots: the answer
 * comes straight behind the question. Slots take positions like tokens. */
#ifndef LAT_TRAIN_MODE_H
#define LAT_TRAIN_MODE_H

#include "lib/train/fit.h"
#include "lib/train/thinker.h"

enum lat_told { LAT_TOLD_ANSWER, LAT_TOLD_STEPS, LAT_TOLD_PLAN };

struct lat_mode {
  const char *name, *help, *source; /* source: author, year */
  enum lat_content content;
  enum lat_told told;
  int slots;   /* 1: c slots for each removed step */
  int each;    /* 1: every slot has a token of its own */
  int before;  /* 1: slots stand before the question */
  int keeps;   /* 1: no step is removed */
  int staged;  /* 1: steps are removed stage by stage */
  int smooth;  /* 1: now and then one step more is removed than the stage says (Deng et al. 2024), and the optimiser's state
                * begins anew with each stage */
  int looped;  /* 1: R + 1 loops */
  int stacked; /* 1: R + 1 times the layers */
};

/* Ended by one without a name. */
extern const struct lat_mode lat_modes[];
/* LAT_INPUT with the names that there are. */
int lat_mode_parse(const char *name, const struct lat_mode **mode);

enum { LAT_MODE_STAGES = 33, LAT_MODE_SETTINGS = 2 * LAT_MODE_STAGES };

struct lat_mode_plan {
  const struct lat_mode *mode;
  struct lat_task_setting task; /* with supervision=trace, no thinking */
  size_t keep;                  /* last steps of the trace that stay whatever is removed: a sign before the answer */
  size_t per_step;              /* c >= 1 */
  enum lat_labels
      labels; /* what LAT_TOLD_PLAN means: REACHED (every step that was removed and the next one: dense), REST (Hao et al.
                           * 2024) or NEXT (Zhu et al. 2025) */
  size_t width, heads, layers;
  uint64_t updates, stage; /* of the last stage and of each earlier one, at most; a mode without stages gets them all */
  double gate; /* validation that ends an earlier stage: of all that is asked, of the answer where REST is told */
  size_t batch, validation;
  double rate, stop; /* constant learning rate; validation of the answer that ends training */
  uint64_t seed;
};

/* What training leaves. */
struct lat_mode_fit {
  struct lat_transformer *model;
  struct lat_learner *plain, *learner; /* `learner` is the one to ask */
  struct lat_thinker *thinker;         /* its hook may be set */
  struct lat_task_setting setting;     /* of the last stage: as the mode is used */
  size_t removable, loops;             /* R; T */
  struct lat_fit fit;
};

/* The stages: settings and phases, at most LAT_MODE_SETTINGS and LAT_MODE_STAGES. LAT_INPUT for a plan that cannot be. */
int lat_mode_phases(const struct lat_mode_plan *plan, struct lat_task_setting *setting, struct lat_phase *phase,
                    size_t *phases);

/* Model (pre-norm, learned positions that begin as half a sinusoid, embeddings of deviation 0.5), curriculum, training: lat_fit with its
 * checkpoint, progress and errors. The caller frees the result, also after a failure. */
int lat_mode_fit(const struct lat_mode_plan *plan, const char *checkpoint, lat_fit_tell *tell, void *context,
                 struct lat_mode_fit *result);
void lat_mode_fit_free(struct lat_mode_fit *result);

/* The same model with `slots` slots and no step: accuracy of the answer on `examples` examples of (seed, purpose), made token by
 * token. For the mode as it is used give SIZE_MAX. */
int lat_mode_evaluate(const struct lat_mode_fit *fit, size_t slots, uint64_t seed, const char *purpose, size_t examples,
                      double *accuracy);

/* What answering one question costs, by count. flops: forward, with keys and values kept. passes: model runs that must wait for
 * each other. */
struct lat_mode_cost {
  size_t thoughts, tokens, passes;
  double flops;
};
struct lat_mode_cost lat_mode_cost(const struct lat_mode_plan *plan, const struct lat_mode_fit *fit);

/* "answer", "steps", "dense", "rest" or "next": what a mode of this plan is told. */
const char *lat_mode_told(const struct lat_mode_plan *plan);

#endif
