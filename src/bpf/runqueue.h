/* What src/bpf/runqueue.bpf.c tells src/collect/runqueue.c: the layout of its maps. Plain types
 * only, because both sides compile it. */
#ifndef BL_BPF_RUNQUEUE_H
#define BL_BPF_RUNQUEUE_H

/* Who ran while a vCPU waited: a kind in the top byte, and which one below it. */
enum {
    BL_WHO_NOBODY,  /* the CPU was idle: a wake-up on its way */
    BL_WHO_KERNEL,  /* kernel threads */
    BL_WHO_DOMAIN,  /* the process of a domain's QEMU, by its id */
    BL_WHO_SERVICE, /* a cgroup of the host's own, by its id */
    BL_WHO_LIMIT,   /* nobody: the domain's own quota held it back */
    BL_WHO_UNSEEN,  /* longer ago than the ring reaches */
};
#define BL_WHO_SHIFT 56
#define BL_WHO_ID_MASK ((1ULL << BL_WHO_SHIFT) - 1)

#define BL_CHARGES_MAX 16384
#define BL_WAITERS_MAX 16384
#define BL_DOMAINS_MAX 4096
#define BL_SERVICES_MAX 1024
#define BL_SERVICE_NAME_SIZE 64
/* Waits by length: bucket i counts those of 2^i up to 2^(i+1) microseconds; the last one, and
 * longer ones; the first one, and shorter ones. */
#define BL_WAIT_BUCKETS 24

/* Who ran since when on a CPU, newest at `newest` modulo their number; and whose a process is,
 * remembered because it is asked at every switch. */
#define BL_SLICES 128
#define BL_REMEMBERED 64
struct bl_slice {
    unsigned long long since_nsec;
    unsigned long long who;
};
struct bl_remembered {
    unsigned int process;
    unsigned int epoch;
    unsigned long long who;
};
struct bl_cpu {
    unsigned int newest;
    unsigned int unused;
    struct bl_slice slices[BL_SLICES];
    struct bl_remembered remembered[BL_REMEMBERED];
};

/* Key of the charges; their value is nanoseconds, 64 bits. */
struct bl_charge {
    unsigned int victim; /* process of its QEMU */
    unsigned int unused;
    unsigned long long who;
};

/* A vCPU's thread, by its id. The reader sets `domain` and `tell_nsec`; the rest is the kernel's
 * side's. */
struct bl_waiter {
    unsigned int domain; /* process of its QEMU */
    unsigned int unused;
    unsigned long long tell_nsec;      /* tell of waits of at least so long; 0: of none */
    unsigned long long charged_nsec;   /* of the thread's run delay, what has been charged */
    unsigned long long throttled_nsec; /* of its queue, as last seen */
    unsigned long long queue;          /* which queue that was */
    unsigned long long told_nsec;      /* when it was last told of */
    unsigned long long waits[BL_WAIT_BUCKETS];
};

struct bl_service_name {
    char text[BL_SERVICE_NAME_SIZE];
};

/* A wait that was too long. */
struct bl_wait_event {
    unsigned int domain;
    unsigned int thread;
    unsigned long long waited_nsec;
};

#endif
