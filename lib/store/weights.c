#include "lib/store/weights.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/parameters.h"
#include "lib/store/hdf5.h"
#include "lib/store/weights_config.h"

/* zlib makes data at most this many times smaller: what claims to be larger than that holds no data. */
enum { LARGEST_COMPRESSION = 1100, MOST_PORTS = 1 << 24 };

static int must_be_finite(const char *name, size_t count, const float *data) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(data[i])) return LAT_FAIL(LAT_INPUT, "%s: number %zu is not finite", name, i);
  return LAT_OK;
}

/* Where parameters are kept and what they are stored in. */
struct place {
  hid_t file;
  enum lat_dtype storage;
};

static int must_be_stored(const struct place *place, const char *name, size_t count, const float *data) {
  for (size_t i = 0; i < count; i++)
    if (lat_dtype_round(place->storage, data[i]) != data[i])
      return LAT_FAIL(LAT_INPUT, "%s: number %zu is no value of %s, which is the storage", name, i,
                      lat_dtype_name(place->storage));
  return LAT_OK;
}

/* ---- out ---- */

static int save_array(hid_t file, const char *name, size_t rows, size_t columns, const float *data) {
  const size_t extent[2] = {rows, columns};
  int status = must_be_finite(name, rows * (columns > 0 ? columns : 1), data);
  if (status == LAT_OK) status = lat_hdf5_write(file, name, H5T_NATIVE_FLOAT, columns > 0 ? 2 : 1, extent, data, NULL);
  return status;
}

static int save_parameter(void *context, const char *name, size_t rows, size_t columns, float **slot) {
  const struct place *place = context;
  int status = save_array(place->file, name, rows, columns, *slot);
  return status == LAT_OK ? must_be_stored(place, name, rows * (columns > 0 ? columns : 1), *slot) : status;
}

/* Rows or columns of ports. */
static int save_places(hid_t file, const char *name, size_t count, const uint32_t *place, size_t limit) {
  int status = LAT_OK;
  int64_t *wide = lat_alloc(count, sizeof *wide);
  if (wide == NULL) return LAT_MEMORY;
  for (size_t i = 0; i < count; i++) {
    LAT_CHECK(status, place[i] < limit, LAT_INPUT, "%s: %lu of port %zu is outside 0..%zu", name, (unsigned long)place[i],
              i, limit - 1);
    wide[i] = place[i];
  }
  LAT_TRY(status, lat_hdf5_write(file, name, H5T_NATIVE_INT64, 1, &count, wide, NULL));
done:
  lat_free(wide);
  return status;
}

static int save_prompt(hid_t file, const struct lat_prompt *prompt) {
  int status = LAT_OK;
  LAT_TRY(status, save_array(file, "prompt/state", prompt->tokens, prompt->width, prompt->state));
  LAT_TRY(status, save_places(file, "prompt/input_row", prompt->inputs, prompt->input_row, prompt->tokens));
  LAT_TRY(status, save_array(file, "prompt/input_delta", prompt->width, 0, prompt->input_delta));
  LAT_TRY(status, save_places(file, "readout/row", prompt->outputs, prompt->readout_row, prompt->tokens));
  LAT_TRY(status, save_array(file, "readout/direction", prompt->width, 0, prompt->readout_direction));
  if (prompt->input_column == NULL) return LAT_OK;
  LAT_TRY(status, save_places(file, "prompt/input_column", prompt->inputs, prompt->input_column, prompt->width));
  LAT_TRY(status, save_places(file, "readout/column", prompt->outputs, prompt->readout_column, prompt->width));
done:
  return status;
}

