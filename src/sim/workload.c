/* Memory workloads: see workload.h. */
#include "sim/workload.h"

#include "base/units.h"
#include "sim/points.h"
#include "sim/random.h"

#define SECOND ((gint64)BL_USEC_PER_SEC)
#define GIB (1024 * BL_MIB)
#define HOST_BYTES (16 * GIB)
#define HOST_CPUS 8
#define GUESTS 8
/* That wait for room. */
#define WAITING 12
#define DURATION_USEC (600 * SECOND)
/* Five minutes of a trace in so much of the run: a day is over in less than it lasts. */
#define POINT_USEC (2 * SECOND)

static const char policy[] =
    "version: 1\n"
    "boundaries: {memory: {target: 80%, soft: 85%, hard: 90%}}\n"
    "classes:\n"
    "  critical: {shares: 4000, memory: {reservation: 50%, ballooning: allowed}}\n"
    "  standard: {shares: 1000, memory: {reservation: 25%, ballooning: allowed}}\n"
    "  batch: {shares: 250, memory: {ballooning: allowed}}\n"
    "default: standard\n"
    "protect: {steps_per_minute: 600, max_guests_per_step: 100}\n";

const char *bl_workload_name(BlWorkloadKind kind)
{
    static const char *const names[BL_WORKLOAD_KINDS] = {"moving", "bursts", "ramps", "steady",
                                                         "traces"};
    return kind < BL_WORKLOAD_KINDS ? names[kind] : "?";
}

/* --- what a guest does ---------------------------------------------------------------------------
 * Each number is drawn in a statement of its own: see generate.c. */

static void moving_make(BlGuestSpec *guest, guint index, BlRandom *random)
{
    guest->memory.set_bytes = guest->memory.max_bytes / 100 * bl_random_between(random, 55, 80);
    guest->load.on_usec = bl_random_between(random, 40, 80) * SECOND;
    guest->load.off_usec = 2 * guest->load.on_usec;
    guest->load.from_usec = index % 3 * guest->load.on_usec;
    guest->memory.growth = bl_random_between(random, 64, 512) * BL_MIB;
}

static void bursts_make(BlGuestSpec *guest, BlRandom *random)
{
    guest->memory.set_bytes = guest->memory.max_bytes / 100 * bl_random_between(random, 40, 90);
    guest->load.on_usec = bl_random_between(random, 5, 20) * SECOND;
    guest->load.off_usec = bl_random_between(random, 40, 120) * SECOND;
    guest->load.from_usec = bl_random_between(random, 0, 60) * SECOND;
    guest->memory.growth = bl_random_between(random, 128, 512) * BL_MIB;
}

static void ramps_make(BlGuestSpec *guest, BlRandom *random)
{
    guest->memory.set_bytes = guest->memory.max_bytes / 100 * bl_random_between(random, 50, 75);
    guest->load.on_usec = bl_random_between(random, 200, 300) * SECOND;
    guest->load.off_usec = bl_random_between(random, 60, 300) * SECOND;
    guest->load.from_usec = bl_random_between(random, 0, 200) * SECOND;
    guest->memory.growth = bl_random_between(random, 4, 32) * BL_MIB;
}

static void steady_make(BlGuestSpec *guest, BlRandom *random)
{
    guest->memory.set_bytes = guest->memory.max_bytes / 100 * bl_random_between(random, 20, 60);
}

static gboolean traces_make(BlGuestSpec *guest, const GPtrArray *paths, BlRandom *random,
                            GError **error)
{
    gint64 file = bl_random_between(random, 0, (gint64)paths->len - 1);
    /* Most of what recorded guests were given they never used. */
    guest->memory.max_bytes *= 2;
    guest->load.kind = BL_LOAD_TRACE;
    guest->load.point_usec = POINT_USEC;
    return bl_sim_points_read(g_ptr_array_index(paths, (guint)file), &guest->load.points,
                              &guest->memory.points, error);
}

static gboolean load_make(BlWorkloadKind kind, BlGuestSpec *guest, guint index,
                          const GPtrArray *paths, BlRandom *random, GError **error)
{
    if (kind == BL_WORKLOAD_TRACES)
        return traces_make(guest, paths, random, error);
    if (kind == BL_WORKLOAD_MOVING)
        moving_make(guest, index, random);
    else if (kind == BL_WORKLOAD_BURSTS)
        bursts_make(guest, random);
    else if (kind == BL_WORKLOAD_RAMPS)
        ramps_make(guest, random);
    else
        steady_make(guest, random);
    return TRUE;
}

static gboolean guest_add(BlSimSpec *spec, BlWorkloadKind kind, guint index, const GPtrArray *paths,
                          BlRandom *random, GError **error)
{
    static const char *const classes[] = {"critical", "standard", "batch"};
    g_autofree char *name = g_strdup_printf("guest-%u", index + 1);
    BlGuestSpec guest = bl_sim_guest_spec_default();
    guest.name = name;
    guest.class_name = (char *)classes[index % G_N_ELEMENTS(classes)];
    guest.born_later = index >= GUESTS;
    guest.memory.max_bytes = bl_random_between(random, 4, 8) * GIB / 2;
    guest.memory.kernel_bytes = 128 * BL_MIB;
    guest.memory.cache_rate = bl_random_between(random, 0, 8) * BL_MIB;
    guest.memory.reporting = bl_random_chance(random, 25);
    guest.memory.autodeflate = bl_random_chance(random, 50);
    gboolean good = load_make(kind, &guest, index, paths, random, error);
    if (good)
        bl_sim_spec_add_guest(spec, &guest);
    g_clear_pointer(&guest.load.points, g_array_unref);
    g_clear_pointer(&guest.memory.points, g_array_unref);
    return good;
}

BlSimSpec *bl_sim_workload(BlWorkloadKind kind, guint64 seed, const GPtrArray *paths,
                           GError **error)
{
    g_autoptr(BlSimSpec) spec = bl_sim_spec_new();
    BlRandom random = bl_random_of(seed, (guint64)kind + 1);
    g_free(spec->name);
    spec->name = g_strdup_printf("%s-%" G_GUINT64_FORMAT, bl_workload_name(kind), seed);
    spec->seed = seed;
    spec->cpus = HOST_CPUS;
    spec->duration_usec = DURATION_USEC;
    spec->memory_bytes = HOST_BYTES;
    spec->memory_own_bytes = GIB / 2;
    g_ptr_array_add(spec->policy_texts, g_strdup(policy));
    for (guint i = 0; i < GUESTS + WAITING; i++) {
        if (!guest_add(spec, kind, i, paths, &random, error))
            return NULL;
    }
    return g_steal_pointer(&spec);
}
