/* Does one continuous thought hold a whole search frontier? Two measurements:
 * search: the two-layer machine of Zhu et al. with explicit weights on many graphs: what every thought holds, from which thought on
 *         the answer is right, and what sampled and breadth-first chains of thought and squaring need on the same graphs;
 * width:  how large a frontier can be read from one vector of d channels when there are n > d nodes. */
#include <math.h>
#include <string.h>

#include "experiments/superposition/parts.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/task/graph_make.h"
#include "lib/task/prosqa.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                  \
  TEXT(measure, "-", "search or width: see the top of the file", "search,width", "search,width", "search,width")           \
  TEXT(family, "-", "graphs: prosqa:N, random:N, clique:N, layered:D or file (search)",                                    \
       "prosqa:23,clique:24,layered:4,file",                                                                               \
       "prosqa:23,random:30,clique:24,layered:1,layered:2,layered:4,layered:8,layered:16,file",                            \
       "prosqa:23,prosqa:60,random:30,random:60,clique:24,clique:40,layered:1,layered:2,layered:3,layered:4,layered:6,"    \
       "layered:8,layered:12,layered:16,layered:24,layered:32,file")                                                       \
  PATH(data, "-", "the authors' JSON file of ProsQA records, taken where family is file", "", "", "")                      \
  INT(graphs, "1", 1, 100000, "graphs of up to 23 nodes; of N nodes 23 / N of that, but 5", "5", "60", "300")              \
  TEXT(setting, "-",                                                                                                       \
       "built; or moved: positions:P channels, sharpness:X, tau:F of its own choice, low_threshold (1 / 4n), narrow (n - " \
       "1 channels)",                                                                                                      \
       "built,sharpness:0.5,tau:0.1,low_threshold,narrow",                                                                 \
       "built,positions:8,positions:128,sharpness:8,sharpness:2,sharpness:0.5,tau:0.5,tau:0.3,tau:0.25,tau:0.2,tau:0.15,"  \
       "tau:0.1,low_threshold,narrow",                                                                                     \
       "built,positions:8,positions:16,positions:64,positions:128,sharpness:12,sharpness:8,sharpness:4,sharpness:3,"       \
       "sharpness:2,sharpness:1,sharpness:0.5,tau:0.5,tau:0.4,tau:0.35,tau:0.3,tau:0.275,tau:0.25,tau:0.225,tau:0.2,"      \
       "tau:0.175,tau:0.15,tau:0.125,tau:0.1,low_threshold,narrow")                                                        \
  INT(nodes, "1", 2, 65536, "nodes to choose a frontier from (width)", "64", "512", "512,2048")                            \
  INT(channels_read, "channels", 1, 65536, "channels of the vector (width)", "32,48", "32,64,128,256",                     \
      "32,64,128,256,448")                                                                                                 \
  INT(trials, "1", 1, 10000000, "random frontiers of each size (width)", "200", "400", "2000")                             \
  INT(seed, "1", 0, 1e15, "of graphs, directions and walks", "1", "1", "1")
LAT_DEFINE_PARAMETERS(PARAMETERS)

