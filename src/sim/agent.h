/* The daemon's part in the simulation: what stands in programs/daemon between the world and the
 * engine, on a virtual clock and without threads.
 *
 * Keeps records of the guests as libvirt last told, builds samples, calls the engine, carries
 * steps out through bl_actuate_step() and a journal on the simulated disk, brings outcomes back,
 * dies and starts again. Faults are applied here, to what passes through. The engine, the
 * actuation and the journal are those of the daemon.
 */
#ifndef BL_SIM_AGENT_H
#define BL_SIM_AGENT_H

#include "actuate/actuate.h"
#include "core/engine.h"
#include "sim/disk.h"
#include "sim/world.h"

/* The wall clock when the world begins. */
#define BL_SIM_WALL_START_USEC ((gint64)1700000000 * 1000000)
/* The generation of the host's controls: the world is booted once. */
#define BL_SIM_BOOT 77

/* A guest as the daemon knows it. */
typedef struct {
    gboolean known;
    gboolean notified; /* an event has come: refresh */
    gboolean holdings_pending;
    guint64 generation;
    BlValues controls;
    BlValues statistics;   /* what libvirt told of its memory */
    BlMemoryReport report; /* of which that was */
    gint64 ask_usec;       /* when to ask again */
    gint64 look_usec;      /* when to look again at: */
    gint64 resident;
    BlDomainSample *sample;
    char *class_override;
    gint64 vcpu_run, vcpu_delay; /* while frozen: what is shown */
} BlSimRecord;

typedef struct {
    BlStep step;
    gint64 due_usec;
} BlSimAct;

/* A fault that is in force. */
typedef struct {
    BlSimEventKind kind;
    gint guest;
    gint64 until_usec;
    gint64 value;
} BlSimFault;

typedef struct BlSimAgent BlSimAgent;

struct BlSimAgent {
    BlSimWorld *world;
    const BlSimSpec *spec;
    GPtrArray *policies; /* BlPolicy *, as in the specification */
    BlPolicy *policy;
    BlSimDisk *disk;
    BlJournal *journal;
    BlEngine *engine; /* NULL: the daemon is down */
    guint lives;      /* how often the daemon has started */
    BlMode mode;      /* to start with */
    BlSample *sample;
    BlPlan *plan;
    BlSimRecord *records; /* one a guest of the world */
    GArray *acts;         /* BlSimAct, in order of their planning */
    GArray *faults;       /* BlSimFault */
    GArray *outcomes;     /* BlOutcome */
    GArray *requests;     /* BlRequest */
    GArray *proposals;    /* guint64: decisions that wait for approval */
    gint64 refreshed_usec;
    BlValues host_memory;
    gint64 look_usec; /* when to look at it again */
    BlValues host_controls, ksm_host;
    gint64 ksm_look_usec; /* when to look at them again */
    gboolean host_holdings_pending;
    gint64 down_until_usec;
    guint64 last_id;
    gboolean approve_all;
    gboolean has_idle; /* the kernel knows cpu.idle */
    /* Called for each write that the daemon makes to a control, with what was there before. The
     * host stands behind the last guest. */
    void (*written)(gpointer data, guint guest, const BlStep *step, BlDomainField field,
                    gint64 before, gint64 value);
    gpointer written_data;
    /* Called before and after each call of the engine. */
    void (*stepping)(gpointer data, gboolean begins);
    gpointer stepping_data;
    /* of the write in progress */
    const BlStep *acting;
    guint acting_writes;
};

BlSimAgent *bl_sim_agent_new(BlSimWorld *world, GPtrArray *policies);
void bl_sim_agent_free(BlSimAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSimAgent, bl_sim_agent_free)

/* Something happens: to the world, the operator, or as a fault. */
void bl_sim_agent_event(BlSimAgent *agent, const BlSimEvent *event);

/* One tick after the world's: FALSE while the daemon is down. `agent->sample` and `agent->plan`
 * are those of this tick. */
gboolean bl_sim_agent_tick(BlSimAgent *agent);

/* TRUE while a fault of that kind is in force for the guest; `guest` -1: for all. */
gboolean bl_sim_agent_fault(const BlSimAgent *agent, BlSimEventKind kind, gint guest,
                            gint64 *ret_value);

/* All faults end now. */
void bl_sim_agent_calm(BlSimAgent *agent);

/* Which guest has this UUID; -1: none. */
gint bl_sim_guest_find(const BlSimWorld *world, const char *uuid);

#endif
