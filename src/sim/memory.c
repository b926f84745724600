/* Memory in the simulated world: see memory.h. */
#include "sim/memory.h"

#include <string.h>

#include "base/units.h"
#include "sim/world.h"

/* Of what a guest has, one part in so many stays free: the kernel's watermarks. */
#define RESERVE_PART 64
/* Swap of a guest and of the host, bytes a second each way: a good disk. */
#define SWAP_RATE (64 * BL_MIB)
/* A guest that may takes memory back from its balloon in pieces of a MiB, each when an allocation
 * has failed: about so much a second. */
#define AUTODEFLATE_RATE (64 * BL_MIB)
/* What a page fault brings in from swap: a page and its neighbours. */
#define FAULT_BYTES 32768
/* QEMU's own memory. */
#define QEMU_BYTES (32 * BL_MIB)
/* When so many permyriad of the host's memory are in demand and not there, somebody waits all the
 * time. */
#define STALL_PERMYRIAD 500

static gint64 in_tick(gint64 per_second, gint64 usec)
{
    return per_second * (usec / BL_USEC_PER_MSEC) / 1000;
}

/* As much of `bytes` as `part` is of `whole`; in KiB, so that nothing overflows. */
static gint64 portion(gint64 bytes, gint64 part, gint64 whole)
{
    return bytes / 1024 * (part / 1024) / MAX(whole / 1024, 1) * 1024;
}

void bl_sim_memory_start(BlSimMemory *memory, const BlMemorySpec *spec)
{
    BlBalloonFault fault = memory->fault;
    gboolean silent = memory->silent;
    memset(memory, 0, sizeof *memory);
    memory->fault = fault;
    memory->silent = silent;
    memory->actual = spec->balloon_bytes > 0 ? spec->balloon_bytes : spec->max_bytes;
    memory->target = memory->actual;
    memory->set_bytes = spec->points != NULL ? -1 : spec->set_bytes;
    memory->resident = spec->kernel_bytes;
    memory->report.at_usec = -1;
    memory->report_due_usec = -1;
}

gboolean bl_sim_memory_tell(BlSimMemory *memory, const BlMemorySpec *spec, gint64 bytes)
{
    if (spec->max_bytes <= 0 || bytes <= 0 || bytes > spec->max_bytes)
        return FALSE;
    memory->target = bytes;
    memory->moved_from = memory->actual;
    memory->moving = TRUE;
    memory->moved_itself = FALSE;
    return TRUE;
}

gint64 bl_sim_memory_told(const BlSimMemory *memory)
{
    return memory->fault == BL_BALLOON_LIE ? memory->target : memory->actual;
}

gint64 bl_sim_memory_resident(const BlSimMemory *memory)
{
    return memory->resident - memory->out + QEMU_BYTES;
}

gint64 bl_sim_memory_least(const BlSimMemory *memory, const BlMemorySpec *spec)
{
    return spec->kernel_bytes + memory->wanted + QEMU_BYTES;
}

gboolean bl_sim_memory_fits(const BlSimMemory *memory, const BlMemorySpec *spec)
{
    return spec->kernel_bytes + memory->wanted <= spec->max_bytes - spec->max_bytes / RESERVE_PART;
}

/* --- the balloon ---------------------------------------------------------------------------------
 */

static gint64 reserve_of(const BlSimMemory *memory)
{
    return memory->actual / RESERVE_PART;
}

static gint64 used_of(const BlSimMemory *memory, const BlMemorySpec *spec)
{
    return spec->kernel_bytes + memory->touched + memory->cache;
}

/* What nobody in the guest uses, page cache counted as unused. */
static gint64 spare_of(const BlSimMemory *memory, const BlMemorySpec *spec)
{
    return memory->actual - spec->kernel_bytes - memory->touched - reserve_of(memory);
}

/* How far the balloon can take in a tick: what is spare at once; what the guest works on only as
 * fast as it swaps, and not at all from a guest that would take it back. */
static gint64 takeable(const BlSimMemory *memory, const BlMemorySpec *spec, gint64 usec)
{
    gint64 spare = MAX(spare_of(memory, spec), 0);
    if (spec->autodeflate)
        return spare;
    gint64 swap = MIN(in_tick(SWAP_RATE, usec), spec->swap_bytes - memory->swapped);
    return spare + CLAMP(swap, 0, memory->touched);
}

/* The host gets memory back, and what of it was in its swap. */
static void resident_give(BlSimMemory *memory, gint64 bytes)
{
    memory->out -= portion(memory->out, bytes, memory->resident);
    memory->resident -= bytes;
    memory->out = CLAMP(memory->out, 0, memory->resident);
}

