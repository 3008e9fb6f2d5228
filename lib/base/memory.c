/* A header of one cache line before each block holds its size. posix_memalign would lose the size, and malloc_usable_size
 * is not portable. */
#include "lib/base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/status.h"

enum { ALIGNMENT = 64 };

static atomic_size_t current, peak, limit;
static _Atomic uint64_t allocations, fail_at;

/* True when this allocation is the one that a test wants to fail. */
static int must_fail(void) {
  uint64_t left = atomic_load(&fail_at);
  while (left != 0) {
    if (atomic_compare_exchange_weak(&fail_at, &left, left - 1)) return left == 1;
  }
  return 0;
}

static void count_in(size_t bytes) {
  size_t now = atomic_fetch_add(&current, bytes) + bytes;
  size_t highest = atomic_load(&peak);
  while (now > highest && !atomic_compare_exchange_weak(&peak, &highest, now)) {
  }
  atomic_fetch_add(&allocations, 1);
}

static void *header_of(void *pointer) { return (char *)pointer - ALIGNMENT; }

static size_t size_of(void *pointer) {
  size_t bytes;
  memcpy(&bytes, header_of(pointer), sizeof bytes);
  return bytes;
}

void *lat_alloc(size_t count, size_t size) {
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - 2 * (size_t)ALIGNMENT) {
    LAT_FAIL(LAT_MEMORY, "%zu blocks of %zu bytes are more than a program can address", count, size);
    return NULL;
  }
  size_t whole = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT;
  size_t bound = atomic_load(&limit);
  int over = bound != 0 && (bytes > bound || atomic_load(&current) > bound - bytes);
  char *block = over || must_fail() ? NULL : aligned_alloc(ALIGNMENT, whole);
  if (block == NULL) {
    LAT_FAIL(LAT_MEMORY, "no memory for %zu more bytes (%zu are held); use a smaller size or a machine with more", bytes,
             atomic_load(&current));
    return NULL;
  }
  memcpy(block, &bytes, sizeof bytes);
  count_in(bytes);
  return block + ALIGNMENT;
}

void *lat_calloc(size_t count, size_t size) {
  void *pointer = lat_alloc(count, size);
  if (pointer != NULL) memset(pointer, 0, size_of(pointer));
  return pointer;
}

void *lat_realloc(void *pointer, size_t count, size_t size) {
  void *larger = lat_alloc(count, size);
  if (larger == NULL || pointer == NULL) return larger;
  size_t had = size_of(pointer), has = size_of(larger);
  memcpy(larger, pointer, had < has ? had : has);
  lat_free(pointer);
  return larger;
}

char *lat_strdup(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copy = lat_alloc(bytes, 1);
  if (copy != NULL) memcpy(copy, text, bytes);
  return copy;
}

void lat_free(void *pointer) {
  if (pointer == NULL) return;
  atomic_fetch_sub(&current, size_of(pointer));
  free(header_of(pointer));
}

size_t lat_memory_current(void) { return atomic_load(&current); }
size_t lat_memory_peak(void) { return atomic_load(&peak); }
uint64_t lat_memory_allocations(void) { return atomic_load(&allocations); }
void lat_memory_reset_peak(void) { atomic_store(&peak, atomic_load(&current)); }
void lat_memory_fail_at(uint64_t k) { atomic_store(&fail_at, k); }
void lat_memory_limit(size_t bytes) { atomic_store(&limit, bytes); }
