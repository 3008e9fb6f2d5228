/* Forward-mode derivatives of the transformer's loop: a state together with its derivative in one direction (Wengert 1964; Griewank
 * and Walther 2008, chapter 3).
 *
 * Values come from the very operations that training uses; where an operation is linear its derivative is the operation itself,
 * without bias. For the others, with h, s, P and scale as in lib/nn/operation.h:
 *   layer norm        dy = gain s (dx - mean(dx) - h mean(h dx)); root mean square: without mean(dx)
 *   activation        dy = f'(x) dx
 *   attention         dz_ij = scale (<dq_i, k_j> + <q_i, dk_j>), dP_ij = P_ij (dz_ij - sum_m P_im dz_im), dy = dP v + P dv
 * Exact up to rounding; no difference quotients. */
#ifndef LAT_NN_TANGENT_H
#define LAT_NN_TANGENT_H

#include "lib/nn/pass.h"

/* Both [rows, columns]; both NULL after a failure, whose status the tape keeps. */
struct lat_dual {
  struct lat_array *value, *tangent;
};

/* One layer, and what comes before step t, as lat_pass_layer and lat_pass_begin_step have it. `first` and the parameters are held
 * fixed. The pass is without dropout. */
struct lat_dual lat_dual_layer(struct lat_pass *pass, size_t layer, struct lat_dual x);
struct lat_dual lat_dual_begin_step(struct lat_pass *pass, size_t step, struct lat_dual x, struct lat_array *first);

#endif
