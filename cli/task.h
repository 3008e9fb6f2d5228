/* What the files of `latentlab task` share. */
#ifndef LAT_CLI_TASK_H
#define LAT_CLI_TASK_H

#include <stdint.h>

#include "lib/task/task.h"

struct json_object;

struct lat_task_request {
  const char *name, *purpose;
  int64_t show, counted, seed; /* 0: not asked for */
  int list, json;
};

/* The value of an option as it is given on the command line. */
void lat_task_value(const struct lat_task_option *option, int64_t value, char text[24]);
/* The setting in full, as lat_task_parse reads it. */
void lat_task_write(const struct lat_task_setting *setting, char *text, size_t bytes);

/* Arrays for one example; the caller frees it in either case. LAT_MEMORY. */
int lat_task_example_alloc(const struct lat_task_shape *shape, struct lat_example *example);
void lat_task_example_free(struct lat_example *example);
/* A token and a class as a person reads them; a class of -1 is a dot. */
void lat_task_token(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]);
void lat_task_class(const struct lat_task_setting *setting, int32_t class, char text[16]);

/* On stdout. LAT_MEMORY. */
int lat_task_print_examples(const struct lat_task_request *request, const struct lat_task_setting *setting,
                            const struct lat_task_shape *shape);
int lat_task_print_baseline(const struct lat_task_request *request, const struct lat_task_setting *setting,
                            const struct lat_task_shape *shape);

/* As JSON: the caller releases it. */
struct json_object *lat_task_describe(const struct lat_task *task);
int lat_task_json(const struct lat_task_request *request, const struct lat_task_setting *setting,
                  const struct lat_task_shape *shape, struct json_object **object);

#endif
