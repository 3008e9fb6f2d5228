/* Errors: a status code and one sentence. Nothing here prints or exits.
 *
 * Two kinds of wrong. The programmer is wrong: assert. The world is wrong (memory, a file, a command line, a NaN in a
 * loss): the function returns a code other than LAT_OK, and the sentence that lat_fail stored for the calling thread
 * says what, where and what to do. Only the program and the tests read that sentence and choose an exit status. */
#ifndef LAT_BASE_STATUS_H
#define LAT_BASE_STATUS_H

enum lat_status {
  LAT_OK = 0,
  LAT_MEMORY,      /* an allocation failed                                             exit status 1 */
  LAT_INPUT,       /* the caller's input is wrong: file content, option, value         exit status 2 */
  LAT_FILE,        /* the system refused: open, read, write, disk full                 exit status 1 */
  LAT_NUMERIC,     /* a non-finite number where a finite one is promised               exit status 1 */
  LAT_UNSUPPORTED, /* well-formed, but not something this program does                 exit status 2 */
  LAT_INTERRUPTED  /* a stop was asked for and the work is safely put down             exit status 1 */
};

/* Stores the sentence for this thread and returns `code`. `file` and `line` say where in the source; the sentence should
 * not repeat them. A sentence of over 1,023 bytes is cut. */
int lat_fail(int code, const char *file, int line, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Puts "PREFIX: " before the stored sentence: a caller that knows the file adds its name. Returns `code`. */
int lat_fail_prefix(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The last stored sentence of this thread, "" when there was none. Valid until the next failure in this thread. */
const char *lat_error_message(void);

/* Where in the source it was stored, as "lib/x/y.c:12". */
const char *lat_error_origin(void);

/* Forgets the stored sentence. */
void lat_error_clear(void);

/* A short name: "ok", "memory", "input", "file", "numeric", "unsupported", "interrupted". */
const char *lat_status_name(int code);

/* The exit status that a program ends with for this code: 0, 1 or 2 as listed above. */
int lat_status_exit(int code);

#define LAT_FAIL(code, ...) lat_fail((code), __FILE__, __LINE__, __VA_ARGS__)

/* Jump to the one `done:` label that frees, keeping the code in `status`. */
#define LAT_TRY(status, call)                     \
  do {                                            \
    if (((status) = (call)) != LAT_OK) goto done; \
  } while (0)

#define LAT_CHECK(status, condition, code, ...) \
  do {                                          \
    if (!(condition)) {                         \
      (status) = LAT_FAIL((code), __VA_ARGS__); \
      goto done;                                \
    }                                           \
  } while (0)

#endif
