/* Placement of guests on the host's NUMA nodes: pure arithmetic over nodes and guests.
 *
 * What is looked for is a set of nodes for each guest: one node where it fits, the fewest nearest
 * ones where it does not, or none, which leaves the guest to the scheduler: where packing would
 * cost more waiting than near memory saves, that is what comes out.
 *
 * The cost is core time that is lost in a second, in microseconds, and has five parts:
 * - waiting: on each node, guests lose more the more of its CPUs is wanted. Convex, by the levels
 *   of BL_PLACEMENT_LEVELS: free up to half of the cores; then caches and queues; then two threads
 *   share a core; beyond all threads every bit wanted is lost. Guests that are confined to no node
 *   run where that costs least.
 * - waiting of the guests that are first in line among themselves, the same way, once more: they go
 *   before the others, so only their like can hold them up. This spreads them.
 * - distance: of the time that a guest runs, a part is spent on memory; that part grows with the
 *   distance of its CPUs from its memory.
 * - moving memory, and each change as such; over an hour.
 * - memory beyond what a node has: so dear that it is only ever chosen when there is no way out.
 * Losses of guests that are first in line weigh BL_PLACEMENT_FIRST_WEIGHT times as much.
 *
 * All is linear in the choices but for the convex levels, so a solver of mixed integer programs can
 * find the exact optimum; bench/placement does.
 */
#ifndef BL_CORE_PLACEMENT_H
#define BL_CORE_PLACEMENT_H

#include <glib.h>

#define BL_PLACEMENT_NODES 16
#define BL_PLACEMENT_GUESTS 4096
#define BL_PLACEMENT_LEVELS 5
/* Each node alone, as it is, and anywhere. */
#define BL_PLACEMENT_OPTIONS (BL_PLACEMENT_NODES + 2)
#define BL_PLACEMENT_FIRST_WEIGHT 4
/* Memory beyond what a node has, microseconds of a second for a MiB. */
#define BL_PLACEMENT_OVERFLOW_COST 10000
/* Distance of a node from itself, as firmware tells it. */
#define BL_PLACEMENT_NEAR 10

typedef struct {
    guint cpus;                          /* 0: it has memory alone */
    guint cores;                         /* as many as CPUs where they have one thread each */
    gint64 memory_bytes;                 /* that guests may occupy */
    gint64 distance[BL_PLACEMENT_NODES]; /* from each node; BL_PLACEMENT_NEAR: its own */
} BlPlacementNode;

typedef struct {
    gint64 demand; /* permyriad of a core */
    guint vcpus;
    gint64 memory_bytes;              /* that it may come to occupy */
    gint64 where[BL_PLACEMENT_NODES]; /* what it occupies, bytes */
    guint64 present;                  /* the nodes that it is confined to; 0: none */
    gboolean fixed;                   /* stays as it is */
    gboolean required;                /* not anywhere, if any nodes hold it */
    gboolean first;                   /* has an objective */
} BlPlacementGuest;

typedef struct {
    guint n_nodes;
    BlPlacementNode nodes[BL_PLACEMENT_NODES];
    guint n_guests;
    const BlPlacementGuest *guests;
} BlPlacement;

/* One place for one guest. */
typedef struct {
    guint64 nodes; /* 0: anywhere */
    gint64 cost;   /* distance, moving, change */
    /* What it takes of each node: CPU time, microseconds of a second, and memory, MiB. */
    gint64 load[BL_PLACEMENT_NODES];
    gint64 memory[BL_PLACEMENT_NODES];
    gint64 floating; /* CPU time that runs anywhere */
    guint64 loaded;  /* nodes of which it takes CPU time */
    guint64 touched; /* nodes of which it takes anything */
} BlPlacementOption;

/* A stretch of a node's CPU time: so much of it, and what each bit of it loses, permille. */
typedef struct {
    gint64 width; /* G_MAXINT64: the rest */
    gint64 slope;
} BlPlacementLevel;

/* Where a guest can go, `ret_options` has room for BL_PLACEMENT_OPTIONS; the first is as it is. */
guint bl_placement_options(const BlPlacement *placement, const BlPlacementGuest *guest,
                           BlPlacementOption *ret_options);
/* Slopes are the same for every node, and grow. */
void bl_placement_levels(const BlPlacementNode *node, BlPlacementLevel *ret_levels);

/* Finds the nodes of each guest, one mask a guest, and returns their cost. `ret_before`: of how it
 * is. The work is bounded, the result the same for the same input. */
gint64 bl_placement_plan(const BlPlacement *placement, guint64 *ret_nodes, gint64 *ret_before);
/* The cost of given nodes; each mask is one of the guest's options. */
gint64 bl_placement_cost(const BlPlacement *placement, const guint64 *nodes);

#endif
