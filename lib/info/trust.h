/* When an estimate of information may be called the information.
 *
 * Measured by the experiment noisy_channel on channels whose information is known (experiments/noisy_channel.c; the limits come from its size
 * `quick`, other seeds test them at size `paper`). A VALUE was within LAT_TRUST_SHARE of the truth, or LAT_TRUST_BITS where that is more.
 *   labels      plug-in: n >= 16 X Y; Miller-Madow and Grassberger: n >= 8 X Y; X, Y counting the labels that can occur
 *   neighbours  no more than 2 numbers a side, and no more than 0.75 (1 number a side) or 0.5 (2) of `ceiling`. With 4 numbers a side
 *               estimates were 15 % low however weak the channel, and worse with each further number
 *   decoder     never a value: a lower bound, at the lower end of its interval, from LAT_TRUST_HELD_OUT examples that it has not seen
 * and n >= LAT_TRUST_SAMPLES for a value: with fewer, chance alone takes up the margin. The numbers of those channels are independent
 * of each other: elsewhere the rule is necessary and may not be enough. A shuffled control is a test, not a correction: it bounds the bias
 * of counts from above, and where much is sent the bias is far smaller, so that to subtract it goes wrong. */
#ifndef LAT_INFO_TRUST_H
#define LAT_INFO_TRUST_H

#include <stddef.h>

#include "lib/info/entropy.h"
#include "lib/info/neighbour.h"

enum lat_trust { LAT_TRUST_NOTHING, LAT_TRUST_BOUND, LAT_TRUST_VALUE };
enum { LAT_TRUST_SAMPLES = 512, LAT_TRUST_HELD_OUT = 100, LAT_TRUST_NUMBERS = 2 };
#define LAT_TRUST_SHARE 0.1
#define LAT_TRUST_BITS 0.1

enum lat_trust lat_trust_counts(size_t n, size_t X, size_t Y, enum lat_entropy_method method);
/* bits: the estimate; ceiling: of lat_neighbour_information. */
enum lat_trust lat_trust_neighbour(size_t n, size_t dx, size_t dy, double bits, double ceiling);
enum lat_trust lat_trust_decoder(size_t held_out);
/* How far an estimate may be off and still count as right. */
double lat_trust_margin(double exact);

const char *lat_trust_name(enum lat_trust trust); /* "nothing", "bound", "value" */

#endif
