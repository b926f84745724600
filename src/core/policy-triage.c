/* Triage: critical guests are first in line for CPU time.
 *
 * While a guest misses its class's ready-time objective and guests of lower classes use the CPUs,
 * the lower ones pay: first those whose class allows it go to idle priority, which costs them
 * nothing but the time that somebody above them wants; the rest is capped, the lowest class first,
 * by multiplicative decrease and careful additive increase (the shape of the controllers in
 * Heracles, Lo et al., ISCA 2015, and PARTIES, Chen et al., ASPLOS 2019). Weights are the standing
 * policy's.
 *
 * Where it is known who ran while the guest waited (blame.h), only those pay that did; else
 * everybody below it.
 *
 * Given back when the pressure is over: when the guests that suffered or those that paid no longer
 * want CPU time, or the host has room for all. Pressure that returns within a minute holds the next
 * step for a minute, so that an on/off load does not make fields flap.
 */
#include <string.h>

#include "base/units.h"
#include "core/engine-private.h"

/* A guest counts as wanting CPU above this much of a core: as victim, as payer. */
#define VICTIM_ACTIVE 150
#define PAYER_ACTIVE 200
/* Ticks in a row that must miss the objective. */
#define MISSED_TICKS 2
/* How long calm must last before a step is given back; when the pressure keeps coming back. */
#define CALM_USEC (5 * BL_USEC_PER_SEC)
#define CALM_RECURRING_USEC (60 * BL_USEC_PER_SEC)
#define RECURRING_USEC (60 * BL_USEC_PER_SEC)
/* A culprit has at least one part in so many of what the active guests of lower classes have on
 * average: of the victim's wait, and of CPU time used or waited for. */
#define CULPRIT_PART 2
/* All below it together have to be this part of what it waited for: the rest is not theirs, and
 * what they still have of it is shared out by chance. */
#define LOWER_PART 4
/* Who ran for so much of the window while the victim waited is in the way, whatever its own
 * counters tell: those of a guest that has just come back from a pause come late. */
#define NOTICED_NSEC (BL_TRIAGE_WINDOW_USEC / 10 * (gint64)BL_NSEC_PER_USEC)
/* Older than this, what is known of culprits is not used. */
#define BLAME_OLD_USEC (1 * (gint64)BL_USEC_PER_SEC)
/* Below this much of all CPUs busy there is room for all. */
#define HOST_ROOM 6000
/* So much of all CPUs may guests ask for that are to reach their objectives. */
#define HOST_FITS 8500
/* A step without a fresh decision ends here. */
#define EXPIRES_USEC (3600 * (gint64)BL_USEC_PER_SEC)
/* Time for a step to show its effect. */
#define SETTLE_USEC 600000
#define FLIGHT_USEC (5 * BL_USEC_PER_SEC)
/* Caps: the decrease, the floor, the increase. */
#define CAP_KEEP_PERCENT 65
#define CAP_FLOOR 1000
#define CAP_RELAX_STEP 2500
#define CAP_RELAX_WAIT_USEC (30 * BL_USEC_PER_SEC)
#define CAP_RELAX_WAIT_MAX_USEC (300 * (gint64)BL_USEC_PER_SEC)
#define CAP_LIFT_AFTER_USEC 500000
#define CAP_LIFT_EVERY_USEC (60 * BL_USEC_PER_SEC)
/* A step that leaves the victim as badly off for so long did not help. */
#define NO_HELP_USEC (3 * BL_USEC_PER_SEC)
#define NO_HELP_OBJECTIVES 3
#define COOLDOWN_USEC (60 * BL_USEC_PER_SEC)
#define FREEZE_WITHIN_USEC (600 * (gint64)BL_USEC_PER_SEC)
#define FREEZE_USEC (300 * (gint64)BL_USEC_PER_SEC)

