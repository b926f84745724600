/* Expectations: see expect.h. */
#include "sim/expect.h"

#include <string.h>

#include "base/units.h"

typedef struct {
    gboolean begun, ended;
    BlSimTally tally;
    gint64 left_nsec, lower_nsec;
    gint64 above_hard_usec, host_swap;
    guint steps;
    gint64 matches;
} Mark;

BlSimExpects *bl_sim_expects_new(const BlSimAgent *agent)
{
    BlSimExpects *expects = g_new0(BlSimExpects, 1);
    guint count = agent->spec->expects->len;
    expects->agent = agent;
    expects->marks = g_array_new(FALSE, TRUE, sizeof(Mark));
    expects->findings = g_array_new(FALSE, TRUE, sizeof(BlSimFinding));
    g_array_set_size(expects->marks, count);
    g_array_set_size(expects->findings, count);
    for (guint i = 0; i < count; i++)
        g_array_index(expects->findings, BlSimFinding, i).value = G_MININT64;
    return expects;
}

void bl_sim_expects_free(BlSimExpects *expects)
{
    if (expects == NULL)
        return;
    g_array_unref(expects->marks);
    g_array_unref(expects->findings);
    g_free(expects);
}

/* CPU time of all guests but those of the first class. */
static gint64 lower_nsec(const BlSimAgent *agent)
{
    const BlClass *first = bl_policy_class(agent->policy, 0);
    gint64 sum = 0;
    for (guint i = 0; i < agent->world->n_guests; i++) {
        const BlSimGuest *guest = &agent->world->guests[i];
        if (g_strcmp0(guest->spec->class_name, first->name) != 0)
            sum += guest->tally.run_nsec;
    }
    return sum;
}

static Mark mark_now(const BlSimExpects *expects, const BlExpect *expect, guint steps)
{
    const BlSimWorld *world = expects->agent->world;
    Mark mark = {.begun = TRUE,
                 .left_nsec = world->left_nsec,
                 .lower_nsec = lower_nsec(expects->agent),
                 .above_hard_usec = world->memory.above_hard_usec,
                 .host_swap = world->memory.swap_out,
                 .steps = steps};
    if (expect->guest >= 0)
        mark.tally = world->guests[expect->guest].tally;
    return mark;
}

static gint64 per_second(gint64 sum, const BlSimTally *tally)
{
    return tally->span_usec > 0 ? sum / MAX(tally->span_usec / BL_USEC_PER_MSEC, 1) * 1000
                                : G_MININT64;
}

static gint64 mean(gint64 sum, gint64 count)
{
    return count > 0 ? sum / count : G_MININT64;
}

/* Of one guest. */
static gint64 tally_measure(const BlSimGuest *guest, BlExpectKind kind, const BlSimTally *tally)
{
    switch (kind) {
    case BL_EXPECT_READY:
        return bl_sim_tally_ready(tally, guest->vcpus);
    case BL_EXPECT_USED:
        return bl_sim_tally_used(tally);
    case BL_EXPECT_P50:
        return mean(tally->p50_sum, tally->requests_milli);
    case BL_EXPECT_P99:
        return mean(tally->p99_sum, tally->requests_milli);
    case BL_EXPECT_SHORT:
        return tally->short_usec;
    case BL_EXPECT_SHORTAGE:
        return tally->shortage_byte_sec;
    case BL_EXPECT_SWAPPED:
        return tally->swapped_bytes;
    case BL_EXPECT_OOM:
        return tally->ooms;
    case BL_EXPECT_BALLOON:
        return guest->spec->memory.max_bytes > 0 ? guest->memory.actual : G_MININT64;
    case BL_EXPECT_DISK_LATENCY:
        return mean(tally->disk_latency_sum, tally->disk_milli);
    case BL_EXPECT_DISK_RATE:
        return per_second(tally->disk_milli, tally) / 1000;
    case BL_EXPECT_NETWORK_RATE:
        return per_second(tally->sent_bytes, tally);
    case BL_EXPECT_REMOTE:
        return tally->run_nsec > 0 ? bl_sim_tally_remote(tally) : G_MININT64;
    default:
        return G_MININT64;
    }
}

static gint64 measure(const BlSimExpects *expects, const BlExpect *expect, const Mark *from,
                      guint steps)
{
    Mark now = mark_now(expects, expect, steps);
    gint64 lower = now.lower_nsec - from->lower_nsec, left = now.left_nsec - from->left_nsec;
    BlSimTally tally = bl_sim_tally_since(&now.tally, &from->tally);
    switch (expect->kind) {
    case BL_EXPECT_SENTENCE:
        return from->matches;
    case BL_EXPECT_FREE:
        return lower + left > 0 ? bl_permyriad_of(lower, lower + left) : G_MININT64;
    case BL_EXPECT_STEPS:
        return now.steps - from->steps;
    case BL_EXPECT_ABOVE_HARD:
        return now.above_hard_usec - from->above_hard_usec;
    case BL_EXPECT_HOST_SWAP:
        return now.host_swap - from->host_swap;
    default:
        return tally_measure(&expects->agent->world->guests[expect->guest], expect->kind, &tally);
    }
}

void bl_sim_expects_follow(BlSimExpects *expects, guint steps)
{
    const BlSimSpec *spec = expects->agent->spec;
    gint64 now = expects->agent->world->now_usec;
    for (guint i = 0; i < spec->expects->len; i++) {
        const BlExpect *expect = &g_array_index(spec->expects, BlExpect, i);
        Mark *mark = &g_array_index(expects->marks, Mark, i);
        gint64 until = expect->until_usec > 0 ? expect->until_usec : spec->duration_usec;
        if (!mark->begun && now >= expect->from_usec)
            *mark = mark_now(expects, expect, steps);
        if (!mark->begun || mark->ended || now < until)
            continue;
        mark->ended = TRUE;
        BlSimFinding *finding = &g_array_index(expects->findings, BlSimFinding, i);
        finding->value = measure(expects, expect, mark, steps);
        finding->met = finding->value != G_MININT64 && finding->value >= expect->least &&
                       finding->value <= expect->most;
    }
}

void bl_sim_expects_hear(BlSimExpects *expects, const char *sentence)
{
    const BlSimSpec *spec = expects->agent->spec;
    for (guint i = 0; i < spec->expects->len; i++) {
        const BlExpect *expect = &g_array_index(spec->expects, BlExpect, i);
        Mark *mark = &g_array_index(expects->marks, Mark, i);
        if (expect->kind == BL_EXPECT_SENTENCE && mark->begun && !mark->ended &&
            g_pattern_match_simple(expect->text, sentence))
            mark->matches++;
    }
}
