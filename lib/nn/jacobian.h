/* The Jacobian of a transformer's loop, J = d x_end / d x_first, [S D, S D]: products with it and with its transpose, and its
 * largest singular values. The injected input (x_0 of every step) and the parameters are held fixed.
 *
 * J v comes from forward mode (lib/nn/tangent.h), J^T u from the tape, a step at a time; between steps the vector is brought to
 * length 1 and the logarithm of its length is kept, so that neither product leaves the range of its numbers however many steps
 * there are. Singular values: power iteration in its Krylov form, the bidiagonalisation of Golub and Kahan (1965) with full
 * re-orthogonalisation, which after S D rounds is exact; every value has a computable residual. */
#ifndef LAT_NN_JACOBIAN_H
#define LAT_NN_JACOBIAN_H

#include "lib/nn/transformer.h"

struct lat_loop {
  const struct lat_transformer *model; /* the caller's; without dropout, plain arithmetic */
  size_t sequence, steps;              /* S, T: one sequence */
  double stream;                       /* as in struct lat_pass; 1 for the model itself */
  int untied;                          /* step t is the injection and then layer t alone, T <= L; else the whole block */
};

struct lat_jacobian;
/* LAT_INPUT for a loop without steps or untied beyond its layers, LAT_MEMORY. The caller frees it. */
int lat_jacobian_alloc(const struct lat_loop *loop, struct lat_jacobian **jacobian);
void lat_jacobian_free(struct lat_jacobian *jacobian);

/* Runs the loop from x0 [S D] and keeps every state. LAT_NUMERIC at the first state that is not finite (the sentence says which). */
int lat_jacobian_start(struct lat_jacobian *jacobian, const lat_real *x0);
/* The state after t steps, [S D]. */
const lat_real *lat_jacobian_state(const struct lat_jacobian *jacobian, size_t t);

/* Products of the Jacobian of steps first .. end - 1 (the state after `end` steps by that after `first`) with v [S D], and of its
 * transpose: y = exp(log_scale) times what is wanted, and |y| = 1 (or 0, log_scale 0). y may be v. LAT_NUMERIC when not finite. */
int lat_jacobian_times(struct lat_jacobian *jacobian, size_t first, size_t end, const double *v, double *y,
                       double *log_scale);
int lat_jacobian_transposed_times(struct lat_jacobian *jacobian, size_t first, size_t end, const double *u, double *y,
                                  double *log_scale);

/* The `count` largest singular values of steps first .. end - 1. */
struct lat_singular {
  size_t count;     /* wanted */
  size_t most;      /* rounds at most; S D if that is less */
  double tolerance; /* of the residual of each, relative to the largest */
  uint64_t seed;    /* of the first direction */
};
/* log_value [count]: natural logarithms, falling; -infinity for 0. *rounds done; *residual: the largest one, relative to the largest
 * value; at most `tolerance` when it converged. Every value found is at most the true one, up to rounding. LAT_NUMERIC,
 * LAT_MEMORY. */
int lat_jacobian_singular(struct lat_jacobian *jacobian, size_t first, size_t end, const struct lat_singular *wanted,
                          double *log_value, size_t *rounds, double *residual);

#endif
