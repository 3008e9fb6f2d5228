/* How many bits go through one thought? A sender sees m random bits, a thought passes a channel, a reader returns the bits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/thought_relay/analyse.h"
#include "experiments/thought_relay/relaying.h"
#include "experiments/thought_relay/spelling.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"
#include "lib/sweep/fit_outputs.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                  \
  TEXT(thought, "",                                                                                                        \
       "continuous:D; quantised:D:BITS a number; noisy:D:DEVIATION of the noise beside entries of mean square 1; "         \
       "codebook:K; "                                                                                                      \
       "gumbel:K",                                                                                                         \
       "continuous:2,quantised:2:1,noisy:4:1,codebook:4,gumbel:4",                                                         \
       "continuous:1,continuous:2,continuous:4,continuous:8,continuous:16,quantised:8:1,quantised:8:2,quantised:8:3,"      \
       "noisy:8:0.1,noisy:8:0.3,noisy:8:1,noisy:8:3,codebook:4,codebook:16,codebook:64,codebook:256,gumbel:16,gumbel:64",  \
       "continuous:1,continuous:2,continuous:4,continuous:8,continuous:16,continuous:32,quantised:8:1,quantised:8:2,"      \
       "quantised:8:3,quantised:8:4,noisy:8:0.03,noisy:8:0.1,noisy:8:0.3,noisy:8:1,noisy:8:3,noisy:32:1,codebook:4,"       \
       "codebook:8,codebook:16,codebook:32,codebook:64,codebook:128,codebook:256,gumbel:4,gumbel:16,gumbel:64,gumbel:256") \
  INT(bits, "bits", 1, 4096, "random bits m that are sent", "2,6,12", "2,3,4,6,8,12,16,24,32,48",                          \
      "2,3,4,5,6,7,8,12,16,24,32,48,64,96")                                                                                \
  TEXT(arm, "",                                                                                                            \
       "plain: one thought, one hidden layer at each end; first: as many bits as the codes carry are asked alone before "  \
       "all (codebooks, 12 bits); "                                                                                        \
       "reader-0, reader-2, sender-2, both-2: hidden layers (continuous); row-2, row-3, row-4: thoughts in a row "         \
       "(codebook:16, continuous:4; 16 bits); "                                                                            \
       "transformer: at both ends, a quarter of the updates (continuous:8, 8 bits)",                                       \
       "plain,first,reader-0", "plain,first,reader-0,reader-2,sender-2,both-2,row-2,row-3,row-4,transformer",              \
       "plain,first,reader-0,reader-2,sender-2,both-2,row-2,row-3,row-4,transformer")                                      \
  INT(hidden, "units", 1, 65536, "of a hidden layer", "32", "256", "512")                                                  \
  REAL(rate, "1", 0, 1,                                                                                                    \
       "peak learning rate; 0: 0.003 for codes, 0.01 for the rest; another for continuous thoughts in arm plain", "0",     \
       "0", "0")                                                                                                           \
  INT(budget, "updates", 1, 1e9, "updates at most; with arm first as many again", "100", "600", "2500")                    \
  INT(batch, "examples", 2, 65536, "examples of an update", "32", "128", "128")                                            \
  INT(tested, "examples", 2, 1e6, "examples of the test, and of the validation that chooses", "256", "4096", "8192")       \
  INT(seed, "", 0, 1000000, "of parameters, training and test", "0", "0,1,2", "0,1,2,3,4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"bound", "bits", "what the channel can carry at most", LAT_REAL, "", 0},
    {"recovered", "bits", "lower bound by cross-entropy on test examples", LAT_REAL, "", 0},
    {"recovered_low", "bits", "lower end of its 95 % interval", LAT_REAL, "", 0},
    {"recovered_high", "bits", "upper end of its 95 % interval", LAT_REAL, "", 0},
    {"fano", "bits", "lower bound by the error rate of each bit", LAT_REAL, "", 0},
    {"fano_low", "bits", "the same with each rate at the upper end of its interval", LAT_REAL, "", 0},
    {"validation", "bits", "as recovered, on validation examples", LAT_REAL, "", 0},
    {"exact", "1", "test examples wholly right", LAT_REAL, "", 0},
    {"accuracy", "1", "bits right", LAT_REAL, "", 0},
    {"counted", "bits", "bits that are summed over", LAT_INTEGER, "", 0},
    {"sent", "bits", "entropy of the codes on test examples: what any reader could recover at most", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"used", "codes", "codes that occur in the test, of every thought", LAT_INTEGER, "", 0},
    {"revived", "codes", "dead codes that were moved during training", LAT_INTEGER, "", 0},
    LAT_FIT_OUTPUTS,
    {0}};

static int is_arm(const struct parameters *p, const char *name) { return strncmp(p->arm, name, strlen(name)) == 0; }

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  struct lat_relay_config relay;
  if (lat_spelling_parse(p->thought, &relay) != LAT_OK) return NULL; /* check says what is wrong */
  int64_t m = p->bits, d = (int64_t)relay.width, whole = 0;
  int codes = relay.codes > 0, continuous = relay.kind == LAT_RELAY_CONTINUOUS;
  int in_row = strcmp(p->thought, "codebook:16") == 0 || strcmp(p->thought, "continuous:4") == 0;
  while (codes && (size_t)1 << whole < relay.codes) whole++;
  if (p->rate != 0 && !(continuous && is_arm(p, "plain")))
    return "learning rates are compared on continuous thoughts, arm plain";
  if (is_arm(p, "first") && !(relay.kind == LAT_RELAY_CODEBOOK && m == 12))
    return "bits that fit are asked first for codebooks and 12 bits only";
  if (is_arm(p, "transformer") && !(continuous && d == 8 && m == 8 && p->seed == 0))
    return "transformers at one point only";
  if (is_arm(p, "row")) return in_row && m == 16 ? NULL : "thoughts in a row for codebook:16 and continuous:4 with 16 bits";
  if (is_arm(p, "reader") && !(continuous && (m == 3 * d || m == 6 * d)))
    return "readers are compared on continuous thoughts, 3 or 6 bits a number";
  if ((is_arm(p, "sender") || is_arm(p, "both")) && !(continuous && d == 8 && m == 24))
    return "senders are compared on continuous:8 and 24 bits";
  if (p->seed > 2 && !is_arm(p, "plain") && !is_arm(p, "first")) return "other arms take seeds 0, 1, 2";
  if (relay.kind == LAT_RELAY_CODEBOOK && m != whole && m != 12 &&
      !((m == 8 || m == 16) && (relay.codes == 16 || relay.codes == 256)))
    return "codes take log2 K or 12 bits; 16 and 256 codes 8 and 16 too";
  if (relay.kind == LAT_RELAY_GUMBEL && m != whole && m != 12) return "gumbel takes log2 K or 12 bits";
  if (codes && m < whole) return "fewer bits than the codes can carry";
  if (continuous && is_arm(p, "plain") && (m < d || m > 4 * d)) return "from 1 to 4 bits a number";
  if (continuous && d != 8 && m % d != 0) return "a whole number of bits a number, but for d = 8";
  if (relay.kind == LAT_RELAY_QUANTISED && m != (relay.levels > 2 ? 4 : 2) * d)
    return "quantised thoughts of up to 2 bits a number take 2 of them, others 4";
  if (relay.kind == LAT_RELAY_NOISY && m != 2 * d) return "noisy thoughts take 2 bits a number";
  return NULL;
}

