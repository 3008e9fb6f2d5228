#include "lib/store/weights_config.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/parameters.h"

static const char format[] = "latentlab-weights";
enum { VERSION = 1 };

static const struct {
  const char *name;
  size_t offset;
} sizes[] = {{"vocabulary", offsetof(struct lat_transformer_config, vocabulary)},
             {"sequence", offsetof(struct lat_transformer_config, sequence)},
             {"width", offsetof(struct lat_transformer_config, width)},
             {"heads", offsetof(struct lat_transformer_config, heads)},
             {"key_width", offsetof(struct lat_transformer_config, key_width)},
             {"value_width", offsetof(struct lat_transformer_config, value_width)},
             {"ffn", offsetof(struct lat_transformer_config, ffn)},
             {"layers", offsetof(struct lat_transformer_config, layers)},
             {"steps", offsetof(struct lat_transformer_config, steps)},
             {"window", offsetof(struct lat_transformer_config, window)},
             {"step_embeddings", offsetof(struct lat_transformer_config, step_embeddings)}},
  switches[] = {{"linear_bias", offsetof(struct lat_transformer_config, linear_bias)},
                {"final_norm", offsetof(struct lat_transformer_config, final_norm)}},
  reals[] = {{"norm_epsilon", offsetof(struct lat_transformer_config, norm_epsilon)},
             {"attention_scale", offsetof(struct lat_transformer_config, attention_scale)}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

int lat_weights_put_config(hid_t file, const struct lat_transformer_config *config) {
  const char *from = (const char *)config;
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_put_text(file, "format", format));
  LAT_TRY(status, lat_hdf5_put_integer(file, "version", VERSION));
  for (size_t i = 0; i < COUNT(sizes); i++) {
    size_t value;
    memcpy(&value, from + sizes[i].offset, sizeof value);
    LAT_TRY(status, lat_hdf5_put_integer(file, sizes[i].name, (int64_t)value));
  }
  for (size_t i = 0; i < COUNT(switches); i++) {
    int value;
    memcpy(&value, from + switches[i].offset, sizeof value);
    LAT_TRY(status, lat_hdf5_put_integer(file, switches[i].name, value != 0));
  }
  for (size_t i = 0; i < COUNT(reals); i++) {
    double value;
    memcpy(&value, from + reals[i].offset, sizeof value);
    LAT_TRY(status, lat_hdf5_put_real(file, reals[i].name, value));
  }
  LAT_TRY(status, lat_hdf5_put_text(file, "norm", lat_norm_name(config->norm)));
  LAT_TRY(status, lat_hdf5_put_text(file, "activation", lat_activation_name(config->activation)));
  LAT_TRY(status, lat_hdf5_put_text(file, "mask", lat_mask_name(config->mask)));
  LAT_TRY(status, lat_hdf5_put_text(file, "positions", lat_positions_name(config->positions)));
  LAT_TRY(status, lat_hdf5_put_text(file, "storage", lat_dtype_name(config->arithmetic.storage)));
  LAT_TRY(status, lat_hdf5_put_text(file, "accumulate", lat_dtype_name(config->arithmetic.accumulate)));
  LAT_TRY(status, lat_hdf5_put_text(file, "placement", lat_placement_name(config->placement)));
  LAT_TRY(status, lat_hdf5_put_real(file, "residual_scale", config->residual_scale != 0 ? config->residual_scale : 1));
  LAT_TRY(status, lat_hdf5_put_integer(file, "tied_head", config->tied_head != 0));
  LAT_TRY(status, lat_hdf5_put_integer(file, "input_injection", (int64_t)config->input_injection));
  LAT_TRY(status, lat_hdf5_put_integer(file, "fields", (int64_t)lat_transformer_fields(config)));
  LAT_TRY(status, lat_hdf5_put_integer(file, "classes", (int64_t)lat_transformer_classes(config)));
done:
  return status;
}

static int load_integer(hid_t file, const char *name, int64_t most, int64_t *value) {
  int status = lat_hdf5_get_integer(file, name, value);
  if (status != LAT_OK) return status;
  if (*value < 0 || *value > most)
    return LAT_FAIL(LAT_INPUT, "attribute %s: %lld is outside 0..%lld", name, (long long)*value, (long long)most);
  return LAT_OK;
}