/* The state of the host's contention in one tick. */
typedef struct {
    BlEngine *engine;
    const BlPolicy *policy;
    const BlDomain *victim; /* who suffers most; NULL: nobody */
    guint active_rank;      /* of the highest class with an objective that wants CPU */
    gboolean any_active;
    gboolean room;        /* CPUs idle enough for all */
    gboolean room_lifted; /* also when those that are capped use what they used before */
    gint64 lower_used;    /* by all classes below the victim's, permyriad of a core */
    gboolean blame_known; /* who ran while the victim waited is */
    gint64 lower_blamed;  /* for how long that was a lower class, nanoseconds of the window */
    gint64 lower_active;  /* how many of them are active */
    gint64 lower_demand;  /* what those ask for together, permyriad of a core */
} Contention;

static gboolean can_judge(const BlDomain *domain)
{
    return !domain->stale && domain->state == BL_STATE_RUNNING;
}

/* Highest class first, then who misses the objective of the class by more, then UUID order. */
static gboolean suffers_more(const BlDomain *domain, const BlDomain *than)
{
    if (than == NULL)
        return TRUE;
    if (domain->class->rank != than->class->rank)
        return domain->class->rank < than->class->rank;
    return bl_figures_wait(&domain->fast) > bl_figures_wait(&than->fast);
}

gint64 bl_triage_wait_too_long(const BlClass *class)
{
    if (class == NULL || class->cpu_ready == BL_LIMIT_NONE)
        return 0;
    return MAX(bl_permyriad_part(BL_TRIAGE_WINDOW_USEC * BL_NSEC_PER_USEC, class->cpu_ready),
               BL_NSEC_PER_USEC);
}

static void judge_victim(Contention *contention, BlDomain *domain)
{
    gint64 now = contention->engine->now_usec;
    gint64 wait = can_judge(domain) ? bl_figures_wait(&domain->fast) : -1;
    if (domain->class->cpu_ready == BL_LIMIT_NONE || wait < 0) {
        domain->missed_ticks = 0;
        return;
    }
    if (bl_values_get(&domain->recent, BL_FIGURE_DEMAND, 0) >= VICTIM_ACTIVE) {
        if (!contention->any_active || domain->class->rank < contention->active_rank)
            contention->active_rank = domain->class->rank;
        contention->any_active = TRUE;
    }
    if (wait <= domain->class->cpu_ready) {
        domain->missed_ticks = 0;
        return;
    }
    if (domain->missed_ticks++ == 0)
        domain->missed_since_usec = now;
    /* The kernel has told of a single wait that is as long as all waits of a window may be. */
    gint64 longest = bl_values_get(&domain->controls, BL_DOMAIN_LONGEST_WAIT_NSEC, 0);
    if (longest >= bl_triage_wait_too_long(domain->class))
        domain->missed_ticks = MAX(domain->missed_ticks, MISSED_TICKS);
    if (domain->missed_ticks >= MISSED_TICKS && suffers_more(domain, contention->victim))
        contention->victim = domain;
}

/* As soon as it shows over the short window, so that what is known has a past by the time that it
 * counts as a victim. */
gboolean bl_engine_wants_blame(const BlEngine *engine)
{
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (domain->class->cpu_ready != BL_LIMIT_NONE && domain->state == BL_STATE_RUNNING &&
            (bl_values_get(&domain->recent, BL_FIGURE_DEMAND, 0) >= VICTIM_ACTIVE ||
             bl_values_get(&domain->fast, BL_FIGURE_DEMAND, 0) >= VICTIM_ACTIVE))
            return TRUE;
    }
    return FALSE;
}

/* What caps hold back, permyriad of all CPUs: the guests' use before less their use now. */
static gint64 held_back(const BlEngine *engine)
{
    gint64 sum = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (domain->triage.engaged && domain->triage.capped)
            sum += MAX(
                domain->triage.used_before - bl_values_get(&domain->recent, BL_FIGURE_USED, 0), 0);
    }
    return sum / bl_values_get(&engine->host, BL_HOST_CPU_COUNT, 1);
}

