/* The daemon's parts and how they hang together. One thread, one private GMainContext: sampling,
 * the engine, the API. Whatever may block goes to the workers. */
#ifndef BL_DAEMON_DAEMON_H
#define BL_DAEMON_DAEMON_H

#include <libvirt/libvirt.h>

#include "actuate/actuate.h"
#include "actuate/definition-journal.h"
#include "actuate/libvirt-control.h"
#include "api/metrics.h"
#include "api/server.h"
#include "collect/cgroup.h"
#include "collect/ksm.h"
#include "collect/libvirt.h"
#include "collect/procfs.h"
#include "collect/runqueue.h"
#include "core/engine.h"
#include "core/usage.h"
#include "daemon/admissions.h"
#include "daemon/workers.h"
#include "store/rings.h"
#include "store/store.h"
#include "topology/topology.h"
#include "trace/trace.h"

#define BL_TICK_MSEC 100

typedef struct BlDaemon BlDaemon;
typedef struct BlEventPort BlEventPort;
typedef struct BlSlice BlSlice;

/* What the command line says. */
typedef struct {
    char *uri;
    char *policy_path;
    gboolean policy_given;
    char *state_dir;
    char *socket_path;
    char *record_path;
    char *listen; /* NULL: the API is on the socket alone */
    char *tls_certificate, *tls_key, *client_ca, *access_path;
    BlMode mode;
    gboolean keep; /* leave changes in force at a clean stop */
    gboolean no_blame;
    gboolean restore; /* give everything back and exit */
} BlOptions;

/* A domain's kept-open counters and last known facts. */
typedef struct {
    gint64 pid;
    guint64 generation;
    BlDomainSample *sample; /* what the engine gets; its counters are filled in at every tick */
    GArray *threads;        /* BlThreadReader, in the order of the sample's threads */
    int cgroup_fd;          /* the domain's folder in the cpu controller; -1: none */
    int stat_fd;            /* its cpu.stat; -1: none */
    guint quiet_reads;      /* readings in a row without a change */
    gboolean throttled_known;
    BlValues controls;
    gint64 refreshed_usec;
    gboolean refresh_wanted;
    gboolean damaged;          /* a counter could not be read: stale until refreshed */
    BlValues memory;           /* of the last poll: balloon and the guest's statistics */
    gint64 memory_polled_usec; /* 0: at once */
    BlValues devices;          /* of the last poll that asked for them: disks and interfaces */
    gint64 devices_polled_usec;
    gint64 resident_bytes; /* -1: unknown */
    int statm_fd;
    gint64 longest_wait_nsec;  /* of those that the kernel told of since the last sample; 0: none */
    gint64 tell_nsec;          /* from how long on it is to tell; -1: it does not watch yet */
    int ksm_fd;                /* its ksm_stat; -1: none */
    BlValues sharing;          /* what that told last */
    gboolean holdings_pending; /* the engine has yet to be told what the journal holds */
    gboolean history_pending;  /* and what the store remembers of its demand */
    gboolean history_lost;     /* that could not be read: left alone in this run */
    gint64 history_saved_usec;
    /* Of its definition, for the audit. */
    gboolean transient; /* it has none to start from again */
    BlParts now, next;
    BlTraits *runs, *starts;
    BlNodeMemory where;
    gint64 huge_bytes;  /* in transparent huge pages; -1: unknown */
    int memory_stat_fd; /* memory.stat of its cgroup; -1: none */
    int numa_stat_fd;   /* memory.numa_stat; -1: none */
} BlRecord;

typedef enum {
    BL_LINK_DOWN,
    BL_LINK_CONNECTING,
    BL_LINK_UP,
} BlLinkState;

