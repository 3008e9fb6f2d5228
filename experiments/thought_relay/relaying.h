/* One relay trained and measured, as thought_relay and bits_ladder do it.
 *
 * What a reader's held-out cross-entropy says of the information (Barber and Agakov 2003; Cover and Thomas 2006, section 2.5): with the bits
 * b_i fair and independent, q_i the reader's probability of b_i and Z all that it is given,
 *   I(b; Z) >= sum_i I(b_i; Z) >= sum over any bits i of 1 - E[-log2 q_i].
 * The bits that are summed over are those for which validation examples say 0.01 bit or more; test examples say how much, so that choosing
 * adds nothing. Fano's inequality (ibid., section 2.10), bit by bit, with e_i the share of errors: I(b_i; Z) >= 1 - h(e_i). */
#ifndef LAT_EXPERIMENTS_THOUGHT_RELAY_RELAYING_H
#define LAT_EXPERIMENTS_THOUGHT_RELAY_RELAYING_H

#include "lib/sweep/experiment.h"
#include "lib/train/fit.h"
#include "lib/train/relay.h"

struct lat_relaying {
  struct lat_relay_config relay;
  int transformers; /* at the ends, of one layer each and width 64, in place of perceptrons */
  size_t first;     /* so many of the bits are asked alone, for as long as `updates` at most; 0: all at once */
  double rate;      /* peak of the learning rate */
  uint64_t updates; /* at most; training ends when 512 validation examples are wholly right */
  size_t batch;     /* a multiple of 2 */
  uint64_t seed;
};

/* Makes and trains; the caller frees it by lat_relayed_free, after a failure too. */
struct lat_relayed {
  struct lat_relaying relaying;
  struct lat_task_setting setting; /* all bits are asked */
  struct lat_transformer *model;   /* or NULL */
  struct lat_learner *learner;
  struct lat_fit fit;
  size_t revived; /* codes that were dead and moved, over the training */
};
/* LAT_INPUT when there can be no such relay. */
int lat_relaying_check(const struct lat_relaying *relaying);
/* `run`: whose progress is told; may be NULL. A fit that diverged is LAT_OK. */
int lat_relaying_run(const struct lat_relaying *relaying, struct lat_run *run, struct lat_relayed *relayed);
void lat_relayed_free(struct lat_relayed *relayed);

/* All in bits, for all thoughts together. */
struct lat_recovered {
  double bits, low, high; /* by cross-entropy on test examples, and the 95 % interval of that mean; at least 0 */
  double fano,
      fano_low; /* by error rates, and with each bit's rate at the upper end of an interval (Clopper and Pearson 1934), all of
                           * which hold together with 95 % */
  double validation; /* as `bits`, on validation examples: what settings are chosen by */
  double exact;      /* share of test examples wholly right */
  double accuracy;   /* share of bits right */
  size_t counted;    /* bits that are summed over */
  double
      sent; /* channels with codes: entropy of the codes on test examples (Miller 1955), what any reader could get at most; NaN without codes */
  size_t used; /* codes that occur in them, of n K: those of each thought apart */
};
int lat_relaying_measure(const struct lat_relayed *relayed, size_t examples, struct lat_recovered *recovered);

#endif
