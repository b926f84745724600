/* A policy as validated values: boundaries, classes, assignment, protection. Produced by
 * src/config/ from the policy file, consumed by the engine; immutable once built. */
#ifndef BL_MODEL_POLICY_H
#define BL_MODEL_POLICY_H

#include <glib.h>

/* A limit that is not set. */
#define BL_LIMIT_NONE (-1)
/* How many classes a policy may hold. */
#define BL_CLASSES_MAX 32

/* Whether a class's memory should be of huge pages that are set aside for it. */
typedef enum {
    BL_HUGE_PAGES_OFF,
    BL_HUGE_PAGES_PREFERRED,
    BL_HUGE_PAGES_REQUIRED,
    BL_HUGE_PAGES_WISHES,
} BlHugePages;

/* Whether a class's guests are placed on NUMA nodes. */
typedef enum {
    BL_NUMA_FIT_OFF,
    BL_NUMA_FIT_PREFERRED, /* where that costs no more than it gains */
    BL_NUMA_FIT_REQUIRED,  /* on as few nodes as hold them, whatever that costs */
    BL_NUMA_FITS,
} BlNumaFit;

typedef struct {
    char *name;
    guint rank;    /* 0 is first in line; the order in the file */
    gint64 shares; /* per vCPU */
    /* Of each vCPU, permyriad. */
    gint64 cpu_reservation;
    gint64 cpu_limit; /* or BL_LIMIT_NONE */
    gint64 cpu_ready; /* objective: ready time per vCPU; BL_LIMIT_NONE: no objective */
    gboolean cpu_idle_allowed;
    gboolean cpu_realtime;
    gint64 cpu_pin; /* bit mask of host CPUs, or -1 for all */
    /* Of the guest's maximum, permyriad. */
    gint64 memory_reservation;
    gint64 memory_limit; /* or BL_LIMIT_NONE */
    gboolean memory_ballooning;
    gboolean memory_squeeze; /* the host may reclaim what the guest does not use */
    gboolean memory_pause;   /* it may stand still when memory is all but gone */
    gboolean memory_sharing; /* its pages may be merged with equal ones of others */
    guint memory_huge_pages; /* BlHugePages */
    guint numa_fit;          /* BlNumaFit */
} BlClass;

typedef enum {
    BL_MATCH_NAME,     /* glob on the domain's name */
    BL_MATCH_UUID,     /* whole UUID, any case */
    BL_MATCH_METADATA, /* KEY=VALUE: element KEY of Ballast's namespace holds VALUE */
} BlMatchKind;

typedef struct {
    BlMatchKind kind;
    char *pattern;
    guint class_index;
    guint line; /* in the file that declared it, for explanations */
} BlAssignment;

typedef struct {
    gint64 overcommit_milli; /* vCPUs per core that may be admitted, thousandths */
    gint64 ready;            /* ready time per vCPU that counts as contention, permyriad */
} BlCpuBoundary;

typedef struct {
    gint64 capacity; /* bytes; 0: what the host has; negative: so many permyriad of it */
    /* Of the capacity, permyriad. Up to `target` nothing is taken; above it idle memory is. */
    gint64 target, soft, hard;
    gboolean sharing;          /* page sharing is governed; FALSE: left alone */
    gint64 sharing_cpu;        /* that ksmd may use while it scans, permyriad of a core */
    gboolean tenants_together; /* guests of different tenants may share pages */
} BlMemoryBoundary;

/* What becomes of a guest that is to start and does not fit. */
typedef enum {
    BL_ADMISSION_OFF,    /* nobody asks */
    BL_ADMISSION_WARN,   /* it starts, and that is told */
    BL_ADMISSION_REFUSE, /* while enforcing; else as to warn */
    BL_ADMISSIONS,
} BlAdmission;

typedef struct {
    guint steps_per_minute;
    guint max_guests_per_step;
    gboolean freeze_on_worse;
} BlProtection;

typedef struct {
    gint ref_count;
    BlCpuBoundary cpu;
    BlMemoryBoundary memory;
    guint admission;        /* BlAdmission */
    GPtrArray *classes;     /* BlClass *, by rank */
    GPtrArray *assignments; /* BlAssignment *, first match wins */
    guint default_class;
    BlProtection protection;
} BlPolicy;

/* An empty policy: no classes yet, built-in defaults elsewhere. */
BlPolicy *bl_policy_new(void);
BlPolicy *bl_policy_ref(BlPolicy *policy);
void bl_policy_unref(BlPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlPolicy, bl_policy_unref)

/* Appends a class with the built-in defaults (shares 1000, nothing reserved, no limit, no
 * objective) and returns it, owned by the policy. */
BlClass *bl_policy_add_class(BlPolicy *policy, const char *name);
/* Appends an assignment; returns it, owned by the policy. */
BlAssignment *bl_policy_add_assignment(BlPolicy *policy, BlMatchKind kind, const char *pattern,
                                       guint class_index);

const BlClass *bl_policy_class(const BlPolicy *policy, guint index);
/* FALSE when the policy has no class of that name. */
gboolean bl_policy_find_class(const BlPolicy *policy, const char *name, guint *ret_index);
const char *bl_match_kind_name(BlMatchKind kind);
const char *bl_admission_name(BlAdmission admission);

#endif
