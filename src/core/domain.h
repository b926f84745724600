/* A domain as the engine knows it: its past, its class, what each policy wants of its fields, and
 * what of it Ballast holds changed. The host itself is one, too, as far as it has controls
 * (BL_HOST_UUID): without a class, threads and figures. Private to src/core/. */
#ifndef BL_CORE_DOMAIN_H
#define BL_CORE_DOMAIN_H

#include "core/blame.h"
#include "core/devices.h"
#include "core/track.h"
#include "model/policy.h"
#include "model/size.h"
#include "model/view.h"

typedef struct {
    BlThreadRole role;
    guint index;
    gint64 tid;
    BlTrack track; /* first: run, second: delay, nanoseconds */
} BlThread;

/* What a policy wants a field to be. Set anew every tick; the reason is the one of the decision
 * that first wanted it. */
typedef struct {
    gboolean active;
    gint64 value;
    gboolean gives; /* gives something back: no rate limit holds it up */
    gint64 expires_usec;
    BlReason reason;
} BlWant;

/* A field of a domain: what we changed, what is under way, what we must leave alone. */
typedef struct {
    gint64 original;
    gint64 value;        /* while held: what we wrote last */
    gint64 low, high;    /* while held: between which a gradual control may be on its way */
    gboolean unsure;     /* a gradual control that may or may not have been told its last step */
    gboolean restored;   /* it returns, and an earlier run told it so */
    gint64 told_usec;    /* when a step last had an outcome, whichever */
    gint64 applied_usec; /* while held: when that was known to be done */
    gint64 shares;       /* see BlHolding */
    gboolean leaving;    /* held from a time when more was allowed: give back whatever */
    gboolean foreign;    /* somebody else changed it: left alone */
    gboolean locked;     /* the kernel takes no other value now: neither changed nor given back */
    gint64 not_before_usec; /* after a failure: when to try again */
    guint failures;
    gint64 barred_until_usec; /* an operator had it given back: not changed before; 0: never */
    gint64 announced_value;
    /* What tells whether there is anything to plan, side by side: it is looked at for every field
     * of every guest at every tick. */
    guint64 announced; /* observe, advise: the open decision; 0: none */
    guint64 flying;    /* decision whose step has no outcome yet; 0: none */
    gboolean held;
    gboolean returns; /* not held: a gradual control on its way back to its original */
    BlWant want;
    BlReason undo_reason; /* why the want ended, for the undo's decision */
} BlFieldState;

/* Triage's memory of a domain that pays for others. */
typedef struct {
    gboolean engaged;
    gboolean capped; /* by quota; FALSE: by idle priority */
    gint64 engaged_usec;
    gint64 ended_usec;  /* when the last episode was over; 0: none */
    gboolean recurring; /* the pressure came back soon after it ended */
    gint64 active_usec; /* when pressure was last seen */
    gint64 asked_usec;  /* when somebody above last missed an objective */
    gboolean tried;     /* it ended as an attempt, not because there was calm */
    gint64 cap;         /* permyriad of a core */
    gboolean relaxed;   /* the last change of the cap was an increase */
    gint64 cap_changed_usec;
    gint64 cap_lifted_usec;     /* when work conservation last lifted it */
    gint64 relax_wait_usec;     /* between attempts to relax; grows when one fails */
    gint64 cooldown_until_usec; /* after a step that did not help */
    gint64 used_before;         /* its CPU time before the cap, permyriad of a core */
    gint64 before;              /* the victim's ready time when the domain was engaged */
    char victim[BL_UUID_SIZE];  /* and who that was */
    gint64 worse_since_usec;    /* since when the step has not helped; 0: it helps */
    BlReason reason;
} BlTriageState;

/* What is known of a domain's memory, and what the memory policy wants of it. */
typedef struct {
    gint64 stats_time;               /* of the driver's last report, as it tells */
    gint64 stats_usec;               /* when that came; 0: none yet */
    gboolean rests;                  /* the balloon stood still between the last two reports */
    gint64 reported_actual;          /* what the balloon left then */
    gint64 swapped_in, major_faults; /* counters then */
    gint64 size;                     /* what it may have at most; 0: not known yet */
    gint64 working_set;              /* bytes; -1: unknown */
    gint64 swap_rate;         /* bytes per second, between the last two reports; -1: unknown */
    gint64 margin;            /* bytes that it needs beyond its working set, learned from harm */
    gint64 margin_usec;       /* when that was learned, or last reduced */
    gint64 rising;            /* bytes per second by which it grew between the last two reports */
    BlTrack touched;          /* first: what its QEMU occupies, bytes */
    gint64 touching;          /* bytes per second by which that grows */
    gint64 reported_resident; /* that, at the driver's last report; -1: unknown */
    gint64 caches_until_usec; /* its growth went to caches: no need until then */
    gint64 caches_wait_usec;
    gint64 growth;      /* bytes per second that its working set has been seen to grow by */
    gint64 growth_usec; /* when that was learned, or last reduced */
    gint64 overhead_least,
        overhead_most;    /* bytes that its QEMU needs for itself; most -1: unknown */
    gint64 above_usec;    /* since when the balloon has left more than it was told; 0: it has not */
    gint64 above_touched; /* what it came to occupy about then, bytes */
    gboolean starved;     /* it has nothing left: give, do not ask */
    gint64 waited, waited_usec; /* by the others, permyriad of a core times microseconds */
    gint64 target;              /* bytes it deserves; -1: nothing is decided */
    gint64 wanted;              /* bytes that its balloon is to leave it; -1: nothing is wanted */
    gint64 taken_usec;          /* when memory was last taken */
    gint64 given_usec;          /* when it was last given some */
    gint64 progress_bytes;      /* how far the balloon still had to go when it last moved */
    gint64 progress_usec;       /* and when that was */
    gint64 stuck_until_usec;    /* the balloon did not move: left alone until then */
    gint64 stuck_wait_usec;
    gint64 pause_until_usec;      /* it is to stand still until then; 0: it is not */
    gint64 pause_not_before_usec; /* nor again before then */
    gboolean pause_over;          /* its pause is being ended */
} BlMemoryGuest;

