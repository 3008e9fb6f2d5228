/* Recurrent layers: a whole sequence in one record. Sequences lie one behind the other, so that time t of all of them is a matrix
 * with a stride of S rows: one product a time step forward, one back, and the gradient of U one product a sequence. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/gemm.h"
#include "lib/nn/operation.h"
#include "lib/nn/vector_math.h"

struct recur {
  struct lat_array *input, *weight;
  size_t batch, sequence;
  lat_real *gate; /* LSTM: [B S, 4 D], i f g o after their functions */
  lat_real *cell; /* LSTM: [B S, 2 D], c and tanh(c) */
};

/* (e^2x - 1) / (e^2x + 1), within 2e-7 absolutely in single precision */
static lat_real squash(lat_real x) {
  lat_real power = lat_exp(x < 0 ? 2 * x : -2 * x), size = (1 - power) / (1 + power);
  return x < 0 ? -size : size;
}
static lat_real gate(lat_real x) {
  lat_real power = lat_exp(x < 0 ? x : -x), below = 1 / (1 + power);
  return x < 0 ? power * below : below;
}

/* pre [B S, out] at time t += h at time t - 1 times U^T */
static void recall(const struct recur *r, size_t t, size_t out, size_t width, const lat_real *h, lat_real *pre) {
  if (t == 0) return;
  lat_gemm(r->batch, out, width, 1, (struct lat_matrix){h + (t - 1) * width, r->sequence * width, 0},
           (struct lat_matrix){r->weight->value, width, 1}, 1, pre + t * out, r->sequence * out);
}

/* dh [B S, D] at time t - 1 += dpre at time t times U */
static void recall_back(const struct recur *r, size_t t, size_t out, size_t width, const lat_real *dpre, lat_real *dh) {
  if (t == 0) return;
  lat_gemm(r->batch, width, out, 1, (struct lat_matrix){dpre + t * out, r->sequence * out, 0},
           (struct lat_matrix){r->weight->value, width, 0}, 1, dh + (t - 1) * width, r->sequence * width);
}

/* What the gradients of all pre-activations, dpre [B S, out], pass on to U and, by handing them over, to the input. */
static int finish(struct lat_tape *tape, const struct recur *r, size_t width, const lat_real *h, const lat_real *dpre) {
  size_t out = r->weight->rows, S = r->sequence;
  lat_real *to, keep;
  int status = LAT_OK;
  if (r->weight->wanted) {
    LAT_TRY(status, lat_tape_gradient(tape, r->weight, &to, &keep));
    if (keep == 0) memset(to, 0, out * width * sizeof *to);
    for (size_t b = 0; b < r->batch && S > 1; b++)
      lat_gemm(out, width, S - 1, 1, (struct lat_matrix){dpre + (b * S + 1) * out, out, 1},
               (struct lat_matrix){h + b * S * width, width, 0}, 1, to, width);
  }
  if (r->input->wanted) {
    LAT_TRY(status, lat_tape_gradient(tape, r->input, &to, &keep));
    for (size_t i = 0; i < r->batch * S * out; i++) to[i] = (keep == 0 ? 0 : to[i]) + dpre[i];
  }
done:
  return status;
}

static int tanh_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  const struct recur *r = record;
  size_t width = y->columns, S = r->sequence;
  lat_real *dh = y->gradient; /* becomes dpre, from the last time to the first */
  for (size_t t = S; t-- > 0;) {
    for (size_t b = 0; b < r->batch; b++) {
      lat_real *row = dh + (b * S + t) * width;
      const lat_real *h = y->value + (b * S + t) * width;
#pragma omp simd
      for (size_t i = 0; i < width; i++) row[i] *= 1 - h[i] * h[i];
    }
    recall_back(r, t, width, width, dh, dh);
  }
  return finish(tape, r, width, y->value, dh);
}

