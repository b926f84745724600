/* The simulated world: see world.h. */
#include "sim/world.h"

#include <string.h>

#include "base/units.h"
#include "sim/devices.h"
#include "sim/numa.h"

/* Wake-up latency. A thread that wakes does not always run at once, however large its weight is:
 * it waits for a part of the slices of those that run. WAKE_USEC is that wait for one request of a
 * serving guest, with one runnable competitor per CPU of overwhelming weight; it grows with the
 * number of competitors up to WAKE_COMPETITORS_MAX per CPU, and falls with the square of their
 * part of all weight. Idle priority has none: the kernel takes such a thread off at once.
 * Fitted to the measured table: docs/benchmarks.md, "The simulator beside the lab". */
#define WAKE_USEC 54000
#define WAKE_COMPETITORS_MAX 3
/* Of a request's wake-up latency the half falls on the vCPU, the rest on the emulator. */
#define WAKE_VCPU_PERCENT 50
/* Latency of a serving guest: the 99th percentile through the median when nothing is in the way,
 * and how much of the mean wake-up latency falls on each. Fitted likewise. */
#define P99_PERCENT 210
#define WAKE_P50_PERCENT 25
#define WAKE_P99_PERCENT 1900
/* CPU time of the emulator through that of the vCPUs. */
#define EMULATOR_SERVE_PERMYRIAD 1200
#define EMULATOR_PERMYRIAD 20
#define SHARES_DEFAULT 1024

BlSimWorld *bl_sim_world_new(const BlSimSpec *spec)
{
    BlSimWorld *world = g_new0(BlSimWorld, 1);
    world->spec = spec;
    world->cpus = spec->cpus;
    world->n_guests = spec->guests->len;
    world->has_memory = bl_sim_memory_matters(spec);
    world->has_devices = spec->disks->len > 0 || spec->uplink > 0;
    if (spec->ksm)
        bl_sim_ksm_start(&world->ksm, MIN(spec->ksm_run, 1));
    world->guests = g_new0(BlSimGuest, MAX(world->n_guests, 1));
    world->claims = g_new(BlSimClaim, MAX(world->n_guests, 1));
    world->idle_claims = g_new(BlSimClaim, MAX(world->n_guests, 1));
    for (guint i = 0; i < world->n_guests; i++) {
        BlSimGuest *guest = &world->guests[i];
        guest->spec = &g_array_index(spec->guests, BlGuestSpec, i);
        guest->random = bl_random_of(spec->seed, g_str_hash(guest->spec->name));
        g_snprintf(guest->uuid, sizeof guest->uuid, "51b00000-0000-4000-8000-%012x", i);
        guest->demand = -1;
        guest->generation = 1000;
        guest->node = bl_sim_numa_home(spec, guest->spec, i);
        if (!guest->spec->born_later)
            bl_sim_guest_start(guest);
    }
    return world;
}

void bl_sim_world_free(BlSimWorld *world)
{
    if (world == NULL)
        return;
    g_free(world->guests);
    g_free(world->claims);
    g_free(world->idle_claims);
    g_free(world);
}

void bl_sim_guest_start(BlSimGuest *guest)
{
    if (guest->alive)
        bl_sim_guest_stop(guest);
    guest->alive = TRUE;
    guest->generation++;
    guest->vcpus = guest->spec->vcpus;
    guest->controls.present = 0;
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_SHARES, SHARES_DEFAULT);
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_QUOTA, guest->spec->quota);
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_IDLE, 0);
    bl_values_set(&guest->controls, BL_DOMAIN_VCPU_PIN, -1);
    bl_values_set(&guest->controls, BL_DOMAIN_SOFT_LIMIT, BL_SOFT_LIMIT_NONE);
    bl_values_set(&guest->controls, BL_DOMAIN_PAUSED, 0);
    if (guest->spec->memory.max_bytes <= 0)
        return;
    bl_sim_memory_start(&guest->memory, &guest->spec->memory);
    bl_values_set(&guest->controls, BL_DOMAIN_BALLOON, bl_sim_memory_told(&guest->memory));
    bl_values_set(&guest->controls, BL_DOMAIN_STATS_PERIOD, guest->spec->memory.period_sec);
}

void bl_sim_guest_stop(BlSimGuest *guest)
{
    guest->alive = guest->judged = FALSE;
    guest->vcpu_run = guest->vcpu_delay = guest->emulator_run = guest->emulator_delay = 0;
    guest->throttled = guest->delay_pending = guest->last_wait = guest->last_run = 0;
    guest->remote = 0;
}