static gint64 demand(const BlDomain *domain, const BlValues *figures)
{
    return bl_values_get(figures, BL_FIGURE_DEMAND, bl_values_get(figures, BL_FIGURE_USED, 0));
}

/* How long the victim waited in the window while the domain ran, nanoseconds. */
static gint64 blamed(const Contention *contention, const BlDomain *domain)
{
    return bl_blame_waited(&contention->victim->blame, BL_CULPRIT_DOMAIN, domain->uuid,
                           BL_TRIAGE_WINDOW_USEC);
}

/* The same while anybody else ran: where its own threads ran before each other, nobody takes its
 * time. */
static gint64 blamed_all(const Contention *contention)
{
    const BlBlameBook *book = &contention->victim->blame;
    gint64 sum = 0;
    for (guint i = 0; i < book->tracks->len; i++) {
        const BlBlameTrack *track = &g_array_index(book->tracks, BlBlameTrack, i);
        gboolean own = track->kind == BL_CULPRIT_DOMAIN &&
                       strcmp(track->culprit, contention->victim->uuid) == 0;
        if (!own)
            sum += bl_blame_waited(book, track->kind, track->culprit, BL_TRIAGE_WINDOW_USEC);
    }
    return sum;
}

/* That a guest goes on after a pause is told by the kernel long before libvirt tells it. */
static gboolean is_at_work(const Contention *contention, const BlDomain *domain)
{
    return can_judge(domain) || (!domain->stale && domain->state == BL_STATE_PAUSED &&
                                 contention->blame_known && blamed(contention, domain) > 0);
}

/* It uses CPU time, or is seen to. */
static gboolean is_noticed(const Contention *contention, const BlDomain *domain)
{
    return demand(domain, &domain->fast) >= PAYER_ACTIVE ||
           (contention->blame_known && blamed(contention, domain) >= NOTICED_NSEC);
}

/* A victim that waits for others than those below it is not helped by what they give up. When
 * contention begins, little is known of who ran, and a quiet guest may have had a good part of
 * that; but it asks for little. */
static gboolean is_culprit(const Contention *contention, const BlDomain *domain)
{
    if (!contention->blame_known)
        return TRUE;
    gint64 weight = CULPRIT_PART * contention->lower_active;
    return contention->lower_blamed * 2 >= bl_triage_wait_too_long(contention->victim->class) &&
           contention->lower_blamed * LOWER_PART >= blamed_all(contention) &&
           blamed(contention, domain) * weight >= contention->lower_blamed &&
           (demand(domain, &domain->fast) * weight >= contention->lower_demand ||
            blamed(contention, domain) >= NOTICED_NSEC);
}

static void lower_add(Contention *contention, const BlDomain *domain)
{
    contention->lower_used += bl_values_get(&domain->fast, BL_FIGURE_USED, 0);
    contention->lower_blamed += blamed(contention, domain);
    if (!is_noticed(contention, domain))
        return;
    contention->lower_active++;
    contention->lower_demand += demand(domain, &domain->fast);
}

static Contention contention_judge(BlEngine *engine, const BlPolicy *policy)
{
    Contention contention = {.engine = engine, .policy = policy};
    for (guint i = 0; i < engine->domains->len; i++)
        judge_victim(&contention, g_ptr_array_index(engine->domains, i));
    gint64 busy = bl_engine_host_busy(engine, BL_RECENT_WINDOW_USEC);
    contention.room = busy >= 0 && busy < HOST_ROOM;
    contention.room_lifted = contention.room && busy + held_back(engine) < HOST_ROOM;
    if (contention.victim == NULL)
        return contention;
    gint64 read_usec = contention.victim->blame.read_usec;
    contention.blame_known = read_usec > 0 && engine->now_usec - read_usec <= BLAME_OLD_USEC;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (is_at_work(&contention, domain) && domain->class->rank > contention.victim->class->rank)
            lower_add(&contention, domain);
    }
    return contention;
}

