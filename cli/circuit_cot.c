/* `latentlab circuit`: a thought carries so many new bits, as a token or as a vector. */
#include "cli/circuit.h"
#include "lib/base/status.h"

static int work(const struct lat_circuit_request *request, struct lat_circuit_outcome *outcome) {
  (void)outcome;
  return LAT_FAIL(LAT_UNSUPPORTED, "--variant %s: this version cannot run it; take universal or weights",
                  lat_variant_name(request->construction.variant));
}

static void forget(void *machine) { (void)machine; }

const struct lat_circuit_machine lat_circuit_cot = {work, NULL, NULL, NULL, forget};