static int relaying_of(const struct parameters *p, struct lat_relaying *relaying) {
  int status = LAT_OK;
  size_t whole = 0;
  *relaying = (struct lat_relaying){.transformers = is_arm(p, "transformer"),
                                    .rate = p->rate,
                                    .updates = (uint64_t)p->budget,
                                    .batch = (size_t)p->batch,
                                    .seed = (uint64_t)p->seed};
  LAT_TRY(status, lat_spelling_parse(p->thought, &relaying->relay));
  if (relaying->transformers && relaying->updates > 4) relaying->updates /= 4; /* each takes 20 times as long */
  if (p->rate == 0) relaying->rate = relaying->relay.codes > 0 ? 0.003 : 0.01;
  relaying->relay.bits = (size_t)p->bits;
  relaying->relay.thoughts = is_arm(p, "row-") ? (size_t)(p->arm[4] - '0') : 1;
  relaying->relay.hidden = (size_t)p->hidden;
  relaying->relay.sender_layers = is_arm(p, "sender-2") || is_arm(p, "both-2") ? 2 : 1;
  relaying->relay.reader_layers = is_arm(p, "reader-0") ? 0 : is_arm(p, "reader-2") || is_arm(p, "both-2") ? 2 : 1;
  while (relaying->relay.codes > 0 && (size_t)1 << (whole + 1) <= relaying->relay.codes) whole++;
  if (is_arm(p, "first")) relaying->first = whole < relaying->relay.bits ? whole : relaying->relay.bits;
done:
  return status;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  static const char *const arm[] = {"plain",  "first", "reader-0", "reader-2", "sender-2",
                                    "both-2", "row-2", "row-3",    "row-4",    "transformer"};
  struct lat_relaying relaying;
  size_t known = 0, arms = sizeof arm / sizeof *arm;
  int status = LAT_OK;
  while (known < arms && strcmp(p->arm, arm[known]) != 0) known++;
  LAT_CHECK(status, known < arms, LAT_INPUT,
            "arm '%s' is none of plain, first, reader-0, reader-2, sender-2, both-2, row-2, row-3, row-4, transformer",
            p->arm);
  LAT_TRY(status, relaying_of(p, &relaying));
  LAT_TRY(status, lat_relaying_check(&relaying));
done:
  return status;
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  struct lat_relaying relaying;
  if (relaying_of(p, &relaying) != LAT_OK) return 1;
  const struct lat_relay_config *relay = &relaying.relay;
  double hidden = (double)relay->hidden, one = 2 * (double)(relay->thoughts * relay->width) + 3 * (double)relay->bits;
  one = one * hidden + (double)(relay->sender_layers + relay->reader_layers) * 0.5 * hidden * hidden +
        (double)relay->codes * 64;
  return (double)p->budget * (double)p->batch * one * (relaying.transformers ? 50 : 1);
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_relaying relaying;
  struct lat_relayed relayed = {0};
  struct lat_recovered got;
  int status = LAT_OK;
  LAT_TRY(status, relaying_of(p, &relaying));
  LAT_TRY(status, lat_relaying_run(&relaying, run, &relayed));
  LAT_TRY(status, lat_relaying_measure(&relayed, (size_t)p->tested, &got));
  LAT_TRY(status, lat_put_real(run, "bound", lat_relay_bound(&relaying.relay)));
  LAT_TRY(status, lat_put_real(run, "recovered", got.bits));
  LAT_TRY(status, lat_put_real(run, "recovered_low", got.low));
  LAT_TRY(status, lat_put_real(run, "recovered_high", got.high));
  LAT_TRY(status, lat_put_real(run, "fano", got.fano));
  LAT_TRY(status, lat_put_real(run, "fano_low", got.fano_low));
  LAT_TRY(status, lat_put_real(run, "validation", got.validation));
  LAT_TRY(status, lat_put_real(run, "exact", got.exact));
  LAT_TRY(status, lat_put_real(run, "accuracy", got.accuracy));
  LAT_TRY(status, lat_put_integer(run, "counted", (int64_t)got.counted));
  if (isfinite(got.sent)) LAT_TRY(status, lat_put_real(run, "sent", got.sent));
  LAT_TRY(status, lat_put_integer(run, "used", (int64_t)got.used));
  LAT_TRY(status, lat_put_integer(run, "revived", (int64_t)relayed.revived));
  LAT_TRY(status, lat_put_fit(run, relayed.learner, &relayed.fit));
done:
  lat_relayed_free(&relayed);
  return status;
}

