/* Sentences about a guest's size: see explain-size.h. */
#include "core/explain-size.h"

#include "base/units.h"

#define MINUTE_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define HOUR_USEC (60 * MINUTE_USEC)
#define DAY_USEC (24 * HOUR_USEC)

static void demand_append(GString *out, BlSizeResource resource, gint64 demand)
{
    if (resource == BL_SIZE_CPU)
        bl_cores_append(out, demand);
    else
        bl_bytes_append(out, demand);
}

static void size_append(GString *out, BlSizeResource resource, gint64 size)
{
    if (resource == BL_SIZE_MEMORY)
        bl_bytes_append(out, size);
    else
        g_string_append_printf(out, "%" G_GINT64_FORMAT " vCPU%s", size, size == 1 ? "" : "s");
}

static void observed_append(GString *out, gint64 usec)
{
    gint64 days = usec / DAY_USEC, hours = usec / HOUR_USEC;
    if (days > 1)
        g_string_append_printf(out, "%" G_GINT64_FORMAT " days", days);
    else if (hours > 0)
        g_string_append_printf(out, "%" G_GINT64_FORMAT " h", hours);
    else
        g_string_append_printf(out, "%" G_GINT64_FORMAT " min", usec / MINUTE_USEC);
}

/* "99.6 % of 8 days it wanted 1.2 cores or less (half of the time 0.3 cores)" */
static void demand_explain(GString *out, BlSizeResource resource, const BlSizeAdvice *advice)
{
    bl_permyriad_append(out, advice->percentile);
    g_string_append(out, " of ");
    observed_append(out, advice->observed_usec);
    g_string_append(out, resource == BL_SIZE_CPU ? " it wanted " : " its working set was ");
    demand_append(out, resource, advice->high);
    g_string_append(out, " or less (half of the time ");
    demand_append(out, resource, advice->usual);
    g_string_append(out, ")");
}

static void verdict_explain(GString *out, BlSizeResource resource, const BlSizeAdvice *advice)
{
    g_string_append(out, "; with ");
    bl_permyriad_append(out, advice->margin);
    g_string_append(out, " of room: ");
    size_append(out, resource, advice->advised);
    if (advice->verdict == BL_SIZE_KEEP) {
        g_string_append(out, ", as it has");
        return;
    }
    g_string_append(out, advice->verdict == BL_SIZE_SHRINK ? " instead of " : ", more than ");
    size_append(out, resource, advice->has);
    if (advice->capped)
        g_string_append(out, ", and then look again: not more than half is taken at once");
}

void bl_explain_size(GString *out, const BlSizing *sizing, BlSizeResource resource)
{
    const BlSizeAdvice *advice = &sizing->advices[resource];
    if (advice->verdict == BL_SIZE_UNKNOWN) {
        g_string_append(out, resource == BL_SIZE_CPU ? "its demand is not known yet"
                                                     : "its working set is not known: there are no "
                                                       "balloon statistics of it yet");
        return;
    }
    if (advice->verdict == BL_SIZE_EARLY) {
        g_string_append(out, "known for ");
        observed_append(out, advice->observed_usec);
        g_string_append(out, ": advice takes a day");
        return;
    }
    demand_explain(out, resource, advice);
    verdict_explain(out, resource, advice);
    if (advice->missed > 0) {
        g_string_append(out, "; that would have been too little ");
        bl_permyriad_append(out, advice->missed);
        g_string_append(out, " of the time");
    }
}

void bl_explain_size_freed(GString *out, const BlSizing *sizing)
{
    for (guint i = 0; i < BL_SIZE_RESOURCES; i++) {
        const BlSizeAdvice *advice = &sizing->advices[i];
        gint64 freed = advice->has - advice->advised;
        if (freed == 0)
            continue;
        if (out->len > 0)
            g_string_append(out, ", ");
        if (freed < 0)
            g_string_append_c(out, '-');
        size_append(out, i, ABS(freed));
    }
}

void bl_explain_size_spared(GString *out, const BlSizing *sizing)
{
    if (sizing->spared <= 0)
        return;
    g_string_append(out, "the others would have waited ");
    bl_permyriad_append(out, sizing->spared);
    g_string_append(out, " of a core less, at most");
}

static void spell_append(GString *out, const BlSizeSpell *spell)
{
    g_string_append(out, "with ");
    size_append(out, BL_SIZE_CPU, spell->vcpus);
    g_string_append(out, " (");
    observed_append(out, spell->intervals * BL_SIZE_INTERVAL_USEC);
    g_string_append(out, ") it used them up ");
    bl_permyriad_append(out, bl_permyriad_of(spell->full, spell->intervals));
    g_string_append(out, " of the time, and the others waited ");
    bl_permyriad_append(out, spell->waited / spell->intervals);
    g_string_append(out, " of a core");
}

void bl_explain_size_effect(GString *out, const BlSizing *sizing)
{
    if (sizing->before.intervals == 0 || sizing->now.intervals < BL_SIZE_EFFECT_INTERVALS)
        return;
    spell_append(out, &sizing->now);
    g_string_append(out, "; before, ");
    spell_append(out, &sizing->before);
}