/* Idle priority gives no minimum, so a class with a reservation is capped instead, no lower than
 * its reservation. The weight must be known, because the kernel forgets it in idle priority. */
static gboolean can_idle(const Contention *contention, const BlDomain *domain)
{
    const BlFieldState *shares = &domain->fields[BL_DOMAIN_CPU_SHARES];
    return domain->class->cpu_idle_allowed && domain->class->cpu_reservation == 0 &&
           bl_values_get(&contention->engine->host, BL_HOST_IDLE_SUPPORTED, 0) == 1 &&
           bl_values_has(&domain->controls, BL_DOMAIN_CPU_IDLE) &&
           (shares->held || domain->fields[BL_DOMAIN_CPU_IDLE].held ||
            bl_values_has(&domain->controls, BL_DOMAIN_CPU_SHARES));
}

static gint64 cap_floor(const BlDomain *domain)
{
    return MAX(domain->class->cpu_reservation * domain->vcpus, CAP_FLOOR);
}

/* The payer's part of all that the victim waited in the window. */
static gint64 blamed_share(const Contention *contention, const BlDomain *payer)
{
    return bl_permyriad_of(blamed(contention, payer), blamed_all(contention));
}

static BlReason triage_reason(const Contention *contention, const BlDomain *payer, BlRule rule)
{
    const BlDomain *victim = contention->victim;
    BlReason reason = bl_reason_of(payer, rule);
    bl_name_copy(reason.victim, victim->name);
    bl_name_copy(reason.victim_class, victim->class->name);
    g_strlcpy(reason.victim_thread, victim->fast_thread, sizeof reason.victim_thread);
    reason.measured = bl_figures_wait(&victim->fast);
    reason.limit = victim->class->cpu_ready;
    reason.window_usec = BL_TRIAGE_WINDOW_USEC;
    reason.since_usec = victim->missed_since_usec;
    reason.blamed = contention->blame_known;
    reason.share = reason.blamed ? blamed_share(contention, payer)
                                 : bl_permyriad_of(bl_values_get(&payer->fast, BL_FIGURE_USED, 0),
                                                   contention->lower_used);
    return reason;
}

static void engage(const Contention *contention, BlDomain *payer, gboolean by_cap)
{
    gint64 now = contention->engine->now_usec;
    BlTriageState *triage = &payer->triage;
    /* What did not help is tried again as it was in the end. */
    gboolean again =
        triage->cooldown_until_usec > 0 && now - triage->cooldown_until_usec < RECURRING_USEC;
    triage->recurring =
        again || (triage->ended_usec > 0 && now - triage->ended_usec < RECURRING_USEC);
    triage->engaged = TRUE;
    triage->capped = by_cap;
    triage->engaged_usec = triage->active_usec = now;
    gint64 used = bl_values_get(&payer->fast, BL_FIGURE_USED, 0);
    triage->used_before = triage->recurring ? MAX(triage->used_before, used) : used;
    triage->before = bl_figures_wait(&contention->victim->fast);
    g_strlcpy(triage->victim, contention->victim->uuid, sizeof triage->victim);
    triage->reason =
        triage_reason(contention, payer, by_cap ? BL_RULE_TRIAGE_CAP : BL_RULE_TRIAGE_IDLE);
    triage->relaxed = FALSE;
    if (by_cap && !triage->recurring)
        triage->cap = 0;
    triage->relax_wait_usec = MAX(triage->relax_wait_usec, CAP_RELAX_WAIT_USEC);
    if (triage->tried && triage->recurring)
        triage->relax_wait_usec = MIN(2 * triage->relax_wait_usec, CAP_RELAX_WAIT_MAX_USEC);
    triage->tried = FALSE;
}

