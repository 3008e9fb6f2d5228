/* A transformer whose slots for thoughts (lib/task/thinking.h) hold something: the mode of thought, as a learner.
 *
 *   token       the slot token's embedding: pauses (one token; Goyal et al. 2024), soft prompts (a token for each slot)
 *   state       the state before it, after the final norm: a continuous thought (Hao et al. 2024). n thoughts are n steps one
 *               after the other; keys and values of what came before are kept, and gradients go through all of them
 *   state-once  the states before all slots, computed in one pass in which slots hold their tokens, put in at once for a second: the
 *               content of thoughts without their sequence
 *   mixture     sum_v softmax(z / temperature)_v E_v of the logits z before it: between a token and a state. Needs one field
 * A slot adds its position like any token. Fixed content computed one slot after the other is `token` itself: with a
 * causal mask the order of computation changes nothing but the cost (a test holds it to that).
 *
 * Logits are there from the question's last position on, rows before it are those of a zero state: tasks with slots ask nothing
 * there. Only the last loop's logits (`every` is refused). */
#ifndef LAT_TRAIN_THINKER_H
#define LAT_TRAIN_THINKER_H

#include "lib/train/learner.h"

enum lat_content { LAT_CONTENT_TOKEN, LAT_CONTENT_STATE, LAT_CONTENT_STATE_ONCE, LAT_CONTENT_MIXTURE };
enum { LAT_CONTENTS = LAT_CONTENT_MIXTURE + 1 };
const char *lat_content_name(enum lat_content content); /* "token" "state" "state-once" "mixture" */
int lat_content_parse(const char *name, enum lat_content *content);

/* What an experiment does with thoughts [B, D], of slot `slot` (from 0): disturbs, narrows, reads. Returns what is fed back, before
 * the position is added; NULL after a failure that the tape has. On many threads at once with one context. With content `token`
 * it sees the slots' embeddings, without positions. */
typedef struct lat_array *lat_thought(void *context, struct lat_pass *pass, size_t slot, struct lat_array *x);

/* Kept by the caller as long as the learner; may be changed between passes. */
struct lat_thinker {
  enum lat_content content;
  int32_t slot;       /* first slot token: tokens from here on are slots */
  double temperature; /* of a mixture, > 0 */
  lat_thought *thought;
  void *context;
};

/* Over a model that the caller owns and keeps. A pass is refused (LAT_INPUT) whose examples have their slots at different places or not side by
 * side, and one whose slots stand first when their content is computed. LAT_INPUT for a full mask (but content `token`), LAT_MEMORY. */
int lat_learner_thinker(struct lat_transformer *model, const struct lat_thinker *thinker, struct lat_learner **learner);

#endif
