/* The fields of the kernel's structures that our programs look at. Where they are is found at load
 * time, by the running kernel's own type information (BTF), so this lists no others, and the build
 * needs no kernel at all. */
#ifndef BL_BPF_KERNEL_H
#define BL_BPF_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

enum {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY, BPF_NOEXIST };

#define PF_KTHREAD 0x00200000
#define TASK_ON_RQ_MIGRATING 2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
    const char *name;
    __u64 id;
};

struct cgroup {
    struct kernfs_node *kn;
};

struct cgroup_subsys_state {
    struct cgroup *cgroup;
};

struct task_group {
    struct cgroup_subsys_state css;
};

struct rq {
    __u64 clock;
};

struct cfs_rq {
    struct rq *rq;
    __u64 throttled_clock_pelt_time;
};

struct sched_entity {
    struct cfs_rq *cfs_rq;
};

struct sched_info {
    unsigned long long run_delay;
    unsigned long long last_queued;
};

struct thread_info {
    __u32 cpu;
};

struct task_struct {
    struct thread_info thread_info;
    unsigned int flags;
    int on_rq;
    struct sched_entity se;
    struct task_group *sched_task_group;
    struct sched_info sched_info;
    int pid;
    int tgid;
};

#pragma clang attribute pop

#endif
