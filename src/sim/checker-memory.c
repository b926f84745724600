/* What must hold of memory: see checker-memory.h. */
#include "sim/checker-memory.h"

#include "base/units.h"

/* How old what a guest told may be when memory is taken from it: three seconds as the daemon sees
 * it, and what lies between a report and the daemon. */
#define FRESH_USEC (3 * (gint64)BL_USEC_PER_SEC)
#define WAY_USEC (1 * (gint64)BL_USEC_PER_SEC)
/* A class's limit holds as long as the guest's use is known at all. */
#define KNOWN_USEC (30 * (gint64)BL_USEC_PER_SEC)
/* Targets are whole MiB. */
#define WHOLE_BYTES BL_MIB
/* There is enough when so many permyriad of the host cover what all guests use. */
#define ENOUGH 6500

gboolean bl_sim_checker_gives(const BlStep *step)
{
    return step->field == BL_DOMAIN_BALLOON && step->to >= step->from;
}

static gint64 period_usec(const BlDomainSample *domain)
{
    return bl_values_get(&domain->values, BL_DOMAIN_STATS_PERIOD, 0) * BL_USEC_PER_SEC;
}

static void check_told(BlSimChecker *checker, const BlStep *step, const BlDomainSample *domain,
                       guint guest)
{
    const BlSimAgent *agent = checker->agent;
    const BlSimRecord *record = &agent->records[guest];
    gint64 age = agent->world->now_usec - record->report.at_usec;
    gint64 fresh = step->reason.rule == BL_RULE_MEMORY_LIMIT ? KNOWN_USEC : FRESH_USEC;
    if (!bl_values_has(&domain->values, BL_DOMAIN_STATS_TIME) ||
        !(bl_values_has(&domain->values, BL_DOMAIN_MEMORY_USABLE) ||
          bl_values_has(&domain->values, BL_DOMAIN_MEMORY_FREE)))
        bl_sim_checker_violate(checker, "\"%s\": memory is taken and nothing is known of it",
                               domain->name);
    else if (age > fresh + WAY_USEC + period_usec(domain))
        bl_sim_checker_violate(
            checker, "\"%s\": memory is taken on figures that are %" G_GINT64_FORMAT " us old",
            domain->name, age);
    /* Who can tell what a guest uses whose balloon says that it took what it did not take? Nothing
     * is taken from it either. */
    else if (agent->world->guests[guest].memory.fault != BL_BALLOON_LIE &&
             step->to < record->report.actual - record->report.usable - WHOLE_BYTES)
        bl_sim_checker_violate(checker, "\"%s\": memory is taken that it uses", domain->name);
}

void bl_sim_checker_balloon_step(BlSimChecker *checker, const BlStep *step,
                                 const BlDomainSample *domain, const BlClass *class)
{
    gint guest = bl_sim_guest_find(checker->agent->world, step->uuid);
    gint64 max = bl_values_get(&domain->values, BL_DOMAIN_MEMORY_MAX, 0);
    gint64 reserved = max / BL_PERMYRIAD * class->memory_reservation;
    gint64 limit =
        class->memory_limit == BL_LIMIT_NONE ? max : max / BL_PERMYRIAD * (class->memory_limit + 1);
    if (!class->memory_ballooning)
        bl_sim_checker_violate(checker, "\"%s\": a balloon that its class does not allow",
                               domain->name);
    if (step->to > MAX(MIN(limit, step->undo), step->from))
        bl_sim_checker_violate(checker, "\"%s\": a balloon above its limit", domain->name);
    if (bl_sim_checker_gives(step) || guest < 0)
        return;
    if (step->to < MIN(reserved, step->undo) - WHOLE_BYTES)
        bl_sim_checker_violate(checker, "\"%s\": a balloon below its reservation", domain->name);
    check_told(checker, step, domain, (guint)guest);
}

/* What the balloon was told before Ballast is what it gets back; what it happens to hold on its
 * way there is not. Only when the guest itself has moved it, that is what was there before. */
void bl_sim_checker_balloon_written(BlSimChecker *checker, guint guest, gint64 before)
{
    const BlSimMemory *memory = &checker->agent->world->guests[guest].memory;
    BlSimField *state = &checker->fields[guest][BL_DOMAIN_BALLOON];
    if (state->ours || state->doubtful ||
        bl_control_is_near(BL_DOMAIN_BALLOON, before, state->baseline))
        return;
    if (!memory->moved_itself)
        bl_sim_checker_violate(checker, "\"%s\": a balloon is taken over on its way",
                               checker->agent->world->guests[guest].spec->name);
    state->baseline = before;
}

/* What a guest would have to have, as far as the world is concerned; what cannot be had of it
 * because it was paused or killed does not matter. */
static gint64 used_by_all(const BlSimWorld *world)
{
    gint64 sum = world->spec->memory_own_bytes;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (guest->alive && guest->spec->memory.max_bytes > 0)
            sum += MAX(guest->spec->memory.kernel_bytes + guest->memory.wanted,
                       guest->spec->memory.max_bytes / 8);
    }
    return sum;
}

void bl_sim_checker_memory(BlSimChecker *checker)
{
    const BlSimWorld *world = checker->agent->world;
    if (world->spec->memory_bytes <= 0 ||
        bl_permyriad_of(used_by_all(world), world->spec->memory_bytes) > ENOUGH)
        return;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (guest->alive && checker->fields[i][BL_DOMAIN_BALLOON].ours &&
            guest->tally.short_usec > 0)
            bl_sim_checker_violate(checker,
                                   "\"%s\": there is memory enough for all, and its balloon "
                                   "makes it short",
                                   guest->spec->name);
    }
}
