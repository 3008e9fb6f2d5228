/* One worked exercise as it is filled in, number by number, and shown in the end: as text for a reader or as JSON.
 *
 * Nothing here can fail but for want of memory inside json-c. The order on the page is fixed: question, formulas, tables,
 * checks, conclusion, source; the order of the calls within each kind is kept. */
#ifndef LAT_CLI_EXERCISE_SHEET_H
#define LAT_CLI_EXERCISE_SHEET_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

struct lat_sheet {
  struct json_object *formulas, *tables, *checks, *conclusion; /* owned */
  struct json_object *columns, *rows, *row;                    /* of the table in hand; borrowed */
  int failed;                                                  /* checks that did not hold */
};

struct lat_sheet_column {
  const char *key, *head; /* in JSON; above the column */
};

void lat_sheet_start(struct lat_sheet *sheet);
void lat_sheet_free(struct lat_sheet *sheet);

void lat_sheet_formula(struct lat_sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Begins a table; `columns` ends with a NULL key. The cells that follow fill it row by row. */
void lat_sheet_table(struct lat_sheet *sheet, const char *key, const char *title, const struct lat_sheet_column *columns);
void lat_sheet_word(struct lat_sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lat_sheet_integer(struct lat_sheet *sheet, int64_t value);                 /* 1,234,567 */
void lat_sheet_fixed(struct lat_sheet *sheet, double value, int decimals);      /* 3.14 */
void lat_sheet_real(struct lat_sheet *sheet, double value, int digits);         /* significant digits, 1.2e-07 */
void lat_sheet_amount(struct lat_sheet *sheet, double value, const char *unit); /* 3.40 GB; the bare number in JSON */
void lat_sheet_none(struct lat_sheet *sheet);                                   /* - */

/* What theory says and what was found; holds when |found - predicted| <= tolerance. Gives whether it does. */
int lat_sheet_check(struct lat_sheet *sheet, double predicted, double found, double tolerance, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for found <= limit. */
int lat_sheet_limit(struct lat_sheet *sheet, double limit, double found, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One sentence or more of the conclusion. */
void lat_sheet_conclude(struct lat_sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An amount with a decimal prefix in `buffer`, which it returns: "3.40 GB". */
const char *lat_sheet_scaled(double value, const char *unit, char buffer[32]);
/* A whole number in groups of three digits. */
const char *lat_sheet_grouped(int64_t value, char buffer[32]);

/* Shown on stdout. */
void lat_sheet_print(const struct lat_sheet *sheet, int number, const char *name, const char *question, const char *source);
/* Moves everything into `object`. */
void lat_sheet_json(struct lat_sheet *sheet, struct json_object *object);

#endif
