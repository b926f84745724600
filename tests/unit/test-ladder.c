/* The last rungs of the memory ladder: soft limits, pauses, and who had better move. */
#include <string.h>

#include "core/explain.h"
#include "memory-world.h"

/* A host whose balloons cannot end the shortage: they do not move. */
static Host *hard_host(void)
{
    Host *host = host_pressed(BL_MODE_ENFORCE);
    for (guint i = 0; i < 3; i++)
        host_guest(host, i)->stuck = TRUE;
    host->own = GIB + 300 * BL_MIB;
    return host;
}

static gint64 soft_limit(const Host *host, guint index)
{
    return world_control(host_guest(host, index), BL_DOMAIN_SOFT_LIMIT);
}

static gboolean is_paused(const Host *host, guint index)
{
    return world_control(host_guest(host, index), BL_DOMAIN_PAUSED) == 1;
}

static char *sentence_of(const Host *host, BlRule rule)
{
    const BlDecision *decision = world_last(host->world, rule, -1);
    g_assert_nonnull(decision);
    GString *text = g_string_new(NULL);
    bl_explain_decision(text, decision);
    return g_string_free(text, FALSE);
}

/* Three seconds above hard: who may be squeezed is, down to what it uses and some room. */
static void test_squeeze(void)
{
    g_autoptr(Host) host = hard_host();
    host_class(host, "batch")->memory_squeeze = TRUE;
    host_run(host, 2 * SECOND);
    g_assert_cmpint(soft_limit(host, 1), ==, BL_SOFT_LIMIT_NONE);
    host_run(host, 3 * SECOND);
    g_assert_cmpint(soft_limit(host, 1), >=, 200 * BL_MIB);
    g_assert_cmpint(soft_limit(host, 1), <, GIB);
    g_assert_cmpint(soft_limit(host, 0), ==, BL_SOFT_LIMIT_NONE);
    g_assert_cmpint(soft_limit(host, 2), ==, BL_SOFT_LIMIT_NONE);
    g_autofree char *text = sentence_of(host, BL_RULE_MEMORY_SQUEEZE);
    g_assert_nonnull(strstr(text, "balloons do not end it; batch (batch) uses 200 MiB"));
    /* It follows what the guest uses. */
    host->used[1] = GIB;
    host_run(host, 5 * SECOND);
    g_assert_cmpint(soft_limit(host, 1), >, GIB);
    /* Ten seconds below soft end it. */
    host->own = 0;
    host_run(host, 9 * SECOND);
    g_assert_cmpint(soft_limit(host, 1), >, GIB);
    host_run(host, 4 * SECOND);
    g_assert_cmpint(soft_limit(host, 1), ==, BL_SOFT_LIMIT_NONE);
}

static void test_squeeze_reservation(void)
{
    g_autoptr(Host) host = hard_host();
    host_class(host, "batch")->memory_squeeze = TRUE;
    host_class(host, "batch")->memory_reservation = 7500;
    host_run(host, 6 * SECOND);
    g_assert_cmpint(soft_limit(host, 1), >=, 2 * GIB / 4 * 3);
}

/* Where the limit reclaims at once, only what the host's swap has room for. */
static void test_squeeze_room(void)
{
    for (guint i = 0; i < 2; i++) {
        g_autoptr(Host) host = hard_host();
        host_class(host, "batch")->memory_squeeze = TRUE;
        bl_values_set(&host->world->host, BL_HOST_SQUEEZE_ROOM, i * 8 * GIB);
        host_run(host, 10 * SECOND);
        g_assert_cmpint(soft_limit(host, 1) != BL_SOFT_LIMIT_NONE, ==, i == 1);
    }
}

/* Neither whose class does not allow it, nor of whom nothing is known. */
static void test_squeeze_not(void)
{
    for (guint i = 0; i < 2; i++) {
        g_autoptr(Host) host = hard_host();
        host_class(host, "batch")->memory_squeeze = i == 1;
        host->silent[1] = i == 1;
        host_run(host, 10 * SECOND);
        g_assert_cmpint(soft_limit(host, 1), ==, BL_SOFT_LIMIT_NONE);
    }
}

/* The lowest class first, one after the other; all go on when it is over. */
static void test_pause(void)
{
    g_autoptr(Host) host = hard_host();
    host_class(host, "batch")->memory_pause = host_class(host, "standard")->memory_pause = TRUE;
    host->own = 2 * GIB - 300 * BL_MIB;
    host_run(host, 4 * SECOND);
    g_assert_false(is_paused(host, 1));
    host_run(host, 3 * SECOND);
    g_assert_true(is_paused(host, 1));
    g_assert_false(is_paused(host, 2));
    g_autofree char *text = sentence_of(host, BL_RULE_MEMORY_PAUSE);
    g_assert_nonnull(strstr(text, "memory is all but gone"));
    g_assert_nonnull(strstr(text, "batch is paused"));
    host_run(host, 12 * SECOND);
    g_assert_true(is_paused(host, 2));
    g_assert_false(is_paused(host, 0));
    host->own = 0;
    host_run(host, 13 * SECOND);
    g_assert_false(is_paused(host, 2));
    g_assert_true(is_paused(host, 1));
    host_run(host, 12 * SECOND);
    g_assert_false(is_paused(host, 1));
    g_autofree char *end = sentence_of(host, BL_RULE_MEMORY_CALM);
    g_assert_nonnull(strstr(end, "batch goes on"));
}

