/* The result of `latentlab circuit` for people. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/circuit.h"
#include "lib/base/clock.h"

enum { LEVEL_ROWS = 12 };

uint64_t lat_circuit_outputs_ready(const struct lat_circuit_outcome *outcome) {
  uint64_t ready = 0;
  for (size_t o = 0; o < outcome->mapped->outputs; o++) ready += outcome->output_last[o];
  return ready;
}

static const char *plural(uint64_t count) { return count == 1 ? "" : "s"; }

static void print_model(const struct lat_circuit_outcome *outcome) {
  const struct lat_transformer_config *c = &outcome->config;
  const struct lat_circuit_statistics *before = &outcome->before, *after = &outcome->after;
  printf("circuit      %s: %zu input%s, %zu output%s, %zu gate%s\n", outcome->name, before->inputs, plural(before->inputs),
         before->outputs, plural(before->outputs), before->nodes, plural(before->nodes));
  printf("             %zu node%s of at most %u fan-ins, depth %" PRIu32 "\n", after->nodes, plural(after->nodes),
         outcome->fan_in, outcome->depth);
  printf("transformer  %zu layer%s x %zu step%s, width %zu, %zu heads, ffn %zu, %zu parameters, %zu token%s, %s", c->layers,
         plural(c->layers), outcome->steps, plural(outcome->steps), c->width, c->heads, c->ffn, outcome->parameters,
         outcome->tokens, plural(outcome->tokens), lat_dtype_name(c->arithmetic.storage));
  if (!lat_arithmetic_is_plain(c->arithmetic)) printf(", sums in %s", lat_dtype_name(c->arithmetic.accumulate));
  printf("\n");
  printf("             %s, %s, ", c->norm == LAT_NORM_NONE ? "no norm" : lat_norm_name(c->norm),
         lat_activation_name(c->activation));
  if (c->heads > 0) printf("%s mask, %s attention, ", lat_mask_name(c->mask), outcome->attention);
  if (c->heads == 0) printf("no attention, ");
  printf("%s variant, ", lat_variant_name(outcome->variant));
  if (outcome->beta > 0) printf("beta %.5g, ", outcome->beta);
  if (outcome->snap == LAT_SNAP_NONE)
    printf("no snap\n");
  else
    printf("kappa %.5g\n", outcome->kappa);
}

static void print_certificate(const struct lat_circuit_outcome *outcome) {
  const struct lat_certificate *certificate = &outcome->certificate;
  if (certificate->certified) {
    size_t reach = outcome->steps * outcome->config.layers;
    if (reach < outcome->depth)
      printf("certificate  right for all inputs up to level %zu of %" PRIu32 ", as far as these steps reach, ", reach,
             outcome->depth);
    else
      printf("certificate  right for all inputs and any depth, ");
    printf("margin %.3g", certificate->margin);
    if (outcome->beta > 0)
      printf(", from beta %.4g on%s", certificate->beta_minimum,
             !certificate->bit_exact                               ? ""
             : lat_arithmetic_is_plain(outcome->config.arithmetic) ? "; softmax weights are exactly 0 and 1"
                                                                   : "; every wire is stored as exactly +1 or -1");
    printf("\n");
    printf("             %s\n", certificate->inequality);
    return;
  }
  printf("certificate  not certified: %s\n", certificate->reason);
  if (outcome->wrong_bits == 0)
    printf("             all vectors of this run are right all the same; that proves nothing for others\n");
}

static void print_outputs(const struct lat_circuit_outcome *outcome) {
  size_t count = outcome->inputs->count, outputs = outcome->before.outputs, T = outcome->steps;
  uint64_t total = (uint64_t)outputs * count, least = UINT64_MAX, most = 0;
  double mean = 0.0;
  printf("outputs      %" PRIu64 " of %" PRIu64 " bits right on %zu vector%s, %" PRIu64 " wrong; %" PRIu64
         " of %zu outputs ready\n",
         total - outcome->wrong_bits, total, count, plural(count), outcome->wrong_bits, lat_circuit_outputs_ready(outcome),
         outputs);
  if (outcome->unready_bits > 0) {
    printf("             not ready: %" PRIu64 " bits, of which %" PRIu64 " are right by luck (%.1f %%)\n",
           outcome->unready_bits, outcome->lucky_bits, 100.0 * (double)outcome->lucky_bits / (double)outcome->unready_bits);
  }
  if (total > 0 && outcome->output_wrong != NULL) {
    size_t right = T + 1, ready = right;
    while (right > 0 && outcome->output_wrong[right - 1] == 0) right--;
    while (ready > 0 && outcome->output_ready[ready - 1] == outputs) ready--;
    printf("             the initial state agrees in %.1f %% of the bits; outputs ",
           100.0 * (1.0 - (double)outcome->output_wrong[0] / (double)total));
    if (right <= T) printf("all right from step %zu on, ", right);
    if (right > T) printf("not all right at the end, ");
    if (ready <= T) printf("all ready from step %zu on\n", ready);
    if (ready > T) printf("not all ready by step %zu\n", T);
  }
  if (outcome->settled == NULL) return;
  for (size_t n = 0; n < count; n++) {
    least = outcome->settled[n] < least ? outcome->settled[n] : least;
    most = outcome->settled[n] > most ? outcome->settled[n] : most;
    mean += (double)outcome->settled[n] / (double)count;
  }
  printf("settling     step of the last change of an output: least %" PRIu64 ", mean %.1f, most %" PRIu64 "\n", least, mean,
         most);
}

/* At most LEVEL_ROWS rows; neighbouring levels share one in deep circuits. */
static void print_levels(const struct lat_circuit_outcome *outcome) {
  if (outcome->levels == 0) return;
  size_t rows = outcome->levels < LEVEL_ROWS ? outcome->levels : LEVEL_ROWS;
  printf("levels              level    wires   right %%   ready %%\n");
  for (size_t r = 0; r < rows; r++) {
    size_t from = r * outcome->levels / rows, to = (r + 1) * outcome->levels / rows;
    uint64_t wires = 0, right = 0, ready = 0;
    char name[48];
    for (size_t l = from; l < to; l++) {
      wires += outcome->wires[l];
      right += outcome->right[l];
      ready += outcome->ready[l];
    }
    if (to - from == 1) snprintf(name, sizeof name, "%zu", from);
    if (to - from > 1) snprintf(name, sizeof name, "%zu-%zu", from, to - 1);
    double all = (double)wires * (double)outcome->inputs->count;
    if (wires == 0) continue;
    printf("             %12s %8" PRIu64 " %9.2f %9.2f\n", name, wires, 100.0 * (double)right / all,
           100.0 * (double)ready / all);
  }
}

void lat_circuit_print_table(const struct lat_circuit_outcome *outcome) {
  const struct lat_circuit_seconds *s = &outcome->seconds;
  print_model(outcome);
  print_certificate(outcome);
  print_outputs(outcome);
  print_levels(outcome);
  if (outcome->kind->print != NULL) outcome->kind->print(outcome);
  printf("seconds      read %.2f, map %.2f, compile %.2f, certify %.2f, run %.2f, check %.2f; peak %.0f MB\n", s->read,
         s->map, s->compile, s->certify, s->run, s->check, lat_clock_peak_resident() / 1e6);
}
