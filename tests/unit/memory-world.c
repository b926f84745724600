/* See memory-world.h. */
#include "memory-world.h"

Host *host_new(BlMode mode)
{
    Host *host = g_new0(Host, 1);
    host->world = world_new(mode);
    host->total = 8 * GIB;
    host->own = GIB / 2;
    host->hidden = -1;
    for (guint i = 0; i < host->world->policy->classes->len; i++)
        ((BlClass *)g_ptr_array_index(host->world->policy->classes, i))->cpu_ready = BL_LIMIT_NONE;
    return host;
}

void host_free(Host *host)
{
    world_free(host->world);
    g_free(host);
}

guint host_add(Host *host, const char *name, const char *class_name, gint64 max, gint64 used)
{
    guint index = host->world->n_guests;
    WorldGuest *guest = world_add(host->world, name, class_name, 1);
    host->used[index] = used;
    host->resident[index] = max;
    bl_values_set(&guest->controls, BL_DOMAIN_BALLOON, max);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_MAX, max);
    bl_values_set(&guest->controls, BL_DOMAIN_STATS_PERIOD, 1);
    bl_values_set(&guest->controls, BL_DOMAIN_AUTODEFLATE, 0);
    bl_values_set(&guest->controls, BL_DOMAIN_SOFT_LIMIT, BL_SOFT_LIMIT_NONE);
    bl_values_set(&guest->controls, BL_DOMAIN_PAUSED, 0);
    return index;
}

WorldGuest *host_guest(const Host *host, guint index)
{
    return &host->world->guests[index];
}

gint64 host_balloon(const Host *host, guint index)
{
    return bl_values_get(&host_guest(host, index)->controls, BL_DOMAIN_BALLOON, 0);
}

static void report(Host *host, guint index, gint64 wall_sec)
{
    BlValues *values = &host_guest(host, index)->controls;
    gint64 usable = MAX(host_balloon(host, index) - host->used[index], 0);
    usable = host->usable != 0 ? host->usable : usable;
    bl_values_set(values, BL_DOMAIN_MEMORY_USABLE, usable);
    bl_values_set(values, BL_DOMAIN_MEMORY_FREE, usable);
    bl_values_set(values, BL_DOMAIN_STATS_TIME, wall_sec);
}

/* What a guest once had stays on the host until the balloon takes it. */
void host_tick(Host *host)
{
    World *world = host->world;
    gint64 wall = world->now_usec + TICK_USEC + WORLD_WALL_USEC + world->wall_shift_usec;
    gint64 resident = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        BlValues *values = &host_guest(host, i)->controls;
        gint64 left = bl_values_get(values, BL_DOMAIN_BALLOON, host->resident[i]);
        host->resident[i] = MIN(MAX(host->resident[i], host->used[i]), left);
        resident += host->resident[i] + host->qemu;
        bl_values_set(values, BL_DOMAIN_MEMORY_RESIDENT, host->resident[i] + host->qemu);
        if (!host->silent[i] && (world->now_usec + TICK_USEC) % SECOND == 0)
            report(host, i, wall / SECOND);
        if (host->hidden >= 0)
            bl_values_clear(values, (guint)host->hidden);
        /* Else it would do for the other. */
        if (host->hidden == BL_DOMAIN_MEMORY_USABLE)
            bl_values_clear(values, BL_DOMAIN_MEMORY_FREE);
    }
    bl_values_set(&world->host, BL_HOST_MEMORY_TOTAL, host->total);
    bl_values_set(&world->host, BL_HOST_MEMORY_AVAILABLE,
                  MAX(host->total - resident - host->own, 0));
    world_tick(world);
}

void host_run(Host *host, gint64 usec)
{
    for (gint64 until = host->world->now_usec + usec; host->world->now_usec < until;)
        host_tick(host);
}

BlClass *host_class(const Host *host, const char *name)
{
    guint index;
    g_assert_true(bl_policy_find_class(host->world->policy, name, &index));
    return g_ptr_array_index(host->world->policy->classes, index);
}

BlView *host_view(const Host *host)
{
    BlView *view = bl_view_new();
    bl_engine_view(host->world->engine, host->world->policy, view);
    return view;
}

BlMemoryState host_state(const Host *host)
{
    g_autoptr(BlView) view = host_view(host);
    return view->memory.state;
}

const char *host_note(const Host *host, guint index)
{
    static char note[64];
    g_autoptr(BlView) view = host_view(host);
    const BlDomainView *domain = g_ptr_array_index(view->domains, index);
    g_strlcpy(note, domain->memory_note, sizeof note);
    return note;
}

guint host_planned(const Host *host, BlRule rule)
{
    return world_count(host->world, rule, BL_DECISION_PLANNED);
}

guint host_steps(const Host *host)
{
    return host_planned(host, BL_RULE_MEMORY_TAKE) + host_planned(host, BL_RULE_MEMORY_GIVE) +
           host_planned(host, BL_RULE_MEMORY_LIMIT) + host_planned(host, BL_RULE_MEMORY_CALM) +
           host_planned(host, BL_RULE_MEMORY_STUCK);
}

/* Three guests of 2 GiB, of which the second uses little: 6.5 of 8 GiB, beyond the target. */
Host *host_pressed(BlMode mode)
{
    Host *host = host_new(mode);
    host_add(host, "web", "critical", 2 * GIB, GIB);
    host_add(host, "batch", "batch", 2 * GIB, 200 * BL_MIB);
    host_add(host, "db", "standard", 2 * GIB, GIB);
    return host;
}
