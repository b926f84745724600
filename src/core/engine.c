/* The engine: see engine.h. This file moves samples in and views out and runs the policies in
 * their order; what they want becomes a plan in planner.c. */
#include <string.h>

#include "base/units.h"
#include "core/engine-private.h"
#include "core/memory-share.h"

/* More CPUs than the kernel can be built for. */
#define CPUS_MAX 65536
/* Clocks that are slewed drift apart by less than this from one tick to the next. */
#define WALL_SET_USEC (1 * (gint64)BL_USEC_PER_SEC)

static void domain_destroy(gpointer data)
{
    bl_domain_free(data);
}

BlEngine *bl_engine_new(BlMode mode)
{
    BlEngine *engine = g_new0(BlEngine, 1);
    engine->mode = mode;
    engine->domains = g_ptr_array_new_with_free_func(domain_destroy);
    engine->subject = bl_domain_new_host();
    engine->open = g_array_new(FALSE, TRUE, sizeof(BlOpenDecision));
    engine->step_times = g_array_new(FALSE, TRUE, sizeof(gint64));
    engine->memory.claims = g_array_new(FALSE, TRUE, sizeof(BlMemoryClaim));
    engine->memory.gifts = g_array_new(FALSE, TRUE, sizeof(BlMemoryClaim));
    engine->memory.capacity = engine->memory.used = -1;
    return engine;
}

void bl_engine_free(BlEngine *engine)
{
    if (engine == NULL)
        return;
    g_clear_pointer(&engine->policy, bl_policy_unref);
    g_ptr_array_unref(engine->domains);
    bl_domain_free(engine->subject);
    g_array_unref(engine->open);
    g_array_unref(engine->step_times);
    g_array_unref(engine->memory.claims);
    g_array_unref(engine->memory.gifts);
    g_free(engine);
}

BlMode bl_engine_mode(const BlEngine *engine)
{
    return engine->mode;
}

guint bl_engine_subject_count(const BlEngine *engine)
{
    return engine->domains->len + 1;
}

BlDomain *bl_engine_subject(const BlEngine *engine, guint index)
{
    return index < engine->domains->len ? g_ptr_array_index(engine->domains, index)
                                        : engine->subject;
}

BlDomain *bl_engine_find(const BlEngine *engine, const char *uuid)
{
    if (strcmp(uuid, BL_HOST_UUID) == 0)
        return engine->subject;
    guint low = 0, high = engine->domains->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        BlDomain *domain = g_ptr_array_index(engine->domains, middle);
        int order = strcmp(domain->uuid, uuid);
        if (order == 0)
            return domain;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

gint64 bl_engine_host_busy(const BlEngine *engine, gint64 window_usec)
{
    BlGrowth growth;
    gint64 cpus = bl_values_get(&engine->host, BL_HOST_CPU_COUNT, 0);
    if (cpus <= 0 || !bl_track_growth(&engine->host_busy, engine->now_usec, window_usec, &growth))
        return -1;
    return MIN(bl_permyriad_of(growth.first / cpus, growth.span_usec * BL_NSEC_PER_USEC),
               BL_PERMYRIAD);
}

BlReason bl_reason_of(const BlDomain *domain, BlRule rule)
{
    BlReason reason = {.rule = rule, .measured = -1, .share = -1};
    bl_name_copy(reason.domain, domain->name);
    if (domain->class != NULL)
        bl_name_copy(reason.domain_class, domain->class->name);
    return reason;
}

/* FNV-1a over all that classification looks at. */
static guint64 identity_hash(const BlDomainSample *sample)
{
    guint64 hash = 14695981039346656037u;
    const char *texts[2] = {sample->name, sample->class_override};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        for (const char *at = texts[i]; at != NULL && *at != '\0'; at++)
            hash = (hash ^ (guchar)*at) * 1099511628211u;
        hash = (hash ^ 1u) * 1099511628211u;
    }
    for (char **entry = sample->metadata; entry != NULL && *entry != NULL; entry++) {
        for (const char *at = *entry; *at != '\0'; at++)
            hash = (hash ^ (guchar)*at) * 1099511628211u;
        hash = (hash ^ 2u) * 1099511628211u;
    }
    return hash | 1u;
}

/* A field that somebody else changed is theirs until the guest's class changes: only then did an
 * administrator ask Ballast for something new. What the guest paid as a member of its old class is
 * over. */
static void class_changed(BlDomain *domain)
{
    bl_name_copy(domain->class_name, domain->class->name);
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        domain->fields[i].foreign = FALSE;
        domain->fields[i].barred_until_usec = 0;
    }
    domain->triage.engaged = FALSE;
    domain->memory.wanted = -1;
}

