/* Disks and the uplink: see devices.h. */
#include "sim/devices.h"

#include "base/units.h"

/* Above this use of a disk the closed loop alone says how long a request waits. */
#define USE_MOST 9500

/* The device's own time for a request: what it can do in a second, divided. */
static gint64 service_nsec(const BlDiskSpec *disk, const BlLoad *load)
{
    gint64 nsec = BL_USEC_PER_SEC * (gint64)BL_NSEC_PER_USEC / disk->iops;
    if (disk->bandwidth > 0)
        nsec += load->size_bytes * BL_USEC_PER_SEC / disk->bandwidth * BL_NSEC_PER_USEC;
    return MAX(nsec, 1);
}

static gboolean is_busy(const BlSimWorld *world, const BlSimGuest *guest, BlLoadKind kind)
{
    const BlLoad *load = &guest->spec->load;
    return guest->alive && !bl_sim_guest_is_paused(guest) && load->kind == kind &&
           bl_sim_load_is_on(world, load);
}

/* What each guest of the disk would take of its time if nobody else were there; their sum. */
static gint64 disk_claims(BlSimWorld *world, guint disk, gint64 usec, guint *ret_n)
{
    const BlDiskSpec *spec = &g_array_index(world->spec->disks, BlDiskSpec, disk);
    gint64 sum = 0;
    *ret_n = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        const BlLoad *load = &guest->spec->load;
        if (!is_busy(world, guest, BL_LOAD_DISK) || load->disk != disk)
            continue;
        gint64 service = service_nsec(spec, load);
        gint64 alone = spec->latency_usec * BL_NSEC_PER_USEC + service;
        gint64 need = usec * BL_NSEC_PER_USEC / alone * load->depth * service;
        world->claims[(*ret_n)++] =
            (BlSimClaim){.need = need, .weight = guest->spec->weight, .guest = i};
        sum += need;
    }
    return sum;
}

/* How long a request takes. With requests that find others before them a queue forms long before
 * the disk is full: half a request's time for each that waits (M/D/1). When the disk is full, the
 * guest's own depth and what it gets say the rest. */
static gint64 latency_nsec(const BlDiskSpec *spec, const BlLoad *load, const BlSimClaim *claim,
                           gint64 use, gint64 usec)
{
    gint64 service = service_nsec(spec, load);
    gint64 busy = MIN(use, USE_MOST);
    gint64 queued = spec->latency_usec * BL_NSEC_PER_USEC + service +
                    service * busy / (2 * (BL_PERMYRIAD - busy));
    gint64 answered_milli = claim->got * 1000 / service;
    gint64 loop = load->depth * usec * BL_NSEC_PER_USEC * 1000 / MAX(answered_milli, 1);
    return claim->got < claim->need ? MAX(queued, loop) : queued;
}

static void disk_tick(BlSimWorld *world, guint disk, gint64 usec)
{
    const BlDiskSpec *spec = &g_array_index(world->spec->disks, BlDiskSpec, disk);
    guint n_claims;
    gint64 capacity = usec * BL_NSEC_PER_USEC;
    gint64 use = bl_permyriad_of(disk_claims(world, disk, usec, &n_claims), capacity);
    bl_sim_share_out(capacity, world->claims, n_claims);
    for (guint i = 0; i < n_claims; i++) {
        BlSimGuest *guest = &world->guests[world->claims[i].guest];
        const BlLoad *load = &guest->spec->load;
        gint64 latency = latency_nsec(spec, load, &world->claims[i], use, usec);
        gint64 milli = load->depth * capacity / MAX(latency / 1000, 1);
        guest->tally.disk_milli += milli;
        guest->tally.disk_latency_sum += milli * (latency / BL_NSEC_PER_USEC);
    }
}

static void uplink_tick(BlSimWorld *world, gint64 usec)
{
    gint64 capacity = world->spec->uplink / 1000 * (usec / BL_USEC_PER_MSEC);
    guint n_claims = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (!is_busy(world, guest, BL_LOAD_NETWORK))
            continue;
        gint64 rate = guest->spec->load.rate;
        gint64 need = rate > 0 ? rate / 1000 * (usec / BL_USEC_PER_MSEC) : capacity;
        world->claims[n_claims++] =
            (BlSimClaim){.need = MIN(need, capacity), .weight = guest->spec->weight, .guest = i};
    }
    bl_sim_share_out(capacity, world->claims, n_claims);
    for (guint i = 0; i < n_claims; i++)
        world->guests[world->claims[i].guest].tally.sent_bytes += world->claims[i].got;
}

void bl_sim_devices_tick(BlSimWorld *world, gint64 usec)
{
    for (guint disk = 0; disk < world->spec->disks->len; disk++)
        disk_tick(world, disk, usec);
    if (world->spec->uplink > 0)
        uplink_tick(world, usec);
}