/* Page sharing: what was read last, and who else may govern it. */
typedef struct {
    int folder_fd;    /* /sys/kernel/mm/ksm; -1: the kernel has no page sharing */
    int schedstat_fd; /* of ksmd; -1: not found */
    guint64 boot;     /* the generation of the host's controls; 0: unknown */
    gint64 nodes;     /* 0: unknown */
    BlValues host, controls;
    gint64 read_usec; /* when they were read; 0: at once */
    BlKsmProcesses processes;
    gboolean looked; /* those are known */
    gint64 looked_usec;
    int lock_fd; /* held while this daemon may change anything; -1: not */
    gboolean lock_known;
    gboolean lock_taken; /* by another ballastd: */
    gint64 lock_holder;  /* 0: unknown */
    gint64 lock_usec;
    gboolean holdings_pending;
} BlKsmWatch;

/* Who ran while vCPUs waited. */
typedef struct {
    BlRunqueue *reader; /* NULL: it cannot be known here */
    char *lacking;      /* why not */
    GArray *charges;    /* BlCharge, as last read */
    gint64 told_usec;   /* when a long wait last made a tick of its own */
    gint64 wanted_usec; /* when the engine last wanted to know */
    gint64 asked_usec;  /* when somebody last asked; 0: nobody has */
} BlRunqueueWatch;

/* What it is to tell Prometheus, and has told in the last second. */
typedef struct {
    BlMetricsTally tally;
    GBytes *told[BL_EXPOSITION_FORMATS]; /* NULL: nothing yet */
    gint64 told_usec[BL_EXPOSITION_FORMATS];
    gint64 took_usec; /* to make the last; -1: there was none */
} BlMetricsWatch;

struct BlDaemon {
    BlOptions *options;
    GMainContext *context;
    GMainLoop *loop;
    GPtrArray *sources; /* GSource, ours in the context */
    BlWorkers *workers;
    int exit_code;

    /* libvirt */
    BlEventPort *port;
    BlLinkState link;
    virConnectPtr connection;
    char *host_uuid;
    int host_lock_fd;
    char *link_error;
    gint64 link_retry_usec; /* when to try again */
    gint64 link_wait_usec;
    gint64 link_since_wall_usec;
    gint64 listed_usec;
    gboolean listing;
    gboolean list_wanted;
    gboolean refresh_all; /* events may have been missed: the next list refreshes everybody */
    gboolean inventory_complete;
    char **listed;       /* UUIDs of the last list */
    GHashTable *records; /* uuid -> BlRecord * */
    GPtrArray *retired;  /* BlRecord *, which the last sample may still point into */
    guint n_refreshing;

    /* fast path */
    int proc_fd;
    int cgroup_fd; /* the mount of the cpu controller; -1: none */
    BlCgroupVersion cgroup_version;
    int memory_cgroup_fd; /* the same of the memory controller */
    BlCgroupVersion memory_cgroup_version;
    int host_stat_fd, host_pressure_fd;
    gint64 realtime_share; /* see bl_realtime_share_read */
    BlValues host_memory;
    gint64 host_memory_usec; /* when that was read */
    gint64 pressure_usec;    /* as last read; -1: never */
    gint64 pressure_read_usec;
    gboolean calm; /* nobody on the host waited for a CPU since the last tick */
    guint tick;
    BlKsmWatch ksm;
    BlRunqueueWatch runqueue;

    /* engine */
    BlPolicy *policy;
    GPtrArray *policy_sources;
    char *policy_error; /* of the last reload; NULL: it was good */
    gint64 policy_wall_usec;
    gboolean promises_checked;
    BlEngine *engine;
    BlSample *sample;
    BlPlan *plan;
    BlView *view;
    gint64 view_usec;
    BlUsage *usage;       /* for the audit */
    BlTopology *topology; /* NULL: unknown */
    GArray *outcomes;     /* BlOutcome, for the next sample */
    GArray *requests;     /* BlRequest, for the next sample */
    gboolean first_sample;
    gint64 started_usec, started_wall_usec;
    gint64 sizes_verify_usec; /* when to look what came of changes next; 0: not set yet */
    GSource *soon;            /* of a tick that comes soon; NULL: none does */
    gint64 stop_until_usec;   /* releasing: give up then; 0: not stopping */