static BlDomainField field_of(const BlTriageState *triage)
{
    return triage->capped ? BL_DOMAIN_CPU_QUOTA : BL_DOMAIN_CPU_IDLE;
}

static void disengage(const Contention *contention, BlDomain *payer, BlRule rule)
{
    BlTriageState *triage = &payer->triage;
    BlReason reason = bl_reason_of(payer, rule);
    bl_name_copy(reason.victim, triage->reason.victim);
    bl_name_copy(reason.victim_class, triage->reason.victim_class);
    reason.since_usec = triage->active_usec;
    reason.window_usec = contention->engine->now_usec - triage->active_usec;
    payer->fields[field_of(triage)].undo_reason = reason;
    triage->engaged = FALSE;
    triage->ended_usec = contention->engine->now_usec;
}

/* Steps that made it no better are given back; three of them within ten minutes stop new ones. */
static void give_up(const Contention *contention, BlDomain *payer)
{
    BlEngine *engine = contention->engine;
    disengage(contention, payer, BL_RULE_NO_HELP);
    payer->triage.cooldown_until_usec = engine->now_usec + COOLDOWN_USEC;
    gint64 oldest = engine->worse_usec[2];
    engine->worse_usec[2] = engine->worse_usec[1];
    engine->worse_usec[1] = engine->worse_usec[0];
    engine->worse_usec[0] = engine->now_usec;
    if (contention->policy->protection.freeze_on_worse && oldest > 0 &&
        engine->now_usec - oldest < FREEZE_WITHIN_USEC)
        engine->frozen_until_usec = engine->now_usec + FREEZE_USEC;
}

/* A cap that leaves the guest that it is for as badly off as before takes CPU time away for
 * nothing. Idle priority is not judged so: it takes only what somebody above wants at that moment.
 */
static void review_help(const Contention *contention, BlDomain *payer)
{
    gint64 now = contention->engine->now_usec;
    BlTriageState *triage = &payer->triage;
    const BlDomain *victim = contention->victim;
    gint64 wait = victim != NULL ? bl_figures_wait(&victim->fast) : -1;
    gboolean bad = victim != NULL && strcmp(victim->uuid, triage->victim) == 0 &&
                   payer->fields[BL_DOMAIN_CPU_QUOTA].held &&
                   now - triage->engaged_usec > SETTLE_USEC && wait >= triage->before &&
                   wait > NO_HELP_OBJECTIVES * victim->class->cpu_ready;
    if (!bad)
        triage->worse_since_usec = 0;
    else if (triage->worse_since_usec == 0)
        triage->worse_since_usec = now;
    else if (now - triage->worse_since_usec >= NO_HELP_USEC)
        give_up(contention, payer);
}

/* TRUE when the host has room for what its guests down to a class ask for, once those below have
 * made way. */
static gboolean has_room_down_to(const BlEngine *engine, guint rank)
{
    gint64 sum = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (domain->state == BL_STATE_RUNNING && domain->class->rank <= rank)
            sum += demand(domain, &domain->recent);
    }
    return sum <= HOST_FITS * bl_values_get(&engine->host, BL_HOST_CPU_COUNT, 0);
}

/* In idle priority all classes are alike: whoever has an objective of its own and misses it there,
 * while all down to its class would fit, gets out again once nobody above has suffered for a while.
 * The pressure may have been a short one, and the CPUs stay as busy as they are. */
static gboolean may_try_without(const Contention *contention, const BlDomain *payer)
{
    const BlTriageState *triage = &payer->triage;
    const BlFieldState *field = &payer->fields[BL_DOMAIN_CPU_IDLE];
    gint64 since = MAX(triage->asked_usec, field->applied_usec);
    return !triage->capped && field->held && payer->missed_ticks >= MISSED_TICKS &&
           contention->engine->now_usec - since >= triage->relax_wait_usec &&
           has_room_down_to(contention->engine, payer->class->rank);
}

