/* The tables and the verdict that an experiment's `analyse` gives, held in memory until they are written or compared.
 *
 * FOLDER/TABLE.tsv: the column names, then one row a line. FOLDER/verdict.json: the experiment, its version, how many
 * points and failed ones there are, the verdict ("open", "supported" or "refuted"), its sentence, and every table's name,
 * columns, caption (null for one that is for the figure only) and number of rows. */
#ifndef LAT_SWEEP_ANALYSIS_H
#define LAT_SWEEP_ANALYSIS_H

#include "lib/sweep/experiment.h"

/* Runs the experiment's `analyse` on the merged points. What it returns is returned; LAT_INPUT for a row whose fields are
 * not as many as the columns, LAT_NUMERIC for a number that is not finite. The caller frees. */
int lat_analysis_make(const struct lat_experiment *experiment, const struct lat_merged *merged,
                      struct lat_analysis **analysis);
/* Writes all files, each by one rename, and removes tables that are no longer made. LAT_FILE. */
int lat_analysis_write(const struct lat_analysis *analysis, const char *folder);
/* LAT_OK when the files in the folder are byte for byte what would be written; LAT_INPUT names the first that is not. */
int lat_analysis_compare(const struct lat_analysis *analysis, const char *folder);
void lat_analysis_free(struct lat_analysis *analysis);

enum lat_verdict lat_analysis_verdict(const struct lat_analysis *analysis);
const char *lat_analysis_sentence(const struct lat_analysis *analysis);
const char *lat_verdict_name(enum lat_verdict verdict);

#endif
