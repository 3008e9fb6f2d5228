/* What the report says about one experiment, gathered from its points, their sidecars and its tables. */
#ifndef LAT_CLI_REPORT_DATA_H
#define LAT_CLI_REPORT_DATA_H

#include "lib/sweep/experiment.h"

struct json_object;

/* Different texts, sorted. */
struct lat_words {
  size_t count, capacity;
  char **word;
};
/* Adds a copy unless it is there. LAT_MEMORY. */
int lat_words_add(struct lat_words *words, const char *word);
void lat_words_free(struct lat_words *words);

struct lat_report_data {
  const struct lat_experiment *experiment;
  struct lat_merged *merged;   /* NULL: no points */
  size_t damaged;              /* point files that cannot be read */
  struct json_object *verdict; /* verdict.json; NULL: not merged */
  int stale;                   /* the tables were made from another number of points than there is now */
  struct lat_words sizes, sources, flags, hosts, threads, started;
  struct lat_words failed; /* "POINT: reason", of failed rows and of points that this machine could not do */
  double seconds;          /* sum over points */
};

/* Reads it all; an experiment without a folder gives an empty answer. LAT_MEMORY, LAT_FILE, LAT_INPUT. */
int lat_report_read(const char *out, const struct lat_experiment *experiment, struct lat_report_data *data);
void lat_report_data_free(struct lat_report_data *data);

/* "supported", "refuted", "open", or "missing" when there are no tables. */
const char *lat_report_status(const struct lat_report_data *data);
const char *lat_report_sentence(const struct lat_report_data *data);

#endif
