#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

#define MOST_OF_FILE ((uint64_t)8 << 30)
#define MOST_OF_STREAM ((uint64_t)1 << 30)

static int reserve(struct lat_text *text, size_t more) {
  size_t need = text->length + more + 1;
  if (need < more) return text->failed = LAT_FAIL(LAT_MEMORY, "a text of over %zu bytes", more);
  if (need <= text->capacity) return LAT_OK;
  size_t capacity = text->capacity * 2 > need ? text->capacity * 2 : need + 64;
  char *bytes = lat_realloc(text->bytes, capacity, 1);
  if (bytes == NULL) return text->failed = LAT_MEMORY;
  text->bytes = bytes;
  text->capacity = capacity;
  return LAT_OK;
}

int lat_text_append(struct lat_text *text, const char *bytes, size_t count) {
  int status = reserve(text, count);
  if (status != LAT_OK) return status;
  if (count > 0) memcpy(text->bytes + text->length, bytes, count);
  text->length += count;
  text->bytes[text->length] = '\0';
  return LAT_OK;
}

int lat_text_vprintf(struct lat_text *text, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int count = vsnprintf(NULL, 0, format, again);
  va_end(again);
  int status =
      count < 0 ? (text->failed = LAT_FAIL(LAT_INPUT, "a text could not be formatted")) : reserve(text, (size_t)count);
  if (status == LAT_OK) {
    vsnprintf(text->bytes + text->length, (size_t)count + 1, format, arguments);
    text->length += (size_t)count;
  }
  return status;
}

int lat_text_printf(struct lat_text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int status = lat_text_vprintf(text, format, arguments);
  va_end(arguments);
  return status;
}

void lat_text_clear(struct lat_text *text) {
  text->length = 0;
  if (text->bytes != NULL) text->bytes[0] = '\0';
}

void lat_text_free(struct lat_text *text) {
  lat_free(text->bytes);
  *text = (struct lat_text){0};
}

int lat_file_read(const char *path, char **bytes, size_t *count) {
  *bytes = NULL;
  *count = 0;
  struct lat_text text = {0};
  int status = LAT_OK;
  if (*path == '\0') return LAT_FAIL(LAT_INPUT, "the name of a file is empty");
  FILE *file = fopen(path, "rb");
  if (file == NULL) return LAT_FAIL(LAT_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
  struct stat about;
  LAT_CHECK(status, fstat(fileno(file), &about) == 0, LAT_FILE, "%s: %s", path, strerror(errno));
  LAT_CHECK(status, !S_ISDIR(about.st_mode), LAT_INPUT, "%s: is a folder, not a file", path);
  /* /dev/zero never ends, and a file with holes is as large as one likes */
  uint64_t most = S_ISREG(about.st_mode) ? MOST_OF_FILE : MOST_OF_STREAM;
  LAT_CHECK(status, (uint64_t)about.st_size <= most, LAT_INPUT, "%s: over %llu MiB, which is more than is read whole", path,
            (unsigned long long)(most >> 20));
  char part[65536];
  for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;) {
    LAT_CHECK(status, text.length + got <= most, LAT_INPUT, "%s: over %llu MiB, which is more than is read whole", path,
              (unsigned long long)(most >> 20));
    LAT_TRY(status, lat_text_append(&text, part, got));
  }
  LAT_CHECK(status, !ferror(file), LAT_FILE, "%s: cannot be read: %s", path, strerror(errno));
  LAT_TRY(status, lat_text_append(&text, "", 0));
  *bytes = text.bytes;
  *count = text.length;
  text.bytes = NULL;
done:
  lat_text_free(&text);
  fclose(file);
  return status;
}

static int write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t wrote = write(descriptor, bytes, count);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return -1;
    if (wrote == 0) return errno = ENOSPC, -1;
    bytes += wrote;
    count -= (size_t)wrote;
  }
  return 0;
}

int lat_file_replace(const char *path, const char *temporary, const char *bytes, size_t count) {
  int status = LAT_OK, descriptor = -1, made = 0;
  struct stat about;
  /* rename would put a file in the place of a device such as /dev/full */
  LAT_CHECK(status, stat(path, &about) != 0 || S_ISREG(about.st_mode), LAT_FILE,
            "%s: is %s, not a file that can be replaced", path, S_ISDIR(about.st_mode) ? "a folder" : "a device or a pipe");
  descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  LAT_CHECK(status, descriptor >= 0, LAT_FILE, "%s: cannot be written: %s", path, strerror(errno));
  made = 1;
  LAT_CHECK(status, write_all(descriptor, bytes, count) == 0 && fsync(descriptor) == 0, LAT_FILE,
            "%s: cannot be written: %s; nothing of it is kept", path, strerror(errno));
  int closed = close(descriptor);
  descriptor = -1;
  LAT_CHECK(status, closed == 0, LAT_FILE, "%s: cannot be written: %s; nothing of it is kept", path, strerror(errno));
  LAT_CHECK(status, rename(temporary, path) == 0, LAT_FILE, "%s: cannot be put in place: %s", path, strerror(errno));
  made = 0;
done:
  if (descriptor >= 0) close(descriptor);
  if (made) unlink(temporary);
  return status;
}

int lat_file_write(const char *path, const char *bytes, size_t count) {
  struct lat_text temporary = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_text_printf(&temporary, "%s.tmp.%ld", path, (long)getpid()));
  status = lat_file_replace(path, temporary.bytes, bytes, count);
done:
  lat_text_free(&temporary);
  return status;
}

int lat_parse_int(const char *text, int64_t minimum, int64_t maximum, int64_t *value) {
  char *end = NULL;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  int clean = *text != '\0' && *text != ' ' && *text != '\t' && *text != '+' && *end == '\0';
  if (!clean) return LAT_FAIL(LAT_INPUT, "'%.80s' is not a whole number", text);
  if (errno == ERANGE || number < minimum || number > maximum)
    return LAT_FAIL(LAT_INPUT, "%.80s is outside %lld..%lld", text, (long long)minimum, (long long)maximum);
  *value = number;
  return LAT_OK;
}

int lat_parse_real(const char *text, double minimum, double maximum, double *value) {
  char *end = NULL;
  double number = strtod(text, &end);
  int clean = *text != '\0' && *text != ' ' && *text != '\t' && *end == '\0' && isfinite(number);
  if (!clean) return LAT_FAIL(LAT_INPUT, "'%.80s' is not a finite number", text);
  if (!(number >= minimum && number <= maximum))
    return LAT_FAIL(LAT_INPUT, "%.80s is outside %g..%g", text, minimum, maximum);
  *value = number;
  return LAT_OK;
}

const char *lat_format_real(double value, char buffer[32]) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(buffer, 32, "%.*g", digits, value);
    if (strtod(buffer, NULL) == value) break;
  }
  return buffer;
}
