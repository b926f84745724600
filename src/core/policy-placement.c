/* Placement of guests on the host's NUMA nodes, where there are several.
 *
 * Every other second all guests of the host are placed anew in thought (placement.c): those whose
 * class asks for it (`numa.fit`) may go anywhere, the others count where they are. When that has
 * been better by a margin for a while, it is decided upon, for all together; then the host rests
 * for a minute, and a guest that was placed for five. What is decided stands until something better
 * is found, so a second run changes nothing. A guest whose CPUs or memory somebody else chose,
 * whose memory cannot be moved, or of which anything is unknown stays as it is.
 *
 * What guests want of CPUs is a mean that rises within seconds and falls within a minute: a guest
 * is placed by what it wants while it works. Waiting is part of it, so that nodes that turn out too
 * small show as such.
 */
#include "base/units.h"
#include "core/engine-private.h"
#include "core/placement.h"

#define JUDGE_EVERY_USEC (2 * (gint64)BL_USEC_PER_SEC)
/* A better placement has to be better for so long, */
#define HOLD_USEC (6 * (gint64)BL_USEC_PER_SEC)
/* by so much (microseconds of a second), and by this part of what is lost now. */
#define GAIN_LEAST 20000
#define GAIN_DIVISOR 20
#define HOST_REST_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define GUEST_REST_USEC (300 * (gint64)BL_USEC_PER_SEC)
/* What a guest wants has to be known for so long. */
#define DEMAND_KNOWN_USEC (5 * (gint64)BL_USEC_PER_SEC)
#define DEMAND_RISE_USEC (2 * (gint64)BL_USEC_PER_SEC)
#define DEMAND_FALL_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define DEMAND_SCALE 1000
/* Of a node's memory so much stays free. */
#define NODE_SPARE_DIVISOR 20
/* Microseconds of a second in a permyriad of a core. */
#define USEC_PER_PERMYRIAD (BL_USEC_PER_SEC / BL_PERMYRIAD)

/* --- guests ------------------------------------------------------------------------------------
 */

static void demand_update(BlDomain *domain, gint64 now_usec)
{
    BlPlacementGuestState *state = &domain->placement;
    gint64 demand = bl_values_get(&domain->recent, BL_FIGURE_DEMAND, -1) * DEMAND_SCALE;
    gint64 gone = now_usec - state->seen_usec;
    state->seen_usec = now_usec;
    if (demand < 0) {
        state->demand_usec = 0;
        return;
    }
    if (state->demand_usec == 0) {
        state->demand_usec = now_usec;
        state->demand = demand;
        return;
    }
    gint64 within = demand > state->demand ? DEMAND_RISE_USEC : DEMAND_FALL_USEC;
    state->demand += (demand - state->demand) * MIN(gone, within) / within;
}

static gint64 memory_where(const BlDomain *domain)
{
    gint64 sum = 0;
    for (guint i = 0; i < BL_SAMPLE_NODES; i++)
        sum += domain->placement.where.bytes[i];
    return sum;
}

/* The nodes that it is on, or on its way to, by id. */
static gint64 nodes_present(const BlDomain *domain)
{
    const BlFieldState *field = &domain->fields[BL_DOMAIN_NODES];
    if (field->flying != 0 && domain->placement.decided)
        return domain->placement.nodes;
    if (field->held)
        return field->value;
    return MAX(bl_values_get(&domain->controls, BL_DOMAIN_NODES, 0), 0);
}

static gboolean is_wanted(const BlDomain *domain)
{
    return domain->class->numa_fit != BL_NUMA_FIT_OFF && domain->class->cpu_pin == -1;
}

static gboolean is_movable(const BlEngine *engine, const BlDomain *domain)
{
    const BlFieldState *field = &domain->fields[BL_DOMAIN_NODES];
    const BlPlacementGuestState *state = &domain->placement;
    gboolean ours = field->held || bl_values_get(&domain->controls, BL_DOMAIN_NODES, -1) == 0;
    gboolean rests = field->held && engine->now_usec - state->decided_usec < GUEST_REST_USEC;
    return is_wanted(domain) && domain->state == BL_STATE_RUNNING && !domain->stale && ours &&
           !rests && !field->foreign && field->flying == 0 &&
           !domain->fields[BL_DOMAIN_VCPU_PIN].held && state->where.known &&
           state->demand_usec > 0 && engine->now_usec - state->demand_usec >= DEMAND_KNOWN_USEC;
}

