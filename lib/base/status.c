#include "lib/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[1024];
static _Thread_local char origin[256];

int lat_fail(int code, const char *file, int line, const char *format, ...) {
  char text[sizeof message]; /* the arguments may point into the stored sentence */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  memcpy(message, text, sizeof message);
  snprintf(origin, sizeof origin, "%s:%d", file, line);
  return code;
}

int lat_fail_prefix(int code, const char *format, ...) {
  char prefix[512], text[sizeof prefix + sizeof message + 2];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(prefix, sizeof prefix, format, arguments);
  va_end(arguments);
  snprintf(text, sizeof text, "%s: %s", prefix, message);
  memcpy(message, text, sizeof message - 1);
  message[sizeof message - 1] = '\0';
  return code;
}

const char *lat_error_message(void) { return message; }

const char *lat_error_origin(void) { return origin; }

void lat_error_clear(void) {
  message[0] = '\0';
  origin[0] = '\0';
}

const char *lat_status_name(int code) {
  static const char *const names[] = {"ok", "memory", "input", "file", "numeric", "unsupported", "interrupted"};
  return code >= LAT_OK && code <= LAT_INTERRUPTED ? names[code] : "unknown";
}

int lat_status_exit(int code) {
  switch (code) {
    case LAT_OK: return 0;
    case LAT_INPUT:
    case LAT_UNSUPPORTED: return 2;
    default: return 1;
  }
}
