/* One machine, many graphs. A graph counts as exact when every thought is, for every node, 1 / sqrt |V_c| inside V_c and 0 outside
 * to 1e-4 of 1 / sqrt |V_c|; as right when <A> prefers the target by 1 from the target's distance on, and nothing before. */
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <string.h>

#include "experiments/superposition/parts.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/superposition.h"
#include "lib/task/descent.h"

static const double exact_to = 1e-4, right_to = 0.01, rarely_hit = 1e-4;
enum { SAMPLES = 20, MOST_WALKS = 1000000 };

double lat_superposition_bits(size_t n, size_t k) { return gsl_sf_lnchoose((unsigned)n, (unsigned)k) / M_LN2; }

int lat_superposition_size(const struct lat_graph *graph, size_t index) {
  if (graph->nodes > LAT_SUPERPOSITION_MOST_NODES || graph->edges > LAT_SUPERPOSITION_MOST_EDGES)
    return LAT_FAIL(LAT_INPUT, "graph %zu has %zu nodes and %zu edges, and a machine is built for at most %d and %d", index,
                    graph->nodes, graph->edges, LAT_SUPERPOSITION_MOST_NODES, LAT_SUPERPOSITION_MOST_EDGES);
  return LAT_OK;
}

/* Sums over the graphs. The arrays have one entry a thought. */
struct tally {
  size_t thoughts; /* C */
  int64_t exact, right, expected, agree, exact_thoughts, early;
  double spread, outside;
  double least, distance, eccentricity, diameter, squarings, taken, looked, hit, walked, sampled, bits, set;
  int64_t nodes, edges, most_nodes, sampled_graphs;
  double *in_low, *in_high, *in_mean, *theory, *out_high, *members; /* [C + 1] */
};

/* What the thoughts of one run hold. */
static int judge_thoughts(const struct lat_graph *graph, const uint32_t *distance, size_t n, const float *product,
                          struct tally *tally) {
  int exact = 1;
  for (uint32_t c = 0; c <= tally->thoughts; c++) {
    double root = sqrt((double)lat_graph_reached(graph->nodes, distance, c));
    int good = 1;
    for (size_t v = 0; v < n; v++) {
      double y = (double)product[c * n + v];
      int in = v < graph->nodes && distance[v] <= c;
      double off = fabs(y * root - in);
      if (!(off <= exact_to)) good = 0;
      if (in) {
        if (!(off <= tally->spread)) tally->spread = off;
        if (y < tally->in_low[c]) tally->in_low[c] = y;
        if (y > tally->in_high[c]) tally->in_high[c] = y;
        tally->in_mean[c] += y;
        tally->theory[c] += 1 / root;
        tally->members[c]++;
      } else {
        if (!(off <= tally->outside)) tally->outside = off;
        if (fabs(y) > tally->out_high[c]) tally->out_high[c] = fabs(y);
      }
    }
    tally->exact_thoughts += c > 0 && good;
    exact &= good;
  }
  return exact;
}

/* The fewest thoughts from which on the target is preferred (C + 1: never); *right as above. */
static size_t judge_answers(const struct lat_graph *graph, const uint32_t *distance, size_t thoughts, const float *logit,
                            int *right) {
  size_t least = thoughts + 1;
  *right = 1;
  for (size_t c = thoughts + 1; c-- > 0;) {
    double preferred = (double)logit[2 * c] - (double)logit[2 * c + 1];
    if (!(fabs(preferred - (distance[graph->target] <= c)) <= right_to)) *right = 0;
    if (preferred > 0.5 && least == c + 1) least = c;
  }
  return least;
}

/* What other searches need on the same graph. */
static int others(const struct lat_graph *graph, uint64_t seed, size_t index, struct tally *tally) {
  struct lat_descent descent;
  uint32_t squarings;
  size_t nodes, edges;
  int status = LAT_OK;
  LAT_TRY(status, lat_graph_squarings(graph, &squarings));
  LAT_TRY(status, lat_graph_search(graph, &nodes, &edges));
  LAT_TRY(status, lat_descent_exact(graph, graph->nodes, &descent));
  tally->squarings += squarings;
  tally->taken += (double)nodes;
  tally->looked += (double)edges;
  tally->hit += descent.hit;
  tally->walked += descent.tokens;
  struct lat_random random;
  lat_random_start(&random, seed, "descent", index);
  if (descent.hit < rarely_hit) tally->sampled = (double)NAN; /* too rare to wait for: the expectation stands alone */
  for (size_t s = 0; s < SAMPLES && descent.hit >= rarely_hit; s++) {
    size_t tokens, walked;
    LAT_TRY(status, lat_descent_sample(graph, graph->nodes, MOST_WALKS, &random, &tokens, &walked));
    tally->sampled += (double)tokens / SAMPLES;
  }
done:
  return status;
}

