/* What must hold of memory: see checker-memory.h. */
#include "sim/checker-memory.h"

#include <string.h>

#include "base/units.h"

/* How old what a guest told may be when memory is taken from it: three seconds as the daemon sees
 * it, and what lies between a report and the daemon. */
#define FRESH_USEC (3 * (gint64)BL_USEC_PER_SEC)
#define WAY_USEC (1 * (gint64)BL_USEC_PER_SEC)
/* A class's limit holds as long as the guest's use is known at all. */
#define KNOWN_USEC (30 * (gint64)BL_USEC_PER_SEC)
/* Targets are whole MiB. */
#define WHOLE_BYTES BL_MIB
/* Room to work above what a guest uses, at least. */
#define ROOM_BYTES (64 * BL_MIB)
/* There is enough when so many permyriad of the host cover what all guests use. */
#define ENOUGH 6500

/* From where a step counts: from what the balloon was told last, not where it is on its way. */
static gint64 told(const BlSimChecker *checker, const BlStep *step)
{
    gint guest = bl_sim_guest_find(checker->agent->world, step->uuid);
    return guest >= 0 ? checker->agent->world->guests[guest].memory.target : step->from;
}

gboolean bl_sim_checker_gives(const BlSimChecker *checker, const BlStep *step)
{
    if (step->field == BL_DOMAIN_SOFT_LIMIT)
        return step->from != BL_SOFT_LIMIT_NONE && step->to >= step->from;
    return step->field == BL_DOMAIN_BALLOON &&
           (step->to >= told(checker, step) || step->to >= step->from);
}

void bl_sim_checker_hear(BlSimChecker *checker, gboolean anew)
{
    const BlSimAgent *agent = checker->agent;
    for (guint i = 0; i < agent->world->n_guests && agent->world->has_memory; i++) {
        const BlSimRecord *record = &agent->records[i];
        if (anew)
            checker->heard[i].at_usec = -1;
        if (record->sample != NULL &&
            bl_values_has(&record->sample->values, BL_DOMAIN_STATS_TIME) &&
            bl_values_has(&record->sample->values, BL_DOMAIN_MEMORY_USABLE))
            checker->heard[i] = record->report;
    }
}

static gint64 period_usec(const BlDomainSample *domain)
{
    return bl_values_get(&domain->values, BL_DOMAIN_STATS_PERIOD, 0) * BL_USEC_PER_SEC;
}

static void check_heard(BlSimChecker *checker, const BlStep *step, const BlDomainSample *domain,
                        guint guest)
{
    const BlMemoryReport *heard = &checker->heard[guest];
    gint64 age = checker->agent->world->now_usec - heard->at_usec;
    gint64 fresh = step->reason.rule == BL_RULE_MEMORY_LIMIT ? KNOWN_USEC : FRESH_USEC;
    if (heard->at_usec < 0)
        bl_sim_checker_violate(checker, "\"%s\": memory is taken and nothing is known of it",
                               domain->name);
    else if (age > fresh + WAY_USEC + period_usec(domain))
        bl_sim_checker_violate(
            checker, "\"%s\": memory is taken on figures that are %" G_GINT64_FORMAT " us old",
            domain->name, age);
    /* Who can tell what a guest uses whose balloon says that it took what it did not take? Nothing
     * is taken from it either. */
    else if (checker->agent->world->guests[guest].memory.fault != BL_BALLOON_LIE &&
             step->to < heard->actual - heard->usable - WHOLE_BYTES)
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
    /* A guest that uses more than its class's limit keeps it, and room to work. */
    gint64 used = guest >= 0 ? checker->heard[guest].actual - checker->heard[guest].usable : 0;
    limit = MAX(limit, used + MAX(max / 4, ROOM_BYTES));
    /* Somebody else has told it meanwhile: the actuator will see that. */
    if (guest >= 0 && checker->fields[guest][BL_DOMAIN_BALLOON].doubtful &&
        !bl_control_is_near(BL_DOMAIN_BALLOON, step->from, told(checker, step)))
        return;
    /* To tell a balloon that does not move to stay where it is raises nothing. */
    if (step->to > MAX(MIN(limit, step->undo), MAX(told(checker, step), step->from)))
        bl_sim_checker_violate(checker, "\"%s\": a balloon above its limit", domain->name);
    if (bl_sim_checker_gives(checker, step) || guest < 0)
        return;
    /* What the administrator himself has set may be less. */
    reserved = MIN(reserved, checker->fields[guest][BL_DOMAIN_BALLOON].baseline);
    if (step->to < MIN(reserved, step->undo) - WHOLE_BYTES)
        bl_sim_checker_violate(checker, "\"%s\": a balloon below its reservation", domain->name);
    check_heard(checker, step, domain, (guint)guest);
}

