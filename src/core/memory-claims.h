/* What each guest may claim of the host's memory: a floor, a most, and what it deserves in between.
 *
 * The floor is its reservation, or its working set with room to grow, whichever is more. How much
 * room everybody gets depends on what fits. Private to src/core/; used by the memory policy only.
 */
#ifndef BL_CORE_MEMORY_CLAIMS_H
#define BL_CORE_MEMORY_CLAIMS_H

#include "core/engine-private.h"

/* What the guests that are not shared out over, and all that is no guest's, occupy. */
typedef struct {
    gint64 fixed;    /* bytes */
    gint64 overhead; /* of the guests that are shared out over */
    gint64 floors, gifts, mosts, wishes;
} BlMemorySums;

/* TRUE when the guest's memory is shared out with the others'. */
gboolean bl_memory_is_managed(const BlEngine *engine, const BlDomain *domain);

/* Of such a guest: the least and the most that it is to have, bytes. */
gint64 bl_memory_floor(const BlEngine *engine, const BlDomain *domain);
gint64 bl_memory_most(const BlEngine *engine, const BlDomain *domain);

/* The least of the host's memory that any guest occupies, however far its balloon goes, bytes. */
gint64 bl_memory_least(const BlEngine *engine, const BlDomain *domain);

/* TRUE when it should be given something, having `present`. */
gboolean bl_memory_needs(const BlEngine *engine, const BlDomain *domain, gint64 present);

/* Makes everybody's claims anew. */
void bl_memory_claims(BlEngine *engine, const BlPolicy *policy, BlMemorySums *sums);

/* What a boundary leaves for the guests' balloons. */
gint64 bl_memory_room(const BlEngine *engine, const BlMemorySums *sums, gint64 permyriad);

/* Sets everybody's target. Returns what was shared out. */
gint64 bl_memory_share_out(BlEngine *engine, const BlPolicy *policy, const BlMemorySums *sums);

#endif
