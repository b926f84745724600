// SPDX-License-Identifier: Apache-2.0 OR MIT OR GPL-2.0-only
/* Who ran while a vCPU waited for a CPU.
 *
 * Every CPU keeps a ring of who ran when: a domain, a service of the host, the kernel, nobody. When
 * a vCPU gets its CPU, the kernel knows how long it waited (its run delay, which schedstat shows,
 * too); that time is read off the ring and charged to those who ran in it. A wait that ends because
 * the thread is moved to another CPU's queue is charged at that moment, from the ring of the CPU
 * that it leaves. So what is charged is the kernel's own run delay to the nanosecond; only who is
 * to blame is ours.
 *
 * Both hooks run with the lock of the queue held whose ring they use, so rings need no other lock.
 * Neighbours in the ring are never alike: processes of one culprit that take turns are one slice.
 */
#include "bpf/kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/runqueue.h"

#define TELL_EVERY_NSEC 20000000ULL

char licence[] SEC("license") = "Dual MIT/GPL";

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1); /* as many as there are CPUs: set by the reader */
    __type(key, __u32);
    __type(value, struct bl_cpu);
} cpus SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, BL_DOMAINS_MAX);
    __type(key, __u32);
    __type(value, __u32);
} domains SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, BL_WAITERS_MAX);
    __type(key, __u32);
    __type(value, struct bl_waiter);
} waiters SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, BL_CHARGES_MAX);
    __type(key, struct bl_charge);
    __type(value, __u64);
} charges SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, BL_SERVICES_MAX);
    __type(key, __u64);
    __type(value, struct bl_service_name);
} services SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 65536);
} events SEC(".maps");

/* The reader adds one when a process may have become another's. */
__u32 epoch = 1;
/* What found no room among the charges, nanoseconds. */
__u64 lost_nsec = 0;

/* The clock by which the kernel counts run delay. Every task, of whichever scheduling class, has
 * the fair queue of its group and CPU, and that knows its CPU's; the array of all CPUs' queues is
 * no symbol that every kernel lets us see. */
static __always_inline __u64 queue_clock(struct task_struct *task)
{
    return task->se.cfs_rq->rq->clock;
}

static __always_inline __u64 who_make(__u64 kind, __u64 id)
{
    return kind << BL_WHO_SHIFT | (id & BL_WHO_ID_MASK);
}

static __always_inline __u64 who_kind(__u64 who)
{
    return who >> BL_WHO_SHIFT;
}

/* A service is a cgroup of the cpu controller, of either version. Tasks of the root, and those that
 * the kernel groups by session, are the host's own: id 0. */
static __noinline __u64 service_of(struct task_struct *task)
{
    struct cgroup *cgroup = BPF_CORE_READ(task, sched_task_group, css.cgroup);
    struct bl_service_name name = {};
    if (cgroup == 0)
        return who_make(BL_WHO_SERVICE, 0);
    __u64 id = BPF_CORE_READ(cgroup, kn, id) & BL_WHO_ID_MASK;
    if (bpf_map_lookup_elem(&services, &id) == 0) {
        const char *text = BPF_CORE_READ(cgroup, kn, name);
        bpf_probe_read_kernel_str(name.text, sizeof name.text, text);
        if (name.text[0] == '\0')
            return who_make(BL_WHO_SERVICE, 0);
        bpf_map_update_elem(&services, &id, &name, BPF_NOEXIST);
    }
    return who_make(BL_WHO_SERVICE, id);
}

static __always_inline __u64 who_is(struct bl_cpu *cpu, struct task_struct *task)
{
    __u32 process = task->tgid;
    if (process == 0)
        return who_make(BL_WHO_NOBODY, 0);
    struct bl_remembered *remembered = &cpu->remembered[process % BL_REMEMBERED];
    __u32 now = *(volatile __u32 *)&epoch;
    if (remembered->process == process && remembered->epoch == now)
        return remembered->who;
    __u64 who;
    if (task->flags & PF_KTHREAD)
        who = who_make(BL_WHO_KERNEL, 0);
    else if (bpf_map_lookup_elem(&domains, &process) != 0)
        who = who_make(BL_WHO_DOMAIN, process);
    else
        who = service_of(task);
    remembered->process = process;
    remembered->epoch = now;
    remembered->who = who;
    return who;
}

static __noinline int charge(__u32 victim, __u64 who, __u64 nsec)
{
    struct bl_charge key = {.victim = victim, .who = who};
    __u64 *sum = bpf_map_lookup_elem(&charges, &key);
    if (sum == 0) {
        __u64 nothing = 0;
        bpf_map_update_elem(&charges, &key, &nothing, BPF_NOEXIST);
        sum = bpf_map_lookup_elem(&charges, &key);
    }
    if (sum != 0)
        __sync_fetch_and_add(sum, nsec);
    else
        __sync_fetch_and_add(&lost_nsec, nsec);
    return 0;
}

/* Charges the last `nsec` before `now`, from the newest slice back. Of that the own quota took
 * `limit`; the others pay in proportion, because when exactly it held is not known. */