#define MAYBE LAT_MAY_BE_MISSING
static const struct lat_output outputs[] = {
    {"searched", "1", "graphs searched", LAT_INTEGER, "", MAYBE},
    {"exact", "1", "graphs whose thoughts are all exact superpositions", LAT_INTEGER, "", MAYBE},
    {"right", "1", "graphs answered right after every number of thoughts", LAT_INTEGER, "", MAYBE},
    {"expected", "1", "graphs that theory expects to be exact at this tau", LAT_INTEGER, "", MAYBE},
    {"agree", "1", "graphs that are exact where theory expects it and not where it does not", LAT_INTEGER, "", MAYBE},
    {"early", "1", "graphs answered before the target's distance", LAT_INTEGER, "", MAYBE},
    {"thoughts", "1", "thoughts compared", LAT_INTEGER, "", MAYBE},
    {"exact_thoughts", "1", "exact ones among them", LAT_INTEGER, "", MAYBE},
    {"most_nodes", "1", "nodes that the machine is built for", LAT_INTEGER, "", MAYBE},
    {"most_edges", "1", "edges that the machine is built for", LAT_INTEGER, "", MAYBE},
    {"width", "channels", "channels of a node's vector", LAT_INTEGER, "", MAYBE},
    {"channels", "channels", "width of the residual stream", LAT_INTEGER, "", MAYBE},
    {"parameters", "1", "parameters of the machine", LAT_INTEGER, "", MAYBE},
    {"tokens", "tokens", "longest sequence", LAT_INTEGER, "", MAYBE},
    {"nodes_mean", "1", "nodes of a graph", LAT_REAL, "", MAYBE},
    {"edges_mean", "1", "edges of a graph", LAT_REAL, "", MAYBE},
    {"least", "thoughts", "fewest thoughts for the answer, mean", LAT_REAL, "", MAYBE},
    {"distance", "edges", "distance of the target, mean", LAT_REAL, "", MAYBE},
    {"eccentricity", "edges", "largest distance from the root, mean", LAT_REAL, "", MAYBE},
    {"diameter", "edges", "largest distance between two nodes, mean", LAT_REAL, "", MAYBE},
    {"squarings", "1", "squarings of the adjacency matrix until the target is seen, mean", LAT_REAL, "", MAYBE},
    {"search_nodes", "tokens", "nodes that breadth-first search takes until the target is seen, mean", LAT_REAL, "", MAYBE},
    {"search_edges", "tokens", "edges that breadth-first search looks at until the target is seen, mean", LAT_REAL, "",
     MAYBE},
    {"descent_hit", "1", "probability that one random descent ends on the target, mean", LAT_REAL, "", MAYBE},
    {"descent_tokens", "tokens", "expected tokens of random descents until one hits, mean", LAT_REAL, "", MAYBE},
    {"descent_sampled", "tokens", "the same, sampled (20 a graph); missing where a graph is hit by under 1 walk in 10,000",
     LAT_REAL, "", MAYBE},
    {"frontier_bits", "bits", "log2 of the sets of the size of a thought's, its largest over the thoughts, mean", LAT_REAL,
     "", MAYBE},
    {"set_size", "1", "nodes in the last thought, mean", LAT_REAL, "", MAYBE},
    {"spread", "1", "largest |product sqrt|V_c| - 1| inside V_c", LAT_REAL, "", MAYBE},
    {"outside", "1", "largest |product sqrt|V_c|| outside V_c", LAT_REAL, "", MAYBE},
    {"positions", "channels", "channels for positions", LAT_INTEGER, "", MAYBE},
    {"sharpness", "1", "eta times the smallest gap of two positions' scores", LAT_REAL, "", MAYBE},
    {"tau_factor", "1", "tau over its own choice, sqrt(n) ln(16 m S)", LAT_REAL, "", MAYBE},
    {"eta", "1", "realised eta", LAT_REAL, "", MAYBE},
    {"tau", "1", "realised tau", LAT_REAL, "", MAYBE},
    {"xi", "1", "realised xi", LAT_REAL, "", MAYBE},
    {"gap", "1", "smallest gap of two positions' scores at eta = 1", LAT_REAL, "", MAYBE},
    {"in_low", "1", "smallest product of the thought with a node of V_c", LAT_REAL, "thought", MAYBE},
    {"in_high", "1", "largest product of the thought with a node of V_c", LAT_REAL, "thought", MAYBE},
    {"in_mean", "1", "mean product of the thought with the nodes of V_c", LAT_REAL, "thought", MAYBE},
    {"in_theory", "1", "mean of 1 / sqrt|V_c| over the same nodes", LAT_REAL, "thought", MAYBE},
    {"out_high", "1", "largest |product| of the thought with another node", LAT_REAL, "thought", MAYBE},
    {"set", "1", "k, nodes in the frontier", LAT_INTEGER, "size", MAYBE},
    {"read", "1", "frontiers of k read back exactly", LAT_INTEGER, "size", MAYBE},
    {"read_theory", "1", "probability of that, estimate", LAT_REAL, "size", MAYBE},
    {"set_bits", "bits", "log2 of n over k", LAT_REAL, "size", MAYBE},
    {0}};

