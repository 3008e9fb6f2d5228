/* Points for the tests of lib/store, and a folder of their own. */
#ifndef TESTS_STORE_SAMPLE_H
#define TESTS_STORE_SAMPLE_H

#include "lib/store/point.h"

/* A new empty folder; sample_folder_remove deletes it with the files in it. */
const char *sample_folder(char folder[64]);
void sample_folder_remove(const char *folder);
size_t sample_files(const char *folder); /* how many files there are */

/* Point number i: two parameters, scalars of every kind, a real [step], an integer [step,level] and a real
 * [level,step,pair] with 1 + i % 3 steps, a missing value, a timing. Every fifth (i % 5 == 4) failed. LAT_MEMORY; then
 * `point` is empty. */
int sample_point(size_t i, struct lat_point *point);

/* FOLDER/ID.h5 in `path`. */
const char *sample_path(const char *folder, const struct lat_point *point, char path[256]);

/* 1 when both have the same attributes, fields and bytes of data. */
int sample_equal(const struct lat_point *a, const struct lat_point *b);

/* 1 when both files can be read and hold the same bytes. */
int sample_same_bytes(const char *a, const char *b);

#endif
