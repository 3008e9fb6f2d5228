/* The parts of word_problems. */
#ifndef LAT_EXPERIMENTS_WORD_PROBLEMS_WORDS_H
#define LAT_EXPERIMENTS_WORD_PROBLEMS_WORDS_H

#include "lib/sweep/experiment.h"
#include "lib/train/evaluate.h"

enum lat_words_kind { LAT_WORDS_TRANSFORMER, LAT_WORDS_LSTM, LAT_WORDS_TANH };

/* "LxT": L layers, looped T times; "lstm", "tanh": one layer of cells. LAT_INPUT for anything else. */
struct lat_words_model {
  enum lat_words_kind kind;
  size_t layers, loops;
};
int lat_words_model_parse(const char *text, struct lat_words_model *model);

/* "parity:length=16" or "words:group=s3:length=8", with an answer at every prefix. *group gets "parity" or the group's name, in
 * name[16]. LAT_INPUT for another task or supervision. */
int lat_words_task_parse(const char *text, struct lat_task_setting *setting, char name[16]);

/* n*: the longest prefix such that it and all shorter ones are right with the given accuracy or better, after so many loops. */
size_t lat_words_solved(const struct lat_score *score, size_t steps, double accuracy);

int lat_words_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