int lat_weights_save(const char *path, const struct lat_transformer *model, const struct lat_prompt *prompt) {
  const struct lat_transformer_config *config = &model->config;
  struct lat_transformer copy = *model; /* the walk wants pointers to the slots; it does not write through them */
  struct lat_hdf5_output output = {.file = -1};
  int status = LAT_OK, named = 0;
  LAT_CHECK(status, prompt == NULL || prompt->width == config->width, LAT_INPUT,
            "the prompt has width %zu and the model %zu", prompt->width, config->width);
  LAT_TRY(status, lat_hdf5_create(path, &output));
  LAT_TRY(status, lat_weights_put_config(output.file, config));
  struct place place = {output.file, config->arithmetic.storage};
  LAT_TRY(status, lat_parameters_visit_outer(config, &copy, save_parameter, &place));
  for (size_t l = 0; l < config->layers; l++)
    LAT_TRY(status, lat_parameters_visit_layer(config, &model->layer[l], l, save_parameter, &place));
  if (prompt != NULL) LAT_TRY(status, save_prompt(output.file, prompt));
  named = 1; /* from here on the sentence has the path */
  LAT_TRY(status, lat_hdf5_finish(&output, path));
done:
  lat_hdf5_discard(&output);
  if (status != LAT_OK && status != LAT_MEMORY && !named) lat_fail_prefix(status, "%s", path);
  return status;
}

/* ---- in ---- */

/* Shape and substance of a dataset, before memory is taken for it. */
static int check_array(hid_t file, const char *name, size_t rows, size_t columns, size_t element) {
  size_t rank, extent[LAT_HDF5_MAX_RANK];
  int status = lat_hdf5_shape(file, name, &rank, extent);
  if (status != LAT_OK) return status;
  if (columns == 0 && (rank != 1 || extent[0] != rows)) return LAT_FAIL(LAT_INPUT, "%s: is not [%zu]", name, rows);
  if (columns > 0 && (rank != 2 || extent[0] != rows || extent[1] != columns))
    return LAT_FAIL(LAT_INPUT, "%s: is not [%zu, %zu]", name, rows, columns);
  hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  hsize_t stored = dataset >= 0 ? H5Dget_storage_size(dataset) : 0;
  if (dataset >= 0) H5Dclose(dataset);
  double claimed = (double)rows * (double)(columns > 0 ? columns : 1) * (double)element;
  if ((double)stored * LARGEST_COMPRESSION < claimed)
    return LAT_FAIL(LAT_INPUT, "%s: claims more numbers than the file holds", name);
  return LAT_OK;
}

static int check_parameter(void *context, const char *name, size_t rows, size_t columns, float **slot) {
  (void)slot;
  return check_array(*(hid_t *)context, name, rows, columns, sizeof(float));
}

static int load_array(hid_t file, const char *name, size_t rows, size_t columns, float *data) {
  const size_t extent[2] = {rows, columns};
  int status = lat_hdf5_read(file, name, H5T_NATIVE_FLOAT, columns > 0 ? 2 : 1, extent, data);
  return status == LAT_OK ? must_be_finite(name, rows * (columns > 0 ? columns : 1), data) : status;
}

static int load_parameter(void *context, const char *name, size_t rows, size_t columns, float **slot) {
  const struct place *place = context;
  int status = load_array(place->file, name, rows, columns, *slot);
  return status == LAT_OK ? must_be_stored(place, name, rows * (columns > 0 ? columns : 1), *slot) : status;
}

/* The names that a configuration has; at most 4 norms of 2 and 6 projections of 2 in one layer. */
struct names {
  hid_t file;
  size_t count;
  char name[20][96];
};

static int collect(void *context, const char *name, size_t rows, size_t columns, float **slot) {
  (void)rows, (void)columns, (void)slot;
  struct names *names = context;
  assert(names->count < sizeof names->name / sizeof *names->name && strlen(name) < sizeof names->name[0]);
  strcpy(names->name[names->count++], name);
  return LAT_OK;
}

static int must_be_expected(void *context, const char *name, size_t rows, size_t columns, float **slot) {
  (void)rows, (void)columns, (void)slot;
  struct names *names = context;
  for (size_t i = 0; i < names->count; i++)
    if (strcmp(names->name[i], name) == 0) return LAT_OK;
  if (!lat_hdf5_exists(names->file, name)) return LAT_OK;
  return LAT_FAIL(LAT_INPUT, "%s: is there, but the attributes describe a model without it", name);
}