/* A choice by name; `parse` is one of those below. */
static int load_choice(hid_t file, const char *name, int (*parse)(const char *, void *), void *choice) {
  char *text = NULL;
  int status = lat_hdf5_get_text(file, name, &text);
  if (status == LAT_OK && (status = parse(text, choice)) != LAT_OK) lat_fail_prefix(status, "attribute %s", name);
  lat_free(text);
  return status;
}
static int parse_norm(const char *text, void *choice) { return lat_norm_parse(text, choice); }
static int parse_activation(const char *text, void *choice) { return lat_activation_parse(text, choice); }
static int parse_mask(const char *text, void *choice) { return lat_mask_parse(text, choice); }
static int parse_positions(const char *text, void *choice) { return lat_positions_parse(text, choice); }
static int parse_placement(const char *text, void *choice) { return lat_placement_parse(text, choice); }
static int parse_dtype(const char *text, void *choice) { return lat_dtype_parse(text, choice); }

/* Files without the two attributes were written before there were formats; one of them alone is damage. */
static int load_arithmetic(hid_t file, struct lat_arithmetic *arithmetic) {
  *arithmetic = (struct lat_arithmetic){LAT_DTYPE_FP32, LAT_DTYPE_FP32};
  if (H5Aexists(file, "storage") == 0 && H5Aexists(file, "accumulate") == 0) return LAT_OK;
  int status = load_choice(file, "storage", parse_dtype, &arithmetic->storage);
  return status == LAT_OK ? load_choice(file, "accumulate", parse_dtype, &arithmetic->accumulate) : status;
}

/* Likewise: older files know norms before each half, plain residuals and a head of its own only. */
static int load_block(hid_t file, struct lat_transformer_config *config) {
  int64_t tied;
  int status = LAT_OK;
  if (H5Aexists(file, "placement") == 0 && H5Aexists(file, "residual_scale") == 0 && H5Aexists(file, "tied_head") == 0)
    return LAT_OK;
  LAT_TRY(status, load_choice(file, "placement", parse_placement, &config->placement));
  LAT_TRY(status, lat_hdf5_get_real(file, "residual_scale", &config->residual_scale));
  LAT_TRY(status, load_integer(file, "tied_head", 1, &tied));
  config->tied_head = (int)tied;
done:
  return status;
}

/* Likewise: older files have one token a position and a head of as many rows as there are tokens. */
static int load_ends(hid_t file, struct lat_transformer_config *config) {
  int64_t fields, classes, injection;
  int status = LAT_OK;
  LAT_TRY(status, load_integer(file, "input_injection", LAT_INJECTION_NORM, &injection));
  config->input_injection = (enum lat_injection)injection;
  if (H5Aexists(file, "fields") == 0 && H5Aexists(file, "classes") == 0) return LAT_OK;
  LAT_TRY(status, load_integer(file, "fields", INT32_MAX, &fields));
  LAT_TRY(status, load_integer(file, "classes", INT32_MAX, &classes));
  LAT_CHECK(status, fields > 0 && (classes > 0 || config->vocabulary == 0), LAT_INPUT,
            "attributes fields and classes: %lld and %lld, and at least 1 is needed", (long long)fields,
            (long long)classes);
  config->fields = (size_t)fields;
  config->classes = (size_t)classes;
done:
  return status;
}

int lat_weights_get_config(hid_t file, struct lat_transformer_config *config) {
  char *to = (char *)config, *text = NULL;
  int64_t whole;
  double real;
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_get_text(file, "format", &text));
  LAT_CHECK(status, strcmp(text, format) == 0, LAT_INPUT, "attribute format: is '%.80s', not '%s'", text, format);
  LAT_TRY(status, lat_hdf5_get_integer(file, "version", &whole));
  LAT_CHECK(status, whole == VERSION, LAT_INPUT, "attribute version: %lld, and this program reads version %d",
            (long long)whole, VERSION);
  for (size_t i = 0; i < COUNT(sizes); i++) {
    LAT_TRY(status, load_integer(file, sizes[i].name, INT32_MAX, &whole));
    size_t value = (size_t)whole;
    memcpy(to + sizes[i].offset, &value, sizeof value);
  }
  for (size_t i = 0; i < COUNT(switches); i++) {
    LAT_TRY(status, load_integer(file, switches[i].name, 1, &whole));
    int value = (int)whole;
    memcpy(to + switches[i].offset, &value, sizeof value);
  }
  for (size_t i = 0; i < COUNT(reals); i++) {
    LAT_TRY(status, lat_hdf5_get_real(file, reals[i].name, &real));
    memcpy(to + reals[i].offset, &real, sizeof real);
  }
  LAT_TRY(status, load_choice(file, "norm", parse_norm, &config->norm));
  LAT_TRY(status, load_choice(file, "activation", parse_activation, &config->activation));
  LAT_TRY(status, load_choice(file, "mask", parse_mask, &config->mask));
  LAT_TRY(status, load_choice(file, "positions", parse_positions, &config->positions));
  LAT_TRY(status, load_arithmetic(file, &config->arithmetic));
  LAT_TRY(status, load_block(file, config));
  LAT_TRY(status, load_ends(file, config));
  LAT_TRY(status, lat_transformer_check(config));