/* --- from ids to positions and back -------------------------------------------------------------
 */

static guint64 positions_of(const BlPlacementHost *host, gint64 ids)
{
    guint64 positions = 0;
    for (guint i = 0; i < host->n_nodes; i++)
        positions |= (guint64)((ids >> host->nodes[i].id) & 1) << i;
    return positions;
}

static gint64 ids_of(const BlPlacementHost *host, guint64 positions)
{
    gint64 ids = 0;
    for (guint i = 0; i < host->n_nodes; i++)
        ids |= (gint64)((positions >> i) & 1) << host->nodes[i].id;
    return ids;
}

/* --- judging ------------------------------------------------------------------------------------
 */

/* What guests may occupy of a node: what is available there, and what they have of it. */
static void nodes_make(const BlEngine *engine, BlPlacement *placement)
{
    const BlPlacementHost *host = &engine->placement;
    placement->n_nodes = host->n_nodes;
    for (guint i = 0; i < host->n_nodes; i++) {
        const BlNodeSample *from = &host->nodes[i];
        BlPlacementNode *node = &placement->nodes[i];
        node->cpus = from->cpus;
        node->cores = from->cores > 0 ? from->cores : from->cpus;
        gint64 bytes = MAX(from->available_bytes, 0);
        for (guint g = 0; g < placement->n_guests; g++)
            bytes += placement->guests[g].where[i];
        node->memory_bytes = MAX(bytes - from->memory_bytes / NODE_SPARE_DIVISOR, 0);
        for (guint j = 0; j < host->n_nodes; j++)
            node->distance[j] = from->distance[j];
    }
}

/* The highest class that has an objective at all goes before the others. */
static gboolean is_first(const BlEngine *engine, const BlDomain *domain)
{
    for (guint i = 0; i < domain->class->rank; i++) {
        if (bl_policy_class(engine->policy, i)->cpu_ready != BL_LIMIT_NONE)
            return FALSE;
    }
    return domain->class->cpu_ready != BL_LIMIT_NONE;
}

static gboolean guest_make(const BlEngine *engine, const BlDomain *domain, BlPlacementGuest *guest)
{
    const BlPlacementHost *host = &engine->placement;
    for (guint i = 0; i < host->n_nodes; i++)
        guest->where[i] = domain->placement.where.bytes[host->nodes[i].id];
    guest->vcpus = domain->vcpus;
    guest->demand = domain->placement.demand_usec > 0 ? domain->placement.demand / DEMAND_SCALE : 0;
    guest->memory_bytes =
        MAX(bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_MAX, 0), memory_where(domain));
    guest->present = positions_of(host, nodes_present(domain));
    guest->fixed = !is_movable(engine, domain);
    guest->required = domain->class->numa_fit == BL_NUMA_FIT_REQUIRED;
    guest->first = is_first(engine, domain);
    return !guest->fixed;
}

static void decide(BlEngine *engine, BlDomain *domain, gint64 nodes, gint64 gain)
{
    BlPlacementGuestState *state = &domain->placement;
    gint64 elsewhere = 0, memory = memory_where(domain);
    state->decided = TRUE;
    state->nodes = nodes;
    state->decided_usec = engine->now_usec;
    state->reason =
        bl_reason_of(domain, nodes == 0 ? BL_RULE_PLACEMENT_FREE : BL_RULE_PLACEMENT_NODES);
    for (guint i = 0; i < BL_SAMPLE_NODES; i++)
        elsewhere += ((nodes >> i) & 1) == 0 ? state->where.bytes[i] : 0;
    state->reason.used_bytes = memory;
    state->reason.share = nodes != 0 ? bl_permyriad_of(elsewhere, memory) : -1;
    state->reason.limit = gain / USEC_PER_PERMYRIAD;
    state->reason.since_usec = engine->placement.better_usec;
}

