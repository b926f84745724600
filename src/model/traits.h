/* The traits of a guest: what its definition says of its CPUs, clock and devices, as far as the
 * audit judges it, as plain values. Read by src/definition/traits.c. What Ballast can change of a
 * definition are its parts (parts.h). */
#ifndef BL_MODEL_TRAITS_H
#define BL_MODEL_TRAITS_H

#include "base/cpu-set.h"

/* Longer words are cut. */
#define BL_TRAIT_SIZE 64
#define BL_TRAIT_SHORT 24

/* What a definition says or leaves to others. */
typedef enum {
    BL_SAID_NOTHING,
    BL_SAID_NO,
    BL_SAID_YES,
} BlSaid;

typedef enum {
    BL_TIMER_KVMCLOCK,
    BL_TIMER_HPET,
    BL_TIMER_HYPERVCLOCK,
    BL_TIMERS,
} BlTimer;

typedef struct {
    char device[BL_TRAIT_SHORT]; /* "disk", "cdrom" */
    char source[BL_TRAIT_SHORT]; /* what it is kept in: "file", "block", "network" */
    char target[BL_TRAIT_SHORT]; /* its name: "vda" */
    char bus[BL_TRAIT_SHORT];
    char cache[BL_TRAIT_SHORT]; /* empty: QEMU's choice, which is writeback */
    char io[BL_TRAIT_SHORT];
    guint queues;      /* 0: not said */
    gboolean iothread; /* it has one */
    guint controller;  /* of a SCSI disk: the index of its controller */
} BlDisk;

typedef struct {
    guint index;
    char model[BL_TRAIT_SHORT];
    guint queues;
    gboolean iothread;
} BlScsi;

typedef struct {
    char kind[BL_TRAIT_SHORT]; /* "network", "bridge" */
    char mac[BL_TRAIT_SHORT];
    char model[BL_TRAIT_SHORT];
    char driver[BL_TRAIT_SHORT]; /* empty: vhost where it is there */
    guint queues;                /* 0: not said, which is one */
} BlInterface;

/* Not changed once read; counted references, from any thread. */
typedef struct {
    char hypervisor[BL_TRAIT_SHORT]; /* "kvm"; "qemu": emulated */
    char arch[BL_TRAIT_SHORT];
    char machine[BL_TRAIT_SIZE]; /* "pc-q35-7.2" */
    gboolean windows;
    guint vcpus;       /* that are there at the start; 0: unknown */
    guint cells;       /* NUMA nodes that it sees; 0: not said */
    gboolean placed;   /* numad places its CPUs or memory when it starts */
    BlCpuSet cpus;     /* that its vCPUs are bound to; empty: not all of them are bound */
    gboolean cpu_said; /* it has a CPU of its own choice */
    char cpu_mode[BL_TRAIT_SHORT];
    char cpu_model[BL_TRAIT_SIZE];
    BlSaid migratable;  /* of a CPU that is passed through */
    gboolean tsc_fixed; /* the frequency of its time stamp counter is given */
    BlSaid invtsc;      /* a time stamp counter that never changes its pace */
    BlSaid timers[BL_TIMERS];
    guint iothreads;
    GArray *disks;       /* BlDisk */
    GArray *controllers; /* BlScsi */
    GArray *interfaces;  /* BlInterface */
    GArray *videos;      /* char[BL_TRAIT_SHORT]: models of its graphics cards */
    guint usb_inputs;    /* mice, keyboards and tablets on USB */
    guint generators;    /* of random numbers, virtio */
} BlTraits;

BlTraits *bl_traits_new(void);
BlTraits *bl_traits_ref(BlTraits *traits);
/* NULL is fine. */
void bl_traits_unref(BlTraits *traits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTraits, bl_traits_unref)

#endif
