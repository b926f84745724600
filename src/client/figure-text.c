/* Numbers as people read them: see figure-text.h. */
#include "client/figure-text.h"

#include <string.h>

#include "base/units.h"
#include "model/field.h"

const char *bl_text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

char *bl_percent_text(const json_t *ratio)
{
    if (!json_is_number(ratio))
        return g_strdup("-");
    double permyriad = json_number_value(ratio) * BL_PERMYRIAD;
    /* Also refuses what is not a number. */
    if (!(permyriad >= 0 && permyriad < 1e15))
        return g_strdup("-");
    g_autoptr(GString) text = g_string_new(NULL);
    bl_permyriad_append(text, (gint64)(permyriad + 0.5));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *bl_number_text(const json_t *number)
{
    return json_is_number(number) ? g_strdup_printf("%.15g", json_number_value(number))
                                  : g_strdup("-");
}

char *bl_bytes_text(const json_t *bytes)
{
    if (!json_is_integer(bytes))
        return g_strdup("-");
    g_autoptr(GString) text = g_string_new(NULL);
    bl_bytes_append(text, json_integer_value(bytes));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *bl_latency_text(const json_t *seconds)
{
    return json_is_number(seconds) ? g_strdup_printf("%.2f ms", json_number_value(seconds) * 1000)
                                   : g_strdup("-");
}

char *bl_figure_text(guint figure, const json_t *value)
{
    switch (bl_field_info(BL_SCOPE_FIGURE, figure)->unit) {
    case BL_UNIT_BYTES:
        return bl_bytes_text(value);
    case BL_UNIT_USEC:
        return bl_latency_text(value);
    case BL_UNIT_NONE:
        return bl_number_text(value);
    default:
        return bl_percent_text(value);
    }
}

/* A bit mask of CPUs or nodes as "0-3,6". */
static char *cpus_text(gint64 mask)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int cpu = 0; cpu < 63; cpu++) {
        if (((mask >> cpu) & 1) == 0)
            continue;
        int last = cpu;
        while (last < 62 && ((mask >> (last + 1)) & 1) != 0)
            last++;
        g_string_append_printf(text, "%s%d", text->len > 0 ? "," : "", cpu);
        if (last > cpu)
            g_string_append_printf(text, "-%d", last);
        cpu = last;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *bl_control_text(const char *field, const json_t *value)
{
    guint id;
    if (value == NULL || !bl_field_find(BL_SCOPE_DOMAIN, field, &id))
        return g_strdup("-");
    if (json_is_null(value))
        return g_strdup(id == BL_DOMAIN_VCPU_PIN ? "all" : "none");
    if (!json_is_integer(value))
        return g_strdup("-");
    gint64 number = json_integer_value(value);
    if (id == BL_DOMAIN_CPU_IDLE || id == BL_DOMAIN_PAUSED)
        return g_strdup(number != 0 ? "yes" : "no");
    if (id == BL_DOMAIN_VCPU_PIN)
        return cpus_text(number);
    if (id == BL_DOMAIN_NODES)
        return number < 0 ? g_strdup("own") : number == 0 ? g_strdup("any") : cpus_text(number);
    /* A quota is time per period: as percent of one core it reads like %USED. */
    if (id == BL_DOMAIN_CPU_QUOTA)
        return g_strdup_printf("%.0f%%", 100.0 * (double)number / BL_QUOTA_PERIOD_USEC);
    if (id == BL_DOMAIN_BALLOON || id == BL_DOMAIN_SOFT_LIMIT)
        return bl_bytes_text(value);
    if (id == BL_DOMAIN_STATS_PERIOD)
        return number == 0 ? g_strdup("never") : g_strdup_printf("%" G_GINT64_FORMAT " s", number);
    return g_strdup_printf("%" G_GINT64_FORMAT, number);
}

static void note_add(GString *note, const char *text)
{
    g_string_append_printf(note, "%s%s", note->len > 0 ? "; " : "", text);
}

char *bl_vm_note(const json_t *vm)
{
    g_autoptr(GString) note = g_string_new(NULL);
    gint64 changes = json_integer_value(json_object_get(vm, "changesInForce"));
    const json_t *foreign = json_object_get(vm, "foreign");
    if (json_is_true(json_object_get(vm, "suffers"))) {
        g_autofree char *objective = bl_percent_text(json_object_get(vm, "objective"));
        g_autofree char *text = g_strdup_printf("misses %s", objective);
        note_add(note, text);
    }
    if (json_is_true(json_object_get(vm, "stale")))
        note_add(note, "figures are old");
    if (changes > 0) {
        g_autofree char *text =
            g_strdup_printf("%" G_GINT64_FORMAT " change%s", changes, changes == 1 ? "" : "s");
        note_add(note, text);
    }
    if (json_array_size(foreign) > 0) {
        note_add(note, "set by others:");
        size_t i;
        json_t *field;
        json_array_foreach(foreign, i, field)
            g_string_append_printf(note, " %s", json_string_value(field));
    }
    return g_string_free(g_steal_pointer(&note), FALSE);
}

const char *bl_culprit_text(const json_t *culprit)
{
    static const struct {
        const char *kind, *text;
    } nameless[] = {
        {"service", "(the host)"},     {"kernel", "(the kernel)"}, {"ownLimit", "(its own limit)"},
        {"wakeup", "(CPU waking up)"}, {"unseen", "(not known)"},
    };
    const char *name = bl_text_of(culprit, "name"), *kind = bl_text_of(culprit, "kind");
    if (json_is_true(json_object_get(culprit, "self")))
        return "(itself)";
    if (name != NULL && name[0] != '\0')
        return name;
    for (guint i = 0; kind != NULL && i < G_N_ELEMENTS(nameless); i++) {
        if (strcmp(nameless[i].kind, kind) == 0)
            return nameless[i].text;
    }
    return NULL;
}