gboolean bl_sim_guest_is_paused(const BlSimGuest *guest)
{
    return bl_values_get(&guest->controls, BL_DOMAIN_PAUSED, 0) == 1;
}

gboolean bl_sim_control_read(const BlSimGuest *guest, BlDomainField field, gint64 *ret_value)
{
    *ret_value = bl_values_get(&guest->controls, field, 0);
    return guest->alive && bl_values_has(&guest->controls, field);
}

gboolean bl_sim_control_write(BlSimGuest *guest, BlDomainField field, gint64 value)
{
    gboolean idle = bl_values_get(&guest->controls, BL_DOMAIN_CPU_IDLE, 0) == 1;
    if (!guest->alive || (field == BL_DOMAIN_CPU_SHARES && (idle || value < 2 || value > 262144)) ||
        (field == BL_DOMAIN_CPU_QUOTA && value != BL_QUOTA_NONE && value < 1000) ||
        (field == BL_DOMAIN_STATS_PERIOD && (value < 0 || guest->spec->memory.max_bytes <= 0)))
        return FALSE;
    /* The balloon is told, and gets there in its own time. */
    if (field == BL_DOMAIN_BALLOON)
        return bl_sim_memory_tell(&guest->memory, &guest->spec->memory, value);
    /* The kernel forgets the weight of a group in idle priority. */
    if (field == BL_DOMAIN_CPU_IDLE && value == 1)
        bl_values_clear(&guest->controls, BL_DOMAIN_CPU_SHARES);
    else if (field == BL_DOMAIN_CPU_IDLE && idle)
        bl_values_set(&guest->controls, BL_DOMAIN_CPU_SHARES, SHARES_DEFAULT);
    bl_values_set(&guest->controls, field, value);
    return TRUE;
}

gint64 bl_sim_share_out(gint64 capacity, BlSimClaim *claims, guint n_claims)
{
    gint64 weights = 0;
    for (guint i = 0; i < n_claims; i++) {
        claims[i].got = -1;
        weights += claims[i].weight;
    }
    /* Who needs no more than its part leaves the rest of it to the others. */
    for (gboolean again = TRUE; again && weights > 0;) {
        gint64 left = capacity, left_weights = weights;
        again = FALSE;
        for (guint i = 0; i < n_claims; i++) {
            if (claims[i].got >= 0 || claims[i].need > capacity * claims[i].weight / weights)
                continue;
            claims[i].got = claims[i].need;
            left -= claims[i].need;
            left_weights -= claims[i].weight;
            again = TRUE;
        }
        capacity = left;
        weights = left_weights;
    }
    gint64 rest = capacity;
    for (guint i = 0; i < n_claims; i++) {
        if (claims[i].got >= 0)
            continue;
        claims[i].got = capacity * claims[i].weight / weights;
        rest -= claims[i].got;
    }
    return rest;
}

/* --- what a guest wants --------------------------------------------------------------------------
 */

gboolean bl_sim_load_is_on(const BlSimWorld *world, const BlLoad *load)
{
    gint64 now_usec = world->now_usec;
    if (now_usec < load->from_usec)
        return FALSE;
    return load->on_usec <= 0 || world->steady ||
           (now_usec - load->from_usec) % (load->on_usec + load->off_usec) < load->on_usec;
}

guint bl_sim_load_point(const BlSimWorld *world, const BlLoad *load, guint n_points)
{
    gint64 at = world->steady ? 0 : (world->now_usec - load->from_usec) / MAX(load->point_usec, 1);
    return (guint)(at % n_points);
}

static gint64 trace_demand(const BlSimWorld *world, const BlLoad *load)
{
    if (load->points == NULL || load->points->len == 0)
        return 0;
    return g_array_index(load->points, gint64, bl_sim_load_point(world, load, load->points->len));
}

/* CPU time of a request: more when it is spent far from the memory. */
static gint64 service_usec(const BlSimWorld *world, const BlSimGuest *guest)
{
    gint64 penalty = guest->remote * world->spec->remote_penalty / BL_PERMYRIAD;
    return guest->spec->load.service_usec * (BL_PERMYRIAD + penalty) / BL_PERMYRIAD;
}

