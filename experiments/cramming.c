/* How many bits of text go into the input vectors of a frozen model? Vectors are optimised for each text, the model reads the text off
 * them; the source's entropy is known exactly, so bits are bits and not the model's own guesses. */
#include <math.h>
#include <string.h>

#include "experiments/cramming/analyse.h"
#include "experiments/cramming/cram.h"
#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"
#include "lib/train/recipe.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                      \
  TEXT(model, "",                                                                                              \
       "own: trained on its source alone; mixed: half of its texts independent letters; initial: not trained " \
       "(control)",                                                                                            \
       "own,initial", "own,mixed,initial", "own,mixed,initial")                                                \
  INT(width, "numbers", 8, 1024, "width D of model and vectors, of 4 heads", "16", "16,32,64", "16,32,64,128") \
  INT(layers, "layers", 1, 64, "of the model", "2", "1,2", "1,2,4")                                            \
  INT(vectors, "vectors", 1, 64, "k: for each text", "1", "1,4", "1,2,4")                                      \
  INT(letters, "1", 2, 64, "size of the alphabet, no multiple of 3", "26", "26", "26")                         \
  INT(successors, "1", 1, 64, "letters that may follow one in the model's source", "4", "4", "4")              \
  INT(training, "updates", 1, 1e7, "of the model, 16 texts of 32 letters each", "40", "400", "1000")           \
  INT(updates, "updates", 1, 1e7, "of the vectors", "20", "300", "1000")                                       \
  REAL(rate, "1", 1e-6, 10, "learning rate of the vectors", "0.05", "0.05", "0.05")                            \
  INT(texts, "texts", 2, 4096, "crammed, of each source and length", "2", "6", "8")                            \
  INT(seed, "", 0, 1000000, "of model, texts and vectors", "0", "0", "0,1,2")
LAT_DEFINE_PARAMETERS(PARAMETERS)

enum { CONTEXT = 32, BATCH = 16, OWN = 0, INDEPENDENT = 1, TEXTS = 2, LOADS = 4, READINGS = TEXTS * LOADS };
/* Letters of a text for each number of its vectors: the last is more than the vectors can hold, the first is less. */
static const double loads[LOADS] = {0.0625, 0.125, 0.25, 0.5};

#define OUTPUT(name, unit, what) \
  { name, unit, what, LAT_REAL, "text,load", 0 }
static const struct lat_output outputs[] = {
    {"length", "letters", "of a text", LAT_INTEGER, "load", 0},
    OUTPUT("exact", "bits", "entropy of a text: of the model's own source, of independent letters"),
    OUTPUT("without", "bits", "a text's length under the model without vectors, mean over texts"),
    OUTPUT("with", "bits", "the same behind its vectors"),
    OUTPUT("gain", "bits", "exact - with: bits of a text that its vectors hold, mean over texts"),
    OUTPUT("gain_low", "bits", "lower end of its 95 % interval"),
    OUTPUT("gain_high", "bits", "upper end of its 95 % interval"),
    OUTPUT("right", "1", "letters right when those before are given"),
    OUTPUT("plain_right", "1", "the same without vectors"),
    OUTPUT("first", "1", "texts whose first letter is right"),
    OUTPUT("alone", "letters", "letters right in a row from the first on, read greedily, mean"),
    {"rounded", "bits", "gain with the vectors' numbers rounded to 1 .. 8 bits, a scale of 32 bits for each vector",
     LAT_REAL, "text,load,bit", 0},
    LAT_FITTING_OUTPUTS,
    {0}};

static int is(const char *text, const char *word) { return strcmp(text, word) == 0; }

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  int others = (p->width != 32) + (p->layers != 2) + (p->vectors != 1);
  if (others > 1) return "one of width, layers and vectors is varied at a time, about 32, 2 and 1";
  if (is(p->model, "initial") && (p->layers != 2 || p->vectors != 1)) return "of the control the width is varied";
  return NULL;
}

