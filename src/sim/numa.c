/* Nodes of the simulated host: see numa.h. */
#include "sim/numa.h"

#include "base/units.h"

/* Pin masks have no more bits. */
#define MASK_CPUS 63

guint bl_sim_numa_home(const BlSimSpec *spec, const BlGuestSpec *guest, guint index)
{
    guint node = guest->node >= 0 ? (guint)guest->node : index;
    return node % MAX(spec->nodes, 1);
}

/* CPUs of a node that a guest may use; those beyond a mask's last bit only without a mask. */
static guint cpus_allowed(const BlSimWorld *world, const BlSimGuest *guest, guint node)
{
    guint first = world->cpus * node / world->spec->nodes;
    guint end = world->cpus * (node + 1) / world->spec->nodes;
    gint64 pin = bl_values_get(&guest->controls, BL_DOMAIN_VCPU_PIN, -1);
    if (pin < 0)
        return end - first;
    guint count = 0;
    for (guint cpu = first; cpu < MIN(end, MASK_CPUS); cpu++)
        count += (pin >> cpu) & 1;
    return count;
}

static guint claims_make(BlSimWorld *world, guint node, gint64 tick_nsec)
{
    guint n_claims = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (!guest->alive || guest->node != node || guest->last_run <= 0)
            continue;
        gint64 allowed = cpus_allowed(world, guest, node) * tick_nsec;
        world->claims[n_claims++] =
            (BlSimClaim){.need = MIN(guest->last_run, allowed),
                         .weight = bl_values_get(&guest->controls, BL_DOMAIN_CPU_SHARES, 1),
                         .guest = i};
    }
    return n_claims;
}

static void node_tick(BlSimWorld *world, guint node, gint64 tick_nsec)
{
    guint cpus =
        world->cpus * (node + 1) / world->spec->nodes - world->cpus * node / world->spec->nodes;
    guint n_claims = claims_make(world, node, tick_nsec);
    bl_sim_share_out(cpus * tick_nsec, world->claims, n_claims);
    for (guint i = 0; i < n_claims; i++) {
        BlSimGuest *guest = &world->guests[world->claims[i].guest];
        gint64 remote = guest->last_run - world->claims[i].got;
        guest->tally.remote_nsec += remote;
        guest->remote = bl_permyriad_of(remote, guest->last_run);
    }
}

void bl_sim_numa_tick(BlSimWorld *world, gint64 usec)
{
    for (guint node = 0; node < world->spec->nodes; node++)
        node_tick(world, node, usec * BL_NSEC_PER_USEC);
}
