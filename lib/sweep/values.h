/* The values of one parameter, as a text says them: items separated by commas, each a value or a range.
 *
 *   1,2,4             these
 *   from:to           from, from + 1, ... (whole numbers only)
 *   from:to:step      from, from + step, ... up to `to`, which is included when it is hit; step may be negative
 *   from:to:*factor   from, from * factor, ... up to `to`; all positive
 *
 * Steps do not drift: 0:1:0.1 holds the very number that 0.3 reads as. Texts and paths know no ranges: only commas. */
#ifndef LAT_SWEEP_VALUES_H
#define LAT_SWEEP_VALUES_H

#include "lib/sweep/experiment.h"

union lat_value {
  int64_t integer;
  double real;
  char *text; /* texts and paths; owned by the list */
};

struct lat_values {
  enum lat_kind kind;
  size_t count, capacity;
  union lat_value *value;
};

/* Reads the values of `parameter` from `text` into a list that was zero. LAT_INPUT with one sentence that names the
 * parameter and what it allows. */
int lat_values_parse(struct lat_values *values, const struct lat_parameter *parameter, const char *text);
void lat_values_free(struct lat_values *values);
/* Whether two values of this kind are the same. */
int lat_value_equal(enum lat_kind kind, union lat_value a, union lat_value b);
/* What a parameter allows, in words: "a whole number from 1 to 64". */
const char *lat_parameter_range(const struct lat_parameter *parameter, char buffer[96]);

#endif
