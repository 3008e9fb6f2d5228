/* A growable string, whole-file reading, and number parsing that refuses what it does not understand. */
#ifndef LAT_BASE_TEXT_H
#define LAT_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise it: {0}. `bytes` is always ended by a NUL once something was added; `length` does not count it. A failed
 * append leaves the old content and sets `failed`, so that many appends can be checked once. */
struct lat_text {
  char *bytes;
  size_t length, capacity;
  int failed;
};

int lat_text_append(struct lat_text *text, const char *bytes, size_t count);
int lat_text_printf(struct lat_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int lat_text_vprintf(struct lat_text *text, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
void lat_text_clear(struct lat_text *text);
void lat_text_free(struct lat_text *text);

/* Reads a whole file, binary safe, followed by one NUL that `*count` does not count. LAT_INPUT when there is no such file,
 * it is a folder or too large (8 GiB; a pipe or device 1 GiB), LAT_FILE when the system fails. The caller frees *bytes with lat_free. */
int lat_file_read(const char *path, char **bytes, size_t *count);

/* Writes a whole file by a temporary name in the same folder, fsync and rename: the old content stays until the new one is
 * complete. LAT_FILE with the reason (no space, read-only folder, ...) and no trace left otherwise. */
int lat_file_write(const char *path, const char *bytes, size_t count);
/* The same with a temporary name of the caller's. What is there and no regular file (a device, a folder) is left alone. */
int lat_file_replace(const char *path, const char *temporary, const char *bytes, size_t count);

/* The whole text as a number, nothing before or after it. LAT_INPUT with a sentence that quotes the text otherwise. */
int lat_parse_int(const char *text, int64_t minimum, int64_t maximum, int64_t *value);
int lat_parse_real(const char *text, double minimum, double maximum, double *value); /* finite */

/* The shortest decimal text that reads back as the same double, e.g. "0.1", "3", "1e-07". `buffer` holds 32 bytes. */
const char *lat_format_real(double value, char buffer[32]);

#endif
