/* What the files of the engine share: its state, and the policies' entry points. Only for
 * src/core/. */
#ifndef BL_CORE_ENGINE_PRIVATE_H
#define BL_CORE_ENGINE_PRIVATE_H

#include "core/domain.h"
#include "core/engine.h"

/* Open decisions wait for an outcome, an approval, or their effect. */
typedef struct {
    BlDecision decision;
    gboolean approved;
    gboolean changed; /* in this tick: goes into the plan */
    gboolean closed;
} BlOpenDecision;

/* The last rungs of the memory ladder. Times since when something has held; 0: it does not. */
typedef struct {
    gint64 hard_usec;   /* the state is hard or worse */
    gint64 low_usec;    /* the state is low */
    gint64 eased_usec;  /* the state is clear */
    gint64 paused_usec; /* when a guest was last paused, or let go */
} BlMemoryLadder;

/* The host's memory as the policy's boundaries see it. */
typedef struct {
    BlMemoryState state;
    gint64 since_usec;   /* in this state */
    gint64 below_usec;   /* since when use has been below the state's boundary; 0: it is not */
    gint64 capacity;     /* bytes; -1: unknown */
    gint64 used;         /* bytes of it; -1: unknown */
    gint64 resident;     /* by all guests together, bytes; -1: unknown of some */
    BlTrack pressure;    /* first: swapped out bytes, second: PSI full microseconds */
    gboolean pressed;    /* memory is shared out */
    gint64 pressed_usec; /* since when; while not: until when it last was */
    gint64 calm_usec;    /* since when all fit; 0: they do not */
    gint64 calm_wait_usec;
    gint64 shared_usec;    /* when it was last shared out */
    gint64 overhead_usual; /* bytes that a QEMU needs for itself, by those that have shown it */
    gint64 ease;           /* how much room to grow there is for all: see BL_MEMORY_EASE_SOME */
    gint64 lacking;        /* by which what must be given exceeds what there is */
    BlMemoryLadder ladder;
    GArray *claims; /* BlMemoryClaim, scratch: of all guests that are shared out over */
    GArray *gifts;  /* the same, for those that have run out */
} BlMemoryHost;

/* Page sharing. A burst of scans runs for as long as it pays. */
typedef struct {
    BlSharingState state;
    gboolean known;     /* its figures have been there in this run */
    gboolean needed;    /* memory fills up */
    gint64 plenty_usec; /* since when there has been enough; 0: there is not */
    gint64 mergeable;   /* bytes that mergeable guests occupy */
    gint64 saved;       /* bytes, of all guests together */
    gboolean scanning;
    guint whole_scans; /* of this burst */
    /* When the last whole scan ended, or the burst began. */
    gint64 scans, sharing, cpu_nsec;
    gint64 gain_bytes, spent_usec; /* of what was judged last */
    gint64 rested_usec;            /* since when ksmd rests; 0: it has not scanned yet */
    gint64 rest_wait_usec;
    gint64 rested_mergeable, rested_use;
    gint64 pages_most; /* that ksmd may look at in one go, as far as its CPU time has shown */
    gint64 pages;      /* that it is to */
    gint64 paced_usec, paced_cpu_nsec; /* since when, and its CPU time then */
    gint64 paced_share;                /* what it used of a core when that was last changed; -1 */
    BlTrack cpu;                       /* first: ksmd's, nanoseconds */
    const BlDomain *blocker, *blocker_with; /* of this tick */
    guint blockers;
} BlKsm;

/* The host's nodes, and when guests were last placed on them. */
typedef struct {
    guint n_nodes; /* 0: one, or unknown */
    BlNodeSample nodes[BL_SAMPLE_NODES];
    gint64 judged_usec;
    gint64 better_usec; /* since when there has been a better placement; 0: there is not */
    gint64 placed_usec; /* when one was last decided upon; 0: never */
} BlPlacementHost;

