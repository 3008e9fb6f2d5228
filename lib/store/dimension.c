#include "lib/store/dimension.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"

const char *lat_dimension_name(const char *dimensions, size_t r, char name[LAT_DIMENSION_NAME]) {
  for (; r > 0 && dimensions != NULL; r--) {
    dimensions = strchr(dimensions, ',');
    if (dimensions != NULL) dimensions++;
  }
  snprintf(name, LAT_DIMENSION_NAME, "%.*s", dimensions != NULL ? (int)strcspn(dimensions, ",") : 0,
           dimensions != NULL ? dimensions : "");
  return name;
}

int lat_dimension_make(hid_t file, const char *name, size_t extent) {
  int status = LAT_OK;
  hsize_t size = extent;
  unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  char text[96]; /* the text by which netCDF knows a dimension that is no variable */
  snprintf(text, sizeof text, "This is a netCDF dimension but not a netCDF variable. %9zu", extent);
  hid_t scale = -1, space = H5Screate_simple(1, &size, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
  int ready = space >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 &&
              H5Pset_attr_creation_order(creation, order) >= 0;
  if (ready) scale = H5Dcreate2(file, name, H5T_IEEE_F32BE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  LAT_CHECK(status, scale >= 0 && H5DSset_scale(scale, text) >= 0, LAT_MEMORY, "dimension %s: %s", name, lat_hdf5_reason());
done:
  if (scale >= 0) H5Dclose(scale);
  if (creation >= 0) H5Pclose(creation);
  if (space >= 0) H5Sclose(space);
  return status;
}

int lat_dimension_attach(hid_t file, hid_t dataset, size_t r, const char *name) {
  int status = LAT_OK;
  hid_t scale = H5Dopen2(file, name, H5P_DEFAULT);
  LAT_CHECK(status, scale >= 0 && H5DSattach_scale(dataset, scale, (unsigned)r) >= 0, LAT_MEMORY, "dimension %s: %s", name,
            lat_hdf5_reason());
done:
  if (scale >= 0) H5Dclose(scale);
  return status;
}
