#include "cli/html.h"

#include <stdarg.h>
#include <string.h>

#include "lib/base/status.h"

void lat_html(struct lat_text *page, const char *format, ...) {
  va_list list;
  va_start(list, format);
  lat_text_vprintf(page, format, list); /* a failure is kept in the page */
  va_end(list);
}

void lat_html_text_part(struct lat_text *page, const char *text, size_t count) {
  for (size_t i = 0, start = 0; i <= count; i++) {
    const char *escaped = NULL;
    switch (i < count ? text[i] : '\0') {
      case '&': escaped = "&amp;"; break;
      case '<': escaped = "&lt;"; break;
      case '>': escaped = "&gt;"; break;
      case '"': escaped = "&quot;"; break;
      case '\'': escaped = "&#39;"; break;
      default: break;
    }
    if (escaped == NULL && i < count) continue;
    lat_text_append(page, text + start, i - start);
    if (escaped != NULL) lat_text_append(page, escaped, strlen(escaped));
    start = i + 1;
  }
}

void lat_html_text(struct lat_text *page, const char *text) { lat_html_text_part(page, text, strlen(text)); }

/* How many bytes at `at` are the beginning of an id or of a reference to one: up to where the name stands; 0: none. */
static size_t reference(const char *at, size_t left) {
  static const char *const starts[] = {" id=\"", " id='", "href=\"#", "href='#", "url(#"};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    size_t length = strlen(starts[i]);
    if (length <= left && memcmp(at, starts[i], length) == 0) return length;
  }
  return 0;
}

/* What lies between `open` and `close` after `from`; NULL when they are not there. */
static const char *between(const char *from, const char *end, const char *open, const char *close, size_t *length) {
  const char *start = memmem(from, (size_t)(end - from), open, strlen(open));
  if (start == NULL) return NULL;
  start += strlen(open);
  const char *stop = memmem(start, (size_t)(end - start), close, strlen(close));
  if (stop == NULL) return NULL;
  *length = (size_t)(stop - start);
  return start;
}

int lat_html_svg(struct lat_text *page, const char *bytes, size_t count, const char *prefix, const char *title,
                 const char *description) {
  const char *end = bytes + count;
  size_t head, box, skip;
  const char *open = between(bytes, end, "<svg", ">", &head);
  if (open == NULL) return LAT_FAIL(LAT_INPUT, "this is no SVG image");
  const char *view = between(open, open + head, "viewBox=\"", "\"", &box);
  const char *body = open + head + 1, *close = memmem(body, (size_t)(end - body), "</svg>", 6);
  if (view == NULL || close == NULL) return LAT_FAIL(LAT_INPUT, "this SVG image has no viewBox or no end");
  if (memmem(body, (size_t)(close - body), "<script", 7) != NULL)
    return LAT_FAIL(LAT_INPUT, "this SVG image holds a script");
  lat_html(page,
           "<svg viewBox=\"%.*s\" role=\"img\" aria-labelledby=\"%s-title %s-desc\" xmlns=\"http://www.w3.org/2000/svg\" ",
           (int)box, view, prefix, prefix);
  lat_html(page, "xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n<title id=\"%s-title\">", prefix);
  lat_html_text(page, title);
  lat_html(page, "</title><desc id=\"%s-desc\">", prefix);
  lat_html_text(page, description);
  lat_html(page, "</desc>\n");
  /* Its own title and description stand before everything else. */
  const char *own = between(body, close, "<desc>", "</desc>", &skip);
  if (own != NULL) body = own + skip + strlen("</desc>");
  for (const char *from = body; from < close;) {
    const char *at = from;
    size_t length = 0;
    while (at < close && (length = reference(at, (size_t)(close - at))) == 0) at++;
    lat_text_append(page, from, (size_t)(at - from) + length);
    if (length > 0) lat_html(page, "%s-", prefix);
    from = at + length;
  }
  lat_html(page, "</svg>\n");
  return page->failed ? LAT_MEMORY : LAT_OK;
}

/* Whether a field is a number, an empty cell or "12 x 10". */
static int is_number(const char *field, size_t length) {
  return length > 0 && strspn(field, "0123456789+-.eExX NaN") >= length;
}

/* Thousands get thin gaps: only whole numbers of five digits and more. */
static void cell(struct lat_text *page, const char *field, size_t length) {
  size_t digits = strspn(field, "0123456789");
  if (digits != length || length < 5) {
    lat_html_text_part(page, field, length);
    return;
  }
  for (size_t i = 0; i < length; i++) lat_html(page, "%s%c", i > 0 && (length - i) % 3 == 0 ? "&#8239;" : "", field[i]);
}

void lat_html_table(struct lat_text *page, const char *bytes, const char *name, const char *caption) {
  lat_html(
      page,
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"%s\">\n<table>\n<caption id=\"%s\"><span>",
      name, name);
  lat_html_text(page, caption);
  lat_html(page, "</span></caption>\n");
  for (const char *line = bytes; *line != '\0';) {
    size_t length = strcspn(line, "\n");
    int head = line == bytes;
    const char *field = line, *stop = line + length;
    if (length > 0) {
      lat_html(page, head ? "<thead><tr>" : "<tr>");
      for (;;) {
        const char *tab = memchr(field, '\t', (size_t)(stop - field));
        size_t size = (size_t)((tab != NULL ? tab : stop) - field);
        int number = is_number(field, size);
        lat_html(page, head ? "<th scope=\"col\">" : number ? "<td class=\"n\">" : "<td>");
        if (head)
          lat_html_text_part(page, field, size);
        else
          cell(page, field, size);
        lat_html(page, head ? "</th>" : "</td>");
        if (tab == NULL) break;
        field = tab + 1;
      }
      lat_html(page, head ? "</tr></thead>\n<tbody>\n" : "</tr>\n");
    }
    line += length + (line[length] == '\n');
  }
  lat_html(page, "</tbody>\n</table>\n</div>\n");
}