/* Up to here it is a part of the room that everybody should have, from here to FULL a part of what
 * those that are known to grow could do with. */
#define BL_MEMORY_EASE_SOME BL_PERMYRIAD
#define BL_MEMORY_EASE_FULL (2 * BL_PERMYRIAD)

struct BlEngine {
    BlMode mode;
    gboolean releasing;
    gint64 now_usec, wall_usec;
    gint64 shift_usec; /* engine's time less the samples': grows when their clock goes backwards */
    gboolean started;
    guint64 last_id;
    BlPolicy *policy;   /* of the last tick: a change classifies anew */
    GPtrArray *domains; /* BlDomain *, by UUID */
    BlDomain *subject;  /* the host, as far as it has controls */
    GArray *open;       /* BlOpenDecision, by id */
    GArray *step_times; /* gint64, of the steps of the last minute that count */
    BlValues host;
    BlTrack host_busy;    /* first: busy nanoseconds, second: PSI some microseconds */
    gint64 worse_usec[3]; /* when the last steps that did not help were given back */
    gint64 frozen_until_usec;
    BlMemoryHost memory;
    BlKsm ksm;
    BlPlacementHost placement;
    gint64 spared_usec; /* when it was last judged what smaller guests would spare others */
};

/* The window in which triage judges, and the one in which it asks whether anyone is active. */
#define BL_TRIAGE_WINDOW_USEC 200000
#define BL_RECENT_WINDOW_USEC 1000000

/* classify.c: which class a domain is in, and why. */
void bl_classify_domain(const BlPolicy *policy, const BlDomainSample *sample, BlDomain *domain);

/* policy-standing.c: the class's weight, limit and host CPUs. */
void bl_policy_standing(const BlEngine *engine, BlDomain *domain);

/* policy-triage.c: while a higher class misses its objective, lower classes pay. Sets wants for
 * cpu.idle and cpu.quota over what the standing policy wants. */
void bl_policy_triage(BlEngine *engine, const BlPolicy *policy);
/* From how long on a single wait of a guest's vCPU is one wait too many, nanoseconds; 0: its class
 * has no objective. */
gint64 bl_triage_wait_too_long(const BlClass *class);

/* memory-guest.c: what a guest's statistics tell; called for every domain of a sample. */
void bl_memory_guest_update(BlDomain *domain, gint64 now_usec, gint64 wall_usec);
/* What was told last is no longer comparable with what is told next: memory is taken only when
 * there are two new reports. */
void bl_memory_forget_report(BlDomain *domain);
/* TRUE when its balloon, its size and its working set are known; when they are recent enough to
 * take memory by. */
gboolean bl_memory_is_known(const BlDomain *domain, gint64 now_usec);
gboolean bl_memory_is_fresh(const BlDomain *domain, gint64 now_usec);
/* What the guest could give to its programs, bytes; -1: unknown. */
gint64 bl_memory_usable(const BlDomain *domain);
/* TRUE when it may have been the guest itself that took memory back from its balloon, out of need.
 */
gboolean bl_memory_may_take_back(const BlDomain *domain);

/* memory-resident.c: what the host sees of a guest's memory; called in every tick, and for every
 * report that is new, after the working set (-1: unknown before) has been found. */
void bl_memory_resident_update(BlDomain *domain, gint64 now_usec);
void bl_memory_resident_report(BlDomain *domain, gint64 now_usec, gint64 age_usec,
                               gint64 working_set_before);
/* What its QEMU came to occupy over a window, bytes; 0 when that is not known. */
gint64 bl_memory_touched(const BlMemoryGuest *memory, gint64 now_usec, gint64 window_usec);
/* What it came to need since its last report, bytes, and how fast its need grows, a second. */
gint64 bl_memory_risen(const BlEngine *engine, const BlDomain *domain);
gint64 bl_memory_rising(const BlEngine *engine, const BlDomain *domain);
/* What its QEMU needs for itself, bytes; what QEMUs of this host usually do. */
gint64 bl_memory_overhead(const BlEngine *engine, const BlDomain *domain);
gint64 bl_memory_overhead_usual(const BlEngine *engine);

