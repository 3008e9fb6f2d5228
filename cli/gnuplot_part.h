/* Figures of a part of the points: a panel in which nothing can be drawn must not stop the others. Used by gnuplot.c. */
#ifndef LAT_CLI_GNUPLOT_PART_H
#define LAT_CLI_GNUPLOT_PART_H

#include "lib/base/text.h"

/* What EMPTY of style.gp says on standard error. */
#define LAT_EMPTY_PANEL "panel without points"

/* Appends `script` (the file at `path`) so changed that before each statement `plot` the points that its elements read from
 * tables are counted. Without a point the panel is a frame that says so (EMPTY of style.gp). A point has its first two
 * columns. A map is drawn cell by cell, as an image of fewer than 2 x 2 cells is refused. Statements begin a line; one that
 * reads no table is left as it is. LAT_MEMORY. */
int lat_gnuplot_part(const char *script, const char *path, struct lat_text *changed);

/* Whether the tables (*.tsv) in a folder are what they say: a header, as many fields in each row, and in columns with a unit,
 * "name (unit)", a number or NaN. LAT_INPUT with file and line. */
int lat_gnuplot_tables(const char *folder);

#endif