    /* edges */
    BlJournal *journal;
    BlDefinitionJournal *definitions;
    BlStore *store;
    BlTraceWriter *trace;
    GPtrArray *slices; /* BlSlice * */
    BlRings *rings;
    gint64 history_sec; /* of the last row */
    gboolean rings_failed;
    GHashTable *known;     /* uuid -> the guest as it was looked at last; see notes.c */
    gboolean guests_known; /* all that were there at the start are */
    gint64 looked_usec;
    BlApiServer *api;
    BlMetricsWatch metrics;
    guint64 last_event;
    gboolean store_failed;
    GHashTable *class_overrides; /* uuid -> class */
    BlAdmissions *admissions;
    int state_lock_fd;
};

/* The log: one line on stderr, with the journal's priority prefix when that goes to systemd. */
typedef enum { BL_LOG_ERROR = 3, BL_LOG_WARNING = 4, BL_LOG_INFO = 6 } BlLogLevel;
void bl_daemon_log(BlLogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* notes.c: what happened besides decisions: into the log, the store, and the stream of events. */
typedef struct {
    const char *kind;        /* see BlStoreEvent */
    const char *uuid, *name; /* whom it is about; NULL: the host or the daemon */
} BlNote;
void bl_daemon_note(BlDaemon *daemon, BlLogLevel level, const BlNote *note, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
GHashTable *bl_daemon_notes_new(void);
void bl_daemon_notes_tick(BlDaemon *daemon);
BlApiReply bl_daemon_notes_get(const BlApiCall *call, gpointer user_data);

/* options.c: FALSE when the program is to exit with *ret_exit_code. */
BlOptions *bl_options_parse(int argc, char **argv, int *ret_exit_code);
/* Those of serving over TCP alone, for whoever serves the same API; and what they then are by
 * default. */
#define BL_OPTIONS_LISTEN 5
void bl_options_listen_entries(BlOptions *options, GOptionEntry *ret_entries);
void bl_options_listen_fill(BlOptions *options);
void bl_options_free(BlOptions *options);

/* link.c: the connection and the list of domains; called every tick. */
void bl_daemon_link_check(BlDaemon *daemon, gint64 now_usec);
BlEventPort *bl_event_port_new(BlDaemon *daemon);
void bl_event_port_unref(gpointer port);
void bl_daemon_link_close(BlDaemon *daemon);

/* inventory.c: what is known of each domain; called every tick. */
void bl_record_free(gpointer data);
/* Takes a record out; its memory stays until the next sample. */
void bl_daemon_record_retire(BlDaemon *daemon, const char *uuid);
void bl_daemon_inventory_check(BlDaemon *daemon, gint64 now_usec);
void bl_daemon_inventory_listed(BlDaemon *daemon, char **uuids);
void bl_daemon_inventory_want(BlDaemon *daemon, const char *uuid);

/* sampler.c: the fast path. */
void bl_daemon_sample(BlDaemon *daemon, gint64 now_usec);

/* memory.c: the host's memory and that of the guests, more often while it is short. */
void bl_daemon_memory_poll(BlDaemon *daemon, gint64 now_usec);
void bl_daemon_memory_sample(BlDaemon *daemon, BlRecord *record);
void bl_daemon_memory_host(BlDaemon *daemon, gint64 now_usec);
/* Jobs that need an answer of QEMU have a lane beside the domain's own, so that a QEMU that does
 * not answer holds up its memory alone. */
char *bl_daemon_memory_lane(const char *uuid);

/* runqueue.c: who ran while vCPUs waited. */
void bl_daemon_runqueue_open(BlDaemon *daemon);
void bl_daemon_runqueue_close(BlDaemon *daemon);
/* Fills in the blames of every record; before the records go into the sample. */
void bl_daemon_runqueue_sample(BlDaemon *daemon);
/* How long the waits of each of a guest's threads were: [{role, index, counts}], where counts[i] is
 * how many lasted 2^i to 2^(i+1) microseconds since the daemon watches. A new reference. */
json_t *bl_daemon_runqueue_lengths(BlDaemon *daemon, const char *uuid);
/* Somebody wants to know: it is found out from now on, for a while. */
void bl_daemon_runqueue_asked(BlDaemon *daemon);
/* The record's QEMU is gone. */
void bl_daemon_runqueue_gone(BlDaemon *daemon, const BlRecord *record);

/* ksm.c: page sharing, and the steps of the host itself. */
void bl_daemon_ksm_open(BlDaemon *daemon);
void bl_daemon_ksm_close(BlDaemon *daemon);
void bl_daemon_ksm_sample(BlDaemon *daemon, gint64 now_usec);
void bl_daemon_ksm_guest_open(int proc_fd, BlRecord *record);
void bl_daemon_ksm_guest(BlDaemon *daemon, BlRecord *record);
void bl_daemon_ksm_step(BlDaemon *daemon, const BlStep *step);
/* Everything that could be given back is: says what could not. */
void bl_daemon_ksm_stopped(BlDaemon *daemon);

/* nodes.c: the host's NUMA nodes, and where guests' memory is. */
/* The topology by which a guest may be placed on nodes; NULL: it stays where it is. */
const BlTopology *bl_daemon_nodes_of(const BlTopology *topology, const BlRecord *record);
void bl_daemon_nodes_sample(BlDaemon *daemon);
void bl_daemon_nodes_guest(const BlDaemon *daemon, BlRecord *record);

/* steps.c: hands steps to actuators. */
void bl_daemon_steps(BlDaemon *daemon, const BlPlan *plan);

/* policy.c */
gboolean bl_daemon_policy_load(BlDaemon *daemon, char **ret_errors);
/* Reads the policy and, behind it, the access file again; what is wrong stays as it was before. */
gboolean bl_daemon_reload(BlDaemon *daemon, char **ret_errors);
void bl_daemon_policy_record(BlDaemon *daemon);
/* After a sample: says once, as soon as all guests are known, when the policy that the daemon
 * started with promises them more than there is. It stays in force: the guests were there first. */
void bl_daemon_policy_promises(BlDaemon *daemon);
/* The files of the policy in force, as JSON: [{name, text}]. */
json_t *bl_daemon_policy_files(const BlDaemon *daemon);

/* What is wrong with a text in place of the policy's first file: [{file, line, column, message}];
 * when nothing is, ret_effective is the policy with every default. */
json_t *bl_daemon_policy_check(const BlDaemon *daemon, const char *text, char **ret_effective);

/* overrides.c: `ballast class set`, kept in the state directory. */
gboolean bl_daemon_overrides_load(BlDaemon *daemon, GError **error);
gboolean bl_daemon_override_set(BlDaemon *daemon, const char *uuid, const char *class_name,
                                GError **error);

/* slice.c: traces of the next seconds, for whoever asks. */
GPtrArray *bl_daemon_slices_new(void);
void bl_daemon_slices_tick(BlDaemon *daemon);
void bl_daemon_slices_policy(BlDaemon *daemon);
/* All that are being taken are as long as they are. */
void bl_daemon_slices_end(BlDaemon *daemon);
BlApiReply bl_daemon_trace_get(const BlApiCall *call, gpointer user_data);

/* history.c: figures over time, in the state folder. */
gboolean bl_daemon_history_open(BlDaemon *daemon, GError **error);
void bl_daemon_history_tick(BlDaemon *daemon);
void bl_daemon_history_handlers(BlApiConfig *config);
/* All guests as they were then. */
BlApiReply bl_daemon_vms_at(BlDaemon *daemon, gint64 wall_usec);

/* actions.c: what the API is asked to do. */
void bl_daemon_action_handlers(BlApiConfig *config);

/* handlers.c: the API's answers. */
void bl_daemon_handlers(BlApiConfig *config);
/* "Done", with what was done. */
BlApiReply bl_daemon_done(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The number of a query; FALSE: it is not one. Left alone when it is not given. */
gboolean bl_daemon_query_integer(const BlApiCall *call, const char *key, gint64 *value);
/* "after", "limit", "vm", "since", "until"; FALSE with a problem. */
gboolean bl_daemon_store_query(const BlApiCall *call, BlStoreQuery *ret_query,
                               BlApiReply *ret_problem);
/* The time of a query, microseconds since the epoch, likewise. */
gboolean bl_daemon_query_time(const BlApiCall *call, const char *key, gint64 *wall_usec);
/* A decision as the API, the store and the log show it: with host, expectation and sentence. */
json_t *bl_daemon_decision_json(const BlDecision *decision);
/* What admission is judged by. */
BlAdmissionFacts bl_daemon_admission_facts(const BlDaemon *daemon);
/* The answer about a guest that is not there. */
BlApiReply bl_daemon_no_domain(const char *name);

/* metrics.c: what Prometheus is told. */
BlApiReply bl_daemon_metrics_get(const BlApiCall *call, gpointer user_data);
void bl_daemon_metrics_clear(BlDaemon *daemon);

/* audit.c: what the rules find, and changes of definitions. */
void bl_daemon_audit_handlers(BlApiConfig *config);
/* BlFinding *. */
GPtrArray *bl_daemon_audit(BlDaemon *daemon);
/* definition.c: the same of definitions for a guest's next start. */
BlApiReply bl_daemon_definition_post(const BlApiCall *call, gpointer user_data);
/* A change of a part of the definition that somebody has ordered; `what` stays valid. */
typedef struct {
    const char *what; /* in answers and the log */
    BlPart part;
    const char *value;
    gboolean live; /* vCPUs alone: what is added, to the guest as it runs, too */
} BlDefinitionWish;
BlApiReply bl_daemon_definition_order(BlDaemon *daemon, const BlApiCall *call,
                                      const BlDefinitionWish *wish, const char *uuid,
                                      const char *name);
BlApiReply bl_daemon_definition_undo(BlDaemon *daemon, const BlApiCall *call,
                                     const BlDefinitionWish *wish);
/* Takes a change back by itself; `why` goes to the log. */
void bl_daemon_definition_revert(BlDaemon *daemon, const BlDefinitionWish *wish, const char *uuid,
                                 const char *name, const char *why);
/* FALSE when "undo", "dryRun" or "live" of the call is neither true nor false. */
gboolean bl_daemon_definition_flags(const BlApiCall *call);

/* size.c: right-sizing; the demand of guests is kept in the store. */
void bl_daemon_sizes_verify(BlDaemon *daemon, gint64 now_usec);
void bl_daemon_size_handlers(BlApiConfig *config);
/* Puts what earlier runs kept of a guest into the sample, once. */
void bl_daemon_size_sample(BlDaemon *daemon, const char *uuid, BlRecord *record);
/* Saves what is due, a little in each tick; or all. */
void bl_daemon_sizes_save(BlDaemon *daemon, gint64 now_usec, gboolean all);

/* lock.c: one daemon per state directory and per libvirt host. -1 with an error when taken. */
int bl_daemon_lock(const char *path, const char *what, GError **error);
/* The process that took the lock last; 0: unknown. */
gint64 bl_daemon_lock_holder(const char *path);

/* lifetime.c: the options are taken over. */
BlDaemon *bl_daemon_new(BlOptions *options);
/* Opens the host's own counters. */
void bl_daemon_host_open(BlDaemon *daemon);
/* The state folder, the trace and the API. */
gboolean bl_daemon_edges_open(BlDaemon *daemon, GError **error);
void bl_daemon_free(BlDaemon *daemon);

/* daemon.c */
/* Samples and decides now: something happened that does not wait for the next tick. */
void bl_daemon_tick(BlDaemon *daemon);
/* The same in a few milliseconds, once for all who ask until then. */
void bl_daemon_tick_soon(BlDaemon *daemon);
/* After the engine and the steps of a tick: what came of it goes to traces, log, API and store. */
void bl_daemon_tick_done(BlDaemon *daemon);
const BlView *bl_daemon_view(BlDaemon *daemon);
void bl_daemon_stop(BlDaemon *daemon);

#endif