/* A payer is needed while somebody above it wants CPU time, it wants some itself, and there is not
 * room for both. */
static void review_engaged(const Contention *contention, BlDomain *payer)
{
    gint64 now = contention->engine->now_usec;
    BlTriageState *triage = &payer->triage;
    gboolean above = contention->any_active && contention->active_rank < payer->class->rank;
    /* What a cap keeps free is no reason to lift it. */
    gboolean room = triage->capped ? contention->room_lifted : contention->room;
    if (above && !room && demand(payer, &payer->recent) >= PAYER_ACTIVE)
        triage->active_usec = now;
    /* Calm counts from when the step is in force: what came late is not undone at once. */
    const BlFieldState *field = &payer->fields[field_of(triage)];
    if (field->flying != 0)
        triage->active_usec = now;
    else if (field->held)
        triage->active_usec = MAX(triage->active_usec, field->applied_usec);
    gint64 calm = triage->recurring ? CALM_RECURRING_USEC : CALM_USEC;
    if (now - triage->active_usec >= calm) {
        disengage(contention, payer, BL_RULE_CALM);
        return;
    }
    if (now - triage->engaged_usec >= EXPIRES_USEC) {
        disengage(contention, payer, BL_RULE_EXPIRED);
        return;
    }
    if (contention->victim != NULL && contention->victim->class->rank < payer->class->rank)
        triage->asked_usec = now;
    if (may_try_without(contention, payer)) {
        disengage(contention, payer, BL_RULE_CALM);
        triage->tried = TRUE;
    } else if (triage->capped) {
        review_help(contention, payer);
    }
}

/* Who may be asked to pay now: below the victim, using CPU, not engaged, not in cooldown. */
static gboolean is_candidate(const Contention *contention, const BlDomain *domain)
{
    return is_at_work(contention, domain) && !domain->triage.engaged &&
           domain->class->rank > contention->victim->class->rank &&
           contention->engine->now_usec >= domain->triage.cooldown_until_usec &&
           is_noticed(contention, domain) && is_culprit(contention, domain);
}

/* TRUE when the payer changed, or was told to, so recently that the effect cannot have shown yet. A
 * step whose outcome does not come is not waited for for ever. */
static gboolean is_settling(const Contention *contention, const BlDomain *payer)
{
    gint64 now = contention->engine->now_usec;
    const BlTriageState *triage = &payer->triage;
    const BlFieldState *field = &payer->fields[field_of(triage)];
    gint64 decided = MAX(triage->engaged_usec, triage->cap_changed_usec);
    if (field->flying != 0)
        return now - decided < FLIGHT_USEC;
    return now - MAX(decided, field->held ? field->applied_usec : 0) < SETTLE_USEC;
}

static gboolean settling(const Contention *contention, gint rank)
{
    for (guint i = 0; i < contention->engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(contention->engine->domains, i);
        if (domain->triage.engaged && (gint)domain->class->rank > rank &&
            is_settling(contention, domain))
            return TRUE;
    }
    return FALSE;
}

/* The lowest class first: in idle priority all classes are alike, so a class that has an objective
 * of its own goes there only when the sacrifice of those below it was not enough. */
static void engage_idle(const Contention *contention)
{
    GPtrArray *domains = contention->engine->domains;
    gint lowest = -1;
    for (guint i = 0; i < domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(domains, i);
        if (is_candidate(contention, domain) && can_idle(contention, domain))
            lowest = MAX(lowest, (gint)domain->class->rank);
    }
    /* Who else ran is known: it is not to be found out by what the last step brought. */
    if (!contention->blame_known && settling(contention, lowest))
        return;
    for (guint i = 0; i < domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(domains, i);
        if ((gint)domain->class->rank == lowest && is_candidate(contention, domain) &&
            can_idle(contention, domain))
            engage(contention, domain, FALSE);
    }
}