/* Time of a request that nothing delays: the connections of a vCPU wait for one another. */
static gint64 request_usec(const BlSimWorld *world, const BlSimGuest *guest)
{
    const BlLoad *load = &guest->spec->load;
    gint64 service = service_usec(world, guest);
    return MAX(load->connections * service / guest->vcpus, service) + load->network_usec;
}

/* Permyriad of each vCPU's time, when each request is held up by `wake_usec`. */
static gint64 demand_of(const BlSimWorld *world, const BlSimGuest *guest, gint64 wake_usec)
{
    const BlLoad *load = &guest->spec->load;
    if (!guest->alive || bl_sim_guest_is_paused(guest) || !bl_sim_load_is_on(world, load))
        return 0;
    if (guest->demand >= 0)
        return guest->demand;
    switch (load->kind) {
    case BL_LOAD_HOG:
        return load->demand;
    case BL_LOAD_TRACE:
        return trace_demand(world, load);
    case BL_LOAD_SERVE:
        return load->connections * service_usec(world, guest) * BL_PERMYRIAD /
               (guest->vcpus * (request_usec(world, guest) + wake_usec));
    case BL_LOAD_IDLE:
    case BL_LOAD_DISK:
    case BL_LOAD_NETWORK:
    case BL_LOAD_KINDS:
        break;
    }
    return 0;
}

static gint64 emulator_part(const BlSimGuest *guest)
{
    return guest->spec->load.kind == BL_LOAD_SERVE ? EMULATOR_SERVE_PERMYRIAD : EMULATOR_PERMYRIAD;
}

/* CPU time that the guest's threads want together in a tick. */
static gint64 need_of(const BlSimGuest *guest, gint64 demand, gint64 tick_nsec)
{
    gint64 vcpus = tick_nsec * demand / BL_PERMYRIAD * guest->vcpus;
    return vcpus + vcpus * emulator_part(guest) / BL_PERMYRIAD;
}

/* The most that its quota and its CPUs let it have in a tick. */
static gint64 bound_of(const BlSimWorld *world, const BlSimGuest *guest, gint64 tick_nsec)
{
    gint64 quota = bl_values_get(&guest->controls, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE);
    gint64 pin = bl_values_get(&guest->controls, BL_DOMAIN_VCPU_PIN, -1);
    gint64 cpus = world->cpus;
    if (pin > 0)
        cpus = MIN(cpus, __builtin_popcountll((guint64)pin));
    gint64 bound = tick_nsec * cpus;
    return quota > 0 ? MIN(bound, tick_nsec / 1000 * quota / (BL_QUOTA_PERIOD_USEC / 1000)) : bound;
}

gint64 bl_sim_guest_wants(const BlSimWorld *world, const BlSimGuest *guest)
{
    gint64 demand = demand_of(world, guest, 0);
    return MIN(need_of(guest, demand, BL_PERMYRIAD), bound_of(world, guest, BL_PERMYRIAD));
}

static gboolean is_idle_group(const BlSimGuest *guest)
{
    return bl_values_get(&guest->controls, BL_DOMAIN_CPU_IDLE, 0) == 1;
}

static gint64 weight_of(const BlSimGuest *guest)
{
    return bl_values_get(&guest->controls, BL_DOMAIN_CPU_SHARES, SHARES_DEFAULT);
}

/* --- a tick ------------------------------------------------------------------------------------
 */

typedef struct {
    gint64 tick_nsec;
    gint64 weights; /* of all groups that want to run and are not in idle priority */
    gint64 wanted;  /* by them, nanoseconds */
} Competition;

static Competition competition_of(const BlSimWorld *world, gint64 usec)
{
    Competition competition = {.tick_nsec = usec * BL_NSEC_PER_USEC};
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        gint64 demand = demand_of(world, guest, 0);
        if (demand == 0 || is_idle_group(guest))
            continue;
        competition.weights += weight_of(guest);
        competition.wanted += MIN(need_of(guest, demand, competition.tick_nsec),
                                  bound_of(world, guest, competition.tick_nsec));
    }
    return competition;
}

/* Microseconds by which each request of a serving guest is held up. */
static gint64 wake_of(const BlSimWorld *world, const Competition *competition,
                      const BlSimGuest *guest)
{
    gint64 own = need_of(guest, demand_of(world, guest, 0), competition->tick_nsec);
    gint64 others = MAX(competition->wanted - own, 0);
    gint64 capacity = competition->tick_nsec * world->cpus;
    /* While there is a CPU for everybody, nobody waits for a slice. */
    if (is_idle_group(guest) || competition->weights <= 0 || others + own <= capacity)
        return 0;
    gint64 competitors = MIN(others * 100 / capacity, WAKE_COMPETITORS_MAX * 100);
    gint64 part = (competition->weights - weight_of(guest)) * BL_PERMYRIAD / competition->weights;
    return WAKE_USEC * competitors / 100 * part / BL_PERMYRIAD * part / BL_PERMYRIAD;
}

