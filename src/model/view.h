/* The view: what the engine makes of a sample, for people and programs to look at.
 *
 * Derived figures per domain and host after one tick. Written by the engine, read by the API; has
 * no influence on decisions.
 */
#ifndef BL_MODEL_VIEW_H
#define BL_MODEL_VIEW_H

#include "model/plan.h"

typedef struct {
    BlThreadRole role;
    guint index;
    BlValues figures; /* BlFigure: READY and USED only */
} BlThreadView;

/* How long a domain's threads waited for a CPU while somebody else ran. */
typedef struct {
    BlCulpritKind kind;
    char uuid[BL_UUID_SIZE]; /* of a domain; else empty */
    char name[BL_NAME_SIZE]; /* of a domain or a service; else empty */
    gboolean own;            /* the domain itself: one of its threads before another */
    gint64 waited_usec;
} BlBlameView;

typedef enum {
    BL_CLASS_FROM_DEFAULT,
    BL_CLASS_FROM_ASSIGN,
    BL_CLASS_FROM_METADATA,
    BL_CLASS_FROM_OVERRIDE,
    BL_CLASS_SOURCES,
} BlClassSource;

typedef struct {
    char uuid[BL_UUID_SIZE];
    char name[BL_NAME_SIZE];
    BlDomainState state;
    gboolean stale;
    guint vcpus;
    guint class_index;
    char class_name[BL_NAME_SIZE];
    BlClassSource class_source;
    char class_unknown[BL_NAME_SIZE]; /* a class it was given that the policy lacks; or empty */
    gint64 objective;                 /* ready, permyriad; -1: none */
    BlValues figures;                 /* BlFigure, over BL_VIEW_WINDOW_USEC */
    BlValues controls;                /* BlDomainField: the controls as last read */
    gboolean suffers;                 /* misses its objective */
    char memory_note[64];             /* why its memory is left alone; or empty */
    guint holdings;                   /* how many of its fields are changed by us */
    guint foreign;                    /* bit i: field i was changed by somebody else: left alone */
    BlNodeMemory where;               /* its memory is; known where there are several nodes */
    GArray *threads;                  /* BlThreadView */
    GArray *blames;                   /* BlBlameView, largest first */
    gint64 blame_usec;                /* the sum of them */
    gint64 blame_span_usec;           /* in which that was; 0: who ran is not known */
} BlDomainView;

/* How full the host's memory is, by the policy's boundaries. */
typedef enum {
    BL_MEMORY_UNKNOWN,
    BL_MEMORY_CLEAR,
    BL_MEMORY_SOFT,
    BL_MEMORY_HARD,
    BL_MEMORY_LOW,
    BL_MEMORY_STATES,
} BlMemoryState;

typedef struct {
    BlMemoryState state;
    gint64 since_usec;
    gint64 capacity_bytes;    /* -1: unknown */
    gint64 used_bytes;        /* of the capacity; -1: unknown */
    gboolean pressed;         /* memory is shared out by use, class and shares */
    gint64 taken_bytes;       /* by balloons of ours, now */
    gint64 short_bytes;       /* by which working sets and reservations exceed what there is */
    char mover[BL_NAME_SIZE]; /* who had better move to another host then; or empty */
    gint64 mover_bytes;       /* what that gives back */
} BlMemoryView;

/* Figures are over the last two seconds. */
#define BL_VIEW_WINDOW_USEC 2000000

/* What becomes of page sharing, and why. */
typedef enum {
    BL_SHARING_UNKNOWN,  /* the kernel has none, or its figures cannot be read */
    BL_SHARING_OFF,      /* the policy leaves it alone */
    BL_SHARING_OTHERS,   /* somebody else governs it */
    BL_SHARING_BLOCKED,  /* a guest may not share, and could be merged */
    BL_SHARING_PLENTY,   /* there is memory enough */
    BL_SHARING_SCANNING, /* equal pages are looked for */
    BL_SHARING_RESTING,  /* the last scan did not pay */
    BL_SHARING_STATES,
} BlSharingState;

typedef struct {
    BlSharingState state;
    gint64 saved_bytes;            /* -1: unknown */
    gint64 cpu;                    /* of ksmd, permyriad of a core; -1: unknown */
    gint64 cpu_usec;               /* over which that is */
    gint64 rest_usec;              /* resting: until it looks again */
    gint64 gain_bytes, spent_usec; /* of the last scan: what it brought, its CPU time */
    char owner[BL_NAME_SIZE];      /* others: who */
    char blocker[BL_NAME_SIZE];    /* blocked: who may not share */
    char blocker_class[BL_NAME_SIZE];
    char blocker_with[BL_NAME_SIZE]; /* with whom, of another tenant; empty: with nobody */
    guint blockers;                  /* how many there are whose class is the reason */
    gboolean across_nodes;           /* pages of different NUMA nodes are merged */
    BlValues controls;               /* of the host, as last read */
} BlSharingView;

typedef struct {
    gint64 now_usec, wall_usec;
    BlMode mode;
    gboolean releasing; /* giving everything back before a stop */
    gint64 cpus;        /* -1: unknown */
    gint64 busy;        /* permyriad of all CPUs; -1: unknown */
    gint64 psi_some;    /* permyriad of the time; -1: unknown */
    gint64 reserved;    /* permyriad of a core, sum of all domains */
    guint64 vcpus;
    gint64 ready_boundary; /* the policy's */
    gint64 overcommit_milli;
    BlMemoryView memory;
    BlSharingView sharing;
    guint n_nodes;                       /* 0: one, or unknown */
    BlNodeSample nodes[BL_SAMPLE_NODES]; /* by id, as last read */
    guint holdings;
    guint proposals;
    gboolean frozen; /* too many steps made things worse: no new ones for a while */
    gint64 frozen_until_usec;
    GPtrArray *domains; /* BlDomainView *, by UUID */
} BlView;

BlView *bl_view_new(void);
void bl_view_free(BlView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlView, bl_view_free)
BlDomainView *bl_domain_view_new(void);
/* By name or UUID; NULL when there is none. A UUID wins over an equal name. */
const BlDomainView *bl_view_find(const BlView *view, const char *name);
const char *bl_memory_state_name(BlMemoryState state);
const char *bl_sharing_state_name(BlSharingState state);
const char *bl_class_source_name(BlClassSource source);

#endif