const struct lat_experiment lat_experiment_thought_relay;
const struct lat_experiment lat_experiment_thought_relay = {
    .name = "thought_relay",
    .section = "C. Information capacity",
    .question =
        "How many bits does a trained sender push through one thought to a trained reader: log2 K of a codebook, or "
        "more the wider the thought is?",
    .prediction =
        "One of K codes carries log2 K bits and training gets there: for K = 4..256 the recovered bits (median over seeds) "
        "are within 2 % of log2 K when log2 K bits are sent, and when 12 are sent after log2 K of them were learned first. "
        "Asked for 12 "
        "at once, codes that stand for soft beliefs may lose more. A continuous thought has no such ceiling: what is "
        "recovered grows "
        "in proportion to its width d, with a slope of 1 to 4 bits a number that a deeper reader raises, far below the 32 "
        "bits that a number "
        "has. With b bits a number it is at most b d, near it for b = 1; with noise it follows Shannon's capacity from "
        "below, closest "
        "where the noise is strong. Thoughts in a row add up. Nothing recovers more than its channel can carry.",
    .refuted_if =
        "For some K of 4..256 the median recovered is more than 2 % below log2 K with log2 K bits, or with 12 after a "
        "first phase; or the "
        "slope against d has an interval that reaches 0, or the widest continuous thought recovers less than log2 of the "
        "largest K; or the lower "
        "end of an interval lies above what the channel can carry, anywhere.",
    .source =
        "bottleneck by tokens: Hao et al. 2024; codebooks: van den Oord, Vinyals and Kavukcuoglu 2017; Jang, Gu and Poole "
        "2017; noise: "
        "Shannon 1948, theorem 17; bounds: Barber and Agakov 2003, Fano 1961",
    .caption =
        "(a) Bits recovered against bits sent, mean over seeds: continuous thoughts of width d and codebooks of K codes; "
        "dotted: all that "
        "is sent. (b) Codes: recovered as a share of log2 K, with log2 K bits sent, 12 at once, 12 after log2 K of them "
        "were learned first, and "
        "by Gumbel-softmax; shaded: 2 %. (c) Continuous thoughts against their width d by the reader's hidden layers, for "
        "the number of bits "
        "that validation chooses; line: a + c d fitted for one hidden layer, with the 95 % interval of c. (d) Noise beside "
        "entries of mean "
        "square 1, against Shannon's capacity. (e) b bits a number, against b d. (f) Thoughts in a row. Bars: 95 % "
        "interval over seeds "
        "(Student's t, ended at what the channel can carry; of two seeds both).",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_thought_relay_analyse,
};