static gboolean can_cap(const Contention *contention, const BlDomain *domain)
{
    if (!is_at_work(contention, domain) || domain->class->rank <= contention->victim->class->rank ||
        can_idle(contention, domain) || !bl_values_has(&domain->controls, BL_DOMAIN_CPU_QUOTA) ||
        !is_noticed(contention, domain) || !is_culprit(contention, domain))
        return FALSE;
    if (!domain->triage.engaged)
        return contention->engine->now_usec >= domain->triage.cooldown_until_usec;
    return domain->triage.cap > cap_floor(domain);
}

/* An increase that hurt is taken back, and the next one waits twice as long. */
static void relax_take_back(BlTriageState *triage)
{
    triage->relaxed = FALSE;
    triage->cap -= CAP_RELAX_STEP;
    triage->relax_wait_usec = MIN(2 * triage->relax_wait_usec, CAP_RELAX_WAIT_MAX_USEC);
}

static void cap_lower(const Contention *contention, BlDomain *domain)
{
    BlTriageState *triage = &domain->triage;
    gboolean again = FALSE;
    if (triage->engaged) {
        triage->reason = triage_reason(contention, domain, BL_RULE_TRIAGE_CAP);
    } else {
        engage(contention, domain, TRUE);
        /* A cap that fitted a minute ago is taken up again as it was. */
        again = triage->recurring && triage->cap > 0;
    }
    if (triage->relaxed) {
        relax_take_back(triage);
    } else if (!again) {
        gint64 used = bl_values_get(&domain->fast, BL_FIGURE_USED, 0);
        gint64 base = triage->cap > 0 ? MIN(used, triage->cap) : used;
        triage->cap = base * CAP_KEEP_PERCENT / 100;
    }
    triage->cap = MAX(triage->cap, cap_floor(domain));
    triage->cap_changed_usec = contention->engine->now_usec;
}

/* What was just raised is most likely what hurts: it goes back before anybody gives more. */
static gboolean take_back_raised(const Contention *contention)
{
    gboolean any = FALSE;
    for (guint i = 0; i < contention->engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(contention->engine->domains, i);
        const BlTriageState *triage = &domain->triage;
        if (!triage->engaged || !triage->relaxed ||
            contention->engine->now_usec - triage->cap_changed_usec >= CAP_RELAX_WAIT_USEC ||
            !can_cap(contention, domain))
            continue;
        cap_lower(contention, domain);
        any = TRUE;
    }
    return any;
}

/* The lowest class that can still give pays, all its active guests alike. */
static void engage_caps(const Contention *contention)
{
    GPtrArray *domains = contention->engine->domains;
    gint lowest = -1;
    for (guint i = 0; i < domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(domains, i);
        if (can_cap(contention, domain))
            lowest = MAX(lowest, (gint)domain->class->rank);
    }
    for (guint i = 0; i < domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(domains, i);
        if ((gint)domain->class->rank == lowest && can_cap(contention, domain))
            cap_lower(contention, domain);
    }
}

/* Caps hold CPU time back that nobody may be using, so they follow more closely than idle priority
 * does: lifted as soon as nobody above wants CPU, raised step by step while the objective is met.
 */
static void review_cap(const Contention *contention, BlDomain *domain)
{
    BlTriageState *triage = &domain->triage;
    gint64 now = contention->engine->now_usec;
    if (triage->cap < cap_floor(domain)) {
        triage->cap = cap_floor(domain);
        triage->reason = bl_reason_of(domain, BL_RULE_CLASS_RESERVATION);
    }
    if (now - triage->active_usec >= CAP_LIFT_AFTER_USEC &&
        now - triage->cap_lifted_usec >= CAP_LIFT_EVERY_USEC) {
        triage->cap_lifted_usec = now;
        disengage(contention, domain, BL_RULE_CALM);
        return;
    }
    const BlFieldState *field = &domain->fields[BL_DOMAIN_CPU_QUOTA];
    gint64 changed = MAX(triage->cap_changed_usec, field->held ? field->applied_usec : 0);
    if (contention->victim == NULL && now - changed >= triage->relax_wait_usec) {
        triage->cap += CAP_RELAX_STEP;
        triage->relaxed = TRUE;
        triage->cap_changed_usec = now;
        triage->reason.rule = BL_RULE_TRIAGE_RELAX;
        triage->reason.measured = -1;
        triage->reason.share = -1;
    }
}

