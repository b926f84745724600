/* A plan: what the engine wants done after one sample, and what became of earlier decisions.
 *
 * A step changes one field of one domain. It carries where the field stood (`from`: an actuator
 * refuses when that has changed), where it goes, how to undo it, and the reason. A decision is a
 * step with its life: proposed, applied, undone... Decisions that changed in this tick are part of
 * the plan, so the log, the API and a replayed trace all tell the same story.
 */
#ifndef BL_MODEL_PLAN_H
#define BL_MODEL_PLAN_H

#include "model/sample.h"

/* Room for a domain's or class's name inside a reason; longer names are cut at a character. */
#define BL_NAME_SIZE 128

typedef enum {
    BL_RULE_CLASS_SHARES,      /* the class's standing weight */
    BL_RULE_CLASS_LIMIT,       /* the class's standing limit */
    BL_RULE_CLASS_CPUS,        /* the class's host CPUs */
    BL_RULE_CLASS_REALTIME,    /* the class's real-time priority */
    BL_RULE_CLASS_RESERVATION, /* a cap must not go below it */
    BL_RULE_TRIAGE_IDLE,       /* a higher class suffers: idle priority */
    BL_RULE_TRIAGE_CAP,        /* a higher class suffers: smaller quota */
    BL_RULE_TRIAGE_RELAX,      /* the objective is met with room: larger quota */
    BL_RULE_CALM,              /* the pressure ended: give it back */
    BL_RULE_NO_HELP,           /* the step did not help: give it back */
    BL_RULE_CLASS_CHANGED,     /* the domain's class no longer asks for it */
    BL_RULE_LEAVE,             /* enforcing ended: give it back */
    BL_RULE_FOREIGN,           /* somebody else changed the field: our hold on it ends */
    BL_RULE_UNFINISHED,        /* an undo failed half-way: done again before anything else */
    BL_RULE_EXPIRED,           /* held longer than it may without a fresh decision */
    BL_RULE_OPERATOR,          /* somebody asked for it back */
    BL_RULE_MEMORY_TAKE,       /* the host is beyond its target: idle memory is taken */
    BL_RULE_MEMORY_GIVE,       /* the guest needs memory, or deserves more of it */
    BL_RULE_MEMORY_LIMIT,      /* the class's limit */
    BL_RULE_MEMORY_STATS,      /* without statistics nothing is known of the guest's memory */
    BL_RULE_MEMORY_STUCK,      /* the balloon does not move: the guest keeps what it has */
    BL_RULE_MEMORY_SQUEEZE,    /* balloons do not end it: the host may reclaim what is not used */
    BL_RULE_MEMORY_PAUSE,      /* memory is all but gone: the guest stands still */
    BL_RULE_MEMORY_CALM,       /* there is memory enough for all: give it back */
    BL_RULE_SHARING_SCAN,      /* memory fills up: equal pages are looked for */
    BL_RULE_SHARING_PACE,      /* as fast as the CPU time that ksmd may use allows */
    BL_RULE_SHARING_NODES,     /* pages stay on the NUMA node of their guest */
    BL_RULE_SHARING_REST,      /* the last scan brought too little for its CPU time */
    BL_RULE_SHARING_BLOCKED,   /* a guest may not share, and could be merged */
    BL_RULE_SHARING_OTHERS,    /* somebody else governs page sharing */
    BL_RULE_SHARING_CALM,      /* there has been memory enough for a while */
    BL_RULE_SHARING_OFF,       /* the policy leaves it alone, or its figures cannot be read */
    BL_RULE_PLACEMENT_NODES,   /* guests and their memory are better placed so, all in all */
    BL_RULE_PLACEMENT_FREE,    /* it is better off on no nodes of its own */
    BL_RULE_COUNT,
} BlRule;

