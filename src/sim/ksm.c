/* Page sharing in the simulated world: see ksm.h. */
#include "sim/ksm.h"

#include "base/units.h"
#include "sim/world.h"

#define PAGE_BYTES 4096
/* CPU time for a page that ksmd looks at. */
#define PAGE_NSEC 1500

void bl_sim_ksm_start(BlSimKsm *ksm, gint64 run)
{
    bl_values_set(&ksm->controls, BL_DOMAIN_KSM_PAGES, 100);
    bl_values_set(&ksm->controls, BL_DOMAIN_KSM_SLEEP, 20);
    bl_values_set(&ksm->controls, BL_DOMAIN_KSM_SMART, 0);
    bl_values_set(&ksm->controls, BL_DOMAIN_KSM_ACROSS_NODES, 1);
    bl_values_set(&ksm->controls, BL_DOMAIN_KSM_RUN, run);
}

gboolean bl_sim_ksm_read(const BlSimKsm *ksm, BlDomainField field, gint64 *ret_value)
{
    *ret_value = bl_values_get(&ksm->controls, field, 0);
    return bl_control_is_host(field) && bl_values_has(&ksm->controls, field);
}

gboolean bl_sim_ksm_write(BlSimKsm *ksm, BlDomainField field, gint64 value)
{
    gboolean flag = field != BL_DOMAIN_KSM_PAGES && field != BL_DOMAIN_KSM_SLEEP;
    if (!bl_control_is_host(field) || value < 0 || (flag && value > 1) || value > G_MAXINT32 ||
        (field == BL_DOMAIN_KSM_ACROSS_NODES && ksm->shared > 0 &&
         value != ksm->controls.value[field]))
        return FALSE;
    bl_values_set(&ksm->controls, field, value);
    return TRUE;
}

static gboolean is_mergeable(const BlSimGuest *guest)
{
    return guest->alive && guest->spec->memory.max_bytes > 0 && !guest->spec->memory.unshared;
}

/* What of a guest was there at the last scan and still is, is merged now. */
static void scan_end(BlSimWorld *world)
{
    world->ksm.scans++;
    for (guint i = 0; i < world->n_guests; i++) {
        BlSimGuest *guest = &world->guests[i];
        BlSimMemory *memory = &guest->memory;
        if (!is_mergeable(guest))
            continue;
        gint64 equal = MIN(guest->spec->memory.equal_bytes, memory->resident);
        memory->merged = MAX(memory->merged, MIN(memory->seen, equal));
        memory->seen = equal;
    }
}

static void scan(BlSimWorld *world, gint64 usec)
{
    BlSimKsm *ksm = &world->ksm;
    gint64 total = 0;
    for (guint i = 0; i < world->n_guests; i++)
        total += is_mergeable(&world->guests[i]) ? world->guests[i].memory.resident : 0;
    if (bl_values_get(&ksm->controls, BL_DOMAIN_KSM_RUN, 0) != 1 || total <= 0)
        return;
    gint64 pages = ksm->controls.value[BL_DOMAIN_KSM_PAGES];
    gint64 busy = pages * PAGE_NSEC / BL_NSEC_PER_USEC;
    gint64 cycle = ksm->controls.value[BL_DOMAIN_KSM_SLEEP] * BL_USEC_PER_MSEC + busy;
    gint64 used = bl_permyriad_part(usec, bl_permyriad_of(busy, cycle)) * BL_NSEC_PER_USEC;
    ksm->scanned += used / PAGE_NSEC * PAGE_BYTES;
    ksm->cpu_nsec += used;
    if (ksm->scanned < total)
        return;
    ksm->scanned = 0;
    scan_end(world);
}

/* The largest part is there once; the others are in it. */
static void sharing_count(BlSimWorld *world)
{
    gint64 sum = 0, most = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        BlSimMemory *memory = &world->guests[i].memory;
        memory->merged = world->guests[i].alive ? MIN(memory->merged, memory->resident) : 0;
        sum += memory->merged;
        most = MAX(most, memory->merged);
    }
    world->ksm.shared = sum > most ? most : 0;
    world->ksm.sharing = sum - most;
}

void bl_sim_ksm_tick(BlSimWorld *world, gint64 usec)
{
    scan(world, usec);
    sharing_count(world);
}
