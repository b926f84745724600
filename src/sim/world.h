/* The simulated world: a host's CPUs and its guests, as the kernel would run and count them.
 *
 * A fluid model in steps of a tick. Each guest's group gets CPU time in proportion to its weight,
 * up to what it wants, its quota and its CPUs; groups in idle priority share what is left over.
 * On top comes wake-up latency, which weights do not remove: see WAKE in world.c. Integers only.
 */
#ifndef BL_SIM_WORLD_H
#define BL_SIM_WORLD_H

#include "sim/ksm.h"
#include "sim/memory.h"
#include "sim/random.h"
#include "sim/spec.h"

/* What a guest gave and got, summed over a time. */
typedef struct {
    gint64 span_usec;
    gint64 run_nsec;  /* of all its threads */
    gint64 wait_nsec; /* of its vCPUs together */
    gint64 requests_milli;
    gint64 p50_sum, p99_sum; /* usec, each tick weighted with its thousandths of requests */
    gint64 remote_nsec;      /* run away from the node of its memory */
    gint64 short_usec, shortage_byte_sec; /* of memory of its working set */
    gint64 swapped_bytes, ooms;
    gint64 disk_milli;       /* thousandths of requests */
    gint64 disk_latency_sum; /* usec, weighted with them */
    gint64 sent_bytes;
} BlSimTally;

typedef struct {
    char uuid[BL_UUID_SIZE];
    const BlGuestSpec *spec;
    gboolean alive;
    gboolean judged; /* its first tick is over: figures mean something */
    guint64 generation;
    guint vcpus;
    gint64 demand;     /* permyriad; -1: as specified */
    BlValues controls; /* what the kernel and libvirt hold */
    /* Counters, nanoseconds; the vCPUs of a guest are alike. */
    gint64 vcpu_run, vcpu_delay, emulator_run, emulator_delay, throttled;
    gint64 delay_pending; /* waited, not booked yet */
    gint64 last_wait;     /* of each vCPU in the last tick, nanoseconds */
    gint64 last_run;      /* of the whole guest in the last tick */
    guint node;           /* where its memory is */
    gint64 remote;        /* permyriad of its last run, away from it */
    BlSimMemory memory;
    BlRandom random;
    BlSimTally tally;
} BlSimGuest;

typedef struct {
    gint64 need, got, weight;
    guint guest;
} BlSimClaim;

struct BlSimWorld {
    const BlSimSpec *spec;
    guint cpus;
    gint64 now_usec;   /* since the start; never jumps */
    gint64 clock_usec; /* by which the host's clocks are ahead of what they would be */
    gboolean steady;   /* loads stand still: those that come and go are there */
    gint64 busy_nsec, psi_usec;
    guint n_guests;
    BlSimGuest *guests;
    BlSimClaim *claims, *idle_claims; /* room for all guests */
    gint64 left_nsec;                 /* in which the CPUs idled; summed like the tallies */
    gint64 last_wanted;               /* by all, in the last tick: nanoseconds */
    gboolean has_memory, has_devices;
    BlSimHostMemory memory;
    BlSimKsm ksm;
};

BlSimWorld *bl_sim_world_new(const BlSimSpec *spec);
void bl_sim_world_free(BlSimWorld *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSimWorld, bl_sim_world_free)

/* Time goes on by `usec`. */
void bl_sim_world_tick(BlSimWorld *world, gint64 usec);

/* A guest begins with a new process and fresh controls, or ends. */
void bl_sim_guest_start(BlSimGuest *guest);
void bl_sim_guest_stop(BlSimGuest *guest);
/* By whomever. */
gboolean bl_sim_guest_is_paused(const BlSimGuest *guest);

/* The kernel's view of a control: FALSE when it cannot be read (a weight hidden by idle
 * priority). */
gboolean bl_sim_control_read(const BlSimGuest *guest, BlDomainField field, gint64 *ret_value);
/* FALSE when the kernel refuses the value. */
gboolean bl_sim_control_write(BlSimGuest *guest, BlDomainField field, gint64 value);

/* What a guest would use of the CPUs if it never waited, permyriad of a core. */
gint64 bl_sim_guest_wants(const BlSimWorld *world, const BlSimGuest *guest);

/* Shares `capacity` out by weight; none gets more than it needs, and nothing is left while
 * somebody needs more. Returns what is left. */
gint64 bl_sim_share_out(gint64 capacity, BlSimClaim *claims, guint n_claims);

/* TRUE while a load is there. */
gboolean bl_sim_load_is_on(const BlSimWorld *world, const BlLoad *load);
/* Which of so many recorded points, more than none, holds now. */
guint bl_sim_load_point(const BlSimWorld *world, const BlLoad *load, guint n_points);

/* Over a tally: permyriad of the time, of a core, microseconds. */
gint64 bl_sim_tally_ready(const BlSimTally *tally, guint vcpus);
gint64 bl_sim_tally_used(const BlSimTally *tally);
/* Permyriad of its CPU time. */
gint64 bl_sim_tally_remote(const BlSimTally *tally);
/* What came to it between two instants. */
BlSimTally bl_sim_tally_since(const BlSimTally *now, const BlSimTally *then);

/* Sets the tallies of all guests to nothing. */
void bl_sim_tallies_clear(BlSimWorld *world);

#endif