static void test_pause_not_allowed(void)
{
    g_autoptr(Host) host = hard_host();
    host->own = 2 * GIB - 300 * BL_MIB;
    host_run(host, 60 * SECOND);
    g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_PAUSE), ==, 0);
}

/* Ten minutes at most, and then not again for as long. */
static void test_pause_ends(void)
{
    g_autoptr(Host) host = hard_host();
    host_class(host, "batch")->memory_pause = TRUE;
    host->own = 2 * GIB - 300 * BL_MIB;
    host_run(host, 7 * SECOND);
    g_assert_true(is_paused(host, 1));
    host_run(host, 600 * SECOND);
    g_assert_false(is_paused(host, 1));
    host_run(host, 590 * SECOND);
    g_assert_false(is_paused(host, 1));
    host_run(host, 20 * SECOND);
    g_assert_true(is_paused(host, 1));
}

/* Whom an administrator lets go on meanwhile goes on. */
static void test_pause_foreign(void)
{
    g_autoptr(Host) host = hard_host();
    host_class(host, "batch")->memory_pause = TRUE;
    host->own = 2 * GIB - 300 * BL_MIB;
    host_run(host, 7 * SECOND);
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_PAUSED, 0);
    host_guest(host, 1)->state = BL_STATE_RUNNING;
    host_run(host, 60 * SECOND);
    g_assert_false(is_paused(host, 1));
    g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, BL_DECISION_CONFLICT), ==, 1);
    /* Nor is one that he has paused himself ours to let go on. */
    g_autoptr(Host) other = hard_host();
    host_class(other, "batch")->memory_pause = TRUE;
    other->own = 2 * GIB - 300 * BL_MIB;
    bl_values_set(&host_guest(other, 1)->controls, BL_DOMAIN_PAUSED, 1);
    host_guest(other, 1)->state = BL_STATE_PAUSED;
    host_run(other, 10 * SECOND);
    other->own = 0;
    host_run(other, 60 * SECOND);
    g_assert_true(is_paused(other, 1));
}

/* A pause that an earlier run made ends as one of this run. */
static void test_pause_restart(void)
{
    g_autoptr(Host) host = hard_host();
    host_class(host, "batch")->memory_pause = TRUE;
    host->own = 0;
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_PAUSED, 1);
    host_guest(host, 1)->state = BL_STATE_PAUSED;
    BlHolding holding = {.field = BL_DOMAIN_PAUSED,
                         .generation = host_guest(host, 1)->generation,
                         .original = 0,
                         .value = 1};
    g_strlcpy(holding.uuid, "00000000-0000-0000-0000-000000000001", BL_UUID_SIZE);
    g_array_append_val(host->world->holdings, holding);
    host_run(host, 5 * SECOND);
    g_assert_true(is_paused(host, 1));
    host_run(host, 10 * SECOND);
    g_assert_false(is_paused(host, 1));
}

/* Who had better move: the smallest of the lowest class whose going suffices. */
static void test_mover(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 6 * GIB;
    host_run(host, 5 * SECOND);
    g_autoptr(BlView) view = host_view(host);
    g_assert_cmpint(view->memory.short_bytes, >, 0);
    g_assert_cmpstr(view->memory.mover, ==, "db");
    g_assert_cmpint(view->memory.mover_bytes, >=, view->memory.short_bytes);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_host(text, view);
    g_assert_nonnull(
        strstr(text->str, "Move \"db\" to another host, or shut it down: that gives "));
    host->own = GIB / 4;
    host_run(host, 5 * SECOND);
    g_autoptr(BlView) after = host_view(host);
    g_assert_cmpstr(after->memory.mover, ==, "");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"squeeze", test_squeeze},
        {"squeeze-reservation", test_squeeze_reservation},
        {"squeeze-room", test_squeeze_room},
        {"squeeze-not", test_squeeze_not},
        {"pause", test_pause},
        {"pause-not-allowed", test_pause_not_allowed},
        {"pause-ends", test_pause_ends},
        {"pause-foreign", test_pause_foreign},
        {"pause-restart", test_pause_restart},
        {"mover", test_mover},
    };
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/ladder/", tests[i].name, NULL);
        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
