/* How many steps does a circuit need when one step carries w bits?
 *
 * thought = schedule: list schedules for many w, nothing is run. The others are machines that are built and run:
 * token:  chain of thought, a step is one token of V = 2^w, decoded greedily with a key-value cache;
 * vector: latent feedback, a step is one vector of d channels at b bits each, w = d b, older ones in the cache;
 * wires:  one vector holds all wires, no attention; w without limit;
 * gates:  one token a gate, all of them updated in each step; w without limit. */
#include <math.h>
#include <string.h>

#include "experiments/thought_bandwidth/analyse.h"
#include "experiments/thought_bandwidth/machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                             \
  PATH(circuit, "", "circuit file (AIGER, BENCH or BLIF), taken where family is file", "", "", "")                    \
  TEXT(family, "", "circuit family NAME:SIZE, or file", "parity:16,wallace:3,file",                                   \
       "parity:256,wallace:8,s5_serial:6,square_root:8,file",                                                         \
       "parity:512,wallace:12,s5_serial:16,s5_tree:16,batcher:32,kogge_stone:32,square_root:12,rule110:16,file")      \
  INT(fan_in, "fan-ins", 2, 6, "K: fan-ins of a mapped gate", "2", "2", "2,4")                                        \
  TEXT(thought, "", "schedule, token, vector, wires or gates: see the top of the file",                               \
       "schedule,token,vector,wires,gates", "schedule,token,vector,wires,gates", "schedule,token,vector,wires,gates") \
  INT(bits, "bits", 0, 65536, "w of a token or a vector thought; 0: without limit, for the others", "0,1,4,8",        \
      "0,1,2,4,8,16,32", "0,1,2,4,8,12,16,32")                                                                        \
  INT(channel_bits, "bits", 1, 12, "b of a channel of a vector thought", "1,2", "1,4", "1,2,4")                       \
  INT(vectors, "vectors", 1, 65535, "random input vectors; one that settles late is added", "7", "15", "31")          \
  INT(repeats, "runs", 1, 1000, "timed runs of one vector; the fastest counts", "1", "2", "3")                        \
  INT(seed, "", 0, 1000000, "of the vectors and of random circuits", "0", "0", "0")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"size", "gates", "gates of the mapped circuit that an output needs", LAT_INTEGER, "", 0},
    {"depth", "steps", "longest chain of them", LAT_INTEGER, "", 0},
    {"widest", "gates", "gates of the widest level", LAT_INTEGER, "", 0},
    {"inputs", "bits", "inputs of the circuit", LAT_INTEGER, "", 0},
    {"scheduled", "steps", "steps of the list schedule for this w", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"lower", "steps", "Brent's lower bound for this w", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"upper", "steps", "Brent's upper bound for this w", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"steps", "steps", "steps that the machine took", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"compared", "bits", "output bits compared with the circuit's", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"wrong", "bits", "of these, wrong after the last step", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"wrong_before", "bits", "output bits wrong one step earlier", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"output_count", "outputs", "outputs of the circuit", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"ready_before", "outputs", "outputs there one step earlier", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"certified", "1", "1 when a certificate covers the machine, -1 when its kind has none", LAT_INTEGER, "",
     LAT_MAY_BE_MISSING},
    {"mean_bits", "bits", "wires that appear in a step, mean over steps", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"most_bits", "bits", "wires that appear in a step, at most", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"unplanned", "steps", "steps in which another number of wires appears than the schedule says", LAT_INTEGER, "",
     LAT_MAY_BE_MISSING},
    {"nominal_bits", "bits", "that a step hands on: log2 V of a token, 16 for each entry of a vector", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"flops", "flop", "operations of all steps for one input vector", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"bytes", "B", "what the last step could read of earlier ones: the cache, or the state", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"parameters", "numbers", "parameters of the model", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"schedule_bits", "bits", "w of the schedules", LAT_INTEGER, "budget", LAT_MAY_BE_MISSING},
    {"schedule_steps", "steps", "steps of the list schedule", LAT_INTEGER, "budget", LAT_MAY_BE_MISSING},
    {"schedule_lower", "steps", "Brent's lower bound", LAT_INTEGER, "budget", LAT_MAY_BE_MISSING},
    {"schedule_upper", "steps", "Brent's upper bound", LAT_INTEGER, "budget", LAT_MAY_BE_MISSING},
    {"seconds", "s", "time of one input vector alone", LAT_REAL, "", LAT_IS_TIMING | LAT_MAY_BE_MISSING},
    {0}};