/* A bias that the attributes deny would be left out without a word, and the model would be another one. */
static int refuse_unexpected(hid_t file, const struct lat_transformer_config *config) {
  struct lat_transformer_config full = *config;
  struct lat_transformer outer;
  struct lat_layer layer;
  struct names names = {.file = file};
  int status = LAT_OK;
  full.vocabulary = full.sequence = full.step_embeddings = 1;
  full.heads = full.key_width = full.value_width = 1;
  full.positions = LAT_POSITIONS_LEARNED;
  full.norm = LAT_NORM_LAYERNORM;
  full.placement = LAT_PLACEMENT_SANDWICH;
  full.input_injection = LAT_INJECTION_NORM;
  full.fields = full.classes = 1;
  full.tied_head = 0;
  full.linear_bias = full.final_norm = 1;
  LAT_TRY(status, lat_parameters_visit_outer(config, &outer, collect, &names));
  LAT_TRY(status, lat_parameters_visit_outer(&full, &outer, must_be_expected, &names));
  for (size_t l = 0; l < config->layers; l++) {
    names.count = 0;
    LAT_TRY(status, lat_parameters_visit_layer(config, &layer, l, collect, &names));
    LAT_TRY(status, lat_parameters_visit_layer(&full, &layer, l, must_be_expected, &names));
  }
  char more[64];
  snprintf(more, sizeof more, "layer/%zu", config->layers);
  LAT_CHECK(status, !lat_hdf5_exists(file, more), LAT_INPUT, "%s: is there, but attribute layers is %zu", more,
            config->layers);
done:
  return status;
}

static int load_model(hid_t file, struct lat_transformer **model) {
  struct lat_transformer_config config = {0};
  struct lat_transformer outer;
  struct lat_layer layer;
  int status = LAT_OK;
  LAT_TRY(status, lat_weights_get_config(file, &config));
  LAT_TRY(status, lat_parameters_visit_outer(&config, &outer, check_parameter, &file));
  for (size_t l = 0; l < config.layers; l++)
    LAT_TRY(status, lat_parameters_visit_layer(&config, &layer, l, check_parameter, &file));
  LAT_TRY(status, refuse_unexpected(file, &config));
  LAT_TRY(status, lat_transformer_alloc(&config, model));
  struct place place = {file, config.arithmetic.storage};
  LAT_TRY(status, lat_parameters_visit_outer(&config, *model, load_parameter, &place));
  for (size_t l = 0; l < config.layers; l++)
    LAT_TRY(status, lat_parameters_visit_layer(&config, &(*model)->layer[l], l, load_parameter, &place));
done:
  return status;
}

static int load_places(hid_t file, const char *name, size_t count, size_t limit, uint32_t *place) {
  int status = LAT_OK;
  int64_t *wide = lat_alloc(count, sizeof *wide);
  if (wide == NULL) return LAT_MEMORY;
  LAT_TRY(status, lat_hdf5_read(file, name, H5T_NATIVE_INT64, 1, &count, wide));
  for (size_t i = 0; i < count; i++) {
    LAT_CHECK(status, wide[i] >= 0 && (size_t)wide[i] < limit, LAT_INPUT, "%s: %lld of port %zu is outside 0..%zu", name,
              (long long)wide[i], i, limit - 1);
    place[i] = (uint32_t)wide[i];
  }
done:
  lat_free(wide);
  return status;
}

/* How many ports a list of rows has; the limit keeps a damaged file from asking for memory without end. */
static int count_ports(hid_t file, const char *name, size_t *count) {
  size_t rank, extent[LAT_HDF5_MAX_RANK];
  int status = lat_hdf5_shape(file, name, &rank, extent);
  if (status != LAT_OK) return status;
  if (rank != 1 || extent[0] > MOST_PORTS) return LAT_FAIL(LAT_INPUT, "%s: is no vector of at most %d", name, MOST_PORTS);
  *count = extent[0];
  return check_array(file, name, *count, 0, 1); /* whole numbers may be stored in one byte each */
}