static struct lat_array *begin(struct lat_tape *tape, size_t width, lat_backward *backward, struct recur content,
                               struct recur *kept) {
  struct lat_array *y = lat_tape_array(tape, content.input->rows, width, content.input->wanted || content.weight->wanted);
  *kept = content;
  if (y == NULL || !y->wanted) return y;
  struct recur *record = lat_tape_record(tape, y, backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = content;
  return y;
}

struct lat_array *lat_recur_tanh(struct lat_tape *tape, size_t sequence, struct lat_array *input,
                                 struct lat_array *weight) {
  if (input == NULL || weight == NULL) return NULL;
  size_t width = input->columns;
  assert(sequence > 0 && input->rows % sequence == 0 && weight->rows == width && weight->columns == width);
  struct recur r = {.input = input, .weight = weight, .batch = input->rows / sequence, .sequence = sequence};
  struct lat_array *y = begin(tape, width, tanh_backward, r, &r);
  if (y == NULL) return NULL;
  memcpy(y->value, input->value, input->rows * width * sizeof *y->value);
  for (size_t t = 0; t < sequence; t++) {
    recall(&r, t, width, width, y->value, y->value);
    for (size_t b = 0; b < r.batch; b++) {
      lat_real *row = y->value + (b * sequence + t) * width;
#pragma omp simd
      for (size_t i = 0; i < width; i++) row[i] = squash(row[i]);
    }
  }
  return y;
}

/* One row of one time step: dh and dc in, the gradients of the four pre-activations out; dc becomes that of the time before. */
static void lstm_row_back(size_t width, const lat_real *gates, const lat_real *cell, const lat_real *before,
                          const lat_real *dh, lat_real *dc, lat_real *dpre) {
  const lat_real *in = gates, *forget = gates + width, *fresh = gates + 2 * width, *out = gates + 3 * width;
#pragma omp simd
  for (size_t i = 0; i < width; i++) {
    lat_real shown = cell[width + i], old = before != NULL ? before[i] : 0;
    lat_real slope = dc[i] + dh[i] * out[i] * (1 - shown * shown);
    dpre[i] = slope * fresh[i] * in[i] * (1 - in[i]);
    dpre[width + i] = slope * old * forget[i] * (1 - forget[i]);
    dpre[2 * width + i] = slope * in[i] * (1 - fresh[i] * fresh[i]);
    dpre[3 * width + i] = dh[i] * shown * out[i] * (1 - out[i]);
    dc[i] = slope * forget[i];
  }
}

static int lstm_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  const struct recur *r = record;
  size_t width = y->columns, S = r->sequence;
  lat_real *dc = lat_tape_borrow(tape, r->batch * width), *dpre = lat_tape_borrow(tape, y->rows * 4 * width);
  int status = LAT_MEMORY;
  if (dc == NULL || dpre == NULL) goto done;
  memset(dc, 0, r->batch * width * sizeof *dc);
  for (size_t t = S; t-- > 0;) {
    for (size_t b = 0; b < r->batch; b++) {
      size_t row = b * S + t;
      lstm_row_back(width, r->gate + row * 4 * width, r->cell + row * 2 * width,
                    t > 0 ? r->cell + (row - 1) * 2 * width : NULL, y->gradient + row * width, dc + b * width,
                    dpre + row * 4 * width);
    }
    recall_back(r, t, 4 * width, width, dpre, y->gradient);
  }
  status = finish(tape, r, width, y->value, dpre);
done:
  lat_tape_return(tape, dpre);
  lat_tape_return(tape, dc);
  return status;
}

/* One row of one time step: pre-activations become gates in place. `before`: c of the time before, or NULL for 0. */
static void lstm_row(size_t width, lat_real *gates, const lat_real *before, lat_real *cell, lat_real *h) {
  lat_real *in = gates, *forget = gates + width, *fresh = gates + 2 * width, *out = gates + 3 * width;
#pragma omp simd
  for (size_t i = 0; i < width; i++) {
    in[i] = gate(in[i]);
    forget[i] = gate(forget[i]);
    fresh[i] = squash(fresh[i]);
    out[i] = gate(out[i]);
    cell[i] = (before != NULL ? forget[i] * before[i] : 0) + in[i] * fresh[i];
    cell[width + i] = squash(cell[i]);
    h[i] = out[i] * cell[width + i];
  }
}

struct lat_array *lat_recur_lstm(struct lat_tape *tape, size_t sequence, struct lat_array *input,
                                 struct lat_array *weight) {
  if (input == NULL || weight == NULL) return NULL;
  size_t width = weight->columns;
  assert(sequence > 0 && input->rows % sequence == 0 && weight->rows == 4 * width && input->columns == 4 * width);
  struct recur r = {.input = input, .weight = weight, .batch = input->rows / sequence, .sequence = sequence};
  r.gate = lat_tape_memory(tape, input->rows, 4 * width * sizeof *r.gate);
  r.cell = lat_tape_memory(tape, input->rows, 2 * width * sizeof *r.cell);
  if (r.gate == NULL || r.cell == NULL) return NULL;
  struct lat_array *y = begin(tape, width, lstm_backward, r, &r);
  if (y == NULL) return NULL;
  memcpy(r.gate, input->value, input->rows * 4 * width * sizeof *r.gate);
  for (size_t t = 0; t < sequence; t++) {
    recall(&r, t, 4 * width, width, y->value, r.gate);
    for (size_t b = 0; b < r.batch; b++) {
      size_t row = b * sequence + t;
      lstm_row(width, r.gate + row * 4 * width, t > 0 ? r.cell + (row - 1) * 2 * width : NULL, r.cell + row * 2 * width,
               y->value + row * width);
    }
  }
  return y;
}
