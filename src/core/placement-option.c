/* Where a guest can go, and what that costs by itself: see placement.h. */
#include <string.h>

#include "base/units.h"
#include "core/placement.h"

/* CPU time of a permyriad of a core, microseconds of a second. */
#define USEC_PER_PERMYRIAD (BL_USEC_PER_SEC / BL_PERMYRIAD)
/* Of the time that a program runs, this part waits for memory, percent. Servers spend 20 to 50 %
 * (Kanev et al., "Profiling a warehouse-scale computer", ISCA 2015). */
#define MEMORY_PERCENT 30
/* Moving a GiB takes two seconds of a core, and counts over an hour: permille of a microsecond of a
 * second for a MiB. */
#define MOVE_PERMILLE_PER_MIB (2 * (gint64)BL_USEC_PER_SEC * 1000 / 3600 / 1024)
/* Half a percent of a core: for less no guest is touched. */
#define CHANGE_COST 5000

static gint64 mib_of(gint64 bytes)
{
    return bytes / BL_MIB + (bytes % BL_MIB != 0);
}

static guint set_cpus(const BlPlacement *placement, guint64 nodes)
{
    guint cpus = 0;
    for (guint i = 0; i < placement->n_nodes; i++)
        cpus += (nodes >> i) & 1 ? placement->nodes[i].cpus : 0;
    return cpus;
}

static gint64 set_memory(const BlPlacement *placement, guint64 nodes)
{
    gint64 bytes = 0;
    for (guint i = 0; i < placement->n_nodes; i++)
        bytes += (nodes >> i) & 1 ? placement->nodes[i].memory_bytes : 0;
    return bytes;
}

/* The node with CPUs that is nearest to `from` and not in the set yet; n_nodes: there is none. */
static guint node_nearest(const BlPlacement *placement, guint from, guint64 nodes)
{
    guint best = placement->n_nodes;
    for (guint i = 0; i < placement->n_nodes; i++) {
        if ((nodes >> i) & 1 || placement->nodes[i].cpus == 0)
            continue;
        if (best == placement->n_nodes ||
            placement->nodes[from].distance[i] < placement->nodes[from].distance[best])
            best = i;
    }
    return best;
}

/* The fewest nodes nearest to `from` that hold the guest; 0: not even all do. */
static guint64 set_around(const BlPlacement *placement, const BlPlacementGuest *guest, guint from)
{
    guint64 nodes = (guint64)1 << from;
    while (set_cpus(placement, nodes) < guest->vcpus ||
           set_memory(placement, nodes) < guest->memory_bytes) {
        guint next = node_nearest(placement, from, nodes);
        if (next == placement->n_nodes)
            return 0;
        nodes |= (guint64)1 << next;
    }
    return nodes;
}

static guint set_size(guint64 nodes)
{
    guint size = 0;
    for (; nodes != 0; nodes &= nodes - 1)
        size++;
    return size;
}

/* Where its memory will be. What is on the set stays, the rest comes to it in equal parts; without
 * a set all stays, and what it has yet to touch goes where there is memory. */
static void memory_share(const BlPlacement *placement, const BlPlacementGuest *guest,
                         BlPlacementOption *option)
{
    gint64 there = 0, all = 0;
    guint64 nodes = option->nodes;
    for (guint i = 0; i < placement->n_nodes; i++) {
        gboolean stays = nodes == 0 || (nodes >> i) & 1;
        option->memory[i] = stays ? mib_of(guest->where[i]) : 0;
        there += option->memory[i];
    }
    gint64 rest = MAX(mib_of(guest->memory_bytes) - there, 0);
    if (nodes == 0)
        all = MAX(set_memory(placement, ~(guint64)0) / BL_MIB, 1);
    for (guint i = 0; i < placement->n_nodes; i++) {
        if (nodes == 0)
            option->memory[i] +=
                (gint64)((__int128)rest * (placement->nodes[i].memory_bytes / BL_MIB) / all);
        else if ((nodes >> i) & 1)
            option->memory[i] += rest / set_size(nodes);
    }
}

static void load_share(const BlPlacement *placement, const BlPlacementGuest *guest,
                       BlPlacementOption *option)
{
    gint64 usec = guest->demand * USEC_PER_PERMYRIAD;
    guint cpus = set_cpus(placement, option->nodes);
    option->floating = cpus == 0 ? usec : 0;
    for (guint i = 0; cpus > 0 && i < placement->n_nodes; i++) {
        if ((option->nodes >> i) & 1)
            option->load[i] = usec * placement->nodes[i].cpus / cpus;
    }
}

/* How much longer memory takes on average than near memory does, permille: each CPU of its set
 * meets all of its memory alike. */
