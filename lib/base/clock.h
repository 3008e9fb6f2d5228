/* Seconds. Never written into a result file: see lib/store. */
#ifndef LAT_BASE_CLOCK_H
#define LAT_BASE_CLOCK_H

/* Wall-clock seconds since an arbitrary moment; never runs backwards. */
double lat_clock(void);

/* Processor seconds spent by this process so far, all threads. */
double lat_clock_cpu(void);

/* The highest resident memory of this process so far, in bytes; 0 where the system does not tell. */
double lat_clock_peak_resident(void);

#endif
