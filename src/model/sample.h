/* A sample: everything that the engine may know at one instant.
 *
 * Raw counters with presence bits, the inventory of domains, the outcomes of earlier steps, what
 * operators asked for, and what an earlier run of the daemon left applied. `now_usec` is the only
 * time there is. Built by the daemon (or read from a trace), consumed by the engine.
 */
#ifndef BL_MODEL_SAMPLE_H
#define BL_MODEL_SAMPLE_H

#include "model/field.h"
#include "model/topology.h"

/* Length of a UUID as text with its terminator. */
#define BL_UUID_SIZE 37
/* Stands for the host itself wherever a domain's UUID does; libvirt gives it to no domain. */
#define BL_HOST_UUID "ffffffff-ffff-ffff-ffff-ffffffffffff"

typedef enum {
    BL_MODE_OBSERVE, /* decide and log, change nothing */
    BL_MODE_ADVISE,  /* propose; act on approval */
    BL_MODE_ENFORCE,
    BL_MODE_COUNT,
} BlMode;

typedef enum {
    BL_STATE_UNKNOWN,
    BL_STATE_RUNNING,
    BL_STATE_PAUSED,
    BL_STATE_COUNT,
} BlDomainState;

typedef enum {
    BL_ROLE_VCPU,
    BL_ROLE_EMULATOR,
    BL_ROLE_IOTHREAD,
    BL_ROLE_COUNT,
} BlThreadRole;

typedef struct {
    BlThreadRole role;
    guint index; /* vCPU or iothread number; 0 for the emulator */
    gint64 tid;  /* identifies the thread; a new one starts new counters */
    BlValues values;
} BlThreadSample;

/* More nodes than this are not placed on. */
#define BL_SAMPLE_NODES 16

/* A NUMA node of the host. */
typedef struct {
    guint id; /* below BL_SAMPLE_NODES */
    guint cpus, cores;
    gint64 memory_bytes;
    gint64 available_bytes;          /* that can be given out there; -1: unknown */
    guint distance[BL_SAMPLE_NODES]; /* of its CPUs from the memory of each, by position */
} BlNodeSample;

/* Who ran while a vCPU waited for a CPU. */
typedef enum {
    BL_CULPRIT_DOMAIN,
    BL_CULPRIT_SERVICE, /* of the host */
    BL_CULPRIT_KERNEL,
    BL_CULPRIT_LIMIT,  /* nobody: its own quota held it back */
    BL_CULPRIT_WAKEUP, /* nobody: the CPU was idle, and on its way to it */
    BL_CULPRIT_UNSEEN, /* it is not known any more */
    BL_CULPRITS,
} BlCulpritKind;

/* Room for a domain's UUID, and for the name of a service. */
#define BL_CULPRIT_SIZE 64

/* How long a domain's vCPUs waited while somebody else ran; grows. */
typedef struct {
    BlCulpritKind kind;
    char culprit[BL_CULPRIT_SIZE]; /* a domain's UUID, a service's name; empty: has none */
    gint64 waited_nsec;
} BlBlame;

typedef struct {
    char uuid[BL_UUID_SIZE];
    char *name;
    BlDomainState state;
    guint64 generation; /* changes when the domain gets a new QEMU process */
    gboolean stale;     /* its figures are older than they should be: show, do not act */
    guint vcpus;
    char *class_override; /* from `ballast class set`; NULL: none */
    char **metadata;      /* "key=value" from Ballast's namespace, sorted; NULL: none */
    BlValues values;
    BlNodeMemory where;   /* its memory is, when there are several nodes */
    GArray *threads;      /* BlThreadSample, by (role, index) */
    gboolean blame_known; /* `blames` is a reading of this instant */
    GArray *blames;       /* BlBlame, by (kind, culprit), no two alike */
} BlDomainSample;

typedef enum {
    BL_OUTCOME_APPLIED,
    BL_OUTCOME_CONFLICT, /* the value was not `from`: somebody else changed it; left alone */
    BL_OUTCOME_FAILED,
    BL_OUTCOME_VANISHED, /* the domain is gone */
    BL_OUTCOME_COUNT,
} BlOutcomeResult;