/* The machine that a setting asks for: see the parameter's help. */
static int setting_of(const char *setting, struct lat_superposition_search *search) {
  static const char *const name[] = {"positions:", "sharpness:", "tau:"};
  static const double least[] = {2, 0.01, 0.001}, most[] = {1024, 1000, 100};
  double *const slot[] = {&search->position_width, &search->sharpness, &search->tau_factor};
  search->position_width = 32;
  search->sharpness = 24;
  search->tau_factor = 1;
  search->low_threshold = strcmp(setting, "low_threshold") == 0;
  search->narrow = strcmp(setting, "narrow") == 0;
  if (strcmp(setting, "built") == 0 || search->low_threshold || search->narrow) return LAT_OK;
  for (size_t i = 0; i < 3; i++) {
    size_t length = strlen(name[i]);
    if (strncmp(setting, name[i], length) != 0) continue;
    int status = lat_parse_real(setting + length, least[i], most[i], slot[i]);
    if (status != LAT_OK) return lat_fail_prefix(status, "setting %.80s", setting);
    if (i == 0 && fmod(*slot[i], 2) > 0)
      return LAT_FAIL(LAT_INPUT, "setting %.80s: an even number of channels is needed", setting);
    return LAT_OK;
  }
  return LAT_FAIL(LAT_INPUT, "setting '%.80s' is none of built, positions:P, sharpness:X, tau:F, low_threshold, narrow",
                  setting);
}

static const char *reject_search(const struct parameters *p) {
  int file = strcmp(p->family, "file") == 0, clique = strncmp(p->family, "clique:", 7) == 0;
  int built = strcmp(p->setting, "built") == 0, low = strcmp(p->setting, "low_threshold") == 0;
  if (file && p->data[0] == '\0') return "family file is for --set data=FILE";
  if (!file && p->data[0] != '\0' && strncmp(p->family, "layered:", 8) != 0)
    return "with --set data=FILE only family file and the layered ones are run";
  if (low && !clique) return "the low threshold is for clique: few graphs have over 4 n edges";
  if (!built && !low && !file && strcmp(p->family, "prosqa:23") != 0) return "settings are moved on prosqa:23 and on files";
  return NULL;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int width = strcmp(p->measure, "width") == 0, search = strcmp(p->measure, "search") == 0;
  if (!width && !search) return NULL; /* check says what is wrong with it */
  if (search && (p->nodes != 64 && p->nodes != 512)) return "nodes does not matter to search: listed once, with 64 or 512";
  if (search && p->channels_read != 32) return "channels_read does not matter to search: listed once, with 32";
  if (search) return reject_search(p);
  if (strcmp(p->family, "prosqa:23") != 0 && strcmp(p->family, "file") != 0)
    return "family does not matter to width: listed once, with prosqa:23";
  if ((p->data[0] == '\0') != (strcmp(p->family, "prosqa:23") == 0)) return "family does not matter to width: listed once";
  if (strcmp(p->setting, "built") != 0) return "the machine's setting does not matter to width: listed once";
  if (p->channels_read >= p->nodes) return "with as many channels as nodes the directions are orthonormal: always exact";
  return NULL;
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  return strcmp(p->measure, "width") == 0 ? (double)p->trials * (double)p->nodes * (double)p->channels_read
                                          : 1e7 * (double)p->graphs;
}

static int graphs_of(const struct parameters *p, struct lat_graphs **graphs) {
  struct lat_graph *first = NULL;
  int status = LAT_OK;
  *graphs = NULL;
  if (strcmp(p->family, "file") == 0) return lat_prosqa_read(p->data, graphs);
  LAT_TRY(status, lat_graph_make(p->family, (uint64_t)p->seed, 0, &first));
  size_t count = (size_t)p->graphs * 23 / (first->nodes > 23 ? first->nodes : 23);
  if (count < 5) count = p->graphs < 5 ? (size_t)p->graphs : 5;
  LAT_TRY(status, lat_graphs_alloc(count, graphs));
  for (size_t i = 0; i < count; i++) LAT_TRY(status, lat_graph_make(p->family, (uint64_t)p->seed, i, &(*graphs)->graph[i]));
done:
  lat_graph_free(first);
  return status;
}

