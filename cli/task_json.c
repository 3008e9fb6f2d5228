/* `latentlab task --json`. What is not a number is null. */
#include <json-c/json.h>
#include <math.h>

#include "cli/cli.h"
#include "cli/task.h"
#include "lib/base/memory.h"

static void put_text(struct json_object *object, const char *key, const char *text) {
  json_object_object_add(object, key, json_object_new_string(text));
}
static void put_count(struct json_object *object, const char *key, int64_t value) {
  json_object_object_add(object, key, json_object_new_int64(value));
}
static struct json_object *real(double value) { return isfinite(value) ? json_object_new_double(value) : NULL; }

struct json_object *lat_task_describe(const struct lat_task *task) {
  struct json_object *object = json_object_new_object(), *supervision = json_object_new_array(),
                     *options = json_object_new_array();
  put_text(object, "name", task->name);
  put_text(object, "help", task->help);
  put_text(object, "source", task->source);
  put_text(object, "difficulty", task->difficulty);
  for (int s = 0; s <= LAT_SUPERVISE_TRACE; s++)
    if (task->supervision & 1u << s)
      json_object_array_add(supervision, json_object_new_string(lat_supervision_name((enum lat_supervision)s)));
  json_object_object_add(object, "supervision", supervision);
  for (const struct lat_task_option *o = task->options; o->name; o++) {
    struct json_object *row = json_object_new_object();
    put_text(row, "name", o->name);
    put_text(row, "help", o->help);
    if (o->names) {
      struct json_object *values = json_object_new_array();
      for (int64_t v = o->minimum; v <= o->maximum; v++) {
        char text[24];
        lat_task_value(o, v, text);
        json_object_array_add(values, json_object_new_string(text));
      }
      json_object_object_add(row, "values", values);
    } else {
      put_count(row, "minimum", o->minimum);
      put_count(row, "maximum", o->maximum);
    }
    char text[24];
    lat_task_value(o, o->value, text);
    if (o->names)
      put_text(row, "default", text);
    else
      put_count(row, "default", o->value);
    json_object_array_add(options, row);
  }
  json_object_object_add(object, "options", options);
  return object;
}

static struct json_object *describe_shape(const struct lat_task_shape *shape) {
  struct json_object *object = json_object_new_object();
  put_count(object, "fields", (int64_t)shape->fields);
  put_count(object, "vocabulary", (int64_t)shape->vocabulary);
  put_count(object, "classes", (int64_t)shape->classes);
  put_count(object, "sequence", (int64_t)shape->sequence);
  put_count(object, "levels", (int64_t)shape->levels);
  put_count(object, "prompt", (int64_t)shape->prompt);
  return object;
}

/* One entry a position: numbers and, for tokens and asked targets, what a person reads. */
static struct json_object *describe_example(const struct lat_task_setting *setting, const struct lat_task_shape *shape,
                                            const struct lat_example *example, int64_t index) {
  struct json_object *object = json_object_new_object(), *positions = json_object_new_array();
  put_count(object, "index", index);
  for (size_t p = 0; p < shape->sequence; p++) {
    struct json_object *row = json_object_new_object(), *token = json_object_new_array(), *texts = json_object_new_array();
    char text[16];
    for (size_t f = 0; f < shape->fields; f++) {
      int32_t value = example->token[p * shape->fields + f];
      lat_task_token(setting, f, value, text);
      json_object_array_add(token, json_object_new_int(value));
      json_object_array_add(texts, json_object_new_string(text));
    }
    json_object_object_add(row, "token", token);
    json_object_object_add(row, "token_text", texts);
    put_count(row, "target", example->target[p]);
    if (example->target[p] >= 0) {
      lat_task_class(setting, example->target[p], text);
      put_text(row, "target_text", text);
    }
    put_count(row, "level", example->level[p]);
    json_object_array_add(positions, row);
  }
  json_object_object_add(object, "positions", positions);
  return object;
}

static int add_examples(const struct lat_task_request *request, const struct lat_task_setting *setting,
                        const struct lat_task_shape *shape, struct json_object *object) {
  struct json_object *all = json_object_new_array();
  struct lat_example example;
  int status;
  put_text(object, "purpose", request->purpose);
  json_object_object_add(object, "examples", all);
  LAT_TRY(status, lat_task_example_alloc(shape, &example));
  for (int64_t i = 0; i < request->show; i++) {
    lat_task_make(setting, (uint64_t)request->seed, request->purpose, (uint64_t)i, &example);
    json_object_array_add(all, describe_example(setting, shape, &example, i));
  }
done:
  lat_task_example_free(&example);
  return status;
}

static int add_baseline(const struct lat_task_request *request, const struct lat_task_setting *setting,
                        const struct lat_task_shape *shape, struct json_object *object) {
  struct json_object *row = json_object_new_object(), *levels = json_object_new_array();
  struct lat_baseline b;
  double *by_level = lat_calloc(shape->levels, sizeof *by_level);
  int status;
  json_object_object_add(object, "baseline", row);
  json_object_object_add(row, "by_level", levels);
  LAT_CHECK(status, by_level, LAT_MEMORY, "no memory for %zu levels", shape->levels);
  LAT_TRY(status, lat_task_baseline(setting, (uint64_t)request->seed, (size_t)request->counted, &b, by_level));
  put_count(row, "examples", request->counted);
  json_object_object_add(row, "chance", real(b.chance));
  json_object_object_add(row, "majority", real(b.majority));
  json_object_object_add(row, "position", real(b.position));
  json_object_object_add(row, "ngram", real(b.ngram));
  put_count(row, "ngram_n", (int64_t)b.ngram_n);
  put_count(row, "ngram_fields", (int64_t)b.ngram_fields);
  json_object_object_add(row, "exact", real(b.exact));
  for (size_t l = 0; l < shape->levels; l++) json_object_array_add(levels, real(by_level[l]));
done:
  lat_free(by_level);
  return status;
}

int lat_task_json(const struct lat_task_request *request, const struct lat_task_setting *setting,
                  const struct lat_task_shape *shape, struct json_object **object) {
  char name[512];
  int status = LAT_OK;
  *object = lat_task_describe(setting->task);
  lat_task_write(setting, name, sizeof name);
  put_text(*object, "setting", name);
  json_object_object_add(*object, "shape", describe_shape(shape));
  put_count(*object, "seed", request->seed);
  if (request->show) LAT_TRY(status, add_examples(request, setting, shape, *object));
  if (request->counted) LAT_TRY(status, add_baseline(request, setting, shape, *object));
  return LAT_OK;
done:
  json_object_put(*object);
  *object = NULL;
  return status;
}
