/* Reverse-mode differentiation over coarse operations (Linnainmaa 1970; Griewank and Walther 2008, chapter 3).
 *
 * An operation (lib/nn/operation.h) computes an array from arrays and leaves a record; lat_tape_backward walks the records
 * back and each adds what it passes on to the gradients of what it read. Any composition of operations has its gradient
 * then: loops with tied weights, thoughts fed back, weighted sums over steps.
 *
 * A tape belongs to one thread. Its arrays and records lie in an arena that lat_tape_reset empties and keeps, and gradients of
 * arrays in a pool of buffers that go back as soon as the operation that made the array has passed them on: the second and
 * later steps of the same shapes allocate nothing. An operation given NULL, or without memory, gives NULL; the tape keeps the
 * status, so that a composition is written straight through and asked once at the end. */
#ifndef LAT_NN_TAPE_H
#define LAT_NN_TAPE_H

#include <stddef.h>

#include "lib/nn/real.h"

/* [rows, columns], row-major. */
struct lat_array {
  size_t rows, columns;
  lat_real *value;
  lat_real *gradient; /* of the loss by value; NULL until something is added, and again after it was passed on */
  int wanted;         /* some parameter or input whose gradient is wanted lies behind it */
  int kept;           /* the gradient buffer is the caller's */
};

struct lat_tape;

/* LAT_MEMORY. The caller frees it. */
int lat_tape_alloc(struct lat_tape **tape);
void lat_tape_free(struct lat_tape *tape);
/* Forgets arrays, records and the status, keeps the memory. */
void lat_tape_reset(struct lat_tape *tape);
/* LAT_OK, or what went wrong since the last reset (the sentence is stored). */
int lat_tape_status(const struct lat_tape *tape);
/* Bytes that the tape holds. */
size_t lat_tape_bytes(const struct lat_tape *tape);

/* An array over the caller's memory, which must stay. With `gradient` (same shape) the loss's gradient is ADDED to it: the caller
 * clears it when a sum begins. gradient NULL: none is wanted. */
struct lat_array *lat_tape_leaf(struct lat_tape *tape, size_t rows, size_t columns, lat_real *value, lat_real *gradient);

/* Runs all records back from `loss` [1, 1], whose gradient is `seed` (1 for the loss itself, a share for a part of a batch).
 * LAT_MEMORY. An array's gradient is gone afterwards unless it is a leaf's. */
int lat_tape_backward(struct lat_tape *tape, struct lat_array *loss, lat_real seed);

/* ---- for operations ---- */

/* Memory that lives until the next reset, 64-byte aligned, not initialised; NULL (and the status) when there is none. */
void *lat_tape_memory(struct lat_tape *tape, size_t count, size_t size);
/* A new array whose value is to be filled. `wanted`: whether the record will pass a gradient on. */
struct lat_array *lat_tape_array(struct lat_tape *tape, size_t rows, size_t columns, int wanted);

/* A new array over the values of `array`, [rows, columns] of the same number of elements: a view, for an operation that changes
 * none of them. */
struct lat_array *lat_tape_view(struct lat_tape *tape, struct lat_array *array, size_t rows, size_t columns);

/* Sets the status, which stays until the next reset; gives NULL. */
struct lat_array *lat_tape_fail(struct lat_tape *tape, int status);

/* Passes on output->gradient, which is there. */
typedef int lat_backward(struct lat_tape *tape, const struct lat_array *output, void *record);
/* Leaves a record of `size` bytes, zeroed, for an operation whose output is wanted. */
void *lat_tape_record(struct lat_tape *tape, struct lat_array *output, lat_backward *backward, size_t size);

/* Where to put a gradient of `array` [rows, columns]: *gradient is the buffer and *keep 1 when it is to be added to, 0 when it
 * holds nothing yet and is to be overwritten. array->wanted must hold. LAT_MEMORY. */
int lat_tape_gradient(struct lat_tape *tape, struct lat_array *array, lat_real **gradient, lat_real *keep);
/* array's gradient += output's, of the same shape: handed over without a copy when array has none yet. The last thing that a
 * backward does with output->gradient. */
int lat_tape_pass(struct lat_tape *tape, const struct lat_array *output, struct lat_array *array);
/* Scratch for the time of one backward call, from the pool: give it back by lat_tape_return. NULL when there is none. */
lat_real *lat_tape_borrow(struct lat_tape *tape, size_t count);
void lat_tape_return(struct lat_tape *tape, lat_real *buffer);

#endif