/* Free pages are taken without regard to whether the host has them; then what is in use. */
static void balloon_take(BlSimMemory *memory, const BlMemorySpec *spec, gint64 bytes)
{
    gint64 used = used_of(memory, spec);
    gint64 free = MAX(memory->actual - used, 0), idle = MAX(memory->resident - used, 0);
    gint64 from_free = MIN(bytes, free);
    resident_give(memory, portion(from_free, idle, free) + bytes - from_free);
    memory->actual -= bytes;
}

static void balloon_move(BlSimMemory *memory, const BlMemorySpec *spec, gint64 rate, gint64 usec)
{
    gint64 goal = memory->target;
    /* When it tells the truth again, that looks as if it had moved. */
    if (memory->fault == BL_BALLOON_LIE && memory->actual != goal)
        memory->moved_itself = TRUE;
    if (memory->fault == BL_BALLOON_BACK) {
        goal = spec->max_bytes;
        memory->moving = memory->actual != goal;
        memory->moved_itself = TRUE;
    } else if (memory->fault == BL_BALLOON_PARTIAL) {
        gint64 half = memory->moved_from + (goal - memory->moved_from) / 2;
        /* It stops there; it does not turn back. */
        goal = goal < memory->actual ? MIN(half, memory->actual) : MAX(half, memory->actual);
    }
    if (!memory->moving || memory->fault == BL_BALLOON_STUCK || memory->fault == BL_BALLOON_LIE)
        return;
    gint64 most = in_tick(rate, usec);
    if (goal < memory->actual)
        balloon_take(memory, spec,
                     MIN(memory->actual - goal, MIN(most, takeable(memory, spec, usec))));
    else
        memory->actual += MIN(goal - memory->actual, most);
    if (memory->actual == memory->target || memory->fault == BL_BALLOON_BACK)
        memory->moving = FALSE;
}

/* --- the guest -----------------------------------------------------------------------------------
 */

static gint64 set_of(const BlSimWorld *world, const BlSimGuest *guest)
{
    const BlMemorySpec *spec = &guest->spec->memory;
    const BlLoad *load = &guest->spec->load;
    if (!bl_sim_load_is_on(world, load))
        return 0;
    if (guest->memory.set_bytes >= 0)
        return guest->memory.set_bytes;
    guint point = bl_sim_load_point(world, load, spec->points->len);
    return spec->max_bytes / BL_PERMYRIAD * g_array_index(spec->points, gint64, point);
}

/* What a guest no longer works on is free at once, whether it was in memory or in swap. */
static void want(BlSimMemory *memory, gint64 set, gint64 most)
{
    if (set >= memory->wanted) {
        memory->wanted += MIN(set - memory->wanted, most);
        return;
    }
    memory->swapped = MIN(portion(memory->swapped, set, memory->wanted), set);
    memory->touched = MIN(memory->touched, set - memory->swapped);
    memory->wanted = set;
}

static void swap_count(BlSimMemory *memory, gint64 in, gint64 out)
{
    memory->swap_in += in;
    memory->swap_out += out;
    memory->major_faults += in / FAULT_BYTES;
}

/* The program is killed and begins anew. */
static void oom(BlSimMemory *memory)
{
    memory->ooms++;
    memory->wanted = memory->touched = memory->swapped = 0;
}

/* Memory that the working set still waits for, and no room: from the balloon, from swap, or the
 * end. */
static void make_room(BlSimMemory *memory, const BlMemorySpec *spec, gint64 usec)
{
    gint64 pending = memory->wanted - memory->touched - memory->swapped;
    gint64 back =
        MIN(pending, MIN(in_tick(AUTODEFLATE_RATE, usec), spec->max_bytes - memory->actual));
    if (pending <= 0)
        return;
    if (spec->autodeflate && back > 0) {
        memory->actual += back;
        /* It does not take again what it gave up, but goes on giving. */
        memory->moved_itself = memory->moved_itself || memory->actual > memory->target;
        memory->moving = memory->moving && memory->actual < memory->target;
        memory->touched += back;
        return;
    }
    gint64 room = spec->swap_bytes - memory->swapped;
    if (room <= 0) {
        oom(memory);
        return;
    }
    gint64 out = MIN(pending, MIN(in_tick(SWAP_RATE, usec), room));
    memory->swapped += out;
    swap_count(memory, 0, out);
}

static void guest_work(BlSimMemory *memory, const BlMemorySpec *spec, gint64 set, gint64 usec)
{
    gint64 swap = in_tick(SWAP_RATE, usec);
    want(memory, set, in_tick(spec->growth, usec));
    gint64 spare = spare_of(memory, spec);
    if (spare < 0) {
        /* The balloon took what was in use. */
        gint64 out = MIN(-spare, memory->touched);
        memory->touched -= out;
        memory->swapped += out;
        swap_count(memory, 0, out);
        spare = 0;
    }
    gint64 in = MIN(memory->swapped, MIN(spare, swap));
    gint64 given = MIN(memory->wanted - memory->touched - memory->swapped, spare - in);
    memory->swapped -= in;
    memory->touched += in + given;
    /* What is in swap is touched as often as the rest: its pages take turns. */
    gint64 turns = MIN(memory->swapped, swap - in);
    swap_count(memory, in + turns, turns);
    make_room(memory, spec, usec);
    memory->short_bytes = memory->wanted - memory->touched;
}

