/* gnuplot itself says which points there are: the elements of a statement that read tables are plotted `with table` into
 * a block of text first, one row a point. Only style and title are cut from them, so that filters, loops and conditions are
 * the figure's own. */
#include "cli/gnuplot_part.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

/* The end of what begins here: a quoted text, a bracket with all in it, or one byte. */
static const char *past(const char *at, const char *end) {
  static const char open[] = "([{", shut[] = ")]}";
  if (*at == '\'' || *at == '"') {
    const char *close = memchr(at + 1, *at, (size_t)(end - at - 1));
    return close ? close + 1 : end;
  }
  const char *kind = memchr(open, *at, sizeof open - 1);
  if (!kind) return at + 1;
  const char close = shut[kind - open];
  for (at++; at < end && *at != close;) at = past(at, end);
  return at < end ? at + 1 : end;
}

/* The first `word` outside of quotes and brackets, or `end`. */
static const char *find(const char *at, const char *end, const char *word) {
  size_t length = strlen(word);
  for (; at < end; at = past(at, end))
    if ((size_t)(end - at) >= length && memcmp(at, word, length) == 0) return at;
  return end;
}

static int has(const char *at, const char *end, const char *word) { return find(at, end, word) < end; }

/* An element without style, title and names of tics. */
static void count_element(struct lat_text *text, const char *at, const char *end) {
  const char *cut = find(at, end, " with ");
  if (cut == end) cut = find(at, end, " notitle");
  if (cut == end) cut = find(at, end, " title ");
  while (at < cut) {
    const char *tic = find(at, cut, ":xtic("), *other = find(at, cut, ":ytic(");
    if (other < tic) tic = other;
    lat_text_append(text, at, (size_t)(tic - at));
    at = tic < cut ? past(tic + 5, cut) : cut;
  }
}

/* An element as it is drawn: `using X:Y:Z with image` by cells of one by one. */
static void draw_element(struct lat_text *text, const char *at, const char *end) {
  const char *image = find(at, end, " with image"), *values = find(at, image, " using ");
  const char *y = image, *z = image;
  if (image < end && values < image) {
    y = find(values, image, ":");
    z = y < image ? find(y + 1, image, ":") : image;
  }
  if (z < image) {
    lat_text_append(text, at, (size_t)(z - at));
    lat_text_printf(text, ":(0.5):(0.5):%.*s with boxxyerror fillcolor palette", (int)(image - z - 1), z + 1);
    at = image + strlen(" with image");
  }
  lat_text_append(text, at, (size_t)(end - at));
}

/* Adds the counting of the elements that read tables: after it PART_points holds their points. Gives how many there are. */
static int count_elements(struct lat_text *text, const char *at, const char *end) {
  int elements = 0;
  lat_text_printf(text, "PART_points = 0\n");
  for (const char *next; at < end; at = next < end ? next + 1 : end) {
    next = find(at, end, ",");
    if (!has(at, next, " using ")) continue;
    lat_text_printf(text, elements++ ? ", " : "set table $PART\nplot [1:2] [1:2] ");
    count_element(text, at, next);
    lat_text_printf(text, " with table");
  }
  if (elements)
    lat_text_printf(text,
                    "\nunset table\ndo for [PART_row = 1:|$PART|] { if (word($PART[PART_row], 1) ne 'nan' && "
                    "word($PART[PART_row], 2) ne 'nan') { PART_points = PART_points + 1 } }\n");
  return elements;
}

static void draw(struct lat_text *text, const char *ranges, const char *at, const char *end) {
  lat_text_printf(text, "plot %.*s", (int)(at - ranges), ranges);
  for (const char *next; at < end; at = next < end ? next + 1 : end) {
    next = find(at, end, ",");
    draw_element(text, at, next);
    if (next < end) lat_text_printf(text, ",");
  }
  lat_text_printf(text, "\n");
}

/* One statement, its lines joined, from behind the word `plot`. */
static void change(struct lat_text *text, const char *at, const char *end) {
  const char *ranges = at;
  for (;;) {
    while (at < end && isspace((unsigned char)*at)) at++;
    if (at == end || *at != '[') break;
    at = past(at, end);
  }
  size_t mark = text->length;
  if (!count_elements(text, at, end)) { /* no table: a key, or curves of theory */
    text->length = mark;
    draw(text, ranges, at, end);
    return;
  }
  lat_text_printf(text, "if (PART_points == 0) { @EMPTY } else {\n");
  draw(text, ranges, at, end);
  lat_text_printf(text, "}\n");
}

int lat_gnuplot_part(const char *script, const char *path, struct lat_text *changed) {
  struct lat_text joined = {0};
  /* Where style.gp lies is read from the script's own name. */
  lat_text_printf(changed, "ARG0 = '");
  for (; *path; path++) lat_text_printf(changed, *path == '\'' ? "''" : "%c", *path);
  lat_text_printf(changed, "'\n");
  for (const char *line = script, *next; *line; line = next) {
    const char *word = line + strspn(line, " \t"), *end = strchrnul(line, '\n');
    next = *end ? end + 1 : end;
    if (strncmp(word, "plot ", 5) != 0) {
      lat_text_append(changed, line, (size_t)(next - line));
      continue;
    }
    lat_text_clear(&joined);
    for (line = word + 5;; line = next, end = strchrnul(line, '\n'), next = *end ? end + 1 : end) {
      int more = end > line && end[-1] == '\\';
      lat_text_append(&joined, line, (size_t)(end - line - more));
      if (!more) break;
    }
    if (!joined.failed && joined.bytes) change(changed, joined.bytes, joined.bytes + joined.length);
  }
  int failed = joined.failed || changed->failed;
  lat_text_free(&joined);
  return failed ? LAT_FAIL(LAT_MEMORY, "there is no memory for the script of a figure") : LAT_OK;
}
