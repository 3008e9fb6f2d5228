/* Whether a process of this machine still lives, for marks that a killed one left behind. */
#ifndef LAT_BASE_PROCESS_H
#define LAT_BASE_PROCESS_H

/* 1 while it runs; 0 when it is gone or has ended and is only not yet waited for. */
int lat_process_alive(long process);
/* When it began, in ticks since the machine did: tells it from a later process with the same number. 0 where the system does
 * not say. */
unsigned long long lat_process_began(long process);

#endif