gboolean bl_sim_memory_fills(const BlSimMemory *memory, const BlMemorySpec *spec)
{
    return spec->cache_rate > 0 && memory->cache < spare_of(memory, spec);
}

static void cache_fill(BlSimMemory *memory, const BlMemorySpec *spec, gint64 usec)
{
    gint64 spare = MAX(spare_of(memory, spec), 0);
    memory->cache = MIN(memory->cache + in_tick(spec->cache_rate, usec), spare);
}

/* --- what occupies the host ----------------------------------------------------------------------
 */

/* A guest that reports free pages keeps those that it freed within the last two seconds. */
static void idle_follow(BlSimMemory *memory, const BlMemorySpec *spec, gint64 now_usec)
{
    gint64 idle = memory->resident - used_of(memory, spec);
    memory->idle[memory->idle_at] = MIN(memory->idle[memory->idle_at], idle);
    if (now_usec - memory->idle_since_usec < BL_USEC_PER_SEC)
        return;
    gint64 old = idle;
    for (guint i = 0; i < BL_SIM_IDLE_SECONDS; i++)
        old = MIN(old, memory->idle[i]);
    if (spec->reporting)
        resident_give(memory, old);
    for (guint i = 0; i < BL_SIM_IDLE_SECONDS && spec->reporting; i++)
        memory->idle[i] -= old;
    memory->idle_at = (memory->idle_at + 1) % BL_SIM_IDLE_SECONDS;
    memory->idle[memory->idle_at] = memory->resident - used_of(memory, spec);
    memory->idle_since_usec = now_usec;
}

static void resident_follow(BlSimMemory *memory, const BlMemorySpec *spec, gint64 now_usec)
{
    memory->resident = MAX(memory->resident, used_of(memory, spec));
    resident_give(memory, MAX(memory->resident - memory->actual, 0));
    idle_follow(memory, spec, now_usec);
}

/* --- the statistics ------------------------------------------------------------------------------
 */

static void report(const BlSimWorld *world, BlSimGuest *guest)
{
    BlSimMemory *memory = &guest->memory;
    const BlMemorySpec *spec = &guest->spec->memory;
    gint64 now_usec = world->now_usec;
    gint64 period = bl_values_get(&guest->controls, BL_DOMAIN_STATS_PERIOD, 0) * BL_USEC_PER_SEC;
    if (period <= 0 || memory->silent) {
        memory->report_due_usec = -1;
        return;
    }
    /* A period that was changed counts from now, and none is longer than it is now. */
    if (memory->report_due_usec < 0 || memory->report_due_usec > now_usec + period)
        memory->report_due_usec = now_usec + period;
    if (now_usec < memory->report_due_usec)
        return;
    memory->report_due_usec = now_usec + period;
    gint64 free = MAX(memory->actual - used_of(memory, spec), 0);
    memory->report = (BlMemoryReport){
        .at_usec = now_usec,
        .clock_usec = world->clock_usec,
        .actual = bl_sim_memory_told(memory),
        .usable = MAX(free + memory->cache - reserve_of(memory), 0),
        .free = free,
        .cache = memory->cache,
        .swap_in = memory->swap_in,
        .swap_out = memory->swap_out,
        .major_faults = memory->major_faults,
    };
}

/* --- the world -----------------------------------------------------------------------------------
 */

static void guest_tick(const BlSimWorld *world, BlSimGuest *guest, gint64 usec)
{
    BlSimMemory *memory = &guest->memory;
    const BlMemorySpec *spec = &guest->spec->memory;
    gint64 swap = memory->swap_in + memory->swap_out, ooms = memory->ooms;
    /* A guest that stands still neither works nor reports nor moves its balloon. */
    memory->short_bytes = 0;
    if (!bl_sim_guest_is_paused(guest)) {
        balloon_move(memory, spec, world->spec->balloon_rate, usec);
        guest_work(memory, spec, set_of(world, guest), usec);
        cache_fill(memory, spec, usec);
        resident_follow(memory, spec, world->now_usec);
        report(world, guest);
    }
    bl_values_set(&guest->controls, BL_DOMAIN_BALLOON, bl_sim_memory_told(memory));
    guest->tally.swapped_bytes += memory->swap_in + memory->swap_out - swap;
    guest->tally.ooms += memory->ooms - ooms;
}

