#include "tests/task_stream.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

void stream_open(struct task_stream *stream, const char *text) {
  if (lat_task_parse(text, &stream->setting) != LAT_OK || lat_task_shape(&stream->setting, &stream->shape) != LAT_OK)
    fail_msg("%s: %s", text, lat_error_message());
  stream->example.token = lat_alloc(stream->shape.sequence * stream->shape.fields, sizeof *stream->example.token);
  stream->example.target = lat_alloc(stream->shape.sequence, sizeof *stream->example.target);
  stream->example.level = lat_alloc(stream->shape.sequence, sizeof *stream->example.level);
  stream->example.set = NULL;
  assert_true(stream->example.token && stream->example.target && stream->example.level);
}

void stream_close(struct task_stream *stream) {
  lat_free(stream->example.token);
  lat_free(stream->example.target);
  lat_free(stream->example.level);
}

void stream_draw(struct task_stream *stream, uint64_t seed, const char *purpose, uint64_t index) {
  lat_task_make(&stream->setting, seed, purpose, index, &stream->example);
}

void stream_share(size_t hits, size_t trials, double p, const char *what) {
  double share = (double)hits / (double)trials, deviation = sqrt(p * (1 - p) / (double)trials);
  if (!(fabs(share - p) <= 5 * deviation))
    fail_msg("%s: %zu of %zu = %.4f, and %.4f +- %.4f is expected", what, hits, trials, share, p, deviation);
}

void stream_refused(const char *text, const char *word) {
  struct lat_task_setting setting, untouched;
  memset(&setting, 0x5a, sizeof setting);
  untouched = setting;
  if (lat_task_parse(text, &setting) != LAT_INPUT) fail_msg("%s is not refused", text);
  if (!strstr(lat_error_message(), word)) fail_msg("%s: '%s' does not say '%s'", text, lat_error_message(), word);
  assert_null(strchr(lat_error_message(), '\n'));
  assert_memory_equal(&setting, &untouched, sizeof setting);
}
