#include "lib/nn/tape.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { ALIGNMENT = 64, FIRST_BLOCK = 1 << 16 };

/* The arena is a list of blocks. A reset goes back to the first one; a step that asks for the same sizes in the same order finds
 * the same places. */
struct block {
  struct block *next;
  size_t size, used;
  unsigned char *byte;
};
/* A pooled buffer; `count` numbers follow the header. */
struct buffer {
  struct buffer *next_free, *next_all;
  size_t count;
  unsigned char padding[ALIGNMENT - 2 * sizeof(void *) - sizeof(size_t)];
};
struct record {
  struct record *before;
  lat_backward *backward;
  struct lat_array *output;
  void *data;
};
struct lat_tape {
  struct block *first, *block;
  struct buffer *all, *free;
  struct record *last;
  size_t bytes;
  int status;
};
_Static_assert(sizeof(struct buffer) == ALIGNMENT, "numbers after the header stay aligned");

static lat_real *numbers(struct buffer *buffer) { return (lat_real *)(void *)(buffer + 1); }

int lat_tape_alloc(struct lat_tape **tape) {
  *tape = lat_calloc(1, sizeof **tape);
  return *tape != NULL ? LAT_OK : LAT_MEMORY;
}

void lat_tape_free(struct lat_tape *tape) {
  if (tape == NULL) return;
  while (tape->first != NULL) {
    struct block *next = tape->first->next;
    lat_free(tape->first->byte);
    lat_free(tape->first);
    tape->first = next;
  }
  while (tape->all != NULL) {
    struct buffer *next = tape->all->next_all;
    lat_free(tape->all);
    tape->all = next;
  }
  lat_free(tape);
}

void lat_tape_reset(struct lat_tape *tape) {
  for (struct block *block = tape->first; block != NULL; block = block->next) block->used = 0;
  tape->block = tape->first;
  tape->last = NULL;
  tape->status = LAT_OK;
  tape->free = NULL;
  for (struct buffer *buffer = tape->all; buffer != NULL; buffer = buffer->next_all) {
    buffer->next_free = tape->free;
    tape->free = buffer;
  }
}

int lat_tape_status(const struct lat_tape *tape) { return tape->status; }
size_t lat_tape_bytes(const struct lat_tape *tape) { return tape->bytes; }

struct lat_array *lat_tape_fail(struct lat_tape *tape, int status) {
  if (tape->status == LAT_OK) tape->status = status;
  return NULL;
}

static struct block *add_block(struct lat_tape *tape, size_t size) {
  struct block *block = lat_calloc(1, sizeof *block);
  if (block == NULL) return NULL;
  block->size = size;
  block->byte = lat_alloc(size, 1);
  if (block->byte == NULL) {
    lat_free(block);
    return NULL;
  }
  struct block **end = &tape->first;
  while (*end != NULL) end = &(*end)->next;
  *end = block;
  tape->bytes += size;
  return block;
}

void *lat_tape_memory(struct lat_tape *tape, size_t count, size_t size) {
  size_t bytes;
  if (tape->status != LAT_OK) return NULL;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4) {
    tape->status = LAT_FAIL(LAT_MEMORY, "%zu numbers of %zu bytes are more than there can be", count, size);
    return NULL;
  }
  bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  struct block *block = tape->block;
  while (block != NULL && block->size - block->used < bytes) block = block->next;
  if (block == NULL) {
    size_t least = tape->bytes > FIRST_BLOCK ? tape->bytes : FIRST_BLOCK;
    block = add_block(tape, bytes > least ? bytes : least);
  }
  if (block == NULL) {
    tape->status = LAT_MEMORY;
    return NULL;
  }
  tape->block = block;
  void *memory = block->byte + block->used;
  block->used += bytes;
  return memory;
}

static struct lat_array *new_array(struct lat_tape *tape, size_t rows, size_t columns, lat_real *value, int wanted) {
  struct lat_array *array = lat_tape_memory(tape, 1, sizeof *array);
  if (array != NULL) *array = (struct lat_array){.rows = rows, .columns = columns, .value = value, .wanted = wanted};
  return array;
}

struct lat_array *lat_tape_array(struct lat_tape *tape, size_t rows, size_t columns, int wanted) {
  size_t count;
  if (__builtin_mul_overflow(rows, columns, &count)) count = SIZE_MAX;
  lat_real *value = lat_tape_memory(tape, count, sizeof *value);
  return value != NULL ? new_array(tape, rows, columns, value, wanted) : NULL;
}

