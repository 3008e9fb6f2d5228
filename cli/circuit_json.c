/* The result of `latentlab circuit --json`. */
#include <json-c/json.h>
#include <math.h>

#include "cli/circuit.h"
#include "cli/cli.h"
#include "lib/base/clock.h"

static void add(struct json_object *to, const char *key, struct json_object *value) {
  json_object_object_add(to, key, value);
}

static void add_count(struct json_object *to, const char *key, uint64_t value) {
  add(to, key, json_object_new_uint64(value));
}

static void add_text(struct json_object *to, const char *key, const char *value) {
  add(to, key, json_object_new_string(value));
}

/* JSON has no infinity: null. */
static void add_real(struct json_object *to, const char *key, double value) {
  add(to, key, isfinite(value) ? json_object_new_double(value) : NULL);
}

static struct json_object *settled(const struct lat_circuit_outcome *outcome) {
  struct json_object *object = json_object_new_object();
  uint32_t least = UINT32_MAX, most = 0;
  double sum = 0.0;
  for (size_t n = 0; n < outcome->inputs->count; n++) {
    least = outcome->settled[n] < least ? outcome->settled[n] : least;
    most = outcome->settled[n] > most ? outcome->settled[n] : most;
    sum += (double)outcome->settled[n];
  }
  add_count(object, "min", least);
  add_real(object, "mean", sum / (double)outcome->inputs->count);
  add_count(object, "max", most);
  return object;
}

static struct json_object *levels(const struct lat_circuit_outcome *outcome) {
  struct json_object *list = json_object_new_array();
  for (size_t l = 0; l < outcome->levels; l++) {
    struct json_object *object = json_object_new_object();
    add_count(object, "level", l);
    add_count(object, "wires", outcome->wires[l]);
    add_count(object, "right", outcome->right[l]);
    add_count(object, "ready", outcome->ready[l]);
    json_object_array_add(list, object);
  }
  return list;
}

static struct json_object *seconds(const struct lat_circuit_seconds *s) {
  struct json_object *object = json_object_new_object();
  add_real(object, "read", s->read);
  add_real(object, "map", s->map);
  add_real(object, "compile", s->compile);
  add_real(object, "certify", s->certify);
  add_real(object, "run", s->run);
  add_real(object, "check", s->check);
  return object;
}

int lat_circuit_print_json(const struct lat_circuit_outcome *outcome) {
  const struct lat_transformer_config *config = &outcome->config;
  const struct lat_certificate *certificate = &outcome->certificate;
  struct json_object *object = json_object_new_object();
  add_text(object, "file", outcome->name);
  add_count(object, "inputs", outcome->before.inputs);
  add_count(object, "outputs", outcome->before.outputs);
  add_count(object, "gates", outcome->before.nodes);
  add_count(object, "luts", outcome->after.nodes);
  add_count(object, "depth", outcome->depth);
  add_count(object, "layers", config->layers);
  add_count(object, "steps", outcome->steps);
  add_count(object, "levels", config->layers * outcome->steps);
  add_count(object, "width", config->width);
  add_count(object, "heads", config->heads);
  add_count(object, "ffn", config->ffn);
  add_count(object, "parameters", outcome->parameters);
  add_count(object, "sequence", outcome->tokens);
  add_text(object, "variant", lat_variant_name(outcome->variant));
  add_text(object, "norm", lat_norm_name(config->norm));
  add_text(object, "activation", lat_activation_name(config->activation));
  add_text(object, "mask", lat_mask_name(config->mask));
  add_text(object, "attention", outcome->attention);
  add_text(object, "dtype", lat_dtype_name(config->arithmetic.storage));
  add_text(object, "accumulate", lat_dtype_name(config->arithmetic.accumulate));
  add_real(object, "beta", outcome->beta > 0 ? outcome->beta : (double)NAN);
  add_real(object, "kappa", outcome->kappa);
  add_text(object, "snap", lat_snap_name(outcome->snap));
  add(object, "certified", json_object_new_boolean(certificate->certified));
  add_real(object, "certificate_margin", certificate->margin);
  add_text(object, "certificate_reason", certificate->certified ? "" : certificate->reason);
  add_real(object, "beta_minimum", certificate->beta_minimum);
  add_count(object, "vectors", outcome->inputs->count);
  add_count(object, "wrong_bits", outcome->wrong_bits);
  add_count(object, "total_bits", (uint64_t)outcome->before.outputs * outcome->inputs->count);
  add_count(object, "outputs_ready", lat_circuit_outputs_ready(outcome));
  if (outcome->settled != NULL) add(object, "settled_step", settled(outcome));
  if (outcome->levels > 0) add(object, "per_level", levels(outcome));
  if (outcome->kind->add_json != NULL) outcome->kind->add_json(outcome, object);
  add(object, "seconds", seconds(&outcome->seconds));
  add_count(object, "peak_bytes", (uint64_t)lat_clock_peak_resident());
  return lat_cli_print_json(object);
}
