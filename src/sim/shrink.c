/* Shrinking: see shrink.h. */
#include "sim/shrink.h"

#define RUNS_MAX 2000

typedef struct {
    BlSimSpec *best;
    const BlSimOptions *options;
    const char *kind;
    guint runs;
} Shrink;

/* Takes `candidate` over: it becomes the best when it still fails. */
static gboolean attempt(Shrink *shrink, BlSimSpec *candidate)
{
    g_autoptr(BlSimSpec) spec = candidate;
    if (shrink->runs >= RUNS_MAX)
        return FALSE;
    shrink->runs++;
    g_autoptr(BlSimReport) report = bl_sim_run(spec, shrink->options, NULL);
    if (report == NULL || report->violation_kind != shrink->kind)
        return FALSE;
    bl_sim_spec_free(shrink->best);
    shrink->best = g_steal_pointer(&spec);
    /* What comes after the failure is not needed. */
    if (report->violated_usec < shrink->best->duration_usec && report->violated_usec > 0)
        shrink->best->duration_usec = report->violated_usec;
    return TRUE;
}

static gboolean fewer_events(Shrink *shrink)
{
    gboolean any = FALSE;
    for (guint size = MAX(shrink->best->events->len / 2, 1); size > 0; size /= 2) {
        for (guint at = 0; at + size <= shrink->best->events->len;) {
            BlSimSpec *candidate = bl_sim_spec_copy(shrink->best);
            g_array_remove_range(candidate->events, at, size);
            if (attempt(shrink, candidate))
                any = TRUE;
            else
                at += size;
        }
    }
    return any;
}

static gboolean fewer_guests(Shrink *shrink)
{
    gboolean any = FALSE;
    for (guint i = shrink->best->guests->len; i > 0 && shrink->best->guests->len > 1; i--) {
        BlSimSpec *candidate = bl_sim_spec_copy(shrink->best);
        bl_sim_spec_drop_guest(candidate, i - 1);
        any = attempt(shrink, candidate) || any;
    }
    return any;
}

static gboolean less_time(Shrink *shrink)
{
    gboolean any = FALSE;
    for (gint64 cut = shrink->best->duration_usec / 2; cut >= BL_SIM_TICK_USEC; cut /= 2) {
        BlSimSpec *candidate = bl_sim_spec_copy(shrink->best);
        candidate->duration_usec -= cut - cut % BL_SIM_TICK_USEC;
        any = attempt(shrink, candidate) || any;
    }
    return any;
}

static gboolean plainer(Shrink *shrink)
{
    gboolean any = FALSE;
    if (shrink->best->noise > 0) {
        BlSimSpec *candidate = bl_sim_spec_copy(shrink->best);
        candidate->noise = 0;
        any = attempt(shrink, candidate);
    }
    for (guint i = 0; i < shrink->best->guests->len; i++) {
        if (g_array_index(shrink->best->guests, BlGuestSpec, i).load.on_usec == 0)
            continue;
        BlSimSpec *candidate = bl_sim_spec_copy(shrink->best);
        g_array_index(candidate->guests, BlGuestSpec, i).load.on_usec = 0;
        any = attempt(shrink, candidate) || any;
    }
    return any;
}

BlSimSpec *bl_sim_shrink(const BlSimSpec *spec, const BlSimOptions *options, guint *ret_runs)
{
    Shrink shrink = {.best = bl_sim_spec_copy(spec), .options = options};
    gboolean again = TRUE;
    g_autoptr(BlSimReport) first = bl_sim_run(spec, options, NULL);
    shrink.kind = first != NULL ? first->violation_kind : NULL;
    while (again && shrink.kind != NULL && shrink.runs < RUNS_MAX) {
        again = fewer_events(&shrink);
        again = fewer_guests(&shrink) || again;
        again = less_time(&shrink) || again;
        again = plainer(&shrink) || again;
    }
    *ret_runs = shrink.runs;
    return shrink.best;
}
