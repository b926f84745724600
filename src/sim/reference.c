/* Other controllers of balloons: see reference.h. */
#include "sim/reference.h"

#include "base/units.h"

#define INTERVAL_USEC (10 * (gint64)BL_USEC_PER_SEC)
/* MOM: pressure_threshold, max_balloon_change_percent, min_guest_free_percent. */
#define MOM_FREE_PERCENT 20
#define MOM_CHANGE_PERCENT 5
#define MOM_GUEST_FREE_PERCENT 5
/* Proxmox: the goal and the largest change; what is off by less than 10 MiB is left. */
#define PROXMOX_GOAL_PERCENT 80
#define PROXMOX_CHANGE (100 * BL_MIB)
#define PROXMOX_LEAST (10 * BL_MIB)
/* A guest with so much of its minimum free gives first and gets last. */
#define PROXMOX_PLENTY_PERCENT 25
/* The minimum that an administrator has to give each guest there: half, as the interface's own
 * example. */
#define PROXMOX_MINIMUM_PERCENT 50
/* A balloon that would move by less stays. */
#define MOVE_LEAST (2 * BL_MIB)

static gboolean has_balloon(const BlSimGuest *guest)
{
    return guest->alive && !bl_sim_guest_is_paused(guest) && guest->spec->memory.max_bytes > 0;
}

static void balloon_set(BlSimGuest *guest, gint64 bytes)
{
    if (ABS(bytes - guest->memory.target) >= MOVE_LEAST)
        bl_sim_control_write(guest, BL_DOMAIN_BALLOON, bytes);
}

/* --- MOM -----------------------------------------------------------------------------------------
 */

static void mom_guest(BlSimGuest *guest, gboolean shrink)
{
    const BlMemoryReport *report = &guest->memory.report;
    gint64 size = bl_sim_memory_told(&guest->memory), change = size / 100 * MOM_CHANGE_PERCENT;
    if (!shrink) {
        balloon_set(guest, MIN(size + change, guest->spec->memory.max_bytes));
        return;
    }
    /* A guest that tells nothing is left alone. */
    if (report->at_usec < 0)
        return;
    gint64 least = size - report->free + size / 100 * MOM_GUEST_FREE_PERCENT;
    if (MAX(size - change, least) < size)
        balloon_set(guest, MAX(size - change, least));
}

static void mom(BlSimWorld *world)
{
    gint64 free = bl_sim_memory_available(world);
    gboolean shrink = free < world->spec->memory_bytes / 100 * MOM_FREE_PERCENT;
    for (guint i = 0; i < world->n_guests; i++) {
        if (has_balloon(&world->guests[i]))
            mom_guest(&world->guests[i], shrink);
    }
}

/* --- Proxmox -------------------------------------------------------------------------------------
 */

static gint64 minimum_of(const BlSimGuest *guest)
{
    return guest->spec->memory.max_bytes / 100 * PROXMOX_MINIMUM_PERCENT;
}

/* How far a guest can go the way that is wanted. */
static gint64 way_of(const BlSimGuest *guest, gboolean grow)
{
    gint64 size = bl_sim_memory_told(&guest->memory);
    gint64 way = grow ? guest->spec->memory.max_bytes - size : size - minimum_of(guest);
    return CLAMP(way, 0, PROXMOX_CHANGE);
}

/* Who has more shares gives less and gets more. */
static gint64 weight_of(const BlSimGuest *guest, gboolean grow)
{
    return grow ? guest->spec->weight : 1000000 / guest->spec->weight;
}

static gboolean has_plenty(const BlSimGuest *guest)
{
    const BlMemoryReport *report = &guest->memory.report;
    return report->at_usec >= 0 && report->free > minimum_of(guest) / 100 * PROXMOX_PLENTY_PERCENT;
}

/* Among all guests, or those that should go first. Returns how far they go together. */
static gint64 proxmox_divide(BlSimWorld *world, gint64 bytes, gboolean grow, gboolean first)
{
    guint n_claims = 0;
    gint64 moved = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (has_balloon(guest) && (!first || has_plenty(guest) != grow))
            world->claims[n_claims++] = (BlSimClaim){
                .need = way_of(guest, grow), .weight = weight_of(guest, grow), .guest = i};
    }
    bl_sim_share_out(bytes, world->claims, n_claims);
    for (guint i = 0; i < n_claims; i++) {
        BlSimGuest *guest = &world->guests[world->claims[i].guest];
        gint64 size = bl_sim_memory_told(&guest->memory), change = world->claims[i].got;
        balloon_set(guest, grow ? size + change : size - change);
        moved += change;
    }
    return moved;
}

static void proxmox(BlSimWorld *world)
{
    gint64 goal = world->spec->memory_bytes / 100 * PROXMOX_GOAL_PERCENT - world->memory.used;
    gboolean grow = goal > 0;
    if (ABS(goal) < PROXMOX_LEAST)
        return;
    if (proxmox_divide(world, ABS(goal), grow, TRUE) == 0)
        proxmox_divide(world, ABS(goal), grow, FALSE);
}

void bl_sim_reference_tick(BlReferenceKind kind, BlSimWorld *world)
{
    if (world->now_usec % INTERVAL_USEC != 0)
        return;
    if (kind == BL_REFERENCE_MOM)
        mom(world);
    else if (kind == BL_REFERENCE_PROXMOX)
        proxmox(world);
}

const char *bl_reference_name(BlReferenceKind kind)
{
    static const char *const names[BL_REFERENCE_KINDS] = {"none", "mom", "proxmox", "ballast"};
    return kind < BL_REFERENCE_KINDS ? names[kind] : "?";
}