static int make_setting(const struct parameters *p, int text, struct lat_task_setting *setting) {
  int status = LAT_OK;
  LAT_TRY(status, lat_task_parse("text", setting));
  LAT_TRY(status, lat_task_set(setting, "letters", p->letters));
  LAT_TRY(status, lat_task_set(setting, "successors", text == INDEPENDENT ? p->letters : p->successors));
  LAT_TRY(status, lat_task_set(setting, "length", CONTEXT));
done:
  return status;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_task_setting setting;
  struct lat_task_shape shape;
  int status = LAT_OK;
  if (!is(p->model, "own") && !is(p->model, "mixed") && !is(p->model, "initial"))
    return LAT_FAIL(LAT_INPUT, "model is own, mixed or initial, not '%s'", p->model);
  if (p->width % 8 != 0)
    return LAT_FAIL(LAT_INPUT, "a width of %d does not divide into 4 heads of even width", (int)p->width);
  LAT_TRY(status, make_setting(p, OWN, &setting));
  LAT_TRY(status, lat_task_shape(&setting, &shape));
done:
  return status;
}

static size_t length_of(const struct parameters *p, size_t load) {
  return (size_t)fmax(2, floor(loads[load] * (double)(p->width * p->vectors)));
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  double rows = is(p->model, "initial") ? 0 : (double)p->training * BATCH * CONTEXT;
  for (size_t l = 0; l < LOADS; l++)
    rows += TEXTS * (double)(p->updates * p->texts) * (double)(length_of(p, l) + (size_t)p->vectors);
  return rows * (double)(p->layers * p->width * (p->width + 40));
}

static int tell(void *context, double fraction) { return lat_run_progress(context, 0.5 * fraction); }

/* The model that is frozen then. Positions are rotary: texts may be longer than those that it learned from. */
static int make_model(struct lat_run *run, struct lat_transformer **model, struct lat_learner **learner) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_task_setting setting[TEXTS];
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  struct lat_fit_plan plan = lat_fit_default();
  struct lat_fit fit = {0};
  int status = LAT_OK;
  for (int text = 0; text < TEXTS; text++) LAT_TRY(status, make_setting(p, text, &setting[text]));
  LAT_TRY(status, lat_recipe_config(setting, (size_t)p->width, 4, (size_t)p->layers, 1, &config));
  config.positions = LAT_POSITIONS_ROTARY;
  config.sequence = 0;
  LAT_TRY(status, lat_recipe_make(&config, &initialisation, (uint64_t)p->seed, model, learner));
  if (is(p->model, "initial")) {
    LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)(*learner)->count));
    LAT_TRY(status, lat_put_text(run, "end", "initial"));
    return LAT_OK;
  }
  struct lat_phase phase = {.settings = is(p->model, "mixed") ? TEXTS : 1,
                            .setting = setting,
                            .loops_low = 1,
                            .loops_high = 1,
                            .updates = (uint64_t)p->training,
                            .batch = BATCH,
                            .advance = 2};
  plan.phases = 1;
  plan.phase = &phase;
  plan.seed = (uint64_t)p->seed;
  plan.training.rate.peak = 0.003;
  plan.stop = 2;
  LAT_TRY(status, lat_fit(*learner, &plan, lat_run_checkpoint(run), tell, run, &fit));
  LAT_TRY(status, lat_fitting_put(run, &fit, (*learner)->count, plan.measure));
done:
  lat_fit_free(&fit);
  return status;
}

