/* A simulated run as values: the world, its load, what happens when, and what is expected.
 *
 * Read from a scenario file, generated from a seed, or cut down from another while shrinking.
 * The same specification always gives the same run.
 */
#ifndef BL_SIM_SPEC_H
#define BL_SIM_SPEC_H

#include "model/policy.h"
#include "model/sample.h"

#define BL_SIM_TICK_USEC 100000

typedef enum {
    BL_LOAD_IDLE,
    BL_LOAD_HOG,     /* every vCPU wants `demand` of its time */
    BL_LOAD_SERVE,   /* a server with `connections` clients that ask again as soon as answered */
    BL_LOAD_TRACE,   /* demand follows recorded points */
    BL_LOAD_DISK,    /* `depth` requests at a time, asked again as soon as answered */
    BL_LOAD_NETWORK, /* sends as fast as it may, up to `rate` */
    BL_LOAD_KINDS,
} BlLoadKind;

typedef struct {
    BlLoadKind kind;
    gint64 demand;            /* hog: permyriad of each vCPU */
    guint connections;        /* serve */
    gint64 service_usec;      /* serve: CPU time of a request */
    gint64 network_usec;      /* serve: the part of a request that needs no CPU */
    gint64 on_usec, off_usec; /* on and off by turns; 0: always on */
    gint64 from_usec;         /* silent before */
    GArray *points;           /* trace: gint64, permyriad of each vCPU; owned */
    gint64 point_usec;        /* trace: a point lasts so long */
    guint disk;               /* disk: which of the host's */
    guint depth;              /* disk */
    gint64 size_bytes;        /* disk: of a request */
    gint64 rate;              /* network: bytes a second; 0: as much as there is */
} BlLoad;

/* The memory of a guest. What it works on is there while its load is on. */
typedef struct {
    gint64 max_bytes;     /* without a balloon; 0: the guest's memory is not looked at */
    gint64 balloon_bytes; /* what the balloon leaves at the start; 0: everything */
    gint64 kernel_bytes;  /* always in use */
    gint64 set_bytes;     /* working set */
    gint64 growth;        /* bytes a second by which it is touched */
    gint64 cache_rate;    /* bytes a second by which page cache fills what is free */
    gint64 swap_bytes;    /* room of the guest's own swap */
    gint64 period_sec;    /* of the balloon statistics; 0: none */
    gboolean autodeflate, reporting;
    gint64 equal_bytes; /* of it, that all guests have alike */
    gboolean unshared;  /* the host may not merge its pages */
    GArray *points;     /* instead of `set_bytes`: gint64, permyriad of the maximum; owned */
} BlMemorySpec;

typedef struct {
    char *name;
    char *class_name; /* in the domain's metadata; NULL: none */
    char *tenant;     /* the same */
    guint vcpus;
    BlLoad load;
    BlMemorySpec memory;
    gint64 quota;        /* the administrator's own, before Ballast; BL_QUOTA_NONE */
    gboolean born_later; /* not there until a "start" event */
    gint64 weight;       /* of its requests to disks and the uplink */
    gint node;           /* where its memory is; -1: by turns */
} BlGuestSpec;

typedef struct {
    gint64 iops;         /* requests a second, at most */
    gint64 latency_usec; /* of a request that finds nobody before it */
    gint64 bandwidth;    /* bytes a second, at most; 0: any */
} BlDiskSpec;

/* What can happen. "for" gives those that last their end. */
typedef enum {
    /* the world */
    BL_EVENT_START,   /* a guest starts, or starts again with a new process */
    BL_EVENT_STOP,    /* and ends */
    BL_EVENT_PAUSE,   /* lasting */
    BL_EVENT_LOAD,    /* a guest's demand becomes `value` permyriad of each vCPU */
    BL_EVENT_RESIZE,  /* a guest has `value` vCPUs; known at the next refresh */
    BL_EVENT_FOREIGN, /* somebody else sets `field` of a guest to `value` */
    /* the operator */
    BL_EVENT_MODE,    /* `value` is the mode */
    BL_EVENT_APPROVE, /* every open proposal */
    BL_EVENT_CLASS,   /* `text` is a guest's class from now on; "" as before */
    BL_EVENT_POLICY,  /* policy number `value` of the specification */
    /* counters; lasting */
    BL_EVENT_MISSING,
    BL_EVENT_STALE,
    BL_EVENT_ABSURD,
    BL_EVENT_BACKWARDS,
    BL_EVENT_FROZEN, /* the counters stand still */
    /* libvirt; lasting */
    BL_EVENT_HANG,   /* answers nothing */
    BL_EVENT_LOSE,   /* sends no events */
    BL_EVENT_REPEAT, /* sends every event again and again */
    /* actuators; lasting */
    BL_EVENT_FAIL_BEFORE,
    BL_EVENT_FAIL_AFTER,  /* the write is made and reported as failed */
    BL_EVENT_FAIL_SECOND, /* of the writes of one step the second fails */
    BL_EVENT_SILENT,      /* the write is reported as done and is not */
    BL_EVENT_SLOW,        /* `value` microseconds for a step */
    BL_EVENT_UNREADABLE,  /* controls cannot be read */
    BL_EVENT_DISK,        /* the journal cannot be written */
    /* the daemon */
    BL_EVENT_KILL,  /* kill -9 after `value` more operations on controls and journal; starts again
                       after "for" */
    BL_EVENT_CLOCK, /* the clock jumps by `value` microseconds */
    /* memory; lasting, but the first */
    BL_EVENT_TOUCH,           /* a guest's working set becomes `value` bytes */
    BL_EVENT_BALLOON_STUCK,   /* the balloon does not move */
    BL_EVENT_BALLOON_PARTIAL, /* it goes half the way */
    BL_EVENT_BALLOON_BACK,    /* it lets everything go, whatever it was told */
    BL_EVENT_BALLOON_LIE,     /* it says that it is there and has not moved */
    BL_EVENT_STATS_FROZEN,    /* the guest's driver reports no more */
    BL_EVENT_STATS_MISSING,   /* the statistics cannot be read */
    /* page sharing; lasting */
    BL_EVENT_KSMTUNED, /* a ksmtuned runs */
    BL_EVENT_KINDS,
} BlSimEventKind;

