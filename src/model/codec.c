/* JSON of plans, decisions and views: see codec.h. */
#include "model/codec.h"

#include "base/units.h"

void bl_json_memory_guard(void)
{
    json_set_alloc_funcs(g_malloc, g_free);
}

json_t *bl_ratio_to_json(gint64 permyriad)
{
    return permyriad < 0 ? json_null() : json_real((double)permyriad / BL_PERMYRIAD);
}

json_t *bl_time_to_json(gint64 wall_usec)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bl_time_append(text, wall_usec);
    return json_string(text->str);
}

static json_t *seconds_to_json(gint64 usec)
{
    return json_real((double)usec / BL_USEC_PER_SEC);
}

gboolean bl_control_is_unset(BlDomainField field, gint64 value)
{
    return value < 0 && (field == BL_DOMAIN_CPU_QUOTA || field == BL_DOMAIN_VCPU_PIN ||
                         field == BL_DOMAIN_SOFT_LIMIT);
}

json_t *bl_control_to_json(BlDomainField field, gint64 value)
{
    return bl_control_is_unset(field, value) ? json_null() : json_integer(value);
}

static const char *field_name(BlDomainField field)
{
    return bl_field_info(BL_SCOPE_DOMAIN, field)->name;
}

static void reason_add(json_t *object, const BlReason *reason, gint64 decided_usec,
                       gint64 wall_usec)
{
    json_object_set_new(object, "target", json_string(reason->domain));
    json_object_set_new(object, "class", json_string(reason->domain_class));
    json_object_set_new(object, "policy",
                        json_string(reason->rule >= BL_RULE_PLACEMENT_NODES ? "placement"
                                    : reason->rule >= BL_RULE_MEMORY_TAKE   ? "memory"
                                                                            : "cpu"));
    json_object_set_new(object, "rule", json_string(bl_rule_name(reason->rule)));
    gboolean sharing = reason->rule >= BL_RULE_SHARING_SCAN && reason->rule <= BL_RULE_SHARING_OFF;
    if (reason->rule == BL_RULE_SHARING_OTHERS) {
        json_object_set_new(object, "owner", json_string(reason->victim));
    } else if (reason->victim[0] != '\0') {
        json_object_set_new(object, "victim", json_string(reason->victim));
        json_object_set_new(object, "victimClass", json_string(reason->victim_class));
    }
    if (reason->victim_thread[0] != '\0')
        json_object_set_new(object, "victimThread", json_string(reason->victim_thread));
    if (reason->measured >= 0) {
        json_object_set_new(object, "measured", bl_ratio_to_json(reason->measured));
        json_object_set_new(object, "limit", bl_ratio_to_json(reason->limit));
        json_object_set_new(object, "window", seconds_to_json(reason->window_usec));
    }
    if (reason->since_usec > 0)
        json_object_set_new(object, "since",
                            bl_time_to_json(wall_usec - (decided_usec - reason->since_usec)));
    if (reason->share >= 0)
        json_object_set_new(object, "share", bl_ratio_to_json(reason->share));
    if (reason->capacity_bytes > 0)
        json_object_set_new(object, "capacity", json_integer(reason->capacity_bytes));
    if (reason->used_bytes > 0)
        json_object_set_new(object, sharing ? "bytes" : "workingSet",
                            json_integer(reason->used_bytes));
}

json_t *bl_decision_to_json(const BlDecision *decision)
{
    const BlStep *step = &decision->step;
    json_t *object = json_pack("{s:I, s:o, s:s}", "id", (json_int_t)step->id, "time",
                               bl_time_to_json(decision->wall_usec), "uuid", step->uuid);
    reason_add(object, &step->reason, decision->decided_usec, decision->wall_usec);
    json_object_set_new(object, "action",
                        json_pack("{s:s, s:o, s:o}", "field", field_name(step->field), "from",
                                  bl_control_to_json(step->field, step->from), "to",
                                  bl_control_to_json(step->field, step->to)));
    json_object_set_new(object, "undo", bl_control_to_json(step->field, step->undo));
    json_object_set_new(object, "isUndo", json_boolean(step->is_undo));
    json_object_set_new(object, "state", json_string(bl_decision_state_name(decision->state)));
    if (step->expires_usec > 0)
        json_object_set_new(
            object, "expires",
            bl_time_to_json(decision->wall_usec + step->expires_usec - decision->decided_usec));
    if (decision->applied_usec > 0)
        json_object_set_new(object, "appliedAfter",
                            seconds_to_json(decision->applied_usec - decision->decided_usec));
    if (decision->effect >= 0) {
        json_object_set_new(object, "effect", bl_ratio_to_json(decision->effect));
        json_object_set_new(object, "effectAfter", seconds_to_json(decision->effect_usec));
    }
    if (decision->state == BL_DECISION_CONFLICT)
        json_object_set_new(object, "observed",
                            bl_control_to_json(step->field, decision->observed));
    if (decision->message[0] != '\0')
        json_object_set_new(object, "message", json_string(decision->message));
    return object;
}

static json_t *step_to_json(const BlStep *step)
{
    json_t *object = json_pack("{s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:b, s:I}", "id",
                               (json_int_t)step->id, "uuid", step->uuid, "generation",
                               (json_int_t)step->generation, "field", field_name(step->field),
                               "from", (json_int_t)step->from, "to", (json_int_t)step->to, "undo",
                               (json_int_t)step->undo, "shares", (json_int_t)step->shares, "isUndo",
                               step->is_undo, "expires", (json_int_t)step->expires_usec);
    json_object_set_new(object, "rule", json_string(bl_rule_name(step->reason.rule)));
    if (step->slack > 0)
        json_object_set_new(object, "slack", json_integer(step->slack));
    return object;
}