/* Its demand for right-sizing, on its way into the history: see size-guest.c. */
typedef struct {
    gint64 interval_usec; /* when the present interval began; 0: none has */
    gint64 minute_usec;   /* when the present minute began; 0: none has */
    guint64 minute_nsec;  /* what its vCPUs had run and waited then */
    guint64 minute_threads;
    guint minutes;    /* of this interval that are known */
    gint64 cpu;       /* the highest of them, hundredths of a core */
    gint64 memory;    /* the highest working set, bytes; -1: unknown */
    gboolean starved; /* it may have wanted more */
    gint64 waited;    /* by the others, permyriad of a core times microseconds */
    gint64 waited_usec;
    BlSizeHistory *history; /* NULL: nothing is known yet */
    gboolean restored;      /* what an earlier run knew is in it */
    guint vcpus;            /* that it would have; 0: not judged yet */
    gint64 spared;          /* permyriad of a core times microseconds */
    gint64 spared_usec;
} BlSizeGuest;

/* What placement knows and wants of it: see policy-placement.c. */
typedef struct {
    gint64 demand;       /* over the last minute, permyriad of a core times 1000 */
    gint64 demand_usec;  /* since when that is known; 0: it is not */
    gint64 seen_usec;    /* when it was last looked at */
    gboolean decided;    /* nodes have been chosen for it: */
    gint64 nodes;        /* a mask by node, as BL_DOMAIN_NODES */
    gint64 decided_usec; /* when they were */
    BlReason reason;     /* why */
    BlNodeMemory where;
} BlPlacementGuestState;

typedef struct {
    char uuid[BL_UUID_SIZE];
    char name[BL_NAME_SIZE];
    guint64 generation;
    BlDomainState state;
    gboolean stale;
    guint vcpus;
    guint class_index;
    const BlClass *class; /* of the policy of this tick; NULL: the host */
    guint64 identity;     /* hash of what classification looks at */
    char class_name[BL_NAME_SIZE];
    BlClassSource class_source;
    char class_unknown[BL_NAME_SIZE];
    char tenant[BL_NAME_SIZE]; /* by its metadata; empty: none */
    GArray *threads;           /* BlThread, by (role, index) */
    BlTrack throttle;          /* first: throttled nanoseconds */
    BlBlameBook blame;
    BlDevicesGuest devices;
    BlValues controls;                /* of the current sample */
    guint first_control, end_control; /* those that it has */
    BlFieldState *fields;             /* by control, up to `end_control` */
    BlTriageState triage;
    BlMemoryGuest memory;
    BlSizeGuest size;
    BlPlacementGuestState placement;
    /* Figures of this tick. */
    BlValues fast;        /* BlFigure over the triage window */
    BlValues recent;      /* BlFigure over one second: for activity */
    char fast_thread[16]; /* which thread waited most */
    guint missed_ticks;   /* consecutive ticks in which the objective was missed */
    gint64 missed_since_usec;
} BlDomain;

BlDomain *bl_domain_new(const char *uuid);
/* The host as a subject of steps. */
BlDomain *bl_domain_new_host(void);
void bl_domain_free(BlDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlDomain, bl_domain_free)

/* Takes over one sample: counters into tracks, controls, identity. A new generation forgets
 * everything but the class. */
void bl_domain_update(BlDomain *domain, const BlDomainSample *sample, gint64 now_usec);

/* The same for the host: its controls, and which boot they are of. */
void bl_domain_update_host(BlDomain *host, const BlSample *sample);

static inline gboolean bl_domain_has_control(const BlDomain *domain, guint field)
{
    return field >= domain->first_control && field < domain->end_control;
}

/* The past of every counter is gone: figures are unknown until there are two readings again. */
void bl_domain_forget_counters(BlDomain *domain);

/* Derives the figures over a window; a figure whose counters are unknown is absent.
 * `ret_worst_thread`, when given, names the thread that waited most. */
void bl_domain_figures(const BlDomain *domain, gint64 now_usec, gint64 window_usec,
                       BlValues *ret_figures, char *ret_worst_thread, gsize size);

/* Ready and used time of one thread, throttling taken off; absent when unknown. */
void bl_domain_thread_figures(const BlDomain *domain, const BlThread *thread, gint64 now_usec,
                              gint64 window_usec, BlValues *ret_figures);

/* How long the domain waited, in permyriad, as its class's objective sees it; -1 when unknown. That
 * is its worst vCPU; emulator and I/O threads count only from BL_SERVICE_WAIT on, because below it
 * they mostly wait behind the domain's own vCPUs, alone on a host as well. */
#define BL_SERVICE_WAIT 1500
gint64 bl_figures_wait(const BlValues *figures);

#endif