static __always_inline void charge_slices(struct bl_cpu *cpu, __u32 victim, __u64 now, __u64 nsec,
                                          __u64 limit)
{
    __u64 from = now - nsec, end = now, others = nsec - limit;
    if (limit > 0)
        charge(victim, who_make(BL_WHO_LIMIT, 0), limit);
    for (__u32 i = 0; i < BL_SLICES && end > from; i++) {
        struct bl_slice *slice = &cpu->slices[(cpu->newest - i) % BL_SLICES];
        __u64 since = slice->since_nsec > from ? slice->since_nsec : from;
        if (since < end) {
            __u64 part = end - since;
            charge(victim, slice->who,
                   limit > 0 ? part * (others >> 10) / ((nsec >> 10) + 1) : part);
            end = since;
        }
    }
    if (end > from)
        charge(victim, who_make(BL_WHO_UNSEEN, 0), end - from);
}

static __always_inline void wait_count(struct bl_waiter *waiter, __u64 nsec)
{
    __u32 bucket = 0;
    __u64 usec = nsec / 1000;
    for (__u32 i = 1; i < BL_WAIT_BUCKETS; i++)
        if (usec >> i)
            bucket = i;
    if (bucket < BL_WAIT_BUCKETS)
        waiter->waits[bucket]++;
}

static __always_inline void wait_tell(struct bl_waiter *waiter, __u32 thread, __u64 now, __u64 nsec)
{
    if (waiter->tell_nsec == 0 || nsec < waiter->tell_nsec ||
        now - waiter->told_nsec < TELL_EVERY_NSEC)
        return;
    struct bl_wait_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (event == 0)
        return;
    event->domain = waiter->domain;
    event->thread = thread;
    event->waited_nsec = nsec;
    waiter->told_nsec = now;
    bpf_ringbuf_submit(event, 0);
}

/* How much of the wait the own quota took: the time for which the thread's queue was throttled
 * since it was last looked at, as long as that is the same queue. */
static __always_inline __u64 limit_take(struct bl_waiter *waiter, struct task_struct *task,
                                        __u64 nsec)
{
    __u64 queue = (__u64)task->se.cfs_rq;
    __u64 throttled = BPF_CORE_READ(task, se.cfs_rq, throttled_clock_pelt_time);
    __u64 grown = queue == waiter->queue ? throttled - waiter->throttled_nsec : 0;
    waiter->queue = queue;
    waiter->throttled_nsec = throttled;
    return grown < nsec ? grown : nsec;
}

/* Charges what the thread has waited since the last time. `total` is all that it ever waited. */
static __always_inline void settle(struct bl_cpu *cpu, struct bl_waiter *waiter,
                                   struct task_struct *task, __u64 now, __u64 total)
{
    /* The first time: what was before us is nobody's. */
    if (waiter->charged_nsec == 0 || total < waiter->charged_nsec) {
        limit_take(waiter, task, 0);
        waiter->charged_nsec = total;
        return;
    }
    __u64 nsec = total - waiter->charged_nsec;
    waiter->charged_nsec = total;
    __u64 limit = limit_take(waiter, task, nsec);
    if (nsec == 0 || nsec > now)
        return;
    charge_slices(cpu, waiter->domain, now, nsec, limit);
    wait_count(waiter, nsec);
    wait_tell(waiter, task->pid, now, nsec);
}

/* The thread has its CPU. */
static __always_inline void settle_arrival(struct bl_cpu *cpu, struct task_struct *task, __u64 now)
{
    __u32 thread = task->pid;
    struct bl_waiter *waiter = bpf_map_lookup_elem(&waiters, &thread);
    if (waiter == 0)
        return;
    __u64 queued = task->sched_info.last_queued;
    settle(cpu, waiter, task, now,
           task->sched_info.run_delay + (queued != 0 && queued < now ? now - queued : 0));
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
    __u32 index = bpf_get_smp_processor_id();
    struct bl_cpu *cpu = bpf_map_lookup_elem(&cpus, &index);
    if (cpu == 0)
        return 0;
    __u64 who = who_is(cpu, next);
    /* The shortest way is for what happens most: one of the host's own after another. */
    if (who_kind(who) != BL_WHO_DOMAIN && cpu->slices[cpu->newest % BL_SLICES].who == who)
        return 0;
    __u64 now = queue_clock(next);
    if (who_kind(who) == BL_WHO_DOMAIN)
        settle_arrival(cpu, next, now);
    if (cpu->slices[cpu->newest % BL_SLICES].who != who) {
        struct bl_slice *slice = &cpu->slices[++cpu->newest % BL_SLICES];
        slice->since_nsec = now;
        slice->who = who;
    }
    return 0;
}

/* A thread that waits is moved to another CPU's queue. When it is woken on another CPU than its
 * last, this is told, too; it has not waited then. */
SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *task, int to)
{
    if (task->on_rq != TASK_ON_RQ_MIGRATING)
        return 0;
    __u32 thread = task->pid;
    struct bl_waiter *waiter = bpf_map_lookup_elem(&waiters, &thread);
    if (waiter == 0)
        return 0;
    __u32 index = task->thread_info.cpu;
    struct bl_cpu *cpu = bpf_map_lookup_elem(&cpus, &index);
    if (cpu == 0)
        return 0;
    settle(cpu, waiter, task, queue_clock(task), task->sched_info.run_delay);
    return 0;
}
