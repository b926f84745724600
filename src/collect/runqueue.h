/* Who ran while vCPUs waited for a CPU, and how long their waits were, as the kernel saw it: the
 * reader of src/bpf/runqueue.bpf.c. Needs a kernel with type information (BTF) and 5.11 or later,
 * and CAP_BPF with CAP_PERFMON. Nothing is written to the kernel but what it is to look at.
 */
#ifndef BL_COLLECT_RUNQUEUE_H
#define BL_COLLECT_RUNQUEUE_H

#include "model/plan.h"

typedef struct BlRunqueue BlRunqueue;

/* Time that the vCPUs of one QEMU waited while one culprit ran; grows. */
typedef struct {
    gint64 victim_pid;
    BlCulpritKind kind;
    gint64 culprit_pid;            /* of a domain's QEMU */
    char service[BL_CULPRIT_SIZE]; /* of the host: its cgroup's name; empty: none of its own */
    gint64 waited_nsec;
} BlCharge;

/* NULL, with a reason for people, where it cannot be had: built without it, no right to, no kernel
 * for it. */
BlRunqueue *bl_runqueue_open(GError **error);
void bl_runqueue_close(BlRunqueue *runqueue);

/* At rest nothing is hooked and nothing is counted: switches cost what they cost without us. A new
 * reader rests. What is waited for meanwhile is charged to nobody, then or later. FALSE, with an
 * error, when the kernel refuses to begin. */
gboolean bl_runqueue_begin(BlRunqueue *runqueue, GError **error);
void bl_runqueue_rest(BlRunqueue *runqueue);
gboolean bl_runqueue_rests(const BlRunqueue *runqueue);

/* From now on `pid` is a domain's QEMU, and these (BlThreadReader) are its threads. Of its vCPUs'
 * waits of at least `tell_nsec` (0: none) bl_runqueue_waits_take tells. To be called again when the
 * threads or `tell_nsec` change; FALSE when there is no room for them. */
gboolean bl_runqueue_watch(BlRunqueue *runqueue, gint64 pid, const GArray *threads,
                           gint64 tell_nsec);
/* The QEMU is gone, or is none of ours any more: its counters go, too. */
void bl_runqueue_forget(BlRunqueue *runqueue, gint64 pid);

/* Everything charged so far, replacing the contents of `charges` (BlCharge), by victim, kind and
 * culprit. FALSE when the kernel refuses, or at rest. */
gboolean bl_runqueue_read(BlRunqueue *runqueue, GArray *charges);

/* Becomes readable when a wait is to be told of. */
int bl_runqueue_fd(const BlRunqueue *runqueue);
/* Hands each wait to be told of to `tell` and forgets it. */
typedef void (*BlWaitTold)(gint64 pid, gint64 waited_nsec, gpointer user_data);
void bl_runqueue_waits_take(BlRunqueue *runqueue, BlWaitTold tell, gpointer user_data);

/* How many waits of a thread lasted 2^i to 2^(i+1) microseconds. FALSE when it is not watched. */
#define BL_WAIT_LENGTHS 24
gboolean bl_runqueue_lengths(BlRunqueue *runqueue, gint64 thread,
                             guint64 ret_counts[BL_WAIT_LENGTHS]);

#endif
