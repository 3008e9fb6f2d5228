/* gnuplot is started without a shell, with the arguments FORMAT OUTPUT TABLES, no start-up files, and its messages caught.
 */
#include "cli/gnuplot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/gnuplot_part.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

extern char **environ;

/* Whether the folder holds style.gp. */
static int look(const char *folder, int *found) {
  struct lat_text path = {0};
  int status = lat_text_printf(&path, "%s/style.gp", folder);
  *found = status == LAT_OK && access(path.bytes, R_OK) == 0;
  lat_text_free(&path);
  return status;
}

int lat_gnuplot_scripts(struct lat_text *folder) {
  int status, found;
  const char *named = getenv("LATENTLAB_ANALYSIS");
  if (named != NULL && *named != '\0') {
    if ((status = look(named, &found)) != LAT_OK) return status;
    if (!found) return LAT_FAIL(LAT_INPUT, "LATENTLAB_ANALYSIS names %s, which holds no style.gp", named);
    return lat_text_printf(folder, "%s", named);
  }
  char program[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length < 0) length = 0;
  program[length] = '\0';
  char *slash = strrchr(program, '/');
  if (slash != NULL) *slash = '\0';
  static const char *const places[] = {"%s/../analysis", "analysis", "%s/../share/latentlab/analysis"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    lat_text_clear(folder);
    int beside = places[i][0] == '%';
    if (beside && slash == NULL) continue;
    status = lat_text_printf(folder, "%s%s", beside ? program : "", beside ? places[i] + 2 : places[i]);
    if (status == LAT_OK) status = look(folder->bytes, &found);
    if (status != LAT_OK || found) return status;
  }
  return LAT_FAIL(LAT_INPUT,
                  "the figures' scripts are not in %s/../analysis, ./analysis or %s/../share/latentlab/analysis; "
                  "name their folder in LATENTLAB_ANALYSIS",
                  program, program);
}

/* Runs it; what it says on stderr goes into `said`. */
static int run_gnuplot(const char *const *arguments, struct lat_text *said) {
  int pipe_ends[2] = {-1, -1}, status = LAT_OK, started = 0;
  pid_t child = 0;
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return LAT_FAIL(LAT_MEMORY, "gnuplot cannot be started");
  LAT_CHECK(status, pipe2(pipe_ends, O_CLOEXEC) == 0, LAT_FILE, "gnuplot cannot be started: %s", strerror(errno));
  LAT_CHECK(status,
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
                posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
                posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 2) == 0,
            LAT_MEMORY, "gnuplot cannot be started");
  /* Scripts are UTF-8: in a locale that is not, as in a bare container, gnuplot complains of its own degree sign. */
  setenv("LC_ALL", "C.UTF-8", 1);
  int problem = posix_spawnp(&child, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
  LAT_CHECK(status, problem != ENOENT, LAT_UNSUPPORTED,
            "there is no gnuplot: install the package gnuplot-nox (Debian, Ubuntu) or gnuplot (Fedora, Homebrew)");
  LAT_CHECK(status, problem == 0, LAT_FILE, "gnuplot cannot be started: %s", strerror(problem));
  started = 1;
  close(pipe_ends[1]);
  pipe_ends[1] = -1;
  char part[4096];
  for (ssize_t got; (got = read(pipe_ends[0], part, sizeof part)) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    if (said->length < 65536) lat_text_append(said, part, (size_t)got);
  }
done:
  for (int i = 0; i < 2; i++)
    if (pipe_ends[i] >= 0) close(pipe_ends[i]);
  posix_spawn_file_actions_destroy(&actions);
  if (started) {
    int code = 0;
    while (waitpid(child, &code, 0) < 0 && errno == EINTR) continue;
    if (status == LAT_OK && (!WIFEXITED(code) || WEXITSTATUS(code) != 0))
      status = LAT_FAIL(LAT_INPUT, "gnuplot ended with %s %d", WIFEXITED(code) ? "status" : "signal",
                        WIFEXITED(code) ? WEXITSTATUS(code) : WTERMSIG(code));
  }
  return status;
}

/* Lines that do not count: fontconfig's remarks on a machine without a font cache are not about the figure. `part`: nor are
 * those on curves that have no point, or one. */
static int harmless(const char *line, size_t length, int part) {
  static const char *const remarks[] = {"Fontconfig warning", LAT_EMPTY_PANEL, "Skipping data file with no valid points",
                                        "No valid data points found in file", "Warning: empty "};
  for (size_t i = 0; i < (part ? sizeof remarks / sizeof *remarks : 1); i++)
    if (memmem(line, length, remarks[i], strlen(remarks[i])) != NULL) return 1;
  return 0;
}

/* The first words of gnuplot's messages, on one line; 0 when it said nothing that counts. */
static int complaint(const struct lat_text *said, int part, char words[300]) {
  size_t used = 0;
  for (const char *line = said->bytes; line != NULL && *line != '\0';) {
    size_t length = strcspn(line, "\n");
    if (!harmless(line, length, part)) {
      for (size_t i = 0; i < length && used < 298; i++) {
        char letter = isspace((unsigned char)line[i]) ? ' ' : line[i];
        if (letter == '^' || (letter == ' ' && (used == 0 || words[used - 1] == ' '))) continue;
        words[used++] = letter;
      }
      if (used > 0 && used < 298 && words[used - 1] != ' ') words[used++] = ' ';
    }
    line += length + (line[length] == '\n');
  }
  while (used > 0 && words[used - 1] == ' ') used--;
  words[used] = '\0';
  return used > 0;
}