/* No host and no guest has more; more is a damaged reading. */
#define BL_MEMORY_MAX ((gint64)1 << 50)

/* memory-host.c: capacity, use and state of the host's memory. */
/* What may be occupied, by the policy and the host's size, bytes; -1: unknown. */
gint64 bl_memory_capacity(const BlPolicy *policy, const BlValues *host);
void bl_memory_host_update(BlEngine *engine, const BlPolicy *policy);
/* A part of the capacity, bytes. */
gint64 bl_memory_boundary(const BlEngine *engine, gint64 permyriad);
/* From where on memory is all but gone, permyriad of the capacity. */
gint64 bl_memory_low(const BlPolicy *policy);

/* policy-memory.c: balloons follow real use while the host's memory is short. */
void bl_policy_memory(BlEngine *engine, const BlPolicy *policy);
/* policy-ladder.c: what is left when balloons cannot end a shortage; and the guest that had better
 * move to another host, NULL: none has to. */
void bl_policy_ladder(BlEngine *engine, const BlPolicy *policy);
const BlDomain *bl_policy_ladder_mover(const BlEngine *engine);
/* memory-claims.c. */
/* Why Ballast leaves the guest's memory alone; NULL: it does not. */
const char *bl_policy_memory_note(const BlEngine *engine, const BlDomain *domain);

/* policy-ksm.c: equal pages of guests are merged while memory fills up and that pays. First what
 * they share and could share, which counts for the host's memory. */
void bl_ksm_take_in(BlEngine *engine);
void bl_policy_ksm(BlEngine *engine, const BlPolicy *policy);
/* Whose metadata says which tenant a domain is of. */
void bl_ksm_tenant_set(BlDomain *domain, const BlDomainSample *sample);
/* What the host saves by the guest's shared pages, bytes; -1: unknown. */
gint64 bl_ksm_saved(const BlEngine *engine, const BlDomain *domain);
void bl_ksm_view(const BlEngine *engine, BlSharingView *view);

/* policy-placement.c: guests' CPUs and memory on NUMA nodes. */
void bl_policy_placement(BlEngine *engine, const BlSample *sample);

/* blame-view.c: who a domain waited for. */
void bl_blame_view(const BlEngine *engine, const BlDomain *domain, BlDomainView *view);

/* size-guest.c: a guest's demand is taken down in every tick; called after its memory. */
void bl_size_guest_update(const BlEngine *engine, const BlPolicy *policy, BlDomain *domain);
void bl_size_restore(BlEngine *engine, const BlPolicy *policy, const BlSample *sample);
/* Once a tick, after all figures: the wait of others that smaller guests would have spared. */
void bl_size_spare(BlEngine *engine);
void bl_size_guest_sizing(const BlEngine *engine, const BlPolicy *policy, const BlDomain *domain,
                          BlSizing *ret_sizing);

/* planner.c: takes over outcomes, requests and holdings; turns wants into steps and decisions. */
void bl_planner_take_in(BlEngine *engine, const BlSample *sample);
void bl_planner_plan(BlEngine *engine, const BlPolicy *policy, BlPlan *plan);

/* Also finds the host. */
BlDomain *bl_engine_find(const BlEngine *engine, const char *uuid);
/* All that has controls: the domains, by UUID, then the host. */
guint bl_engine_subject_count(const BlEngine *engine);
BlDomain *bl_engine_subject(const BlEngine *engine, guint index);
/* Busy share of all CPUs over a window, permyriad; -1 when unknown. */
gint64 bl_engine_host_busy(const BlEngine *engine, gint64 window_usec);

/* Starts a reason about `domain`: names filled in, nothing measured. */
BlReason bl_reason_of(const BlDomain *domain, BlRule rule);

#endif