static void requests_count(const BlSimWorld *world, BlSimGuest *guest, gint64 wake_usec,
                           gint64 need, gint64 got, gint64 usec)
{
    const BlLoad *load = &guest->spec->load;
    if (load->kind != BL_LOAD_SERVE || got <= 0)
        return;
    /* What is given late makes every request as much longer. */
    gint64 alone = request_usec(world, guest) * (need / 1000) / MAX(got / 1000, 1);
    gint64 wake = wake_usec * (need / 1000) / MAX(got / 1000, 1);
    gint64 requests = usec * 1000 * load->connections / MAX(alone + wake, 1);
    guest->tally.requests_milli += requests;
    guest->tally.p50_sum += requests * (alone + wake * WAKE_P50_PERCENT / 100);
    guest->tally.p99_sum += requests * (alone * P99_PERCENT / 100 + wake * WAKE_P99_PERCENT / 100);
}

/* A wait is booked when it ends: some of it in the tick behind. */
static gint64 delay_book(const BlSimWorld *world, BlSimGuest *guest, gint64 wait)
{
    gint64 booked = guest->delay_pending + wait;
    guest->delay_pending = 0;
    if (world->spec->noise > 0 && wait > 0 && !world->steady) {
        gint64 late = bl_random_between(&guest->random, 0, world->spec->noise);
        guest->delay_pending = wait * late / BL_PERMYRIAD;
    }
    return booked - guest->delay_pending;
}

/* Held back by the own quota, as far as it was used up: that time is counted in the delay, too, as
 * the kernel does. */
static gint64 throttled_of(const BlSimGuest *guest, const BlSimClaim *claim, gint64 want,
                           gint64 tick_nsec)
{
    if (claim->need >= want || claim->need <= 0 ||
        bl_values_get(&guest->controls, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE) <= 0)
        return 0;
    gint64 held = tick_nsec - tick_nsec / 1000 * (claim->need / 1000) / MAX(want / 1000000, 1);
    return held / 1000 * (claim->got / 1000) / MAX(claim->need / 1000000, 1);
}

static void guest_run(const BlSimWorld *world, BlSimGuest *guest, const BlSimClaim *claim,
                      gint64 want, gint64 wake_usec, gint64 usec)
{
    gint64 tick = usec * BL_NSEC_PER_USEC;
    gint64 vcpu_want = want * BL_PERMYRIAD / (BL_PERMYRIAD + emulator_part(guest)) / guest->vcpus;
    gint64 vcpu_got =
        want > 0 ? vcpu_want / 1000 * (claim->got / 1000) / MAX(want / 1000000, 1) : 0;
    vcpu_got = MIN(vcpu_got, MIN(vcpu_want, tick));
    gint64 requests = guest->tally.requests_milli;
    requests_count(world, guest, wake_usec, want, claim->got, usec);
    requests = guest->tally.requests_milli - requests;
    gint64 wait =
        vcpu_want - vcpu_got + requests * wake_usec * WAKE_VCPU_PERCENT / 100 / guest->vcpus;
    wait = CLAMP(wait, 0, tick - vcpu_got);
    gint64 emulator_got = claim->got - vcpu_got * guest->vcpus;
    guest->vcpu_run += vcpu_got;
    guest->vcpu_delay += delay_book(world, guest, wait);
    guest->emulator_run += MAX(emulator_got, 0);
    guest->emulator_delay += wait * emulator_part(guest) / BL_PERMYRIAD;
    guest->throttled += throttled_of(guest, claim, want, tick);
    guest->last_wait = wait;
    guest->last_run = claim->got;
    guest->judged = TRUE;
    guest->tally.run_nsec += claim->got;
    guest->tally.wait_nsec += wait * guest->vcpus;
}

