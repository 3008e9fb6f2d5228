/* One experiment's part of the report. */
#ifndef LAT_CLI_REPORT_SECTION_H
#define LAT_CLI_REPORT_SECTION_H

#include "cli/report_data.h"
#include "lib/base/text.h"

/* Appends the section: question, prediction, verdict, figure, tables, parameters, failures, provenance, commands, files.
 * Draws the figure anew from the tables when there is a gnuplot, else takes DIR/figures/NAME.svg. `note` gets "" or why there
 * is no figure. */
int lat_report_section(struct lat_text *page, const char *out, const struct lat_report_data *data, char note[400]);

#endif