static int is(const struct parameters *p, const char *thought) { return strcmp(p->thought, thought) == 0; }

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  int file = strcmp(p->family, "file") == 0;
  if (file && p->circuit[0] == '\0') return "family file is for --set circuit=FILE";
  if (!file && p->circuit[0] != '\0') return "with --set circuit=FILE only family file is run";
  int token = is(p, "token"), vector = is(p, "vector");
  if (!token && !vector && p->bits != 0) return "w is for tokens and vector thoughts";
  if ((token || vector) && p->bits == 0) return "tokens and vector thoughts have a w";
  if (!vector && p->channel_bits != 1) return "bits of a channel are for vector thoughts";
  if (token && p->bits > 16) return "a token carries at most 16 bits here: the vocabulary is 2^w";
  if ((p->bits > 12 && token) || p->bits > 16) {
    if (strncmp(p->family, "parity:", 7) != 0)
      return "over 12 bits a token and 16 a vector the model has 10^8 parameters: parity alone";
    if (p->channel_bits > 1) return "over 16 bits: one bit a channel";
  }
  if (vector && p->bits % p->channel_bits != 0) return "w is no multiple of the bits of a channel";
  return NULL;
}

/* A circuit that cannot be made, or that needs no step, is told before anything runs. */
static int check(const void *pointer) {
  const struct parameters *p = pointer;
  struct lat_netlist *raw = NULL;
  struct lat_circuit_statistics statistics;
  int status;
  LAT_CHECK(status, is(p, "schedule") || is(p, "token") || is(p, "vector") || is(p, "wires") || is(p, "gates"), LAT_INPUT,
            "thought is schedule, token, vector, wires or gates, not '%s'", p->thought);
  LAT_TRY(status,
          p->circuit[0] != '\0' ? lat_circuit_read(p->circuit, &raw) : lat_family_make(p->family, (uint64_t)p->seed, &raw));
  LAT_TRY(status, lat_circuit_measure(raw, &statistics));
  LAT_CHECK(status, statistics.depth > 0, LAT_INPUT,
            "the circuit '%s' is wires and constants alone: no step is needed; give one with a gate", raw->name);
done:
  lat_netlist_free(raw);
  return status;
}

enum { BUDGETS = 160 };

/* w = 1 .. 17 (V = 2 .. 131,072), then three to a doubling up to the first that holds all gates at once. */
static size_t list_budgets(size_t size, int64_t budget[BUDGETS]) {
  size_t count = 0;
  for (int64_t w = 1; w <= 17; w++) budget[count++] = w;
  for (int64_t base = 16; count + 3 <= BUDGETS && budget[count - 1] < (int64_t)size; base *= 2) {
    if (base > 16) budget[count++] = base;
    budget[count++] = base + base / 4;
    budget[count++] = base + base / 2;
  }
  return count;
}

static int put_schedules(struct lat_run *run, const struct lat_netlist *mapped, size_t size) {
  int64_t value[4][BUDGETS];
  static const char *const name[4] = {"schedule_bits", "schedule_steps", "schedule_lower", "schedule_upper"};
  size_t count = list_budgets(size, value[0]);
  int status = LAT_OK;
  for (size_t k = 0; k < count; k++) {
    struct lat_schedule schedule;
    size_t width = (size_t)value[0][k];
    LAT_TRY(status, lat_schedule_make(mapped, width, &schedule));
    value[1][k] = (int64_t)schedule.steps;
    value[2][k] = (int64_t)lat_brent_lower(schedule.size, schedule.depth, width);
    value[3][k] = (int64_t)lat_brent_upper(schedule.size, schedule.depth, width);
    lat_schedule_free(&schedule);
  }
  for (size_t k = 0; k < 4; k++) LAT_TRY(status, lat_put_integers(run, name[k], 1, &count, value[k]));
done:
  return status;
}