static int load_prompt(hid_t file, size_t width, struct lat_prompt **prompt) {
  size_t rank, extent[LAT_HDF5_MAX_RANK], inputs = 0, outputs = 0;
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_shape(file, "prompt/state", &rank, extent));
  LAT_CHECK(status, rank == 2 && extent[1] == width && extent[0] > 0 && extent[0] <= INT32_MAX, LAT_INPUT,
            "prompt/state: is not [tokens, %zu]", width);
  LAT_TRY(status, check_array(file, "prompt/state", extent[0], width, sizeof(float)));
  LAT_TRY(status, count_ports(file, "prompt/input_row", &inputs));
  LAT_TRY(status, count_ports(file, "readout/row", &outputs));
  LAT_TRY(status, lat_prompt_alloc(extent[0], width, inputs, outputs, prompt));
  LAT_TRY(status, load_array(file, "prompt/state", extent[0], width, (*prompt)->state));
  LAT_TRY(status, load_places(file, "prompt/input_row", inputs, extent[0], (*prompt)->input_row));
  LAT_TRY(status, load_array(file, "prompt/input_delta", width, 0, (*prompt)->input_delta));
  LAT_TRY(status, load_places(file, "readout/row", outputs, extent[0], (*prompt)->readout_row));
  LAT_TRY(status, load_array(file, "readout/direction", width, 0, (*prompt)->readout_direction));
  int columns = lat_hdf5_exists(file, "prompt/input_column");
  LAT_CHECK(status, columns == lat_hdf5_exists(file, "readout/column"), LAT_INPUT,
            "prompt/input_column and readout/column: one is there without the other");
  if (!columns) return LAT_OK;
  LAT_TRY(status, check_array(file, "prompt/input_column", inputs, 0, 1));
  LAT_TRY(status, check_array(file, "readout/column", outputs, 0, 1));
  LAT_TRY(status, lat_prompt_add_columns(*prompt));
  LAT_TRY(status, load_places(file, "prompt/input_column", inputs, width, (*prompt)->input_column));
  LAT_TRY(status, load_places(file, "readout/column", outputs, width, (*prompt)->readout_column));
done:
  return status;
}

int lat_weights_load(const char *path, struct lat_transformer **model, struct lat_prompt **prompt) {
  struct lat_hdf5_input input = {.file = -1};
  *model = NULL;
  if (prompt != NULL) *prompt = NULL;
  int status = lat_hdf5_open(path, &input);
  if (status != LAT_OK) return status;
  LAT_TRY(status, load_model(input.file, model));
  int has = lat_hdf5_exists(input.file, "prompt") || lat_hdf5_exists(input.file, "readout");
  if (prompt != NULL && has) LAT_TRY(status, load_prompt(input.file, (*model)->config.width, prompt));
done:
  lat_hdf5_close(&input);
  if (status == LAT_OK) return LAT_OK;
  lat_transformer_free(*model);
  *model = NULL;
  if (prompt != NULL) lat_prompt_free(*prompt);
  if (prompt != NULL) *prompt = NULL;
  return status == LAT_MEMORY ? status : lat_fail_prefix(status, "%s", path);
}

int lat_weights_load_into(const char *path, struct lat_transformer *model) {
  struct lat_transformer *found = NULL;
  int status = lat_weights_load(path, &found, NULL);
  if (status != LAT_OK) return status;
  status = lat_weights_compare_config(&found->config, &model->config);
  if (status == LAT_OK)
    memcpy(model->parameters, found->parameters, model->count * sizeof *model->parameters);
  else
    lat_fail_prefix(status, "%s", path);
  lat_transformer_free(found);
  return status;
}
