/* The relay: a sender sees bits, thoughts pass, a reader returns the bits.
 *
 * With x in {-1, 1}^m the bits, thought t = 0 .. n-1 of width d and f the tanh form of GELU,
 *   h = f(W1 x + U c_(t-1) + b1 + s_t), .. (sender_layers hidden layers of `hidden` units, the later ones h = f(W h + b)),
 *   z_t = W_out h + b_out,    c_t = channel(z_t),    c_(-1) = 0,
 *   g = f(sum_t R_t c_t + b), .. (reader_layers of them; none: linear),    logits of bit i = row i of W_read g + b_read, 2 a bit.
 * A thought is made from the bits and the thought before it, as it arrived, by one sender with tied weights and a vector s_t for
 * each step. What a thought can carry is bounded by its channel, lat_relay_bound; everything else is the sender's and the
 * reader's own limit. Channels (lib/nn/channel.h):
 *   continuous  c = z, d numbers in single precision
 *   quantised   c = the nearest of 2^b levels of tanh(z) in -1 .. 1
 *   noisy       c = norm(z) + deviation N(0, 1), norm the layer normalisation without gain or bias: |norm(z)|^2 <= d
 *   codebook    c = the nearest of K codes (van den Oord, Vinyals and Kavukcuoglu 2017)
 *   gumbel      c = code k, z are K logits; in training k is a sample of their softmax (Jang, Gu and Poole 2017), else the largest */
#ifndef LAT_TRAIN_RELAY_H
#define LAT_TRAIN_RELAY_H

#include "lib/task/task.h"
#include "lib/train/learner.h"

enum lat_relay_kind { LAT_RELAY_CONTINUOUS, LAT_RELAY_QUANTISED, LAT_RELAY_NOISY, LAT_RELAY_CODEBOOK, LAT_RELAY_GUMBEL };

struct lat_relay_config {
  enum lat_relay_kind kind;
  size_t bits, width, thoughts;                /* m, d, n */
  size_t hidden, sender_layers, reader_layers; /* sender_layers >= 1 */
  unsigned levels;                             /* quantised: b, bits a number */
  double deviation;                            /* noisy */
  size_t codes;                                /* codebook, gumbel: K */
};

/* Weights N(0, 1/fan_in) and codes N(0, 1) from the seed, the rest 0. LAT_INPUT for sizes that cannot be, LAT_MEMORY. The caller frees it
 * with lat_learner_free. It may be used on the task `bits` of length m alone. learner->between, if set, gets each thought as it
 * leaves the channel, with step = t and a pass that has tape, batch, sequence = 1 and channel only. */
int lat_learner_relay(const struct lat_relay_config *config, uint64_t seed, struct lat_learner **learner);

/* The same with a transformer at both ends, for channels without codes and one thought: the first half of the layers of `model` sees the
 * m bits and a third token, in whose place the first d numbers of the state are z; the other half sees m times the third token, to
 * each of which c is added, and gives the bits in their places. The model, of lat_relay_transformer_config, is the caller's, who keeps it. */
int lat_learner_relay_transformer(const struct lat_relay_config *config, struct lat_transformer *model,
                                  struct lat_learner **learner);
/* Of width D, layers in all (an even number); the rest as lat_recipe_config says, without a mask. LAT_INPUT. */
int lat_relay_transformer_config(const struct lat_relay_config *relay, size_t width, size_t heads, size_t layers,
                                 struct lat_transformer_config *config);

/* Temperature of the choice among codes while a gumbel relay is trained, 1 at first; not between the calls of one update. */
void lat_relay_cool(struct lat_learner *learner, double temperature);

/* Codes that none of `examples` examples of (seed, "revive", from index on) takes move to where the sender's state is farthest from
 * every code, one state after the other (the start of k-means: Gonzalez 1985). *dead: how many there were; codebook only, else 0.
 * LAT_MEMORY. */
int lat_relay_revive(struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed, uint64_t index,
                     size_t examples, size_t *dead);

/* What a thought can carry at most, bits: continuous 32 d, quantised b d, codes log2 K; noisy (d - 1) / 2 log2(1 + d / ((d - 1)
 * deviation^2)), the capacity of d - 1 Gaussian channels of power d in all (Shannon 1948, theorem 17), as the norm takes one
 * direction away. Several thoughts: n times it. */
double lat_relay_bound(const struct lat_relay_config *config);

/* What the reader says of each example. */
struct lat_relay_reading {
  size_t examples, bits, thoughts;
  float *loss;        /* [examples, bits] cross-entropy of each bit, nats; 0 where it is not asked */
  unsigned char *hit; /* [examples, bits] */
  int32_t *code;      /* [examples, thoughts]: which code was sent; NULL for channels without codes */
};
/* Examples 0.. of (seed, purpose). LAT_INPUT, LAT_MEMORY. */
int lat_relay_read(const struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed,
                   const char *purpose, size_t examples, struct lat_relay_reading *reading);
void lat_relay_reading_free(struct lat_relay_reading *reading);

const char *lat_relay_name(enum lat_relay_kind kind); /* "continuous" "quantised" "noisy" "codebook" "gumbel" */
/* The reverse; LAT_INPUT with the allowed names. */
int lat_relay_parse(const char *name, enum lat_relay_kind *kind);

#endif
