/* Which serial problems need only about log2 of their length in loops? Three, run on the one transformer with explicit
 * weights (lib/compile/doubling.h), and beside them the scan that moves by one letter or edge a loop:
 * words: the product of n letters of a group; hop: p hops of induction; reach: all pairs of a graph.
 * After every loop every token is compared with what that many loops should give, so 'one loop fewer is wrong' is checked
 * as an equality too, and not only as a failure. */
#include <assert.h>
#include <string.h>

#include "experiments/doubling/analyse.h"
#include "experiments/doubling/problem.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/relation.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                            \
  TEXT(problem, "-", "words, hop or reach: see the top of the file", "words,hop,reach", "words,hop,reach",           \
       "words,hop,reach")                                                                                            \
  TEXT(pace, "-", "doubling, or scan: one letter or edge a loop", "doubling,scan", "doubling,scan", "doubling,scan") \
  TEXT(group, "-", "group of the words: z1 .. z128, s2 .. s5, a3 .. a5", "z2,s3", "z2,z60,s3,a5,s5",                 \
       "z2,z5,z60,s3,a4,a5,s5")                                                                                      \
  TEXT(graph, "-", "graph of reach: path, cycle, tree or random", "path,random", "path,cycle,tree,random",           \
       "path,cycle,tree,random")                                                                                     \
  INT(length, "1", 1, 4096, "letters of a word, or vertices of a graph", "5,8", "2,5,16,33,128,300,1024",            \
      "2,3,4,5,8,9,16,17,32,33,64,100,128,129,256,300,512,600,1024")                                                 \
  INT(hops, "1", 1, 512, "hops p (hop)", "1,3", "1,2,3,4,7,8,16,25,32", "1,2,3,4,5,7,8,9,16,25,32,33,64,100,128")    \
  INT(symbols, "1", 3, 64, "symbols of the hop sequences, which have 8 p + 8 tokens", "4", "4", "4")                 \
  INT(instances, "1", 1, 10000, "words, sequences or random graphs a point", "6", "16", "64")                        \
  INT(scan_instances, "1", 1, 10000, "words of a scan", "3", "3", "4")                                               \
  INT(scan_longest, "1", 1, 4096, "longest scan", "8", "33", "1024")                                                 \
  INT(graph_largest, "1", 1, 4096, "most vertices of a graph", "8", "128", "300")                                    \
  INT(seed, "1", 0, 1e15, "of words, sequences and random graphs", "1", "1", "1")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"loops_theory", "loops", "loops that the construction needs", LAT_INTEGER, "", 0},
    {"loops_needed", "loops", "first loop from which all instances are right; -1: none", LAT_INTEGER, "", 0},
    {"reach", "1", "letters, hops or diameter", LAT_INTEGER, "", 0},
    {"right", "1", "instances right after each loop", LAT_INTEGER, "loop", 0},
    {"instances_run", "1", "instances, the first one chosen to show one loop too few", LAT_INTEGER, "", 0},
    {"lucky", "1", "other instances that are right one loop too early", LAT_INTEGER, "", 0},
    {"values", "1", "values of tokens compared with theory, over all loops", LAT_INTEGER, "", 0},
    {"off_theory", "1", "of these: not what that many loops should give", LAT_INTEGER, "", 0},
    {"inexact", "1", "entries of the state that are no whole number, over all loops", LAT_INTEGER, "", 0},
    {"order", "1", "order of the group", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"solvable", "1", "1 when the group is solvable", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"units", "1", "hidden units of the layer", LAT_INTEGER, "", 0},
    {"parameters", "1", "parameters of the model", LAT_INTEGER, "", 0},
    {"flops", "1", "operations for one instance, all loops", LAT_REAL, "", 0},
    {0}};

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int words = strcmp(p->problem, "words") == 0, hop = strcmp(p->problem, "hop") == 0;
  int reach = strcmp(p->problem, "reach") == 0, scan = strcmp(p->pace, "scan") == 0;
  if (!words && !hop && !reach) return NULL; /* check says what is wrong with it */
  if (!words && strcmp(p->group, "z2") != 0) return "group matters to words only: listed once, with z2";
  if (!reach && strcmp(p->graph, "path") != 0) return "graph matters to reach only: listed once, with path";
  if (hop && p->length != 5) return "length does not matter to hop: listed once, with 5";
  if (hop && scan) return "hop has no scan";
  if (!hop && p->hops != 1) return "hops matter to hop only: listed once, with 1";
  if (scan && p->length > p->scan_longest) return "scan_longest says so";
  if (reach && p->length > p->graph_largest) return "graph_largest says so";
  return NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  unsigned char edge[1];
  enum lat_pace pace;
  struct lat_group *group;
  int words = strcmp(p->problem, "words") == 0, reach = strcmp(p->problem, "reach") == 0;
  int status = lat_pace_parse(p->pace, &pace);
  if (status != LAT_OK || strcmp(p->problem, "hop") == 0) return status;
  if (reach) return lat_relation_make(p->graph, 1, 0, edge);
  if (!words) return LAT_FAIL(LAT_INPUT, "problem '%s' is none of words, hop, reach", p->problem);
  status = lat_group_make(p->group, &group);
  lat_group_free(group);
  return status;
}

