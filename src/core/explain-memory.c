/* Sentences about memory: see explain-memory.h. */
#include "core/explain-memory.h"

#include "base/units.h"

void bl_explain_who(GString *out, const char *name, const char *class_name)
{
    g_string_append(out, name);
    if (class_name[0] != '\0')
        g_string_append_printf(out, " (%s)", class_name);
}

/* "memory is short (86.1 % of 2.25 GiB in use, target 80 %); " */
static void use_append(GString *out, const char *what, const BlReason *reason, const char *boundary)
{
    g_string_append_printf(out, "%s (", what);
    bl_permyriad_append(out, reason->measured);
    g_string_append(out, " of ");
    bl_bytes_append(out, reason->capacity_bytes);
    g_string_append_printf(out, " in use, %s ", boundary);
    bl_permyriad_append(out, reason->limit);
    g_string_append(out, "); ");
}

/* "...; batch-3 (batch) uses 96 MiB: " */
static void take_append(GString *out, const BlReason *reason)
{
    /* It begins before the target is reached when guests grow fast, and lasts while balloons hold.
     */
    use_append(out,
               reason->measured >= reason->limit ? "memory is short"
                                                 : "what guests may come to use does not fit",
               reason, "target");
    bl_explain_who(out, reason->domain, reason->domain_class);
    g_string_append(out, " uses ");
    bl_bytes_append(out, reason->used_bytes);
    g_string_append(out, ": ");
}

static void squeeze_append(GString *out, const BlReason *reason)
{
    use_append(out, "memory is short", reason, "hard");
    g_string_append(out, "balloons do not end it; ");
    bl_explain_who(out, reason->domain, reason->domain_class);
    g_string_append(out, " uses ");
    bl_bytes_append(out, reason->used_bytes);
    g_string_append(out, ", the host may reclaim what it occupies beyond that: ");
}

static void give_append(GString *out, const BlReason *reason)
{
    bl_explain_who(out, reason->domain, reason->domain_class);
    g_string_append(out, " uses ");
    bl_bytes_append(out, reason->used_bytes);
    if (reason->usable_bytes >= 0) {
        g_string_append(out, " and has ");
        bl_bytes_append(out, reason->usable_bytes);
        g_string_append(out, " left");
    }
    g_string_append(out, ": ");
}

void bl_explain_memory_rule(GString *out, const BlReason *reason)
{
    switch (reason->rule) {
    case BL_RULE_MEMORY_TAKE:
        take_append(out, reason);
        break;
    case BL_RULE_MEMORY_GIVE:
        give_append(out, reason);
        break;
    case BL_RULE_MEMORY_SQUEEZE:
        squeeze_append(out, reason);
        break;
    case BL_RULE_MEMORY_PAUSE:
        use_append(out, "memory is all but gone", reason, "low");
        break;
    case BL_RULE_MEMORY_LIMIT:
        g_string_append_printf(out, "class %s limits it: ", reason->domain_class);
        break;
    case BL_RULE_MEMORY_STATS:
        g_string_append(out, "without balloon statistics nothing is known of its memory: ");
        break;
    case BL_RULE_MEMORY_STUCK:
        g_string_append(out, "its balloon does not move, so it keeps what it has: ");
        break;
    case BL_RULE_MEMORY_CALM:
        g_string_append(out, "there has been memory enough for all for ");
        bl_usec_append(out, reason->window_usec);
        g_string_append(out, ": ");
        break;
    default:
        break;
    }
}

static void mover_append(GString *out, const BlMemoryView *memory)
{
    if (memory->mover[0] == '\0') {
        g_string_append(out, "Move a guest to another host, or shut one down.\n");
        return;
    }
    g_string_append_printf(out, "Move \"%s\" to another host, or shut it down: that gives ",
                           memory->mover);
    bl_bytes_append(out, memory->mover_bytes);
    g_string_append(out, " back.\n");
}

void bl_explain_memory_host(GString *out, const BlView *view)
{
    const BlMemoryView *memory = &view->memory;
    if (memory->state == BL_MEMORY_UNKNOWN)
        return;
    g_string_append(out, "Memory: ");
    bl_bytes_append(out, memory->used_bytes);
    g_string_append(out, " of ");
    bl_bytes_append(out, memory->capacity_bytes);
    g_string_append(out, " in use (");
    bl_permyriad_append(out, bl_permyriad_of(memory->used_bytes, memory->capacity_bytes));
    g_string_append_printf(out, "), state %s", bl_memory_state_name(memory->state));
    if (memory->taken_bytes > 0) {
        g_string_append(out, "; balloons hold ");
        bl_bytes_append(out, memory->taken_bytes);
        g_string_append(out, " back from guests that do not use it");
    }
    g_string_append(out, ".\n");
    if (memory->short_bytes > 0) {
        g_string_append(out, "What the guests use and what is reserved for them exceeds the hard "
                             "boundary by ");
        bl_bytes_append(out, memory->short_bytes);
        g_string_append(out, ": balloons cannot end that. ");
        mover_append(out, memory);
    }
}

static void controls_append(GString *out, const BlDomainView *domain)
{
    const BlValues *values = &domain->controls;
    bl_bytes_append(out, bl_values_get(values, BL_DOMAIN_BALLOON, 0));
    g_string_append(out, " of its ");
    bl_bytes_append(out, bl_values_get(values, BL_DOMAIN_MEMORY_MAX, 0));
    g_string_append(out, " of memory");
}

void bl_explain_memory_domain(GString *out, const BlView *view, const BlDomainView *domain)
{
    const BlValues *figures = &domain->figures;
    if (!bl_values_has(&domain->controls, BL_DOMAIN_BALLOON) ||
        !bl_values_has(&domain->controls, BL_DOMAIN_MEMORY_MAX))
        return;
    g_string_append(out, "It has ");
    controls_append(out, domain);
    if (bl_values_has(figures, BL_FIGURE_WORKING_SET)) {
        g_string_append(out, " and uses ");
        bl_bytes_append(out, figures->value[BL_FIGURE_WORKING_SET]);
    }
    if (bl_values_has(figures, BL_FIGURE_MEMORY_TARGET)) {
        g_string_append(out, "; by its use, class and shares it deserves ");
        bl_bytes_append(out, figures->value[BL_FIGURE_MEMORY_TARGET]);
    }
    g_string_append(out, ".\n");
    if (bl_values_get(figures, BL_FIGURE_SWAP_RATE, 0) > 0) {
        g_string_append(out, "It swaps in ");
        bl_bytes_append(out, figures->value[BL_FIGURE_SWAP_RATE]);
        g_string_append(out, " a second.\n");
    }
    if (view->memory.pressed && domain->memory_note[0] != '\0')
        g_string_append_printf(out, "Ballast leaves its memory alone: %s.\n", domain->memory_note);
}
