/* gnuplot leaves out what it cannot read as a number without a word: so tables are looked through before. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gnuplot_part.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { MOST_COLUMNS = 256 };

/* The next field of a line, ended by NUL in place; NULL behind the last one. */
static char *field(char **rest) {
  char *begin = *rest;
  if (begin == NULL) return NULL;
  char *tab = strchr(begin, '\t');
  if (tab != NULL) *tab = '\0';
  *rest = tab != NULL ? tab + 1 : NULL;
  return begin;
}

/* What gnuplot reads as one: it takes "0.7 / 0.4" as its first number. nan, inf and hexadecimal are not meant. */
static int is_number(const char *text) {
  char *end;
  double value = strtod(text, &end);
  return strcmp(text, "NaN") == 0 || (end != text && isfinite(value) && memchr(text, 'x', (size_t)(end - text)) == NULL);
}

static int check_table(const char *path, char *bytes) {
  const char *name[MOST_COLUMNS];
  size_t columns = 0, number = 1;
  char *rest = bytes;
  for (char *line = bytes; line != NULL; number++) {
    char *next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    rest = line;
    line = next;
    if (number > 1 && *rest == '\0') continue; /* a gap */
    size_t i = 0;
    for (char *word; (word = field(&rest)) != NULL; i++) {
      if (i >= (number == 1 ? (size_t)MOST_COLUMNS : columns)) { /* one too many */
        i++;
        break;
      }
      if (number == 1)
        name[i] = word;
      else if (strstr(name[i], " (") != NULL && !is_number(word))
        return LAT_FAIL(LAT_INPUT, "%s, line %zu: '%.40s' is no number, but column '%s' holds numbers; merge again", path,
                        number, word, name[i]);
    }
    if (number == 1 && (i > MOST_COLUMNS || *name[0] == '\0'))
      return LAT_FAIL(LAT_INPUT, "%s has no header of 1 to %d columns; merge again", path, MOST_COLUMNS);
    if (number == 1) columns = i;
    if (i != columns)
      return LAT_FAIL(LAT_INPUT, "%s, line %zu: not the %zu fields of the header; merge again", path, number, columns);
  }
  return LAT_OK;
}

int lat_gnuplot_tables(const char *folder) {
  struct lat_text path = {0};
  int status = LAT_OK;
  DIR *entries = opendir(folder);
  if (entries == NULL) return LAT_FAIL(LAT_INPUT, "%s cannot be read: %s", folder, strerror(errno));
  for (struct dirent *entry; status == LAT_OK && (entry = readdir(entries)) != NULL;) {
    size_t length = strlen(entry->d_name), count = 0;
    char *bytes = NULL;
    if (length < 5 || strcmp(entry->d_name + length - 4, ".tsv") != 0) continue;
    lat_text_clear(&path);
    status = lat_text_printf(&path, "%s/%s", folder, entry->d_name);
    if (status == LAT_OK) status = lat_file_read(path.bytes, &bytes, &count);
    if (status == LAT_OK) status = check_table(path.bytes, bytes);
    lat_free(bytes);
  }
  closedir(entries);
  lat_text_free(&path);
  return status;
}
