/* Shared by the tests of lib/info. */
#ifndef TESTS_INFO_HELP_H
#define TESTS_INFO_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/info/blahut.h"

/* |got - expected| <= bound, or the test fails and says both. */
void help_near(double got, double expected, double bound, const char *what);
/* value [n] from N(0, 1), stream (seed, "test normal", 0). */
void help_normal(float *value, size_t n, uint64_t seed);
/* n pairs of vectors [n, d]: x ~ N(0, 1), y = x + deviation N(0, 1), number by number. */
void help_gaussian_pairs(float *x, float *y, size_t n, size_t d, double deviation, uint64_t seed);
/* Capacity of p [X, Y] to within 1e-9; fails the test when it is not reached. */
double help_capacity(const double *p, size_t X, size_t Y);
/* Runs `job` with the k-th allocation failing for k = 1, 2, ... until it succeeds: LAT_MEMORY and nothing held each time. */
void help_fail_each(int (*job)(void));

#endif
