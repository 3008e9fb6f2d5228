/* Between the files of the relay: for relay*.c. */
#ifndef LAT_TRAIN_RELAY_PARTS_H
#define LAT_TRAIN_RELAY_PARTS_H

#include "lib/train/relay.h"

/* What learner->own begins with. */
struct lat_relay_head {
  struct lat_relay_config config;
  float *codes; /* [K, d] among the parameters; NULL without codes */
};
static inline const struct lat_relay_head *lat_relay_head_of(const struct lat_learner *learner) { return learner->own; }

/* Of one pass, for who wants to know: each thought before the channel, and the code that was taken (NULL without codes). On the tape. */
struct lat_relay_trace {
  struct lat_array **state; /* [thoughts] */
  int32_t **code;           /* [thoughts] */
};

/* z -> c for one thought; `codes` NULL for channels without. Adds to pass->extra; *code (may be NULL) gets the rows' codes. */
struct lat_array *lat_relay_channel(const struct lat_relay_config *config, double temperature,
                                    struct lat_learner_pass *pass, struct lat_array *z, struct lat_array *codes,
                                    int32_t **code);
/* learner->between on thought `step`. */
struct lat_array *lat_relay_between(const struct lat_learner *learner, const struct lat_learner_pass *pass, size_t step,
                                    struct lat_array *thought);
/* The bits of the pass as [B, m], -1 or 1. LAT_INPUT for tokens that are no bits or sequences of another length. */
int lat_relay_bits(const struct lat_relay_config *config, const struct lat_learner_pass *pass, struct lat_array **bits);

/* The pass of a learner of lat_learner_relay, telling what went through. */
int lat_relay_trace(const struct lat_learner *learner, struct lat_learner_pass *pass, struct lat_relay_trace *trace);

#endif