/* Before anything is run: names that name nothing, a file that is no ProsQA. */
static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_graphs *graphs = NULL;
  struct lat_graph *graph = NULL;
  struct lat_superposition_search search;
  int status = LAT_OK;
  if (strcmp(p->measure, "width") == 0) return LAT_OK;
  LAT_CHECK(status, strcmp(p->measure, "search") == 0, LAT_INPUT, "measure '%s' is neither search nor width", p->measure);
  LAT_TRY(status, setting_of(p->setting, &search));
  if (strcmp(p->family, "file") != 0) {
    status = lat_graph_make(p->family, (uint64_t)p->seed, 0, &graph);
    if (status == LAT_OK) status = lat_superposition_size(graph, 0);
    goto done;
  }
  LAT_TRY(status, lat_prosqa_read(p->data, &graphs));
  for (size_t i = 0; i < graphs->count; i++) LAT_TRY(status, lat_superposition_size(graphs->graph[i], i));
done:
  lat_graph_free(graph);
  lat_graphs_free(graphs);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_graphs *graphs = NULL;
  struct lat_superposition_search search = {.seed = (uint64_t)p->seed};
  int status = LAT_OK;
  if (strcmp(p->measure, "width") == 0)
    return lat_superposition_capacity(run, (size_t)p->nodes, (size_t)p->channels_read, (size_t)p->trials,
                                      (uint64_t)p->seed);
  LAT_TRY(status, setting_of(p->setting, &search));
  LAT_TRY(status, graphs_of(p, &graphs));
  status = lat_superposition_search(run, &search, graphs);
done:
  lat_graphs_free(graphs);
  return status;
}

const struct lat_experiment lat_experiment_superposition;
const struct lat_experiment lat_experiment_superposition = {
    .name = "superposition",
    .section = "A. Expressiveness",
    .question = "Does one continuous thought hold a whole search frontier?",
    .prediction =
        "As built, the thought after c passes is 1 / sqrt|V_c| on every node within c edges of the root and 0 on all "
        "others, to "
        "1e-4, and the answer turns right at the thought whose number is the target's distance, neither earlier nor later, "
        "on "
        "every graph. A tau of a tenth, positions at sharpness 0.5, one channel fewer than nodes, and the threshold 1 / (4 "
        "n) on "
        "cliques break it; which graphs a small tau breaks follows from the scores alone. With d < n random directions the "
        "frontier that one vector can be read for grows like d / (8 ln n).",
    .refuted_if =
        "a graph is not exact or not right as built (sharpness 8 or more, tau its own choice or more), a control is exact "
        "on over half of its graphs, theory "
        "and machine disagree on a graph in the scan of tau, or the probability of reading a frontier is off the estimate "
        "by "
        "over 0.05 beyond its 95 % interval",
    .source =
        "Zhu et al. 2025, theorem 1 (construction; what differs: lib/compile/superposition.h); graphs after Hao et al. "
        "2024; "
        "the estimate for random directions is a Gaussian tail for each node, own derivation",
    .caption =
        "(a) Products of the thought with the nodes of its set V_c: mean (marks) on the mean of 1 / sqrt|V_c| (line), "
        "smallest to "
        "largest (band); squares: largest with any other node; open marks: the same with tau a tenth, a control. (b) Steps "
        "or "
        "tokens until the target at distance D is found in graphs of D layers: continuous thoughts (marks) on D (line); "
        "breadth-first search told node by node or edge by edge; random descents with restarts, expected (line) and "
        "sampled "
        "(marks); squarings of the adjacency matrix, which read it whole; dashed: n^2, the best known bound on "
        "chain-of-thought "
        "tokens (an upper bound: no lower one is proved). (c) Probability that a set of k of n nodes is read back exactly "
        "from the sum of their random directions in d "
        "channels (marks, 95 % Clopper-Pearson) and the Gaussian estimate (lines); the key gives log2 of n over k at the "
        "largest k "
        "read with probability 0.95, against 16 d.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_superposition_analyse,
};
