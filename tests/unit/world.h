/* A small world for tests of the engine: guests whose counters grow at given rates, controls that
 * obey, and a clock that moves by ticks of 100 ms. */
#ifndef BL_TESTS_WORLD_H
#define BL_TESTS_WORLD_H

#include "core/engine.h"

#define WORLD_GUESTS_MAX 64
#define TICK_USEC 100000
/* The wall clock less the other one. */
#define WORLD_WALL_USEC 1700000000000000

typedef struct {
    const char *name;
    const char *class_name; /* as metadata; NULL: none */
    const char *tenant;     /* the same */
    guint vcpus;
    gint64 run, delay; /* rates of each vCPU, permyriad of the time */
    gint64 throttled;  /* rate */
    gint64 service;    /* rate of the emulator's waiting */
    gint64 blamed;     /* rate at which all others wait while it runs */
    gint64 own;        /* rate at which it waits while its own threads run */
    gint64 longest;    /* nanoseconds: the kernel tells of such a wait, once */
    gboolean blind;    /* its counters cannot be read */
    gboolean stale;
    gboolean gone;
    gboolean stuck; /* its balloon is told, and does not move */
    BlDomainState state;
    guint64 generation;
    BlValues controls;
    BlNodeMemory where; /* its memory is */
    gint64 run_nsec, delay_nsec, throttled_nsec, service_nsec, blamed_nsec, own_nsec;
    guint writes[BL_CONTROLS]; /* steps applied, by field */
} WorldGuest;

typedef struct {
    BlEngine *engine;
    BlPolicy *policy;
    BlSample *sample;
    BlPlan *plan;
    gint64 now_usec;
    gint64 cpus;
    gint64 busy; /* rate, permyriad of all CPUs */
    gint64 psi;  /* rate */
    gint64 busy_nsec, psi_usec;
    gint64 shares_max;
    gboolean blames; /* it is known who ran while guests waited */
    gint64 service;  /* rate at which they wait while a service of the host runs */
    gint64 service_nsec;
    gboolean no_idle_support;
    gboolean no_host;       /* nothing is known of the host */
    BlValues host;          /* what is known of it besides */
    WorldGuest subject;     /* the host's own controls; without a generation: unknown */
    gint64 wall_shift_usec; /* by which its wall clock was set */
    BlOutcomeResult answer; /* to every step; APPLIED also writes */
    gboolean silent;        /* steps get no outcome */
    GArray *outcomes;
    GArray *requests;
    GArray *holdings;
    GArray *histories; /* BlSizeHistory */
    GArray *nodes;     /* BlNodeSample, told at every tick */
    GArray *history;   /* BlDecision, every one that a plan held */
    guint n_guests;
    WorldGuest guests[WORLD_GUESTS_MAX];
} World;

/* The policy of the tests: critical (100 % reserved, ready 1 %), standard (ready 5 %), batch (idle
 * allowed). */
BlPolicy *world_policy(void);
World *world_new(BlMode mode);
void world_free(World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)
WorldGuest *world_add(World *world, const char *name, const char *class_name, guint vcpus);
/* One tick: counters grow, the engine steps, the answer to its plan waits for the next tick. */
void world_tick(World *world);
void world_run(World *world, gint64 usec);
void world_request(World *world, BlRequestKind kind, BlMode mode, guint64 id);
gint64 world_control(const WorldGuest *guest, BlDomainField field);
/* How many decisions of that rule and state the history holds; -1 for any. */
guint world_count(const World *world, int rule, int state);
const BlDecision *world_last(const World *world, int rule, int state);

#endif
