/* Figures by gnuplot: which script draws an experiment, and how it is run. Used by `plot` and `report`. */
#ifndef LAT_CLI_GNUPLOT_H
#define LAT_CLI_GNUPLOT_H

#include <stddef.h>

#include "lib/base/text.h"

/* The folder with style.gp: the environment's LATENTLAB_ANALYSIS, else analysis beside the program's folder (a build tree
 * in the source tree), else in the working folder, else PREFIX/share/latentlab/analysis for a program in PREFIX/bin.
 * LAT_INPUT with the places that were looked at. */
int lat_gnuplot_scripts(struct lat_text *folder);

/* Draws analysis/NAME.gp from the tables in folder `tables` into `path`, format "svg", "png" or "pdf". The file appears
 * complete or not at all, and equal tables give equal bytes: a PDF's creation date is blanked. A panel of which no point was
 * run is a frame that says so; *empty is how many there are. Anything else that gnuplot says (an undefined variable, a table
 * that is not there) is a failure: LAT_INPUT with its first words, or with file and line of a table that is malformed,
 * LAT_UNSUPPORTED with the name of the package when there is no gnuplot, LAT_FILE when the file cannot be written. */
int lat_gnuplot_draw(const char *name, const char *format, const char *tables, const char *path, int *empty);

#endif