/* What the balloon was told before Ballast is what it gets back, not what it happens to hold on its
 * way there. Only when the guest itself has moved it, that is what was there before. */
void bl_sim_checker_balloon_written(BlSimChecker *checker, guint guest, const BlStep *step)
{
    const BlSimMemory *memory = &checker->agent->world->guests[guest].memory;
    BlSimField *state = &checker->fields[guest][BL_DOMAIN_BALLOON];
    if (state->doubtful || bl_control_is_near(BL_DOMAIN_BALLOON, step->undo, state->baseline) ||
        (state->ours && !memory->moved_itself))
        return;
    if (!memory->moved_itself)
        bl_sim_checker_violate(checker, "\"%s\": what its balloon was told before is lost",
                               checker->agent->world->guests[guest].spec->name);
    state->baseline = step->undo;
}

static const BlDomainView *view_of(const BlSimChecker *checker, guint guest)
{
    const char *uuid = checker->agent->world->guests[guest].uuid;
    for (guint i = 0; i < checker->view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(checker->view->domains, i);
        if (strcmp(domain->uuid, uuid) == 0)
            return domain;
    }
    return NULL;
}

/* What it would have to have, as far as the world is concerned. */
static gint64 used_by(const BlSimGuest *guest)
{
    return guest->spec->memory.kernel_bytes + guest->memory.wanted;
}

/* What a guest occupies when everything has been taken from it that may be: what it uses and what
 * is reserved for it; all that it has, when Ballast is to leave it alone. */
static gint64 least_of(const BlSimChecker *checker, guint index)
{
    const BlSimGuest *guest = &checker->agent->world->guests[index];
    const BlDomainView *domain = view_of(checker, index);
    gint64 all = guest->memory.target, max = guest->spec->memory.max_bytes;
    if (domain == NULL || domain->memory_note[0] != '\0')
        return all;
    const BlClass *class = bl_policy_class(checker->agent->policy, domain->class_index);
    gint64 reserved = max / BL_PERMYRIAD * class->memory_reservation;
    return MIN(MAX(MAX(used_by(guest), reserved), max / 8), MAX(all, used_by(guest)));
}

static gint64 used_by_all(const BlSimChecker *checker)
{
    const BlSimWorld *world = checker->agent->world;
    gint64 sum = world->spec->memory_own_bytes;
    for (guint i = 0; i < world->n_guests; i++) {
        if (world->guests[i].alive && world->guests[i].spec->memory.max_bytes > 0)
            sum += least_of(checker, i);
    }
    return sum;
}

static gint64 most_of(const BlSimChecker *checker, guint guest)
{
    const BlDomainView *domain = view_of(checker, guest);
    gint64 most = checker->fields[guest][BL_DOMAIN_BALLOON].baseline;
    gint64 max = checker->agent->world->guests[guest].spec->memory.max_bytes;
    const BlClass *class =
        domain != NULL ? bl_policy_class(checker->agent->policy, domain->class_index) : NULL;
    if (class != NULL && class->memory_limit != BL_LIMIT_NONE)
        most = MIN(most, max / BL_PERMYRIAD * class->memory_limit);
    return most;
}

void bl_sim_checker_memory(BlSimChecker *checker)
{
    const BlSimWorld *world = checker->agent->world;
    if (world->spec->memory_bytes <= 0 ||
        bl_permyriad_of(used_by_all(checker), world->spec->memory_bytes) > ENOUGH)
        return;
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        const BlSimField *balloon = &checker->fields[i][BL_DOMAIN_BALLOON];
        /* Nor with all that it had before Ballast; a class's limit is meant to be felt; and after a
         * balloon has lied nobody knows who set it. */
        gint64 used = used_by(guest);
        if (guest->alive && balloon->ours && !balloon->doubtful &&
            used + used / 16 < most_of(checker, i) && guest->tally.short_usec > 0)
            bl_sim_checker_violate(checker,
                                   "\"%s\": there is memory enough for all, and its balloon "
                                   "makes it short",
                                   guest->spec->name);
    }
}
