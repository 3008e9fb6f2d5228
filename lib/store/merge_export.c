/* Scalars as a table for programs that read text. */
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/file.h"
#include "lib/store/variable.h"

/* Tabs and line ends would break the table. */
static int append_clean(struct lat_text *text, const char *value) {
  int status = LAT_OK;
  for (const char *c = value; *c != '\0' && status == LAT_OK; c++)
    status = lat_text_append(text, *c == '\t' || *c == '\n' || *c == '\r' ? " " : c, 1);
  return status;
}

static int append_value(struct lat_text *text, const struct lat_variable *variable, const struct lat_point *point) {
  char buffer[32];
  if (variable->model == NULL) return append_clean(text, lat_variable_text(variable, point));
  const struct lat_field *field = lat_record_find(&point->record, variable->name);
  if (field == NULL) return lat_text_printf(text, "NaN");
  if (lat_variable_is_text(variable)) return append_clean(text, field->data.text[0]);
  if (field->kind == LAT_INTEGER) return lat_text_printf(text, "%lld", (long long)field->data.integer[0]);
  double value = field->data.real[0];
  return lat_text_printf(text, "%s", isnan(value) ? "NaN" : lat_format_real(value, buffer));
}

static int is_scalar(const struct lat_variable *variable) { return variable->rank == 0 && variable->extent_of < 0; }

int lat_merge_table(const struct lat_merged *merged, struct lat_text *table) {
  struct lat_variables variables = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_variables_make(merged, 1, 1, &variables));
  for (size_t v = 0; v < variables.count; v++) {
    const struct lat_variable *variable = &variables.variable[v];
    if (!is_scalar(variable)) continue;
    LAT_TRY(status, lat_text_printf(table, "%s%s", v > 0 ? "\t" : "", variable->name));
    if (variable->model != NULL) LAT_TRY(status, lat_text_printf(table, " (%s)", variable->unit));
  }
  LAT_TRY(status, lat_text_append(table, "\n", 1));
  for (size_t p = 0; p < merged->points; p++) {
    for (size_t v = 0; v < variables.count; v++) {
      if (!is_scalar(&variables.variable[v])) continue;
      if (v > 0) LAT_TRY(status, lat_text_append(table, "\t", 1));
      LAT_TRY(status, append_value(table, &variables.variable[v], &merged->point[p]));
    }
    LAT_TRY(status, lat_text_append(table, "\n", 1));
  }
done:
  lat_variables_free(&variables);
  return status;
}

int lat_merge_export(const char *path, const struct lat_merged *merged) {
  struct lat_text table = {0};
  int status = lat_merge_table(merged, &table);
  if (status == LAT_OK) status = lat_store_replace(path, table.bytes, table.length);
  lat_text_free(&table);
  return status;
}
