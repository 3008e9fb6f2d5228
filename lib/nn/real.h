/* The number type of everything that is trained: single precision. The gradient checks build the same sources once more with
 * LAT_DOUBLE, where central differences are good to ten digits. */
#ifndef LAT_NN_REAL_H
#define LAT_NN_REAL_H

#ifdef LAT_DOUBLE
typedef double lat_real;
#else
typedef float lat_real;
#endif

#endif