done:
  lat_free(text);
  return status;
}

static int compare_whole(const char *name, size_t file, size_t model) {
  if (file == model) return LAT_OK;
  return LAT_FAIL(LAT_INPUT, "%s is %zu, and %zu is needed", name, file, model);
}
static int compare_real(const char *name, double file, double model) {
  if (file == model) return LAT_OK;
  return LAT_FAIL(LAT_INPUT, "%s is %.9g, and %.9g is needed", name, file, model);
}
static int compare_text(const char *name, const char *file, const char *model) {
  if (strcmp(file, model) == 0) return LAT_OK;
  return LAT_FAIL(LAT_INPUT, "%s is %s, and %s is needed", name, file, model);
}

int lat_weights_compare_config(const struct lat_transformer_config *file, const struct lat_transformer_config *model) {
  const char *a = (const char *)file, *b = (const char *)model;
  int status = LAT_OK;
  for (size_t i = 0; i < COUNT(sizes); i++) {
    size_t left, right;
    memcpy(&left, a + sizes[i].offset, sizeof left);
    memcpy(&right, b + sizes[i].offset, sizeof right);
    if (strcmp(sizes[i].name, "steps") != 0) LAT_TRY(status, compare_whole(sizes[i].name, left, right));
  }
  for (size_t i = 0; i < COUNT(switches); i++) {
    int left, right;
    memcpy(&left, a + switches[i].offset, sizeof left);
    memcpy(&right, b + switches[i].offset, sizeof right);
    LAT_TRY(status, compare_whole(switches[i].name, left != 0, right != 0));
  }
  for (size_t i = 0; i < COUNT(reals); i++) {
    double left, right;
    memcpy(&left, a + reals[i].offset, sizeof left);
    memcpy(&right, b + reals[i].offset, sizeof right);
    LAT_TRY(status, compare_real(reals[i].name, left, right));
  }
  LAT_TRY(status, compare_whole("fields", lat_transformer_fields(file), lat_transformer_fields(model)));
  LAT_TRY(status, compare_whole("classes", lat_transformer_classes(file), lat_transformer_classes(model)));
  LAT_TRY(status, compare_whole("tied_head", file->tied_head != 0, model->tied_head != 0));
  LAT_TRY(status, compare_real("residual_scale", file->residual_scale != 0 ? file->residual_scale : 1,
                               model->residual_scale != 0 ? model->residual_scale : 1));
  LAT_TRY(status, compare_text("norm", lat_norm_name(file->norm), lat_norm_name(model->norm)));
  LAT_TRY(status, compare_text("placement", lat_placement_name(file->placement), lat_placement_name(model->placement)));
  LAT_TRY(status,
          compare_text("activation", lat_activation_name(file->activation), lat_activation_name(model->activation)));
  LAT_TRY(status, compare_text("mask", lat_mask_name(file->mask), lat_mask_name(model->mask)));
  LAT_TRY(status, compare_text("positions", lat_positions_name(file->positions), lat_positions_name(model->positions)));
  LAT_TRY(status, compare_text("input_injection", lat_injection_name(file->input_injection),
                               lat_injection_name(model->input_injection)));
  LAT_TRY(status,
          compare_text("storage", lat_dtype_name(file->arithmetic.storage), lat_dtype_name(model->arithmetic.storage)));
  LAT_TRY(status, compare_text("accumulate", lat_dtype_name(file->arithmetic.accumulate),
                               lat_dtype_name(model->arithmetic.accumulate)));
done:
  return status;
}
