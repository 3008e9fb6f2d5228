#include "lib/task/thinking.h"

#include <string.h>

#include "lib/base/status.h"
#include "lib/task/task.h"

const char *lat_labels_name(enum lat_labels labels) {
  static const char *const names[LAT_LABELS] = {"all", "rest", "next", "reached", "answer"};
  return (unsigned)labels < LAT_LABELS ? names[labels] : "?";
}

/* Are the steps asked that were removed? */
static int asks_removed(const struct lat_thinking *thinking) {
  return thinking->labels == LAT_LABELS_ALL || thinking->labels == LAT_LABELS_REACHED;
}

int lat_thinking_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const struct lat_thinking *t = &setting->thinking;
  const char *name = setting->task->name;
  size_t steps = shape->sequence - shape->prompt;
  if (setting->supervision != LAT_SUPERVISE_TRACE)
    return LAT_FAIL(LAT_INPUT, "task %s: slots for thoughts stand where the trace would: take supervision=trace", name);
  if (t->removed > steps)
    return LAT_FAIL(LAT_INPUT, "task %s: %zu steps cannot be removed, a chain of thought has %zu", name, t->removed, steps);
  if (asks_removed(t) && !t->before && t->slots < t->removed)
    return LAT_FAIL(LAT_INPUT, "task %s: %zu removed steps cannot all be asked at %zu slots", name, t->removed, t->slots);
  if (asks_removed(t) && t->before && t->removed > 0)
    return LAT_FAIL(LAT_INPUT, "task %s: nothing can be asked of slots that stand before the question", name);
  if (shape->sequence * shape->fields > LAT_THINKING_MOST)
    return LAT_FAIL(LAT_INPUT, "task %s: an example of %zu tokens is too long for thoughts, %d is the most", name,
                    shape->sequence * shape->fields, (int)LAT_THINKING_MOST);
  shape->vocabulary += t->tokens;
  shape->sequence = shape->sequence - t->removed + t->slots;
  shape->prompt += t->slots;
  if (t->labels == LAT_LABELS_REACHED) shape->sequence = shape->prompt;
  return LAT_OK;
}

/* One position copied, or a slot written. */
static void put(const struct lat_example *from, size_t i, size_t fields, struct lat_example *to, size_t j) {
  memcpy(to->token + j * fields, from->token + i * fields, fields * sizeof *to->token);
}

static void ask(const struct lat_example *from, size_t i, struct lat_example *to, size_t j) {
  to->target[j] = from->target[i];
  to->level[j] = from->level[i];
  if (to->set != NULL) to->set[j] = from->set[i];
}

/* Where step t + 1 (0-based t) of the removed ones is asked: 0 is the question's last token. */
static size_t slot_of(const struct lat_thinking *thinking, size_t t) { return t * thinking->slots / thinking->removed; }

void lat_thinking_lay(const struct lat_thinking *thinking, const struct lat_task_shape *shape,
                      const struct lat_example *own, struct lat_example *example) {
  size_t P = shape->prompt, S = shape->sequence, n = thinking->slots, r = thinking->removed, fields = shape->fields;
  size_t question = thinking->before ? n : 0, slots = thinking->before ? 0 : P, rest = P + n;
  size_t told = thinking->labels == LAT_LABELS_REACHED ? P + n : S - r + n;
  for (size_t j = 0; j < told; j++) example->target[j] = -1, example->level[j] = 0;
  for (size_t i = 0; i < P; i++) put(own, i, fields, example, question + i);
  for (size_t i = 0; i < n; i++)
    for (size_t f = 0; f < fields; f++)
      example->token[(slots + i) * fields + f] = (int32_t)(shape->vocabulary + i % thinking->tokens);
  for (size_t i = P + r; i < S && rest + i - P - r < told; i++) put(own, i, fields, example, rest + i - P - r);
  /* Places that ask: own position P - 1 + t asks step t + 1. */
  for (size_t t = 0; t <= S - P; t++) {
    int last = t == S - P, asked = thinking->labels != LAT_LABELS_ANSWER || last;
    size_t to = t < r ? P - 1 + slot_of(thinking, t) : rest - 1 + t - r;
    if (t < r && !asks_removed(thinking)) asked = 0;
    if (t > r && (thinking->labels == LAT_LABELS_NEXT || thinking->labels == LAT_LABELS_REACHED)) asked = 0;
    if (!asked || to >= told) continue;
    ask(own, P - 1 + t, example, to);
  }
  /* What the task asks of the question itself stays. */
  for (size_t i = 0; i + 1 < P; i++) ask(own, i, example, question + i);
}
