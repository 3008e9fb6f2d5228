/* A BLIF file as a list of models, between its reader (blif_parse.c), the checks that need all models (blif_link.c) and the
 * flattening into one netlist (blif.c). Nothing outside these three includes this. */
#ifndef LAT_CIRCUIT_BLIF_MODEL_H
#define LAT_CIRCUIT_BLIF_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/names.h"

enum lat_blif_driver { LAT_BLIF_UNDRIVEN, LAT_BLIF_INPUT, LAT_BLIF_COVER, LAT_BLIF_SUBCKT };

struct lat_blif_net {
  unsigned char driver, is_output;
  size_t line;  /* of its driver, or where it was first named */
  size_t stamp; /* the last instance that connected it, while instances are linked */
};

struct lat_blif_cover {
  uint32_t net; /* what it drives */
  char value;   /* '1' or '0', the output value of its cubes; '1' for none */
  size_t first_fan_in, fan_ins, first_cube, cubes, line;
};

struct lat_blif_connection {
  struct lat_slice formal;
  uint32_t formal_net, actual; /* nets of the sub-model (set by linking) and of this model */
};

struct lat_blif_instance {
  struct lat_slice name;
  size_t model; /* set by linking */
  size_t first_connection, connections, line;
};

/* Covers, instances, inputs and outputs are ranges of the file's lists, since models follow one another. */
struct lat_blif_model {
  struct lat_slice name;
  size_t line;
  struct lat_names names; /* its nets */
  struct lat_blif_net *net;
  size_t nets, net_room;
  size_t first_cover, covers, first_instance, instances, first_input, inputs, first_output, outputs;
  uint64_t cost; /* names and cube positions when it is flattened; set by linking */
};

struct lat_blif {
  const char *path;
  size_t bytes; /* of the file */
  struct lat_names model_names;
  struct lat_blif_model *model;
  struct lat_blif_cover *cover;
  struct lat_blif_instance *instance;
  struct lat_blif_connection *connection;
  const char **cube; /* each of as many characters as its cover has fan-ins */
  uint32_t *fan_in, *input, *output;
  size_t models, covers, instances, connections, cubes, fan_ins, inputs, outputs;
  size_t model_room, cover_room, instance_room, connection_room, cube_room, fan_in_room, input_room, output_room;
};

/* The text as models. Frees nothing: lat_blif_free is due whatever it returns. */
int lat_blif_read_models(struct lat_blif *blif, const char *bytes, size_t count);

/* Connects instances to models; checks ports, drivers and recursion; computes costs and refuses one that is too high. */
int lat_blif_link(struct lat_blif *blif);

void lat_blif_free(struct lat_blif *blif);

/* Declares `driver` as the driver of the model's net; LAT_INPUT when it has one. `line` is the statement in hand. */
int lat_blif_drive(const struct lat_blif *blif, struct lat_blif_model *model, uint32_t net, enum lat_blif_driver driver,
                   size_t line);

/* Adds "FILE:LINE" to the stored sentence. */
int lat_blif_at(const struct lat_blif *blif, size_t line, int code);

#endif