static int one_graph(const struct lat_superposition *machine, struct lat_superposition_scratch *scratch,
                     const struct lat_superposition_search *search, const struct lat_graph *graph, size_t index,
                     float *product, float *logit, uint32_t *distance, struct tally *tally) {
  const uint32_t candidate[2] = {graph->target, graph->negative};
  size_t n = machine->options.nodes;
  int status = LAT_OK, right = 0;
  /* Which candidate comes first in the prompt is no part of the question: every other graph tells them the other way. */
  const uint32_t told[2] = {candidate[index % 2], candidate[1 - index % 2]};
  LAT_TRY(status, lat_superposition_run(machine, scratch, graph->edges, graph->edge, graph->root, told, tally->thoughts,
                                        product, logit));
  for (size_t c = 0; index % 2 == 1 && c <= tally->thoughts; c++) {
    float first = logit[2 * c];
    logit[2 * c] = logit[2 * c + 1];
    logit[2 * c + 1] = first;
  }
  uint32_t reach = lat_graph_distances(graph, graph->root, distance), target = distance[graph->target];
  int exact = judge_thoughts(graph, distance, n, product, tally);
  int expected =
      lat_superposition_expected(machine, graph->edges, graph->edge, graph->root, told, tally->thoughts, &status);
  if (status != LAT_OK) goto done;
  size_t least = judge_answers(graph, distance, tally->thoughts, logit, &right);
  tally->exact += exact;
  tally->right += right;
  tally->expected += expected;
  tally->agree += exact == expected;
  tally->early += least < target;
  tally->least += (double)least;
  tally->distance += target;
  tally->eccentricity += reach;
  size_t size = lat_graph_reached(graph->nodes, distance, reach);
  double most = 0;
  for (uint32_t c = 0; c <= reach; c++) { /* the thought that could be most sets of its size */
    double bits = lat_superposition_bits(graph->nodes, lat_graph_reached(graph->nodes, distance, c));
    if (bits > most) most = bits;
  }
  tally->bits += most;
  tally->set += (double)size;
  tally->nodes += (int64_t)graph->nodes;
  tally->edges += (int64_t)graph->edges;
  tally->diameter += lat_graph_diameter(graph, distance);
  LAT_TRY(status, others(graph, search->seed, index, tally));
done:
  return status;
}

static int put(struct lat_run *run, const struct lat_superposition *machine, const struct lat_superposition_search *search,
               size_t count, const struct tally *tally) {
  const struct {
    const char *name;
    int64_t value;
  } number[] = {{"searched", (int64_t)count},
                {"exact", tally->exact},
                {"right", tally->right},
                {"expected", tally->expected},
                {"agree", tally->agree},
                {"early", tally->early},
                {"thoughts", (int64_t)(tally->thoughts * count)},
                {"exact_thoughts", tally->exact_thoughts},
                {"most_nodes", (int64_t)machine->options.nodes},
                {"most_edges", (int64_t)machine->options.edges},
                {"width", (int64_t)machine->options.width},
                {"channels", (int64_t)machine->model->config.width},
                {"parameters", (int64_t)machine->model->count},
                {"tokens", (int64_t)machine->tokens},
                {"positions", (int64_t)machine->options.position_width}};
  const struct {
    const char *name;
    double sum;
  } mean[] = {{"nodes_mean", (double)tally->nodes},
              {"edges_mean", (double)tally->edges},
              {"least", tally->least},
              {"distance", tally->distance},
              {"eccentricity", tally->eccentricity},
              {"diameter", tally->diameter},
              {"squarings", tally->squarings},
              {"search_nodes", tally->taken},
              {"search_edges", tally->looked},
              {"descent_hit", tally->hit},
              {"descent_tokens", tally->walked},
              {"descent_sampled", tally->sampled},
              {"frontier_bits", tally->bits},
              {"set_size", tally->set}};
  const struct {
    const char *name;
    double value;
  } real[] = {{"spread", tally->spread},
              {"outside", tally->outside},
              {"sharpness", machine->options.sharpness},
              {"tau_factor", search->tau_factor},
              {"eta", machine->eta},
              {"tau", machine->options.tau},
              {"xi", machine->xi},
              {"gap", machine->gap}};
  const struct {
    const char *name;
    const double *value;
  } array[] = {{"in_low", tally->in_low},
               {"in_high", tally->in_high},
               {"in_mean", tally->in_mean},
               {"in_theory", tally->theory},
               {"out_high", tally->out_high}};
  size_t extent = tally->thoughts + 1;
  int status = LAT_OK;
  for (size_t i = 0; i < sizeof number / sizeof *number; i++)
    LAT_TRY(status, lat_put_integer(run, number[i].name, number[i].value));
  for (size_t i = 0; i < sizeof mean / sizeof *mean; i++)
    LAT_TRY(status, lat_put_real(run, mean[i].name, mean[i].sum / (double)count));
  for (size_t i = 0; i < sizeof real / sizeof *real; i++) LAT_TRY(status, lat_put_real(run, real[i].name, real[i].value));
  for (size_t i = 0; i < sizeof array / sizeof *array; i++)
    LAT_TRY(status, lat_put_reals(run, array[i].name, 1, &extent, array[i].value));
done:
  return status;
}