static void domain_take_in(BlEngine *engine, const BlPolicy *policy, gboolean policy_changed,
                           const BlDomainSample *sample, BlDomain *domain)
{
    bl_domain_update(domain, sample, engine->now_usec);
    guint64 identity = identity_hash(sample);
    if (policy_changed || identity != domain->identity) {
        bl_classify_domain(policy, sample, domain);
        bl_ksm_tenant_set(domain, sample);
        domain->identity = identity;
        if (strcmp(domain->class_name, domain->class->name) != 0)
            class_changed(domain);
    }
    bl_domain_figures(domain, engine->now_usec, BL_TRIAGE_WINDOW_USEC, &domain->fast,
                      domain->fast_thread, sizeof domain->fast_thread);
    bl_domain_figures(domain, engine->now_usec, BL_RECENT_WINDOW_USEC, &domain->recent, NULL, 0);
    bl_memory_guest_update(domain, engine->now_usec, engine->wall_usec);
    bl_size_guest_update(engine, policy, domain);
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++)
        domain->fields[i].want.active = FALSE;
}

/* Both lists are sorted by UUID: one walk finds who came, stayed and went. */
static void domains_take_in(BlEngine *engine, const BlPolicy *policy, const BlSample *sample)
{
    gboolean policy_changed = engine->policy != policy;
    GPtrArray *domains = engine->domains;
    guint at = 0;
    for (guint i = 0; i < sample->domains->len; i++) {
        const BlDomainSample *from = g_ptr_array_index(sample->domains, i);
        while (at < domains->len &&
               strcmp(((BlDomain *)g_ptr_array_index(domains, at))->uuid, from->uuid) < 0)
            g_ptr_array_remove_index(domains, at);
        if (at == domains->len ||
            strcmp(((BlDomain *)g_ptr_array_index(domains, at))->uuid, from->uuid) != 0)
            g_ptr_array_insert(domains, (gint)at, bl_domain_new(from->uuid));
        domain_take_in(engine, policy, policy_changed, from, g_ptr_array_index(domains, at));
        at++;
    }
    if (at < domains->len)
        g_ptr_array_remove_range(domains, at, domains->len - at);
    /* Nobody gives the host a class: a new policy is what an administrator can ask anew with. */
    for (guint f = 0; policy_changed && f < BL_CONTROLS; f++)
        engine->subject->fields[f].foreign = FALSE;
    if (policy_changed) {
        g_clear_pointer(&engine->policy, bl_policy_unref);
        engine->policy = bl_policy_ref((BlPolicy *)policy);
    }
}

static void host_take_in(BlEngine *engine, const BlSample *sample)
{
    engine->host = sample->host;
    /* A host without CPUs or with a million is a damaged reading. */
    gint64 cpus = bl_values_get(&sample->host, BL_HOST_CPU_COUNT, 0);
    if (cpus <= 0 || cpus > CPUS_MAX)
        bl_values_clear(&engine->host, BL_HOST_CPU_COUNT);
    if (bl_values_has(&sample->host, BL_HOST_CPU_BUSY_NSEC))
        bl_track_add(&engine->host_busy, sample->now_usec,
                     sample->host.value[BL_HOST_CPU_BUSY_NSEC],
                     bl_values_get(&sample->host, BL_HOST_PSI_CPU_SOME_USEC, 0));
    else
        bl_track_reset(&engine->host_busy);
}

/* The clock went backwards. The engine's own time goes on, so that nothing waits for the clock to
 * catch up; the past of all counters is forgotten, because no growth can be told across the jump.
 */
static void clock_shift(BlEngine *engine, const BlSample *sample)
{
    engine->shift_usec = engine->now_usec + 1 - sample->now_usec;
    bl_track_reset(&engine->host_busy);
    for (guint i = 0; i < engine->domains->len; i++)
        bl_domain_forget_counters(g_ptr_array_index(engine->domains, i));
}

/* The wall clock was set: the times that balloon drivers' reports bear are another clock's. */
static void wall_check(BlEngine *engine, const BlSample *sample)
{
    gint64 gone = sample->now_usec + engine->shift_usec - engine->now_usec;
    gint64 wall_gone = sample->wall_usec - engine->wall_usec;
    for (guint i = 0; ABS(wall_gone - gone) > WALL_SET_USEC && i < engine->domains->len; i++)
        bl_memory_forget_report(g_ptr_array_index(engine->domains, i));
}