static gint64 claims_make(BlSimWorld *world, const Competition *competition, guint *ret_n,
                          guint *ret_n_idle)
{
    gint64 wanted = 0;
    *ret_n = *ret_n_idle = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (!guest->alive)
            continue;
        gint64 wake =
            guest->spec->load.kind == BL_LOAD_SERVE ? wake_of(world, competition, guest) : 0;
        gint64 need = need_of(guest, demand_of(world, guest, wake), competition->tick_nsec);
        BlSimClaim claim = {.need = MIN(need, bound_of(world, guest, competition->tick_nsec)),
                            .weight = weight_of(guest),
                            .guest = i};
        wanted += claim.need;
        if (is_idle_group(guest))
            world->idle_claims[(*ret_n_idle)++] = claim;
        else
            world->claims[(*ret_n)++] = claim;
    }
    return wanted;
}

static void claims_run(BlSimWorld *world, const Competition *competition, const BlSimClaim *claims,
                       guint n_claims, gint64 usec)
{
    for (guint i = 0; i < n_claims; i++) {
        BlSimGuest *guest = &world->guests[claims[i].guest];
        gint64 wake =
            guest->spec->load.kind == BL_LOAD_SERVE ? wake_of(world, competition, guest) : 0;
        gint64 want = need_of(guest, demand_of(world, guest, wake), competition->tick_nsec);
        guest_run(world, guest, &claims[i], want, wake, usec);
        world->busy_nsec += claims[i].got;
    }
}

static void pressure_count(BlSimWorld *world, gint64 usec)
{
    gint64 waited = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        BlSimGuest *guest = &world->guests[i];
        guest->tally.span_usec += usec;
        if (guest->alive)
            waited += guest->last_wait / BL_NSEC_PER_USEC * guest->vcpus;
    }
    world->psi_usec += MIN(waited, usec);
}

void bl_sim_world_tick(BlSimWorld *world, gint64 usec)
{
    guint n_claims, n_idle;
    Competition competition = competition_of(world, usec);
    world->last_wanted = claims_make(world, &competition, &n_claims, &n_idle);
    gint64 left = bl_sim_share_out(competition.tick_nsec * world->cpus, world->claims, n_claims);
    left = bl_sim_share_out(left, world->idle_claims, n_idle);
    claims_run(world, &competition, world->claims, n_claims, usec);
    claims_run(world, &competition, world->idle_claims, n_idle, usec);
    pressure_count(world, usec);
    if (world->spec->nodes > 1)
        bl_sim_numa_tick(world, usec);
    if (world->has_memory)
        bl_sim_memory_tick(world, usec);
    if (world->has_devices)
        bl_sim_devices_tick(world, usec);
    world->left_nsec += left;
    world->now_usec += usec;
}

gint64 bl_sim_tally_ready(const BlSimTally *tally, guint vcpus)
{
    return bl_permyriad_of(tally->wait_nsec / BL_NSEC_PER_USEC / MAX(vcpus, 1), tally->span_usec);
}

gint64 bl_sim_tally_used(const BlSimTally *tally)
{
    return bl_permyriad_of(tally->run_nsec / BL_NSEC_PER_USEC, tally->span_usec);
}

gint64 bl_sim_tally_remote(const BlSimTally *tally)
{
    return bl_permyriad_of(tally->remote_nsec, tally->run_nsec);
}

BlSimTally bl_sim_tally_since(const BlSimTally *now, const BlSimTally *then)
{
    return (BlSimTally){
        .span_usec = now->span_usec - then->span_usec,
        .run_nsec = now->run_nsec - then->run_nsec,
        .wait_nsec = now->wait_nsec - then->wait_nsec,
        .requests_milli = now->requests_milli - then->requests_milli,
        .p50_sum = now->p50_sum - then->p50_sum,
        .p99_sum = now->p99_sum - then->p99_sum,
        .remote_nsec = now->remote_nsec - then->remote_nsec,
        .short_usec = now->short_usec - then->short_usec,
        .shortage_byte_sec = now->shortage_byte_sec - then->shortage_byte_sec,
        .swapped_bytes = now->swapped_bytes - then->swapped_bytes,
        .ooms = now->ooms - then->ooms,
        .disk_milli = now->disk_milli - then->disk_milli,
        .disk_latency_sum = now->disk_latency_sum - then->disk_latency_sum,
        .sent_bytes = now->sent_bytes - then->sent_bytes,
    };
}

void bl_sim_tallies_clear(BlSimWorld *world)
{
    for (guint i = 0; i < world->n_guests; i++)
        memset(&world->guests[i].tally, 0, sizeof world->guests[i].tally);
    world->left_nsec = 0;
}
