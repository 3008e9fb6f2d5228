#include "experiments/word_problems/words.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"

enum { MOST = 64 }; /* layers, loops */

int lat_words_model_parse(const char *text, struct lat_words_model *model) {
  char rest;
  *model = (struct lat_words_model){LAT_WORDS_TRANSFORMER, 1, 1};
  if (strcmp(text, "lstm") == 0) model->kind = LAT_WORDS_LSTM;
  if (strcmp(text, "tanh") == 0) model->kind = LAT_WORDS_TANH;
  if (model->kind != LAT_WORDS_TRANSFORMER) return LAT_OK;
  if (strspn(text, "0123456789x") != strlen(text) || sscanf(text, "%zux%zu%c", &model->layers, &model->loops, &rest) != 2 ||
      model->layers < 1 || model->loops < 1 || model->layers > MOST || model->loops > MOST)
    return LAT_FAIL(LAT_INPUT, "model '%.40s' is none of LxT (1 to %d layers looped 1 to %d times), lstm, tanh", text, MOST,
                    MOST);
  return LAT_OK;
}

int lat_words_task_parse(const char *text, struct lat_task_setting *setting, char name[16]) {
  int status = LAT_OK;
  LAT_TRY(status, lat_task_parse(text, setting));
  int words = strcmp(setting->task->name, "words") == 0;
  LAT_CHECK(status, words || strcmp(setting->task->name, "parity") == 0, LAT_INPUT,
            "task '%.80s' is neither parity nor words", text);
  LAT_CHECK(status, setting->supervision == LAT_SUPERVISE_DENSE, LAT_INPUT,
            "task '%.80s': every prefix is asked here, so supervision is dense", text);
  snprintf(name, 16, "parity");
  if (!words) goto done;
  /* The value is a place in the list of names. */
  const char *at = setting->task->options[0].names;
  for (int64_t skip = lat_task_option(setting, "group"); skip > 0; skip--) at = strchr(at, '|') + 1;
  snprintf(name, 16, "%.*s", (int)strcspn(at, "|"), at);
done:
  return status;
}

size_t lat_words_solved(const struct lat_score *score, size_t steps, double accuracy) {
  size_t solved = 0;
  while (solved + 1 < score->levels && lat_score_level(score, steps, solved + 1) >= accuracy) solved++;
  return solved;
}