json_t *bl_plan_to_json(const BlPlan *plan)
{
    json_t *steps = json_array(), *decisions = json_array();
    for (guint i = 0; i < plan->steps->len; i++)
        json_array_append_new(steps, step_to_json(&g_array_index(plan->steps, BlStep, i)));
    for (guint i = 0; i < plan->decisions->len; i++)
        json_array_append_new(decisions,
                              bl_decision_to_json(&g_array_index(plan->decisions, BlDecision, i)));
    return json_pack("{s:o, s:o}", "steps", steps, "decisions", decisions);
}

static json_t *amount_to_json(gint64 bytes)
{
    return bytes < 0 ? json_null() : json_integer(bytes);
}

static json_t *memory_view_to_json(const BlMemoryView *memory)
{
    json_t *mover = memory->mover[0] == '\0' ? json_null()
                                             : json_pack("{s:s, s:I}", "name", memory->mover,
                                                         "bytes", (json_int_t)memory->mover_bytes);
    return json_pack(
        "{s:s, s:o, s:o, s:b, s:I, s:I, s:o}", "state", bl_memory_state_name(memory->state),
        "capacity", amount_to_json(memory->capacity_bytes), "used",
        amount_to_json(memory->used_bytes), "pressed", memory->pressed, "taken",
        (json_int_t)memory->taken_bytes, "short", (json_int_t)memory->short_bytes, "mover", mover);
}

static json_t *controls_to_json(const BlValues *controls, guint first, guint end)
{
    json_t *object = json_object();
    for (guint i = first; i < end; i++) {
        if (bl_values_has(controls, i))
            json_object_set_new(object, field_name(i), bl_control_to_json(i, controls->value[i]));
    }
    return object;
}

static json_t *sharing_view_to_json(const BlSharingView *sharing)
{
    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:o}", "state", bl_sharing_state_name(sharing->state), "saved",
        amount_to_json(sharing->saved_bytes), "cpu", bl_ratio_to_json(sharing->cpu), "controls",
        controls_to_json(&sharing->controls, BL_DOMAIN_CONTROLS, BL_CONTROLS));
    if (sharing->owner[0] != '\0')
        json_object_set_new(object, "owner", json_string(sharing->owner));
    if (sharing->blocker[0] != '\0')
        json_object_set_new(object, "blocker", json_string(sharing->blocker));
    return object;
}

static json_t *view_nodes_to_json(const BlView *view)
{
    json_t *nodes = json_array();
    for (guint i = 0; i < view->n_nodes; i++) {
        const BlNodeSample *node = &view->nodes[i];
        json_array_append_new(nodes,
                              json_pack("{s:i, s:i, s:I, s:o}", "id", (int)node->id, "cpus",
                                        (int)node->cpus, "memory", (json_int_t)node->memory_bytes,
                                        "available", amount_to_json(node->available_bytes)));
    }
    return nodes;
}

json_t *bl_view_host_to_json(const BlView *view)
{
    guint running = 0, suffering = 0;
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        running += domain->state == BL_STATE_RUNNING;
        suffering += domain->suffers;
    }
    json_t *cpu =
        json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "cpus",
                  view->cpus < 0 ? json_null() : json_integer(view->cpus), "busy",
                  bl_ratio_to_json(view->busy), "pressure", bl_ratio_to_json(view->psi_some),
                  "reserved", bl_ratio_to_json(view->reserved), "vcpus", (json_int_t)view->vcpus,
                  "overcommitLimit", json_real((double)view->overcommit_milli / 1000),
                  "readyBoundary", bl_ratio_to_json(view->ready_boundary));
    json_t *host = json_pack(
        "{s:o, s:s, s:b, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:b}", "time",
        bl_time_to_json(view->wall_usec), "mode", bl_mode_name(view->mode), "releasing",
        view->releasing, "cpu", cpu, "memory", memory_view_to_json(&view->memory), "sharing",
        sharing_view_to_json(&view->sharing), "domains", (int)view->domains->len, "running",
        (int)running, "suffering", (int)suffering, "changesInForce", (int)view->holdings,
        "proposals", (int)view->proposals, "frozen", view->frozen);
    if (view->n_nodes > 0)
        json_object_set_new(host, "nodes", view_nodes_to_json(view));
    return host;
}

static json_t *blame_to_json(const BlBlameView *blame, gint64 sum_usec)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "kind", bl_culprit_kind_name(blame->kind),
                     "name", blame->name, "uuid", blame->uuid, "self", blame->own, "waited",
                     seconds_to_json(blame->waited_usec), "share",
                     bl_ratio_to_json(bl_permyriad_of(blame->waited_usec, sum_usec)));
}

json_t *bl_view_blame_to_json(const BlDomainView *domain)
{
    json_t *culprits = json_array();
    for (guint i = 0; i < domain->blames->len; i++)
        json_array_append_new(
            culprits,
            blame_to_json(&g_array_index(domain->blames, BlBlameView, i), domain->blame_usec));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", domain->name, "uuid", domain->uuid,
                     "class", domain->class_name, "window",
                     domain->blame_span_usec > 0 ? seconds_to_json(domain->blame_span_usec)
                                                 : json_null(),
                     "waited", seconds_to_json(domain->blame_usec), "culprits", culprits);
}