void bl_engine_step(BlEngine *engine, const BlPolicy *policy, const BlSample *sample, BlPlan *plan)
{
    bl_plan_clear(plan);
    if (!engine->started)
        engine->last_id = sample->first_id;
    if (engine->started && sample->now_usec + engine->shift_usec == engine->now_usec) {
        bl_planner_take_in(engine, sample);
        return;
    }
    if (engine->started && sample->now_usec + engine->shift_usec < engine->now_usec)
        clock_shift(engine, sample);
    if (engine->started)
        wall_check(engine, sample);
    engine->started = TRUE;
    engine->now_usec = sample->now_usec + engine->shift_usec;
    engine->wall_usec = sample->wall_usec;
    host_take_in(engine, sample);
    bl_domain_update_host(engine->subject, sample);
    domains_take_in(engine, policy, sample);
    bl_size_restore(engine, policy, sample);
    bl_size_spare(engine);
    bl_planner_take_in(engine, sample);
    for (guint i = 0; i < engine->domains->len; i++)
        bl_policy_standing(engine, g_ptr_array_index(engine->domains, i));
    bl_policy_triage(engine, policy);
    bl_ksm_take_in(engine);
    bl_policy_memory(engine, policy);
    bl_policy_ladder(engine, policy);
    bl_policy_ksm(engine, policy);
    bl_policy_placement(engine, sample);
    bl_planner_plan(engine, policy, plan);
}

gboolean bl_engine_is_proposed(const BlEngine *engine, guint64 decision_id)
{
    for (guint i = 0; i < engine->open->len; i++) {
        const BlOpenDecision *open = &g_array_index(engine->open, BlOpenDecision, i);
        if (open->decision.step.id == decision_id)
            return open->decision.state == BL_DECISION_PROPOSED && !open->approved;
    }
    return FALSE;
}

gboolean bl_engine_is_held(const BlEngine *engine, const char *uuid, BlDomainField field)
{
    const BlDomain *domain = bl_engine_find(engine, uuid);
    return domain != NULL && bl_domain_has_control(domain, field) && domain->fields[field].held;
}

gint64 bl_engine_wait_too_long(const BlEngine *engine, const char *uuid)
{
    const BlDomain *domain = bl_engine_find(engine, uuid);
    return domain != NULL ? bl_triage_wait_too_long(domain->class) : 0;
}

gboolean bl_engine_memory_is_pressed(const BlEngine *engine)
{
    return engine->memory.pressed;
}

guint bl_engine_holdings(const BlEngine *engine)
{
    guint count = 0;
    for (guint i = 0; i < bl_engine_subject_count(engine); i++) {
        const BlDomain *domain = bl_engine_subject(engine, i);
        for (guint f = domain->first_control; f < domain->end_control; f++) {
            const BlFieldState *field = &domain->fields[f];
            count += (field->held && !field->locked) || field->flying != 0;
        }
    }
    return count;
}

guint bl_engine_returns(const BlEngine *engine)
{
    guint count = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        for (guint f = domain->first_control; f < domain->end_control; f++)
            count += domain->fields[f].returns;
    }
    return count;
}

/* --- the view ------------------------------------------------------------------------------ */

static void threads_view(const BlEngine *engine, const BlDomain *domain, BlDomainView *view)
{
    g_array_set_size(view->threads, domain->threads->len);
    for (guint i = 0; i < domain->threads->len; i++) {
        const BlThread *thread = &g_array_index(domain->threads, BlThread, i);
        BlThreadView *to = &g_array_index(view->threads, BlThreadView, i);
        to->role = thread->role;
        to->index = thread->index;
        bl_domain_thread_figures(domain, thread, engine->now_usec, BL_VIEW_WINDOW_USEC,
                                 &to->figures);
    }
}

static void memory_figures(const BlDomain *domain, BlDomainView *view)
{
    const BlMemoryGuest *memory = &domain->memory;
    const BlFieldState *field = &domain->fields[BL_DOMAIN_BALLOON];
    gint64 actual = bl_values_get(&domain->controls, BL_DOMAIN_BALLOON, -1);
    gint64 max = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_MAX, -1);
    if (actual < 0 || max < 0)
        return;
    gint64 before = field->held ? field->original : max;
    bl_values_set(&view->figures, BL_FIGURE_MEMORY_TAKEN, MAX(before - actual, 0));
    if (memory->working_set >= 0)
        bl_values_set(&view->figures, BL_FIGURE_WORKING_SET, memory->working_set);
    if (memory->target >= 0)
        bl_values_set(&view->figures, BL_FIGURE_MEMORY_TARGET, memory->target);
    if (memory->swap_rate >= 0)
        bl_values_set(&view->figures, BL_FIGURE_SWAP_RATE, memory->swap_rate);
}

/* Of a guest that may run on any node, no memory is near or far. */
static void locality_figure(const BlDomain *domain, BlDomainView *view)
{
    const BlNodeMemory *where = &domain->placement.where;
    gint64 nodes = bl_values_get(&domain->controls, BL_DOMAIN_NODES, 0), near = 0, sum = 0;
    for (guint i = 0; i < BL_SAMPLE_NODES; i++) {
        sum += where->bytes[i];
        near += (nodes >> i) & 1 ? where->bytes[i] : 0;
    }
    if (where->known && nodes > 0 && sum > 0)
        bl_values_set(&view->figures, BL_FIGURE_MEMORY_LOCAL, bl_permyriad_of(near, sum));
}