int lat_superposition_search(struct lat_run *run, const struct lat_superposition_search *search,
                             const struct lat_graphs *graphs) {
  struct lat_superposition_options options = {
      .position_width = (size_t)search->position_width, .sharpness = search->sharpness, .seed = search->seed};
  struct lat_superposition *machine = NULL;
  struct lat_superposition_scratch *scratch = NULL;
  struct tally tally = {0};
  uint32_t *distance = lat_alloc(LAT_SUPERPOSITION_MOST_NODES, sizeof *distance);
  float *product = NULL, *logit = NULL;
  double *array = NULL;
  int status = LAT_OK;
  LAT_CHECK(status, distance != NULL, LAT_MEMORY, "no memory for distances");
  for (size_t i = 0; i < graphs->count; i++) {
    const struct lat_graph *graph = graphs->graph[i];
    LAT_TRY(status, lat_superposition_size(graph, i));
    if (graph->nodes > options.nodes) options.nodes = graph->nodes;
    if (graph->edges > options.edges) options.edges = graph->edges;
    uint32_t reach = lat_graph_distances(graph, graph->root, distance);
    if (reach + 1 > options.thoughts) options.thoughts = reach + 1; /* one more than needed: it has to do no harm */
  }
  if (search->low_threshold) options.threshold = 0.25 / (double)options.nodes;
  if (search->narrow) options.width = options.nodes - 1;
  LAT_TRY(status, lat_superposition_alloc(&options, &machine));
  if (search->tau_factor < 1 || search->tau_factor > 1) {
    options.tau = machine->options.tau * search->tau_factor;
    lat_superposition_free(machine);
    machine = NULL;
    LAT_TRY(status, lat_superposition_alloc(&options, &machine));
  }
  LAT_TRY(status, lat_superposition_scratch_alloc(machine, &scratch));
  size_t C = options.thoughts + 1;
  tally.thoughts = options.thoughts;
  product = lat_alloc(C, options.nodes * sizeof *product);
  logit = lat_alloc(C, 2 * sizeof *logit);
  array = lat_calloc(6 * C, sizeof *array);
  LAT_CHECK(status, product != NULL && logit != NULL && array != NULL, LAT_MEMORY, "no memory for %zu thoughts", C);
  double **const slot[] = {&tally.in_low, &tally.in_high, &tally.in_mean, &tally.theory, &tally.out_high, &tally.members};
  for (size_t i = 0; i < 6; i++) *slot[i] = array + i * C;
  for (size_t c = 0; c < C; c++) {
    tally.in_low[c] = (double)INFINITY;
    tally.in_high[c] = -(double)INFINITY;
  }
  for (size_t i = 0; i < graphs->count; i++) {
    LAT_TRY(status, one_graph(machine, scratch, search, graphs->graph[i], i, product, logit, distance, &tally));
    LAT_TRY(status, lat_run_progress(run, (double)(i + 1) / (double)graphs->count));
  }
  for (size_t c = 0; c < C; c++) {
    tally.in_mean[c] /= tally.members[c];
    tally.theory[c] /= tally.members[c];
  }
  LAT_TRY(status, put(run, machine, search, graphs->count, &tally));
done:
  lat_free(array);
  lat_free(logit);
  lat_free(product);
  lat_free(distance);
  lat_superposition_scratch_free(scratch);
  lat_superposition_free(machine);
  return status;
}