typedef struct {
    guint64 step_id;
    BlOutcomeResult result;
    gint64 observed; /* the value found, when the result is a conflict */
    char *message;   /* for people; NULL when applied */
} BlOutcome;

typedef enum {
    BL_REQUEST_MODE,
    BL_REQUEST_APPROVE,
    BL_REQUEST_UNDO,    /* give a field back, and leave it alone for a while */
    BL_REQUEST_RELEASE, /* undo everything now and hold still: the daemon is about to stop */
    BL_REQUEST_COUNT,
} BlRequestKind;

typedef struct {
    BlRequestKind kind;
    BlMode mode;         /* BL_REQUEST_MODE */
    guint64 decision_id; /* BL_REQUEST_APPROVE */
    /* BL_REQUEST_UNDO */
    char uuid[BL_UUID_SIZE];
    BlDomainField field;
} BlRequest;

/* A change that is in force and ours: journalled by this or an earlier run of the daemon. */
typedef struct {
    char uuid[BL_UUID_SIZE];
    guint64 generation;
    BlDomainField field;
    gint64 original;  /* what it was before us, and will be again */
    gint64 value;     /* what we wrote last */
    gint64 shares;    /* only for cpu.idle: the weight to give back with it; 0: unknown */
    gboolean unsure;  /* a gradual control that may not have been told `value` yet */
    gboolean returns; /* a gradual control that was given back, and was not known to have arrived */
} BlHolding;

typedef struct {
    gint64 now_usec;  /* monotonic */
    gint64 wall_usec; /* since the epoch; for people only */
    BlValues host;
    /* Its controls, as if it were a domain; its generation changes with each boot, because a boot
     * sets them anew. 0: unknown, nothing of it is changed. */
    BlValues host_controls;
    guint64 host_generation;
    GPtrArray *domains; /* BlDomainSample *, by UUID, no two alike */
    GArray *outcomes;   /* BlOutcome */
    GArray *requests;   /* BlRequest, in order of arrival */
    GArray *holdings;   /* BlHolding; when the daemon learns of them: as their domain
                         appears, and after a step of which it is not known how it ended */
    GArray *nodes;      /* BlNodeSample, by id; when they were read, and there are several */
    GArray *histories;  /* BlSizeHistory; what earlier runs kept, as their domain appears */
    guint64 first_id;   /* of decisions: ids start above it; looked at in the first sample only */
} BlSample;

BlSample *bl_sample_new(void);
void bl_sample_free(BlSample *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSample, bl_sample_free)
/* Empties it for the next tick; keeps the arrays' memory. */
void bl_sample_clear(BlSample *sample);

BlDomainSample *bl_domain_sample_new(const char *uuid, const char *name);
void bl_domain_sample_free(BlDomainSample *domain);
/* Sorts domains by UUID and threads by (role, index), as the engine needs them. */
void bl_sample_sort(BlSample *sample);

/* The domain of that UUID in a sample that is sorted; NULL: there is none. */
const BlDomainSample *bl_sample_find(const BlSample *sample, const char *uuid);

/* The order of threads in a sample; ties end in the thread id. */
int bl_thread_order(BlThreadRole left_role, guint left_index, BlThreadRole right_role,
                    guint right_index);

/* The order of blames in a sample. */
int bl_blame_order(const BlBlame *left, const BlBlame *right);

const char *bl_mode_name(BlMode mode);
gboolean bl_mode_parse(const char *name, BlMode *ret_mode);
const char *bl_domain_state_name(BlDomainState state);
const char *bl_thread_role_name(BlThreadRole role);
const char *bl_culprit_kind_name(BlCulpritKind kind);
const char *bl_outcome_result_name(BlOutcomeResult result);
const char *bl_request_kind_name(BlRequestKind kind);
/* Index of `name` in `names`, or -1. */
int bl_name_index(const char *const *names, int count, const char *name);

#endif
