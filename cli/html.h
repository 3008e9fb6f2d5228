/* Pieces of an HTML page, written into a text. An append that fails marks the text (`failed`), so a page is checked once. */
#ifndef LAT_CLI_HTML_H
#define LAT_CLI_HTML_H

#include "lib/base/text.h"

/* HTML as it is, made by printf: what comes from outside goes through lat_html_text. */
void lat_html(struct lat_text *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text with & < > " ' escaped: good for contents and for quoted attribute values. */
void lat_html_text(struct lat_text *page, const char *text);
void lat_html_text_part(struct lat_text *page, const char *text, size_t count);

/* An SVG file as an inline figure: without its head, of the container's width, with `title` and `description` in place of
 * its own, and every id and reference to it begun with `prefix`, so that several fit into one page. LAT_INPUT when the
 * bytes hold no <svg ...>...</svg> with a viewBox, or a script. */
int lat_html_svg(struct lat_text *page, const char *bytes, size_t count, const char *prefix, const char *title,
                 const char *description);

/* A tab-separated table (first line: names; blank lines left out): numbers to the right, in a container that scrolls. */
void lat_html_table(struct lat_text *page, const char *bytes, const char *name, const char *caption);

/* The style sheet. */
extern const char *const lat_html_style;

#endif