static void shortage_count(BlSimGuest *guest, gint64 short_bytes, gint64 usec)
{
    if (short_bytes < BL_SIM_SHORT_LEAST || bl_sim_guest_is_paused(guest))
        return;
    guest->tally.short_usec += usec;
    guest->tally.shortage_byte_sec += in_tick(short_bytes, usec);
}

static void pressure_count(BlSimHostMemory *host, gint64 hot, gint64 total, gint64 usec)
{
    gint64 stall = bl_permyriad_of(hot, total) * BL_PERMYRIAD / STALL_PERMYRIAD;
    gint64 some = usec * MIN(stall, BL_PERMYRIAD) / BL_PERMYRIAD;
    host->psi_some_usec += some;
    host->psi_full_usec += some / 2;
}

/* What a guest would not miss: what it freed, and the half of its page cache. */
static gint64 cold_of(const BlSimGuest *guest)
{
    const BlSimMemory *memory = &guest->memory;
    gint64 hot = guest->spec->memory.kernel_bytes + memory->touched + memory->cache / 2;
    return MAX(memory->resident - hot, 0);
}

/* What it misses: the host swaps out what is cold first, but guests use such memory again. */
static gint64 missed_by(const BlSimGuest *guest)
{
    return MAX(guest->memory.out - cold_of(guest), 0);
}

static gboolean is_there(const BlSimGuest *guest)
{
    return guest->alive && guest->spec->memory.max_bytes > 0;
}

/* Cold memory in the host's RAM, and all of it. */
static gint64 in_cold(const BlSimGuest *guest)
{
    return MAX(cold_of(guest) - guest->memory.out, 0);
}

static gint64 in_any(const BlSimGuest *guest)
{
    return guest->memory.resident - guest->memory.out;
}

static gint64 sum_over(const BlSimWorld *world, gint64 (*of)(const BlSimGuest *))
{
    gint64 sum = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        if (is_there(&world->guests[i]))
            sum += of(&world->guests[i]);
    }
    return sum;
}

/* Moves memory out of (or, negative, into) the host's RAM, of each guest in proportion. */
static void swap_over(BlSimWorld *world, gint64 bytes, gint64 (*of)(const BlSimGuest *))
{
    gint64 sum = sum_over(world, of);
    for (guint i = 0; i < world->n_guests && bytes != 0; i++) {
        BlSimGuest *guest = &world->guests[i];
        if (is_there(guest))
            guest->memory.out += portion(bytes, of(guest), sum);
    }
}

static gint64 resident_of(const BlSimGuest *guest)
{
    return bl_sim_memory_resident(&guest->memory);
}

/* What guests miss comes back, and pushes out what they miss less. */
static void host_tick(BlSimWorld *world, gint64 usec)
{
    BlSimHostMemory *host = &world->memory;
    gint64 total = world->spec->memory_bytes;
    gint64 back = MIN(sum_over(world, missed_by), in_tick(SWAP_RATE, usec));
    swap_over(world, -back, missed_by);
    gint64 used = world->spec->memory_own_bytes + sum_over(world, resident_of) - world->ksm.sharing;
    gint64 excess = MAX(used - total, 0), cold = MIN(excess, sum_over(world, in_cold));
    swap_over(world, cold, in_cold);
    swap_over(world, excess - cold, in_any);
    host->swap_out += excess;
    host->used = MIN(used, total);
    if (bl_permyriad_of(used, total) > world->spec->memory_hard)
        host->above_hard_usec += usec;
    pressure_count(host, sum_over(world, missed_by), total, usec);
}

void bl_sim_memory_tick(BlSimWorld *world, gint64 usec)
{
    for (guint i = 0; i < world->n_guests; i++) {
        if (is_there(&world->guests[i]))
            guest_tick(world, &world->guests[i], usec);
    }
    if (world->spec->ksm)
        bl_sim_ksm_tick(world, usec);
    if (world->spec->memory_bytes > 0)
        host_tick(world, usec);
    for (guint i = 0; i < world->n_guests; i++) {
        BlSimGuest *guest = &world->guests[i];
        if (!is_there(guest))
            continue;
        guest->memory.short_bytes += missed_by(guest);
        shortage_count(guest, guest->memory.short_bytes, usec);
    }
}

gint64 bl_sim_memory_available(const BlSimWorld *world)
{
    return world->spec->memory_bytes - world->memory.used;
}

gboolean bl_sim_memory_matters(const BlSimSpec *spec)
{
    for (guint i = 0; i < spec->guests->len; i++) {
        if (g_array_index(spec->guests, BlGuestSpec, i).memory.max_bytes > 0)
            return TRUE;
    }
    return spec->memory_bytes > 0;
}