/* What was only told, and is not needed any more, is told no longer. */
static void decisions_withdraw(BlEngine *engine)
{
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        const BlFieldState *field = &domain->fields[BL_DOMAIN_NODES];
        if (!field->held && field->flying == 0)
            domain->placement.decided = FALSE;
    }
}

/* TRUE when the gain has been there for long enough, and nothing was changed of late. */
static gboolean is_time(BlEngine *engine, gint64 before, gint64 gain)
{
    BlPlacementHost *host = &engine->placement;
    if (gain < MAX(GAIN_LEAST, before / GAIN_DIVISOR)) {
        host->better_usec = 0;
        decisions_withdraw(engine);
        return FALSE;
    }
    if (host->better_usec == 0)
        host->better_usec = engine->now_usec;
    return engine->now_usec - host->better_usec >= HOLD_USEC &&
           (host->placed_usec == 0 || engine->now_usec - host->placed_usec >= HOST_REST_USEC);
}

static void judge(BlEngine *engine)
{
    guint n_guests = MIN(engine->domains->len, BL_PLACEMENT_GUESTS);
    gboolean any = FALSE;
    gint64 before;
    g_autofree BlPlacementGuest *guests = g_new0(BlPlacementGuest, n_guests);
    g_autofree guint64 *nodes = g_new0(guint64, n_guests);
    BlPlacement placement = {.n_guests = n_guests, .guests = guests};
    for (guint i = 0; i < n_guests; i++)
        any |= guest_make(engine, g_ptr_array_index(engine->domains, i), &guests[i]);
    if (!any) {
        engine->placement.better_usec = 0;
        return;
    }
    nodes_make(engine, &placement);
    gint64 cost = bl_placement_plan(&placement, nodes, &before);
    gint64 gain = before - cost;
    if (!is_time(engine, before, gain))
        return;
    engine->placement.placed_usec = engine->now_usec;
    engine->placement.better_usec = 0;
    for (guint i = 0; i < n_guests; i++) {
        if (!guests[i].fixed && nodes[i] != guests[i].present)
            decide(engine, g_ptr_array_index(engine->domains, i),
                   ids_of(&engine->placement, nodes[i]), gain);
    }
}

/* --- every tick ---------------------------------------------------------------------------------
 */

static void nodes_take_in(BlPlacementHost *host, const BlSample *sample)
{
    if (sample->nodes->len == 0)
        return;
    host->n_nodes = 0;
    for (guint i = 0; i < MIN(sample->nodes->len, BL_SAMPLE_NODES); i++)
        host->nodes[host->n_nodes++] = g_array_index(sample->nodes, BlNodeSample, i);
}

/* What an earlier run left in force is what was decided. */
static void holding_adopt(BlDomain *domain, gint64 now_usec)
{
    const BlFieldState *field = &domain->fields[BL_DOMAIN_NODES];
    if (!field->held || domain->placement.decided)
        return;
    domain->placement.decided = TRUE;
    domain->placement.nodes = field->value;
    domain->placement.decided_usec = now_usec;
    domain->placement.reason = bl_reason_of(domain, BL_RULE_PLACEMENT_NODES);
}

static void want(BlDomain *domain)
{
    if (!is_wanted(domain) || !domain->placement.decided)
        return;
    domain->fields[BL_DOMAIN_NODES].want = (BlWant){
        .active = TRUE, .value = domain->placement.nodes, .reason = domain->placement.reason};
}

void bl_policy_placement(BlEngine *engine, const BlSample *sample)
{
    BlPlacementHost *host = &engine->placement;
    nodes_take_in(host, sample);
    if (host->n_nodes < 2)
        return;
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        demand_update(domain, engine->now_usec);
        holding_adopt(domain, engine->now_usec);
    }
    if (engine->now_usec - host->judged_usec >= JUDGE_EVERY_USEC) {
        host->judged_usec = engine->now_usec;
        judge(engine);
    }
    for (guint i = 0; i < engine->domains->len; i++)
        want(g_ptr_array_index(engine->domains, i));
}