typedef struct {
    BlSimEventKind kind;
    gint64 at_usec;
    gint64 for_usec;
    gint guest; /* index; -1: all */
    BlDomainField field;
    gint64 value;
    char *text;
} BlSimEvent;

typedef enum {
    BL_EXPECT_SENTENCE, /* a decision's sentence matches the glob `text`, between least and most
                           times */
    BL_EXPECT_READY,    /* the guest's ready time per vCPU, permyriad */
    BL_EXPECT_USED,     /* its CPU time, permyriad of a core */
    BL_EXPECT_FREE,     /* part of the CPU time that the first class left which lower ones used */
    BL_EXPECT_P50,      /* of a serving guest, microseconds */
    BL_EXPECT_P99,
    BL_EXPECT_STEPS,      /* that were carried out */
    BL_EXPECT_SHORT,      /* time in which the guest lacked memory of its working set */
    BL_EXPECT_SHORTAGE,   /* how much, summed over time: byte-seconds */
    BL_EXPECT_SWAPPED,    /* bytes that it swapped in and out */
    BL_EXPECT_OOM,        /* how often it killed its program */
    BL_EXPECT_BALLOON,    /* bytes that the balloon leaves it, at the end of the time */
    BL_EXPECT_ABOVE_HARD, /* time in which the host's memory was above its hard boundary */
    BL_EXPECT_HOST_SWAP,  /* bytes that the host swapped out */
    BL_EXPECT_DISK_LATENCY,
    BL_EXPECT_DISK_RATE,    /* requests a second */
    BL_EXPECT_NETWORK_RATE, /* bytes a second */
    BL_EXPECT_REMOTE,       /* part of the guest's CPU time away from its memory's node */
    BL_EXPECT_KINDS,
} BlExpectKind;

typedef struct {
    BlExpectKind kind;
    gint guest; /* -1: none */
    char *text;
    gint64 least, most;
    gint64 from_usec, until_usec; /* of the run; until 0: its end */
} BlExpect;

typedef struct {
    char *name;
    guint64 seed;
    guint cpus;
    guint nodes;             /* among which the CPUs are divided evenly */
    gint64 remote_penalty;   /* permyriad by which CPU time away from the memory counts less */
    gint64 memory_bytes;     /* of the host; 0: not looked at */
    gint64 memory_own_bytes; /* used by the host itself */
    gint64 memory_hard;      /* permyriad of it: time above is counted */
    gint64 balloon_rate;     /* bytes a second by which a balloon moves */
    gint64 uplink;           /* bytes a second; 0: none */
    gboolean ksm;            /* the host can share pages */
    gint64 ksm_run;          /* at the start */
    BlMode mode;
    gint64 duration_usec;
    gint64 noise;            /* permyriad of a wait that is booked a tick later */
    gint64 act_usec;         /* how long a step takes */
    GPtrArray *policy_texts; /* char *: the first holds at the start */
    GArray *disks;           /* BlDiskSpec */
    GArray *guests;          /* BlGuestSpec */
    GArray *events;          /* BlSimEvent, by time */
    GArray *expects;         /* BlExpect */
} BlSimSpec;

BlSimSpec *bl_sim_spec_new(void);
void bl_sim_spec_free(BlSimSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSimSpec, bl_sim_spec_free)
BlSimSpec *bl_sim_spec_copy(const BlSimSpec *spec);

/* A guest as it is without anything said of it: one vCPU, idle, no memory. */
BlGuestSpec bl_sim_guest_spec_default(void);

/* Take over copies of what the pointers lead to. */
void bl_sim_spec_add_guest(BlSimSpec *spec, const BlGuestSpec *guest);
void bl_sim_spec_add_event(BlSimSpec *spec, const BlSimEvent *event);
void bl_sim_spec_add_expect(BlSimSpec *spec, const BlExpect *expect);
/* Events by time; those of one instant in their order. */
void bl_sim_spec_sort(BlSimSpec *spec);
/* Leaves out a guest and every event of its own. */
void bl_sim_spec_drop_guest(BlSimSpec *spec, guint index);

const char *bl_load_kind_name(BlLoadKind kind);
const char *bl_sim_event_name(BlSimEventKind kind);
gboolean bl_sim_event_parse(const char *name, BlSimEventKind *ret_kind);
/* TRUE when somebody else sets a control of the host itself. */
gboolean bl_sim_event_is_host(const BlSimEvent *event);
/* TRUE for kinds that happen to one guest, not to the host or the operator. */
gboolean bl_sim_event_needs_guest(BlSimEventKind kind);
const char *bl_expect_name(BlExpectKind kind);
/* In what it is measured; TRUE: of the whole host, no guest. */
BlUnit bl_expect_unit(BlExpectKind kind);
gboolean bl_expect_is_whole(BlExpectKind kind);
/* TRUE for kinds that last: they end after their "for". */
gboolean bl_sim_event_lasts(BlSimEventKind kind);

#endif