/* A change that is still to be made (the rate limit held it up, or a failure) is made for a guest
 * that suffers now, not for one that did. What has been announced keeps its reason. */
static gboolean is_justified(const Contention *contention, BlDomain *payer, gint64 value)
{
    BlTriageState *triage = &payer->triage;
    const BlFieldState *field = &payer->fields[field_of(triage)];
    gboolean in_force = field->held && field->value == value;
    /* There is nothing to relax yet. */
    if (triage->reason.rule == BL_RULE_TRIAGE_RELAX && !field->held)
        triage->reason.rule = BL_RULE_TRIAGE_CAP;
    if (in_force || field->flying != 0 || field->announced != 0 ||
        triage->reason.rule == BL_RULE_TRIAGE_RELAX ||
        triage->reason.rule == BL_RULE_CLASS_RESERVATION)
        return TRUE;
    if (contention->victim == NULL || contention->victim->class->rank >= payer->class->rank)
        return FALSE;
    triage->reason = triage_reason(contention, payer, triage->reason.rule);
    return TRUE;
}

static void want_idle(const Contention *contention, BlDomain *domain)
{
    BlFieldState *field = &domain->fields[BL_DOMAIN_CPU_IDLE];
    if (!is_justified(contention, domain, 1))
        return;
    field->want.active = TRUE;
    field->want.value = 1;
    field->want.expires_usec = domain->triage.engaged_usec + EXPIRES_USEC;
    /* What is in force needs no reason, and reasons are large. */
    if (!field->held)
        field->want.reason = domain->triage.reason;
}

static void want_cap(const Contention *contention, BlDomain *domain)
{
    BlFieldState *field = &domain->fields[BL_DOMAIN_CPU_QUOTA];
    BlTriageState *triage = &domain->triage;
    gint64 quota = triage->cap * (BL_QUOTA_PERIOD_USEC / 100) / (BL_PERMYRIAD / 100);
    gint64 own =
        field->held ? field->original : bl_values_get(&domain->controls, BL_DOMAIN_CPU_QUOTA, -1);
    if (field->want.active)
        quota = MIN(quota, field->want.value);
    if (own != BL_QUOTA_NONE)
        quota = MIN(quota, own);
    if (!is_justified(contention, domain, quota)) {
        if (!field->held)
            return;
        quota = field->value;
    }
    field->want = (BlWant){.active = TRUE,
                           .value = quota,
                           .expires_usec = triage->engaged_usec + EXPIRES_USEC,
                           .reason = triage->reason};
}

void bl_policy_triage(BlEngine *engine, const BlPolicy *policy)
{
    Contention contention = contention_judge(engine, policy);
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (domain->triage.engaged)
            review_engaged(&contention, domain);
        if (domain->triage.engaged && domain->triage.capped)
            review_cap(&contention, domain);
        /* The class or what is known of the guest changed: the other way to pay is right now. */
        if (domain->triage.engaged && domain->triage.capped == can_idle(&contention, domain))
            disengage(&contention, domain, BL_RULE_CLASS_CHANGED);
    }
    if (contention.victim != NULL && engine->now_usec >= engine->frozen_until_usec) {
        engage_idle(&contention);
        if (!settling(&contention, -1) && !take_back_raised(&contention))
            engage_caps(&contention);
    }
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (domain->triage.engaged && domain->triage.capped)
            want_cap(&contention, domain);
        else if (domain->triage.engaged)
            want_idle(&contention, domain);
    }
}