/* pdfcairo writes the time into the file; blanks in place of the entry keep every offset of the file true. */
static void blank_date(char *bytes, size_t count) {
  static const char entry[] = "/CreationDate (";
  char *date = memmem(bytes, count, entry, sizeof entry - 1);
  if (date == NULL) return;
  char *end = memchr(date, ')', (size_t)(bytes + count - date));
  if (end != NULL) memset(date, ' ', (size_t)(end + 1 - date));
}

/* Replaces every `old` by `new`. */
static int replace_all(const char *bytes, size_t count, const char *old, const char *new, struct lat_text *text) {
  const char *end = bytes + count;
  int status = LAT_OK;
  for (const char *here; status == LAT_OK && (here = memmem(bytes, (size_t)(end - bytes), old, strlen(old))) != NULL;
       bytes = here + strlen(old)) {
    status = lat_text_append(text, bytes, (size_t)(here - bytes));
    if (status == LAT_OK) status = lat_text_append(text, new, strlen(new));
  }
  return status == LAT_OK ? lat_text_append(text, bytes, (size_t)(end - bytes)) : status;
}

/* An SVG is read where Liberation Sans may not be: name what looks like it. A map's cells must not be blurred. */
static int finish_svg(const char *bytes, size_t count, struct lat_text *text) {
  struct lat_text fonts = {0};
  int status = replace_all(bytes, count, "font-family=\"Liberation Sans\"",
                           "font-family=\"'Liberation Sans', Arial, Helvetica, sans-serif\"", &fonts);
  if (status == LAT_OK)
    status = replace_all(fonts.bytes, fonts.length, "<image ", "<image style='image-rendering:pixelated' ", text);
  lat_text_free(&fonts);
  return status;
}

/* One run of gnuplot on `script`. LAT_INPUT with its first words. */
static int draw(const char *name, const char *format, const char *script, const char *drawn, const char *tables, int part,
                struct lat_text *said) {
  const char *const arguments[] = {"gnuplot", "-d", "-c", script, format, drawn, tables, NULL};
  char words[300];
  lat_text_clear(said);
  int status = run_gnuplot(arguments, said);
  if (status != LAT_UNSUPPORTED && complaint(said, part, words))
    status = LAT_FAIL(LAT_INPUT, "gnuplot on %s.gp (%s): %s", name, format, words);
  return status;
}

/* Draws again what gnuplot complained of, panels without points as empty frames. */
static int draw_part(const char *name, const char *format, const char *script, const char *drawn, const char *tables,
                     struct lat_text *said, int *empty) {
  struct lat_text changed = {0}, path = {0};
  char *bytes = NULL;
  size_t count = 0;
  int status;
  LAT_TRY(status, lat_text_printf(&path, "%s.gp", drawn));
  LAT_TRY(status, lat_file_read(script, &bytes, &count));
  LAT_TRY(status, lat_gnuplot_part(bytes, script, &changed));
  LAT_TRY(status, lat_file_write(path.bytes, changed.bytes, changed.length));
  LAT_TRY(status, draw(name, format, path.bytes, drawn, tables, 1, said));
  for (const char *here = said->bytes; here != NULL && (here = strstr(here, LAT_EMPTY_PANEL)) != NULL; here++) ++*empty;
done:
  if (path.bytes != NULL) unlink(path.bytes);
  lat_text_free(&changed);
  lat_text_free(&path);
  lat_free(bytes);
  return status;
}

int lat_gnuplot_draw(const char *name, const char *format, const char *tables, const char *path, int *empty) {
  struct lat_text folder = {0}, script = {0}, drawn = {0}, said = {0}, finished = {0};
  char *bytes = NULL;
  size_t count = 0;
  int status;
  *empty = 0;
  LAT_TRY(status, lat_gnuplot_scripts(&folder));
  LAT_TRY(status, lat_text_printf(&script, "%s/%s.gp", folder.bytes, name));
  LAT_CHECK(status, access(script.bytes, R_OK) == 0, LAT_INPUT, "%s cannot be read: %s", script.bytes, strerror(errno));
  LAT_TRY(status, lat_gnuplot_tables(tables));
  LAT_TRY(status, lat_text_printf(&drawn, "%s.drawn.%ld", path, (long)getpid()));
  status = draw(name, format, script.bytes, drawn.bytes, tables, 0, &said);
  if (status == LAT_INPUT) status = draw_part(name, format, script.bytes, drawn.bytes, tables, &said, empty);
  if (status != LAT_OK) goto done;
  LAT_TRY(status, lat_file_read(drawn.bytes, &bytes, &count));
  LAT_CHECK(status, count > 0, LAT_INPUT, "gnuplot on %s.gp (%s) drew nothing", name, format);
  if (strcmp(format, "pdf") == 0) blank_date(bytes, count);
  if (strcmp(format, "svg") == 0) {
    LAT_TRY(status, finish_svg(bytes, count, &finished));
    LAT_TRY(status, lat_file_write(path, finished.bytes, finished.length));
  } else {
    LAT_TRY(status, lat_file_write(path, bytes, count));
  }
done:
  if (drawn.bytes != NULL) unlink(drawn.bytes);
  lat_text_free(&folder);
  lat_text_free(&script);
  lat_text_free(&drawn);
  lat_text_free(&said);
  lat_text_free(&finished);
  lat_free(bytes);
  return status;
}
