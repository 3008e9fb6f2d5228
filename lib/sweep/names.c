#include "lib/sweep/names.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"

enum { LONGEST = 63, SHOWN = 3 };

size_t lat_name_distance(const char *a, const char *b) {
  size_t rows = strlen(a), columns = strlen(b), table[3][LONGEST + 1];
  if (rows > LONGEST || columns > LONGEST) return LONGEST + 1;
  for (size_t j = 0; j <= columns; j++) table[0][j] = j;
  for (size_t i = 1; i <= rows; i++) {
    size_t *now = table[i % 3], *above = table[(i + 2) % 3], *before = table[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= columns; j++) {
      size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
      if (above[j] + 1 < best) best = above[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
        best = before[j - 2] + 1;
      now[j] = best;
    }
  }
  return table[rows % 3][columns];
}

/* The nearest names seen so far, nearest first. */
struct nearest {
  size_t count, distance[SHOWN];
  const char *name[SHOWN];
};

static void offer(struct nearest *nearest, const char *word, const char *name) {
  size_t distance = lat_name_distance(word, name);
  if (strstr(name, word) && *word) distance = 1;
  if (distance > 2 + strlen(word) / 3) return;
  size_t at = nearest->count < SHOWN ? nearest->count : SHOWN;
  while (at > 0 && nearest->distance[at - 1] > distance) at--;
  if (at == SHOWN) return;
  if (nearest->count < SHOWN) nearest->count++;
  for (size_t i = nearest->count - 1; i > at; i--) {
    nearest->distance[i] = nearest->distance[i - 1];
    nearest->name[i] = nearest->name[i - 1];
  }
  nearest->distance[at] = distance;
  nearest->name[at] = name;
}

static void sentence(const struct nearest *nearest, char *buffer, size_t bytes) {
  size_t length = 0;
  *buffer = '\0';
  for (size_t i = 0; i < nearest->count && length < bytes; i++)
    length += (size_t)snprintf(buffer + length, bytes - length, "%s%s", i ? ", " : "; nearest: ", nearest->name[i]);
}

const struct lat_experiment *lat_experiment_find(const struct lat_experiment *const *experiments, const char *name) {
  struct nearest nearest = {0};
  for (size_t i = 0; experiments[i]; i++) {
    if (!strcmp(experiments[i]->name, name)) return experiments[i];
    offer(&nearest, name, experiments[i]->name);
  }
  char names[256];
  sentence(&nearest, names, sizeof names);
  LAT_FAIL(LAT_INPUT, "there is no experiment '%.80s'%s (`latentlab list` shows them all)", name, names);
  return NULL;
}

const struct lat_parameter *lat_parameter_find(const struct lat_experiment *experiment, const char *name) {
  struct nearest nearest = {0};
  for (const struct lat_parameter *p = experiment->parameters; p->name; p++) {
    if (!strcmp(p->name, name)) return p;
    offer(&nearest, name, p->name);
  }
  char names[256];
  sentence(&nearest, names, sizeof names);
  LAT_FAIL(LAT_INPUT, "experiment %s has no parameter '%.80s'%s (`latentlab list %s` shows them all)", experiment->name,
           name, names, experiment->name);
  return NULL;
}
