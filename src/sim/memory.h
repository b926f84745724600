/* Memory in the simulated world: what each guest works on, its balloon, its page cache and swap,
 * what of it occupies the host, and what the balloon's driver reports.
 *
 * A fluid model in steps of a tick, in bytes. Memory is kernel, working set, page cache or free;
 * the working set is in memory, in the guest's swap, or still waited for. Everything a guest once
 * touched stays on the host until the balloon takes it or the guest reports it as free. A host
 * that is full swaps out what its guests use least; what they then want of it comes back only as
 * fast as the host's disk is.
 * Called by the world, and by the agent for faults. Costs nothing in a world without memory.
 */
#ifndef BL_SIM_MEMORY_H
#define BL_SIM_MEMORY_H

#include "sim/spec.h"

typedef struct BlSimWorld BlSimWorld;

/* Less than this is no shortage: the edges of a fluid model. */
#define BL_SIM_SHORT_LEAST BL_MIB

/* What is wrong with a balloon. */
typedef enum {
    BL_BALLOON_WELL,
    BL_BALLOON_STUCK,
    BL_BALLOON_PARTIAL,
    BL_BALLOON_BACK,
    BL_BALLOON_LIE,
} BlBalloonFault;

/* What the guest's driver told last. */
typedef struct {
    gint64 at_usec;    /* of the world; -1: never yet */
    gint64 clock_usec; /* of the world then: the report bears the time of the host's clock */
    gint64 actual;     /* of the balloon */
    gint64 usable, free, cache;
    gint64 swap_in, swap_out, major_faults;
} BlMemoryReport;

/* How many seconds what was freed stays with the guest that reports free pages. */
#define BL_SIM_IDLE_SECONDS 3

typedef struct {
    /* The balloon. */
    gint64 actual;     /* what it leaves to the guest */
    gint64 target;     /* what it was told */
    gint64 moved_from; /* where it was then */
    gboolean moving;
    gboolean moved_itself; /* by the guest, since it was told */
    BlBalloonFault fault;
    /* The guest. */
    gint64 set_bytes; /* its working set, as specified or by an event; -1: by points */
    gint64 wanted;    /* of it, by now */
    gint64 touched;   /* of that, in memory */
    gint64 swapped;   /* of that, in the guest's swap */
    gint64 cache;
    gint64 short_bytes; /* of its working set, in the last tick */
    gint64 swap_in, swap_out, major_faults, ooms;
    /* The host. */
    gint64 resident; /* touched once and not taken or reported since */
    gint64 out;      /* of that, in the host's swap */
    gint64 seen;     /* of that, equal to others' at the last scan */
    gint64 merged;   /* of that, with others' */
    gint64
        idle[BL_SIM_IDLE_SECONDS]; /* resident and unused: the least in each of the last seconds */
    guint idle_at;
    gint64 idle_since_usec;
    /* The statistics. */
    gboolean silent;
    gint64 report_due_usec;
    BlMemoryReport report;
} BlSimMemory;

typedef struct {
    gint64 used; /* by the host itself and its guests */
    gint64 swap_out;
    gint64 psi_some_usec, psi_full_usec;
    gint64 above_hard_usec;
} BlSimHostMemory;

void bl_sim_memory_start(BlSimMemory *memory, const BlMemorySpec *spec);

/* The balloon is told where to go. FALSE when that is refused. */
gboolean bl_sim_memory_tell(BlSimMemory *memory, const BlMemorySpec *spec, gint64 bytes);

/* What the balloon says of itself. */
gint64 bl_sim_memory_told(const BlSimMemory *memory);

/* What the guest's QEMU occupies of the host. */
gint64 bl_sim_memory_resident(const BlSimMemory *memory);

/* What it would occupy with nothing but what it works on; and whether its own size has room for
 * that.
 */
gint64 bl_sim_memory_least(const BlSimMemory *memory, const BlMemorySpec *spec);
/* TRUE while its page cache still grows. */
gboolean bl_sim_memory_fills(const BlSimMemory *memory, const BlMemorySpec *spec);
gboolean bl_sim_memory_fits(const BlSimMemory *memory, const BlMemorySpec *spec);

/* Of the balloon and the guests of the whole world, after the CPUs' part of the tick. */
void bl_sim_memory_tick(BlSimWorld *world, gint64 usec);

/* What the host can give out without swapping. */
gint64 bl_sim_memory_available(const BlSimWorld *world);

/* TRUE when there is anything for bl_sim_memory_tick() to do. */
gboolean bl_sim_memory_matters(const BlSimSpec *spec);

#endif
