/* Claims on points, so that several runners on one folder do not do the same work twice where that can be avoided. A claim
 * is a file PATH made by O_EXCL that holds host, process and the time the process began. Results never depend on it: two
 * runners that do the same point write the same bytes. */
#ifndef LAT_SWEEP_CLAIM_H
#define LAT_SWEEP_CLAIM_H

enum lat_claim {
  LAT_CLAIM_MINE,     /* taken; drop it when the point is done */
  LAT_CLAIM_HERE,     /* a living process of this host has it */
  LAT_CLAIM_ELSEWHERE /* a process of another host has it: whether it lives is not known */
};

/* Takes the claim unless another has it; one whose process is gone is taken over. With `force`, one of another host too.
 * LAT_FILE when the folder cannot be written. */
int lat_claim_take(const char *path, int force, enum lat_claim *claim);
void lat_claim_drop(const char *path);
/* Whether the claim is there and its process lives on this host (1), is on another host (2), or there is none that counts
 * (0). Changes nothing. */
int lat_claim_held(const char *path);

#endif
