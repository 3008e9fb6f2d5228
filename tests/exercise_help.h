/* Exercises as the tests run them: through the command, read back from its JSON. */
#ifndef LAT_TESTS_EXERCISE_HELP_H
#define LAT_TESTS_EXERCISE_HELP_H

#include <stddef.h>

struct json_object;

/* A folder of their own to work in; for cmocka_run_group_tests. */
int exercise_make_folder(void **state);
int exercise_remove_folder(void **state);

/* The exit status of `latentlab exercise WORDS`, its stdout in the file "out" and its stderr in "error". Nothing is leaked. */
int exercise_run(const char *words);

/* The sheet of an exercise of which every check holds; fails the running test otherwise. */
struct json_object *exercise_sheet_of(const char *words);

/* A cell of a table by row and key, and as a number; rows of a table. */
struct json_object *exercise_cell(struct json_object *root, const char *table, size_t row, const char *key);
double exercise_real(struct json_object *root, const char *table, size_t row, const char *key);
size_t exercise_rows_of(struct json_object *root, const char *table);

/* Fails when |found - wanted| is not within the tolerance. */
void exercise_near(double found, double wanted, double tolerance, const char *what);

#endif