static void domain_view(const BlEngine *engine, const BlDomain *domain, BlDomainView *view)
{
    g_strlcpy(view->uuid, domain->uuid, sizeof view->uuid);
    g_strlcpy(view->name, domain->name, sizeof view->name);
    g_strlcpy(view->class_name, domain->class->name, sizeof view->class_name);
    g_strlcpy(view->class_unknown, domain->class_unknown, sizeof view->class_unknown);
    view->state = domain->state;
    view->stale = domain->stale;
    view->vcpus = domain->vcpus;
    view->class_index = domain->class_index;
    view->class_source = domain->class_source;
    view->objective = domain->class->cpu_ready;
    view->controls = domain->controls;
    bl_domain_figures(domain, engine->now_usec, BL_VIEW_WINDOW_USEC, &view->figures, NULL, 0);
    memory_figures(domain, view);
    bl_devices_figures(&domain->devices, engine->now_usec, &view->figures);
    locality_figure(domain, view);
    view->where = domain->placement.where;
    gint64 saved = bl_ksm_saved(engine, domain);
    if (saved >= 0)
        bl_values_set(&view->figures, BL_FIGURE_MEMORY_SAVED, saved);
    const char *note = bl_policy_memory_note(engine, domain);
    g_strlcpy(view->memory_note, note != NULL ? note : "", sizeof view->memory_note);
    view->suffers = view->objective >= 0 && bl_figures_wait(&view->figures) > view->objective;
    view->holdings = 0;
    view->foreign = 0;
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        view->holdings += domain->fields[i].held;
        view->foreign |= domain->fields[i].foreign ? 1u << i : 0u;
    }
    threads_view(engine, domain, view);
    bl_blame_view(engine, domain, view);
}

void bl_engine_view(const BlEngine *engine, const BlPolicy *policy, BlView *view)
{
    BlGrowth growth;
    view->now_usec = engine->now_usec;
    view->wall_usec = engine->wall_usec;
    view->mode = engine->mode;
    view->releasing = engine->releasing;
    view->cpus = bl_values_get(&engine->host, BL_HOST_CPU_COUNT, -1);
    view->busy = bl_engine_host_busy(engine, BL_VIEW_WINDOW_USEC);
    view->psi_some = -1;
    if (bl_values_has(&engine->host, BL_HOST_PSI_CPU_SOME_USEC) &&
        bl_track_growth(&engine->host_busy, engine->now_usec, BL_VIEW_WINDOW_USEC, &growth))
        view->psi_some = MIN(bl_permyriad_of(growth.second, growth.span_usec), BL_PERMYRIAD);
    view->ready_boundary = policy->cpu.ready;
    view->overcommit_milli = policy->cpu.overcommit_milli;
    view->frozen_until_usec = engine->frozen_until_usec;
    view->frozen = engine->now_usec < engine->frozen_until_usec;
    view->memory =
        (BlMemoryView){.state = engine->memory.state,
                       .since_usec = engine->memory.since_usec,
                       .capacity_bytes = engine->memory.capacity,
                       .used_bytes = engine->memory.used,
                       .pressed = engine->memory.pressed,
                       .short_bytes = engine->memory.pressed ? engine->memory.lacking : 0};
    const BlDomain *mover = bl_policy_ladder_mover(engine);
    if (mover != NULL) {
        bl_name_copy(view->memory.mover, mover->name);
        view->memory.mover_bytes = bl_values_get(&mover->controls, BL_DOMAIN_MEMORY_RESIDENT, 0);
    }
    bl_ksm_view(engine, &view->sharing);
    view->n_nodes = engine->placement.n_nodes;
    memcpy(view->nodes, engine->placement.nodes, sizeof view->nodes);
    view->reserved = 0;
    view->vcpus = 0;
    view->holdings = 0;
    for (guint f = BL_DOMAIN_CONTROLS; f < BL_CONTROLS; f++)
        view->holdings += engine->subject->fields[f].held;
    view->proposals = 0;
    g_ptr_array_set_size(view->domains, 0);
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        BlDomainView *to = bl_domain_view_new();
        domain_view(engine, domain, to);
        view->reserved += domain->class->cpu_reservation * domain->vcpus;
        view->vcpus += domain->vcpus;
        view->holdings += to->holdings;
        if (domain->fields[BL_DOMAIN_BALLOON].held)
            view->memory.taken_bytes += bl_values_get(&to->figures, BL_FIGURE_MEMORY_TAKEN, 0);
        g_ptr_array_add(view->domains, to);
    }
    for (guint i = 0; i < engine->open->len; i++)
        view->proposals +=
            g_array_index(engine->open, BlOpenDecision, i).decision.state == BL_DECISION_PROPOSED;
}
