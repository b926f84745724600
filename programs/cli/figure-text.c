/* Numbers as people read them: see figure-text.h. */
#include "cli/figure-text.h"

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

char *bl_figure_text(guint figure, const json_t *value)
{
    return bl_field_info(BL_SCOPE_FIGURE, figure)->unit == BL_UNIT_BYTES ? bl_bytes_text(value)
                                                                         : bl_percent_text(value);
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