struct lat_array *lat_tape_view(struct lat_tape *tape, struct lat_array *array, size_t rows, size_t columns) {
  assert(rows * columns == array->rows * array->columns);
  return new_array(tape, rows, columns, array->value, array->wanted);
}

struct lat_array *lat_tape_leaf(struct lat_tape *tape, size_t rows, size_t columns, lat_real *value, lat_real *gradient) {
  struct lat_array *array = new_array(tape, rows, columns, value, gradient != NULL);
  if (array == NULL) return NULL;
  array->gradient = gradient;
  array->kept = gradient != NULL;
  return array;
}

void *lat_tape_record(struct lat_tape *tape, struct lat_array *output, lat_backward *backward, size_t size) {
  struct record *record = lat_tape_memory(tape, 1, sizeof *record);
  void *data = lat_tape_memory(tape, 1, size);
  if (record == NULL || data == NULL) return NULL;
  memset(data, 0, size);
  *record = (struct record){tape->last, backward, output, data};
  tape->last = record;
  return data;
}

lat_real *lat_tape_borrow(struct lat_tape *tape, size_t count) {
  /* Of this size exactly: then every later step of the same shapes finds what the first one left. */
  for (struct buffer **at = &tape->free; *at != NULL; at = &(*at)->next_free) {
    struct buffer *found = *at;
    if (found->count != count) continue;
    *at = found->next_free;
    return numbers(found);
  }
  size_t bytes;
  if (__builtin_mul_overflow(count, sizeof(lat_real), &bytes) || bytes > SIZE_MAX / 2) return NULL;
  struct buffer *buffer = lat_alloc(1, sizeof *buffer + bytes);
  if (buffer == NULL) {
    tape->status = LAT_MEMORY;
    return NULL;
  }
  buffer->count = count;
  buffer->next_all = tape->all;
  tape->all = buffer;
  tape->bytes += sizeof *buffer + bytes;
  return numbers(buffer);
}

void lat_tape_return(struct lat_tape *tape, lat_real *memory) {
  if (memory == NULL) return;
  struct buffer *buffer = (struct buffer *)(void *)memory - 1;
  buffer->next_free = tape->free;
  tape->free = buffer;
}

int lat_tape_gradient(struct lat_tape *tape, struct lat_array *array, lat_real **gradient, lat_real *keep) {
  assert(array->wanted);
  *keep = array->gradient != NULL ? 1 : 0;
  if (array->gradient == NULL) array->gradient = lat_tape_borrow(tape, array->rows * array->columns);
  *gradient = array->gradient;
  return *gradient != NULL ? LAT_OK : LAT_MEMORY;
}

int lat_tape_pass(struct lat_tape *tape, const struct lat_array *output, struct lat_array *array) {
  size_t count = array->rows * array->columns;
  (void)tape;
  assert(count == output->rows * output->columns);
  if (!array->wanted) return LAT_OK;
  if (array->gradient == NULL) {
    array->gradient = output->gradient;
    ((struct lat_array *)(uintptr_t)output)->gradient = NULL;
    return LAT_OK;
  }
  lat_real *to = array->gradient;
  const lat_real *from = output->gradient;
#pragma omp simd
  for (size_t i = 0; i < count; i++) to[i] += from[i];
  return LAT_OK;
}

int lat_tape_backward(struct lat_tape *tape, struct lat_array *loss, lat_real seed) {
  lat_real *gradient, keep;
  if (tape->status != LAT_OK) return tape->status;
  assert(loss->rows == 1 && loss->columns == 1);
  if (!loss->wanted) return LAT_OK;
  int status = lat_tape_gradient(tape, loss, &gradient, &keep);
  if (status != LAT_OK) return status;
  *gradient = keep == 0 ? seed : *gradient + seed; /* a fresh buffer holds anything, NaN too */
  for (struct record *record = tape->last; record != NULL; record = record->before) {
    struct lat_array *output = record->output;
    if (output->gradient == NULL) continue; /* nothing that the loss depends on */
    status = record->backward(tape, output, record->data);
    if (status != LAT_OK) return tape->status = status;
    if (!output->kept) {
      lat_tape_return(tape, output->gradient);
      output->gradient = NULL;
    }
  }
  return LAT_OK;
}
