/* Where things lie below the results folder OUT:
 *   OUT/NAME/ID.h5 .json .timing.h5 .failed.json .lock .checkpoint   points
 *   OUT/NAME.h5 OUT/NAME.timing.h5                                   merged
 *   OUT/tables/NAME/TABLE.tsv and verdict.json                       analysed
 *   OUT/figures/NAME.svg .png .pdf, OUT/report.html */
#ifndef LAT_SWEEP_LAYOUT_H
#define LAT_SWEEP_LAYOUT_H

#include "lib/base/text.h"

/* Makes every missing folder of a path. LAT_FILE. */
int lat_make_folders(const char *path);
/* Replaces `text` by a path made by printf. LAT_MEMORY. */
int lat_path(struct lat_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int lat_path_exists(const char *path);

#endif
