/* Life on a torus: a random board in, the board after some steps asked where its cells stand. */
#include "lib/task/life.h"

#include <assert.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/tasks.h"

enum { ROWS, COLUMNS, STEPS };

static const struct lat_task_option options[] = {{"rows", "rows of the board", NULL, 3, 21, 4},
                                                 {"columns", "columns of the board; 0: as rows", NULL, 0, 21, 0},
                                                 {"steps", "steps of Life", NULL, 1, 1024, 1},
                                                 {0}};

uint64_t lat_life_step(unsigned rows, unsigned columns, uint64_t board) {
  assert(rows >= 3 && columns >= 3 && rows * columns <= 64);
  unsigned cells = rows * columns;
  uint64_t all = cells == 64 ? UINT64_MAX : (UINT64_C(1) << cells) - 1, edge = 0, ones = 0, twos = 0, fours = 0;
  for (unsigned i = 0; i < rows; i++) edge |= UINT64_C(1) << i * columns;
  uint64_t column[3] = {board, (board & ~edge) >> 1 | (board & edge) << (columns - 1),
                        (board << 1 & all & ~edge) | (board >> (columns - 1) & edge)};
  for (unsigned k = 1; k < 9; k++) {
    uint64_t c = column[k % 3], turned = c;
    if (k >= 6)
      turned = c >> columns | (c << (cells - columns) & all);
    else if (k >= 3)
      turned = (c << columns & all) | c >> (cells - columns);
    uint64_t carry = ones & turned;
    ones ^= turned;
    fours ^= twos & carry; /* eight count as none: both are too many or too few */
    twos ^= carry;
  }
  return twos & ~fours & (ones | board);
}

static unsigned columns_of(const struct lat_task_setting *setting) {
  return (unsigned)(setting->option[COLUMNS] > 0 ? setting->option[COLUMNS] : setting->option[ROWS]);
}

static int life_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  size_t rows = (size_t)setting->option[ROWS], columns = columns_of(setting);
  if (columns < 3 || rows * columns > 64)
    return LAT_FAIL(LAT_INPUT, "task life: a board of %zu x %zu cells; give 3 columns or more and 64 cells at most", rows,
                    columns);
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = 2,
                                   .classes = 2,
                                   .sequence = rows * columns,
                                   .levels = (size_t)setting->option[STEPS] + 1,
                                   .prompt = rows * columns};
  return LAT_OK;
}

static void life_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  unsigned rows = (unsigned)setting->option[ROWS], columns = columns_of(setting), cells = rows * columns;
  uint64_t board = lat_random_u64(random) >> (64 - cells);
  for (unsigned i = 0; i < cells; i++) example->token[i] = (int32_t)(board >> i & 1);
  for (int64_t t = 0; t < setting->option[STEPS]; t++) board = lat_life_step(rows, columns, board);
  for (unsigned i = 0; i < cells; i++) {
    example->target[i] = (int32_t)(board >> i & 1);
    example->level[i] = (int32_t)setting->option[STEPS];
  }
}

static void life_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  (void)setting, (void)field;
  snprintf(text, 16, "%s", token ? "#" : "-");
}

static void life_class(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  life_text(setting, 0, class, text);
}

const struct lat_task lat_task_life = {
    "life",
    "Conway's Game of Life on a torus: the board after some steps, cell by cell; level: steps",
    "Gardner 1970; as a task for latent thoughts: 'The Information Bottleneck of Chain of Thought', 2026",
    options,
    "steps",
    1u << LAT_SUPERVISE_ANSWER,
    life_shape,
    life_make,
    life_text,
    life_class};