static gint64 distance_permille(const BlPlacement *placement, const BlPlacementOption *option)
{
    guint64 nodes = option->nodes != 0 ? option->nodes : ~(guint64)0;
    gint64 cpus = set_cpus(placement, nodes), memory = 0;
    __int128 sum = 0;
    for (guint m = 0; m < placement->n_nodes; m++) {
        memory += option->memory[m];
        for (guint c = 0; c < placement->n_nodes; c++) {
            gint64 beyond = placement->nodes[c].distance[m] - BL_PLACEMENT_NEAR;
            if ((nodes >> c) & 1)
                sum += (__int128)placement->nodes[c].cpus * option->memory[m] * MAX(beyond, 0);
        }
    }
    return cpus > 0 && memory > 0 ? (gint64)(sum * (1000 / BL_PLACEMENT_NEAR) / cpus / memory) : 0;
}

static void option_make(const BlPlacement *placement, const BlPlacementGuest *guest, guint64 nodes,
                        BlPlacementOption *ret_option)
{
    gint64 moved = 0;
    memset(ret_option, 0, sizeof *ret_option);
    ret_option->nodes = nodes;
    memory_share(placement, guest, ret_option);
    load_share(placement, guest, ret_option);
    for (guint i = 0; i < placement->n_nodes; i++) {
        gboolean loads = ret_option->load[i] > 0;
        ret_option->loaded |= (guint64)loads << i;
        ret_option->touched |= (guint64)(loads || ret_option->memory[i] > 0) << i;
    }
    for (guint i = 0; nodes != 0 && i < placement->n_nodes; i++)
        moved += (nodes >> i) & 1 ? 0 : mib_of(guest->where[i]);
    gint64 distance = guest->demand * USEC_PER_PERMYRIAD * MEMORY_PERCENT / 100 *
                      distance_permille(placement, ret_option) / 1000;
    gint64 change = nodes != guest->present ? CHANGE_COST : 0;
    ret_option->cost = (distance + moved * MOVE_PERMILLE_PER_MIB / 1000 + change) *
                       (guest->first ? BL_PLACEMENT_FIRST_WEIGHT : 1);
}

static gboolean is_listed(const BlPlacementOption *options, guint n_options, guint64 nodes)
{
    for (guint i = 0; i < n_options; i++) {
        if (options[i].nodes == nodes)
            return TRUE;
    }
    return FALSE;
}

static void option_add(const BlPlacement *placement, const BlPlacementGuest *guest, guint64 nodes,
                       BlPlacementOption *options, guint *n_options)
{
    if (!is_listed(options, *n_options, nodes))
        option_make(placement, guest, nodes, &options[(*n_options)++]);
}

guint bl_placement_options(const BlPlacement *placement, const BlPlacementGuest *guest,
                           BlPlacementOption *ret_options)
{
    guint64 sets[BL_PLACEMENT_NODES];
    guint n_options = 0, smallest = placement->n_nodes;
    option_add(placement, guest, guest->present, ret_options, &n_options);
    if (guest->fixed)
        return n_options;
    if (!guest->required)
        option_add(placement, guest, 0, ret_options, &n_options);
    for (guint i = 0; i < placement->n_nodes; i++) {
        sets[i] = placement->nodes[i].cpus > 0 ? set_around(placement, guest, i) : 0;
        if (sets[i] != 0)
            smallest = MIN(smallest, set_size(sets[i]));
    }
    /* All nodes together are no place that is nearer than anywhere. */
    for (guint i = 0; smallest < placement->n_nodes && i < placement->n_nodes; i++) {
        if (sets[i] != 0 && set_size(sets[i]) == smallest)
            option_add(placement, guest, sets[i], ret_options, &n_options);
    }
    return n_options;
}

void bl_placement_levels(const BlPlacementNode *node, BlPlacementLevel *ret_levels)
{
    /* Half a core loses nothing. From there on caches and memory channels are shared, and a thread
     * that wakes up may find no idle core; two threads of a core get 1.3 times the work of one
     * done, so each bit of a second thread's time costs both together 0.7. */
    static const gint64 slopes[BL_PLACEMENT_LEVELS] = {0, 50, 200, 700, 1000};
    gint64 cores = (gint64)node->cores * BL_USEC_PER_SEC;
    gint64 threads = (gint64)node->cpus * BL_USEC_PER_SEC;
    const gint64 widths[BL_PLACEMENT_LEVELS] = {cores / 2, cores / 4, cores / 4,
                                                MAX(threads - cores, 0), G_MAXINT64};
    for (guint i = 0; i < BL_PLACEMENT_LEVELS; i++)
        ret_levels[i] = (BlPlacementLevel){widths[i], slopes[i]};
}