static int put_answer(struct lat_run *run, const struct lat_schedule *plan, const struct lat_bandwidth_answer *answer) {
  int64_t sum = 0, most = 0, unplanned = 0;
  int status = LAT_OK;
  size_t longer = plan->steps > answer->steps ? plan->steps : answer->steps;
  for (size_t t = 0; t < longer; t++) {
    int64_t flips = t < answer->steps ? answer->flips[t] : 0;
    sum += flips;
    if (flips > most) most = flips;
    unplanned += flips != (t < plan->steps ? (int64_t)plan->count[t + 1] : 0);
  }
  LAT_TRY(status, lat_put_integer(run, "scheduled", (int64_t)plan->steps));
  LAT_TRY(status, lat_put_integer(run, "lower", (int64_t)lat_brent_lower(plan->size, plan->depth, plan->width)));
  LAT_TRY(status, lat_put_integer(run, "upper", (int64_t)lat_brent_upper(plan->size, plan->depth, plan->width)));
  LAT_TRY(status, lat_put_integer(run, "steps", (int64_t)answer->steps));
  LAT_TRY(status, lat_put_integer(run, "compared", answer->compared));
  LAT_TRY(status, lat_put_integer(run, "wrong", answer->wrong));
  LAT_TRY(status, lat_put_integer(run, "wrong_before", answer->wrong_before));
  LAT_TRY(status, lat_put_integer(run, "output_count", answer->outputs));
  LAT_TRY(status, lat_put_integer(run, "ready_before", answer->ready_before));
  LAT_TRY(status, lat_put_integer(run, "certified", answer->certified));
  LAT_TRY(status, lat_put_real(run, "mean_bits", (double)sum / (double)answer->steps));
  LAT_TRY(status, lat_put_integer(run, "most_bits", most));
  LAT_TRY(status, lat_put_integer(run, "unplanned", unplanned));
  LAT_TRY(status, lat_put_real(run, "nominal_bits", answer->nominal_bits));
  LAT_TRY(status, lat_put_real(run, "flops", answer->flops));
  LAT_TRY(status, lat_put_real(run, "bytes", answer->bytes));
  LAT_TRY(status, lat_put_integer(run, "parameters", answer->parameters));
  if (isfinite(answer->seconds)) LAT_TRY(status, lat_put_real(run, "seconds", answer->seconds));
done:
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_bandwidth_question question = {0};
  struct lat_bandwidth_answer answer = {0};
  struct lat_schedule plan = {0}, widest = {0};
  size_t most = 0;
  int status;
  int token = is(p, "token"), vector = is(p, "vector");
  LAT_TRY(status,
          lat_bandwidth_ask(p->circuit, p->family, (unsigned)p->fan_in, (size_t)p->vectors, (uint64_t)p->seed, &question));
  question.repeats = (size_t)p->repeats;
  LAT_TRY(status, lat_schedule_make(question.mapped, SIZE_MAX, &widest));
  LAT_TRY(status, lat_schedule_make(question.mapped, p->bits > 0 ? (size_t)p->bits : SIZE_MAX, &plan));
  for (size_t t = 1; t <= widest.steps; t++) most = widest.count[t] > most ? widest.count[t] : most;
  LAT_TRY(status, lat_put_integer(run, "size", (int64_t)plan.size));
  LAT_TRY(status, lat_put_integer(run, "depth", (int64_t)plan.depth));
  LAT_TRY(status, lat_put_integer(run, "widest", (int64_t)most));
  LAT_TRY(status, lat_put_integer(run, "inputs", (int64_t)question.mapped->inputs));
  if (is(p, "schedule")) {
    LAT_TRY(status, put_schedules(run, question.mapped, plan.size));
  } else {
    LAT_TRY(status, token || vector
                        ? lat_bandwidth_thoughts(&question, token, (size_t)p->bits, (unsigned)p->channel_bits, &answer)
                    : is(p, "wires") ? lat_bandwidth_wires(&question, &answer)
                                     : lat_bandwidth_gates(&question, &answer));
    LAT_TRY(status, put_answer(run, &plan, &answer));
  }
done:
  lat_bandwidth_answer_free(&answer);
  lat_schedule_free(&plan);
  lat_schedule_free(&widest);
  lat_bandwidth_forget(&question);
  return status;
}

const struct lat_experiment lat_experiment_thought_bandwidth = {
    .name = "thought_bandwidth",
    .section = "A. Expressiveness",
    .question = "How many steps does a circuit need when one step carries w bits?",
    .prediction =
        "Tokens and vectors lie on one curve: whatever a thought is made of, a machine that adds at most w wires a step "
        "takes as many steps as a list schedule of width w, max(depth, size / w) <= T <= depth + (size - depth) / w, and "
        "every output is right. From w = the widest level on T is the depth, however many bits a vector nominally has. "
        "What a step costs is counted beside the steps, not predicted: fewer steps need not be fewer operations.",
    .refuted_if =
        "one schedule leaves Brent's bounds, one machine takes another number of steps than its schedule or adds another "
        "number of wires in one of them, or one output bit is wrong. The test is void when all outputs are there one step "
        "earlier.",
    .source =
        "Brent 1974, lemma 2; list schedules: Hu 1961, Graham 1966; thoughts as steps of a circuit: Xu and Sato (2025), "
        "theorems 3.5 and 3.6",
    .caption =
        "(a) Steps against the bits w that a step may carry: list schedules (lines), Brent's bounds (bands) and machines "
        "that were built and run (marks): a token of V = 2^w; a vector of d channels of b bits, fed back, w = d b, earlier "
        "ones cached; all wires in one vector; a token per gate. The last two have no limit and stand at the number of "
        "gates. Grey: what one token of V = 2 .. 131,072 carries. (b) Operations for one input vector against steps, same "
        "machines; zero weights are counted. (c) Wires that appear in a step, measured mean, against the bits that a step "
        "nominally hands on: log2 V of a token, 16 for each entry of a vector or a state; dotted: all of them used.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .run = run,
    .analyse = lat_thought_bandwidth_analyse,
};