/* Why: the rule, what was measured against which limit, since when, and who pays. */
typedef struct {
    BlRule rule;
    char domain[BL_NAME_SIZE]; /* the one that is changed */
    char domain_class[BL_NAME_SIZE];
    char victim[BL_NAME_SIZE]; /* who suffers; empty when the rule has no victim */
    char victim_class[BL_NAME_SIZE];
    char victim_thread[16]; /* "vcpu 0", "emulator" */
    gint64 measured;        /* permyriad of the window; -1: nothing measured */
    gint64 limit;           /* the objective, same unit */
    gint64 window_usec;     /* over which it was measured */
    gint64 since_usec;      /* monotonic: since when the limit has been missed (or met, for CALM) */
    gint64 share;    /* permyriad: the domain's part of what all lower classes used; -1: none */
    gboolean blamed; /* `share` is instead its part of the victim's wait */
    /* Rules about memory: `measured` and `limit` are the host's use and the boundary that counts,
     * permyriad of `capacity_bytes`. */
    gint64 capacity_bytes;
    gint64 used_bytes;   /* by the guest: its working set */
    gint64 usable_bytes; /* what the guest had left; -1: it does not matter */
    /* Rules about page sharing: `used_bytes` is the host's use, or for REST what a scan brought;
     * `limit` the target, or for PACE what ksmd may use of a core, and `share` what it used;
     * `window_usec` for REST the scan's CPU time. `victim` is who may not share, or who governs.
     * Rules about placement: `used_bytes` is the guest's memory, `share` the part of it that is on
     * other nodes, `limit` what all guests together gain, permyriad of a core. */
} BlReason;

typedef struct {
    guint64 id; /* of the decision; grows */
    char uuid[BL_UUID_SIZE];
    guint64 generation;
    BlDomainField field;
    gint64 from, to;
    gint64 slack;     /* how far the present value may be off `from`; 0 but for gradual controls */
    gint64 undo;      /* the value before Ballast */
    gint64 shares;    /* cpu.idle only: see BlHolding */
    gboolean is_undo; /* gives the original back and ends the holding */
    gint64 expires_usec; /* monotonic; 0: stands while its class asks for it */
    BlReason reason;
} BlStep;

typedef enum {
    BL_DECISION_OBSERVED, /* mode observe: what would have been done */
    BL_DECISION_PROPOSED, /* mode advise: waits for approval */
    BL_DECISION_PLANNED,  /* handed to an actuator */
    BL_DECISION_APPLIED,
    BL_DECISION_EFFECTIVE, /* applied and its effect measured */
    BL_DECISION_CONFLICT,
    BL_DECISION_FAILED,
    BL_DECISION_VANISHED,
    BL_DECISION_EXPIRED, /* a proposal nobody approved while it was justified */
    BL_DECISION_STATES,
} BlDecisionState;

typedef struct {
    BlStep step;
    BlDecisionState state;
    gint64 wall_usec;    /* when it was decided */
    gint64 decided_usec; /* monotonic */
    gint64 applied_usec; /* monotonic; 0: not yet */
    gint64 effect;       /* what was measured afterwards, permyriad; -1: not yet */
    gint64 effect_usec;  /* how long after the step */
    gint64 observed;     /* on conflict: the value found */
    char message[160];   /* on failure */
} BlDecision;

/* A gradual control that was given back has arrived, or is somebody else's by now. That changes
 * nothing on the host: it is no step, and no trace records it. */
typedef struct {
    char uuid[BL_UUID_SIZE];
    guint64 generation;
    BlDomainField field;
} BlSettled;

typedef struct {
    GArray *steps;     /* BlStep, in the order to be done */
    GArray *decisions; /* BlDecision: new ones and those whose state changed, by id */
    GArray *settled;   /* BlSettled: what the journal need not keep any more */
} BlPlan;

BlPlan *bl_plan_new(void);
void bl_plan_free(BlPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlPlan, bl_plan_free)
void bl_plan_clear(BlPlan *plan);

const char *bl_rule_name(BlRule rule);
gboolean bl_rule_parse(const char *name, BlRule *ret_rule);
const char *bl_decision_state_name(BlDecisionState state);
/* Copies `from` into a BL_NAME_SIZE array, cut at a whole UTF-8 character. */
void bl_name_copy(char *to, const char *from);

#endif
