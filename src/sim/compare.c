/* One memory workload under one way of moving balloons: see compare.h. */
#include "sim/compare.h"

#include "base/units.h"
#include "sim/run.h"

#define ADMIT_USEC (10 * (gint64)BL_USEC_PER_SEC)

static gboolean has_room(const BlSimWorld *world, const BlSimGuest *guest)
{
    gint64 hard = world->spec->memory_bytes / BL_PERMYRIAD * world->spec->memory_hard;
    return world->memory.used + guest->spec->memory.max_bytes <= hard;
}

/* The first that waits goes first: nobody passes by. */
static guint admit_next(BlSimWorld *world, BlSimAgent *agent)
{
    for (guint i = 0; i < world->n_guests; i++) {
        BlSimGuest *guest = &world->guests[i];
        BlSimEvent start = {.kind = BL_EVENT_START, .guest = (gint)i};
        if (guest->alive)
            continue;
        if (!has_room(world, guest))
            return 0;
        if (agent != NULL)
            bl_sim_agent_event(agent, &start);
        else
            bl_sim_guest_start(guest);
        return 1;
    }
    return 0;
}

static gboolean any_is_short(const BlSimWorld *world)
{
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (guest->alive && guest->memory.short_bytes >= BL_SIM_SHORT_LEAST)
            return TRUE;
    }
    return FALSE;
}

/* No controller helps: what the guests work on is more than the host has, or than one of them. */
static gboolean is_hopeless(const BlSimWorld *world)
{
    gint64 sum = world->spec->memory_own_bytes;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (!guest->alive)
            continue;
        if (!bl_sim_memory_fits(&guest->memory, &guest->spec->memory))
            return TRUE;
        sum += bl_sim_memory_least(&guest->memory, &guest->spec->memory);
    }
    return sum > world->spec->memory_bytes;
}

static void figures_sum(const BlSimWorld *world, BlSimFigures *figures)
{
    figures->above_hard_usec = world->memory.above_hard_usec;
    figures->swapped_bytes = world->memory.swap_out;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimTally *tally = &world->guests[i].tally;
        figures->shortage_byte_sec += tally->shortage_byte_sec;
        figures->swapped_bytes += tally->swapped_bytes;
        figures->ooms += tally->ooms;
    }
}

gboolean bl_sim_compare(const BlSimSpec *spec, BlReferenceKind kind, gboolean admit,
                        BlSimFigures *ret_figures, GError **error)
{
    g_autoptr(GPtrArray) policies = NULL;
    g_autoptr(BlSimWorld) world = bl_sim_world_new(spec);
    g_autoptr(BlSimAgent) agent = NULL;
    *ret_figures = (BlSimFigures){0};
    if (kind == BL_REFERENCE_BALLAST) {
        policies = bl_sim_policies_parse(spec, error);
        if (policies == NULL)
            return FALSE;
        agent = bl_sim_agent_new(world, policies);
    }
    while (world->now_usec < spec->duration_usec) {
        bl_sim_world_tick(world, BL_SIM_TICK_USEC);
        bl_sim_reference_tick(kind, world);
        if (agent != NULL)
            bl_sim_agent_tick(agent);
        if (admit && world->now_usec % ADMIT_USEC == 0)
            ret_figures->admitted += admit_next(world, agent);
        gboolean hopeless = is_hopeless(world);
        if (hopeless)
            ret_figures->hopeless_usec += BL_SIM_TICK_USEC;
        if (!any_is_short(world))
            continue;
        ret_figures->short_usec += BL_SIM_TICK_USEC;
        if (!hopeless)
            ret_figures->beyond_usec += BL_SIM_TICK_USEC;
    }
    figures_sum(world, ret_figures);
    return TRUE;
}
