/* latentlab exercise N: a textbook question worked through with numbers, and held to a model that is really built or a
 * channel that is really simulated. One file an exercise, cli/exercise_NAME.c; cli/exercise.c lists them. */
#ifndef LAT_CLI_EXERCISE_H
#define LAT_CLI_EXERCISE_H

#include "cli/exercise_sheet.h"

enum lat_flag_kind { LAT_FLAG_INTEGER, LAT_FLAG_REAL, LAT_FLAG_WORD, LAT_FLAG_SWITCH };

/* One flag of one exercise: its command line, help text and place in JSON all come from this row. */
struct lat_exercise_flag {
  const char *name, *argument, *help;
  enum lat_flag_kind kind;
  double minimum, maximum; /* of numbers */
  const char *usual;       /* the value without the flag, as text; NULL for switches and for words that may be absent */
};

enum { LAT_EXERCISE_FLAGS = 12 };

struct lat_exercise_values {
  size_t integer[LAT_EXERCISE_FLAGS]; /* by the flag's row; switches are 0 or 1 */
  double real[LAT_EXERCISE_FLAGS];
  const char *word[LAT_EXERCISE_FLAGS];
  const char *file; /* NULL when none was named */
};

struct lat_exercise {
  const char *name, *question, *source;
  const char *file;                      /* what FILE is for; NULL: the exercise takes none */
  const struct lat_exercise_flag *flags; /* ended by a NULL name */
  int (*run)(const struct lat_exercise_values *values, struct lat_sheet *sheet);
};

extern const struct lat_exercise lat_exercise_depth;
extern const struct lat_exercise lat_exercise_bits;
extern const struct lat_exercise lat_exercise_parity;
extern const struct lat_exercise lat_exercise_brent;
extern const struct lat_exercise lat_exercise_beta;
extern const struct lat_exercise lat_exercise_cost;
extern const struct lat_exercise lat_exercise_channel;
extern const struct lat_exercise lat_exercise_code;

#endif
