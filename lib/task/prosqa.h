/* The authors' ProsQA files (Hao et al. 2024): a JSON array of records with
 *   edges          [[from, to], ...]   node numbers
 *   root, target, neg_target           node numbers
 *   idx_to_symbol  ["Alex", ...]       one name a node: it says how many nodes there are
 * Other members (question, answer, steps) are not read. */
#ifndef LAT_TASK_PROSQA_H
#define LAT_TASK_PROSQA_H

#include "lib/task/graph.h"

/* Every record as a graph, in the order of the file; the caller frees it. LAT_INPUT names the record (from 0) and the
 * member that is wrong: missing, of another type, a number that is no node, a question that lat_graph_check refuses. */
int lat_prosqa_read(const char *path, struct lat_graphs **graphs);

/* The same from a text of `count` bytes; the sentence does not name a file. */
int lat_prosqa_parse(const char *bytes, size_t count, struct lat_graphs **graphs);

#endif
