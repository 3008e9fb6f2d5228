/* A filter picks points of a sweep: `layers <= 4 && family == parity:8`.
 *
 *   expression = both ('||' both)*        both = one ('&&' one)*
 *   one        = '!' one | '(' expression ')' | NAME OPERATOR VALUE
 *   OPERATOR   = == != < <= > >=          texts and paths know == and != only; a path is compared by its base name
 *   VALUE      = up to a space, '(', ')', '!', '<', '>', '=', '&' or '|'; or "in quotes" */
#ifndef LAT_SWEEP_FILTER_H
#define LAT_SWEEP_FILTER_H

#include "lib/sweep/experiment.h"

struct lat_filter;
/* LAT_INPUT with one sentence that gives the column when the text is wrong or names no parameter of the experiment. */
int lat_filter_parse(const struct lat_experiment *experiment, const char *text, struct lat_filter **filter);
/* Whether the filter takes these parameters (a filled `struct parameters` of its experiment). */
int lat_filter_takes(const struct lat_filter *filter, const void *parameters);
void lat_filter_free(struct lat_filter *filter);

#endif
