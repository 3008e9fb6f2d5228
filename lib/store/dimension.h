/* Named dimensions as netCDF-4 keeps them: HDF5 dimension scales. Private to lib/store. */
#ifndef LAT_STORE_DIMENSION_H
#define LAT_STORE_DIMENSION_H

#include "lib/store/hdf5.h"

enum { LAT_DIMENSION_NAME = 128 };

/* The r-th name of a comma-separated list, cut to what `name` holds. */
const char *lat_dimension_name(const char *dimensions, size_t r, char name[LAT_DIMENSION_NAME]);

/* Makes the dimension NAME: a scale without values, which netCDF shows as a dimension and not as a variable. */
int lat_dimension_make(hid_t file, const char *name, size_t extent);

/* Gives dimension r of a dataset the scale NAME, which must be there with the same extent. LAT_MEMORY. */
int lat_dimension_attach(hid_t file, hid_t dataset, size_t r, const char *name);

#endif
