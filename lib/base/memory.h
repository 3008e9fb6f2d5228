/* Counted, failable memory, aligned to 64 bytes (one cache line, one AVX-512 register).
 *
 * Every allocation of the library goes through here, so that a test can make the k-th one fail and see that every error
 * path frees what it holds, and so that a report can state the peak. All functions may be called from any thread. */
#ifndef LAT_BASE_MEMORY_H
#define LAT_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* count * size bytes, not initialised; NULL with a stored LAT_MEMORY sentence when there is no such memory or the product
 * overflows. count or size 0 gives a valid pointer to no bytes. The caller owns it and frees it with lat_free. */
void *lat_alloc(size_t count, size_t size);

/* The same, all bytes 0. */
void *lat_calloc(size_t count, size_t size);

/* Resizes; the content is kept up to the smaller size. NULL on failure, and `pointer` is then still valid and owned. */
void *lat_realloc(void *pointer, size_t count, size_t size);

/* A copy of a string. NULL on failure. */
char *lat_strdup(const char *text);

/* Frees what the functions above gave. NULL is allowed. */
void lat_free(void *pointer);

/* Bytes held now, the highest that was held since lat_memory_reset_peak, and allocations made since the program began. */
size_t lat_memory_current(void);
size_t lat_memory_peak(void);
uint64_t lat_memory_allocations(void);
void lat_memory_reset_peak(void);

/* For tests: the k-th allocation from now on fails (k = 1 is the next one), once. 0 switches this off. */
void lat_memory_fail_at(uint64_t k);

/* Refuse to hold more than this many bytes in all; 0 means no limit. */
void lat_memory_limit(size_t bytes);

#endif
