/* The audit: facts of a host and its guests that stay as they are, and what the rules find in them.
 * Facts are collected by the daemon, judged by src/core/audit.h, shown by the API and the command.
 */
#ifndef BL_MODEL_AUDIT_H
#define BL_MODEL_AUDIT_H

#include <jansson.h>

#include "model/parts.h"
#include "model/policy.h"
#include "model/topology.h"
#include "model/traits.h"
#include "model/view.h"

typedef struct {
    char uuid[BL_UUID_SIZE];
    char name[BL_NAME_SIZE];
    const BlClass *class;
    gboolean transient; /* it has no definition to start from again */
    BlParts now;        /* as it runs */
    BlParts next;       /* as it will start */
    guint ours;         /* bit i: part i of `next` is changed by Ballast, and still is */
    BlTraits *runs;     /* the rest of the definition that it runs with; NULL: unknown */
    BlTraits *starts;   /* and of that for its next start */
    BlNodeMemory where; /* its memory is */
    guint vcpus;        /* that it has now; 0: unknown */
    /* Bytes; -1: unknown. */
    gint64 size;
    gint64 working_set;
    gint64 resident;
    gint64 free; /* what the guest uses for nothing */
    gint64 huge; /* in transparent huge pages */
    /* Permyriad; -1: unknown. */
    gint64 ready;         /* of the worst vCPU, over the last seconds */
    gint64 observed_usec; /* how long it has been watched; 0: not at all */
    gint64 ready_mean;    /* of the worst vCPU, in that time */
    gint64 ready_most;
    gint64 demand_most; /* of one core: what all its vCPUs together used or waited for at most */
} BlAuditGuest;

/* Huge pages set aside, of one size on one NUMA node. */
typedef struct {
    gint64 page_bytes;
    gint64 node;
    gint64 total, free;
} BlAuditPool;

typedef struct {
    char thp_enabled[16]; /* the word chosen: "madvise"; empty: unknown */
    char thp_defrag[16];
    gint64 swappiness;      /* -1: unknown */
    gint64 swap_bytes;      /* -1: unknown */
    gint64 huge_page_bytes; /* of the size used where none is named; -1: unknown */
    gint hugetlbfs;         /* 1: mounted, without which nobody gets them; -1: unknown */
    GArray *pools;          /* BlAuditPool, by page size and node */
    gint mode;              /* BlMode; -1: unknown */
    gint64 cpus;            /* -1: unknown */
    gint64 memory_bytes;    /* that guests may have, by the policy; -1: unknown */
    /* The policy's boundaries; -1: unknown. */
    gint64 overcommit_milli;
    gint64 ready_boundary;
    const BlTopology *topology; /* NULL: unknown */
} BlAuditHost;

typedef struct {
    BlAuditHost host;
    GPtrArray *guests; /* BlAuditGuest *, by name */
} BlAuditFacts;

BlAuditFacts *bl_audit_facts_new(void);
void bl_audit_facts_free(BlAuditFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlAuditFacts, bl_audit_facts_free)
/* Appends a guest of which nothing is known; returns it, owned by the facts. */
BlAuditGuest *bl_audit_facts_add(BlAuditFacts *facts, const char *uuid, const char *name,
                                 const BlClass *class);
/* By name, then by UUID. */
void bl_audit_facts_sort(BlAuditFacts *facts);

typedef enum {
    BL_SEVERITY_INFO,
    BL_SEVERITY_WARNING,
    BL_SEVERITY_ERROR,
    BL_SEVERITIES,
} BlSeverity;

typedef struct {
    const char *rule; /* its stable name: "memory.reporting" */
    BlSeverity severity;
    char uuid[BL_UUID_SIZE]; /* of the guest; empty: of the host */
    char name[BL_NAME_SIZE];
    gboolean set;   /* all is done but that the guest starts again */
    gboolean ours;  /* by Ballast */
    char *text;     /* what is so */
    char *evidence; /* the figures; NULL: the text says it all */
    char *gain;     /* what to expect of the change */
    char *change;   /* exactly what to do */
    char *undo;
    gboolean appliable; /* Ballast can make the change for the next start */
    char *blocked;      /* why not now; NULL: nothing is in the way */
} BlFinding;

BlFinding *bl_finding_new(const char *rule, BlSeverity severity);
void bl_finding_free(gpointer finding);

const char *bl_severity_name(BlSeverity severity);
gboolean bl_severity_parse(const char *name, BlSeverity *ret_severity);

/* {rule, severity, vm, uuid, state, byBallast, text, evidence, gain, change, undo, appliable,
 * blocked}: null where there is none. A new reference. */
json_t *bl_finding_to_json(const BlFinding *finding);

#endif