static int make(const struct parameters *p, uint64_t seed, struct lat_problem *problem) {
  enum lat_pace pace;
  int status = lat_pace_parse(p->pace, &pace);
  if (status != LAT_OK) return status;
  size_t length = (size_t)p->length;
  if (strcmp(p->problem, "words") == 0) {
    int64_t words = pace == LAT_PACE_SCAN && p->scan_instances < p->instances ? p->scan_instances : p->instances;
    return lat_problem_words(p->group, length, pace, (size_t)words, seed, problem);
  }
  if (strcmp(p->problem, "hop") == 0)
    return lat_problem_hop((size_t)p->symbols, (size_t)p->hops, (size_t)p->instances, seed, problem);
  assert(strcmp(p->problem, "reach") == 0);
  return lat_problem_reach(p->graph, length, pace, strcmp(p->graph, "random") == 0 ? (size_t)p->instances : 1, seed,
                           problem);
}

static int run(struct lat_run *run) {
  struct lat_problem problem = {0};
  int status = LAT_OK;
  LAT_TRY(status, make(lat_run_parameters(run), lat_run_seed(run), &problem));
  for (size_t i = 0; i < problem.instances; i++) {
    LAT_TRY(status, lat_problem_run(&problem, i));
    LAT_TRY(status, lat_run_progress(run, (double)(i + 1) / (double)problem.instances));
  }
  int64_t needed = -1, all = (int64_t)problem.instances;
  for (size_t t = problem.rows; t-- > 0 && problem.right[t] == all;) needed = (int64_t)t;
  const struct lat_transformer_config *config = &problem.model->config;
  LAT_TRY(status, lat_put_integer(run, "loops_theory", (int64_t)problem.loops));
  LAT_TRY(status, lat_put_integer(run, "loops_needed", needed));
  LAT_TRY(status, lat_put_integer(run, "reach", (int64_t)problem.reach));
  LAT_TRY(status, lat_put_integers(run, "right", 1, &problem.rows, problem.right));
  LAT_TRY(status, lat_put_integer(run, "instances_run", all));
  LAT_TRY(status, lat_put_integer(run, "lucky", problem.loops > 0 ? problem.right[problem.loops - 1] : 0));
  LAT_TRY(status, lat_put_integer(run, "values", problem.values));
  LAT_TRY(status, lat_put_integer(run, "off_theory", problem.off_theory));
  LAT_TRY(status, lat_put_integer(run, "inexact", problem.inexact));
  if (problem.group != NULL) {
    LAT_TRY(status, lat_put_integer(run, "order", (int64_t)problem.group->order));
    LAT_TRY(status, lat_put_integer(run, "solvable", problem.group->solvable));
  }
  LAT_TRY(status, lat_put_integer(run, "units", (int64_t)config->ffn));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)problem.model->count));
  LAT_TRY(status, lat_put_real(run, "flops", lat_transformer_flops(config, problem.tokens) * (double)problem.loops));
done:
  lat_problem_free(&problem);
  return status;
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double n = (double)p->length, loops = strcmp(p->pace, "scan") == 0 ? n : 10, instances = (double)p->instances;
  double units = strstr("a5 z60", p->group) != NULL ? 3600 : strcmp(p->group, "s5") == 0 ? 14400 : 100;
  if (loops > 10) instances = (double)p->scan_instances;
  if (strcmp(p->problem, "hop") == 0) return instances * (double)p->hops * 3e5;
  if (strcmp(p->problem, "reach") == 0) return n * n * n * loops * 20;
  return instances * n * loops * (units * 100 + n * 30);
}

const struct lat_experiment lat_experiment_doubling;
const struct lat_experiment lat_experiment_doubling = {
    .name = "doubling",
    .section = "A. Expressiveness",
    .question = "Which serial problems need only about log2 of their length in loops?",
    .prediction =
        "A word of n letters over any finite group takes exactly ceil(log2 n) loops of one layer, p hops 2 + ceil(log2 p), "
        "reachability ceil(log2 diameter), and one loop fewer is wrong; the scan takes n - 1 and diameter - 1. Every token "
        "after every loop holds the product over exactly the reach of that many loops, S5 and A5 no later than groups that "
        "are solvable: their units cost |G|^2, not depth. One loop too early a random word is right with probability "
        "1/|G|.",
    .refuted_if =
        "a point needs another number of loops than the formula says, or a single token differs from its predicted reach "
        "after "
        "any loop, or the state is not a whole number somewhere",
    .source =
        "prefix sums in log steps: Hillis and Steele 1986; looped transformers: Saunshi et al. 2025, theorem 5.1 and "
        "corollary 5.3; log depth: Merrill and Sabharwal 2025; words over S5 and A5 are NC1-complete: Barrington 1989",
    .caption =
        "(a) Loops until all instances are right, against the number of letters n: doubling (filled marks) on the line "
        "ceil(log2 n), the scan (open marks) on n - 1; groups are drawn side by side. (b) The same for p hops on 2 + "
        "ceil(log2 "
        "p), "
        "and for reachability against the diameter of the graph on ceil(log2 d), its scan on d - 1. (c) Random words that "
        "are "
        "right one loop too early, against the order of the group, with 95 % intervals, on 1/|G|; filled: solvable groups, "
        "open: A5 and S5.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_doubling_analyse,
};
