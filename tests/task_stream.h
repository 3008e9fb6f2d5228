/* Tasks as the tests use them. */
#ifndef LAT_TESTS_TASK_STREAM_H
#define LAT_TESTS_TASK_STREAM_H

#include "lib/task/task.h"

/* A setting, its shape and room for one example. */
struct task_stream {
  struct lat_task_setting setting;
  struct lat_task_shape shape;
  struct lat_example example;
};

/* Fails the running test when the text is no setting. */
void stream_open(struct task_stream *stream, const char *text);
void stream_close(struct task_stream *stream);

/* Example `index` of (seed, purpose) into stream->example. */
void stream_draw(struct task_stream *stream, uint64_t seed, const char *purpose, uint64_t index);

/* Fails unless `hits` of `trials` is within five standard deviations of the chance p. */
void stream_share(size_t hits, size_t trials, double p, const char *what);

/* Fails unless lat_task_parse refuses the text as bad input, in one line that holds `word`. */
void stream_refused(const char *text, const char *word);

#endif