static int put(struct lat_run *run, const struct lat_cram_reading *reading) {
  static const char *const name[] = {"exact",     "without", "with",        "gain",  "gain_low",
                                     "gain_high", "right",   "plain_right", "first", "alone"};
  enum { NAMES = sizeof name / sizeof *name };
  const size_t extent[] = {TEXTS, LOADS, LAT_CRAM_ROUNDED};
  double value[NAMES][READINGS], rounded[READINGS * LAT_CRAM_ROUNDED];
  int status = LAT_OK;
  for (size_t i = 0; i < READINGS; i++) {
    const struct lat_cram_reading *r = &reading[i];
    const double of[NAMES] = {r->exact,     r->without, r->with,        r->gain,  r->gain_low,
                              r->gain_high, r->right,   r->plain_right, r->first, r->alone};
    for (size_t n = 0; n < NAMES; n++) value[n][i] = of[n];
    memcpy(rounded + i * LAT_CRAM_ROUNDED, r->rounded, sizeof r->rounded);
  }
  for (size_t n = 0; n < NAMES; n++) LAT_TRY(status, lat_put_reals(run, name[n], 2, extent, value[n]));
  LAT_TRY(status, lat_put_reals(run, "rounded", 3, extent, rounded));
done:
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_cram_reading reading[READINGS];
  int64_t length[LOADS];
  const size_t count = LOADS;
  int status = LAT_OK;
  LAT_TRY(status, make_model(run, &model, &learner));
  for (size_t i = 0; i < READINGS; i++) {
    size_t text = i / LOADS, load = i % LOADS;
    struct lat_cram cram = {.model = model,
                            .letters = (size_t)p->letters,
                            .successors = (size_t)(text == INDEPENDENT ? p->letters : p->successors),
                            .texts = (size_t)p->texts,
                            .length = length_of(p, load),
                            .vectors = (size_t)p->vectors,
                            .updates = (uint64_t)p->updates,
                            .seed = (uint64_t)p->seed,
                            .rate = p->rate};
    length[load] = (int64_t)cram.length;
    LAT_TRY(status, lat_cram(&cram, &reading[i]));
    LAT_TRY(status, lat_run_progress(run, 0.5 + 0.5 * (double)i / READINGS));
  }
  LAT_TRY(status, lat_put_integers(run, "length", 1, &count, length));
  LAT_TRY(status, put(run, reading));
done:
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

const struct lat_experiment lat_experiment_cramming;
const struct lat_experiment lat_experiment_cramming = {
    .name = "cramming",
    .section = "C. Information capacity",
    .question =
        "How many bits of text can one input vector of a frozen model hold, by its width, by their number, by the "
        "model's depth, by rounding?",
    .prediction =
        "After pilot runs at widths 16 to 64, and against the published 0.4 bits a number and more: a vector of a trained "
        "model of "
        "width 32 or more holds fewer than 0.4 exact bits a number, of texts of its source and of independent letters "
        "alike; from "
        "one width to four times that the bits a number at least halve; four vectors hold at least twice as much as one; "
        "rounding "
        "to 6 bits leaves 90 % of it. The published measure reads at least twice the exact one of independent letters in a "
        "model "
        "that never saw such: it counts the model's surprise as room. As initialised, a model holds at least as many "
        "independent "
        "letters as after training on such. Nothing holds more, in the mean over texts, than the bits of its rounded "
        "numbers.",
    .refuted_if =
        "One width, model or number of vectors where the median over seeds, at the best length of text, is on the other "
        "side of one "
        "of these numbers; a reading above what its rounded numbers can hold is a defect and leaves it open.",
    .source =
        "Kuratov et al. 2025 (0.42 to 1.71 bits a number in models of 160 million to 8 billion parameters, derived from "
        "their table 1); no message of w bits saves more than w in the mean: Shannon 1948",
    .caption =
        "(a) Exact bits of text that one vector of a frozen model holds, at the best of four lengths of text, against its "
        "width: "
        "medians over seeds, bars from the least to the most. own: a model trained on a source with four successors a "
        "letter, "
        "crammed with such texts; mixed: trained on those and independent letters, crammed with the latter, as the model "
        "that is "
        "left as initialised. Lines: 0.42 and 1.71 bits a number, the range of published large models. (b) Independent "
        "letters in "
        "the model that never saw such: bits a number, exact and by the published measure (length without vectors less "
        "length with "
        "them); band: the published range. (c) Bits against the number of vectors and of layers, at width 32; lines: as "
        "many times "
        "as much as one. (d) What remains of the bits of one vector of width 32 when its numbers are rounded; line: what "
        "the rounded "
        "numbers can hold at most.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_cramming_analyse,
};
