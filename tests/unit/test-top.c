/* The state of `ballast top`: keys and answers go in, screens and asks come out. */
#include <math.h>
#include <string.h>

#include "top/screen.h"

static BlGrid *grid;

static json_t *guest_new(const char *name, const char *uuid, double ready)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:f, s:b, s:i, s:{s:o, s:f}, s:{s:n, s:i},"
                     " s:[{s:s, s:i, s:{s:f}}, {s:s, s:i, s:{s:f}}]}",
                     "name", name, "uuid", uuid, "state", "running", "class",
                     name[0] == 'b' ? "batch" : "critical", "vcpus", 2, "objective", 0.01,
                     "suffers", ready > 0.01, "changesInForce", name[0] == 'b', "figures", "ready",
                     ready < 0 ? json_null() : json_real(ready), "used", 0.5, "controls",
                     "cpu.quota", "cpu.shares", 100, "threads", "role", "vcpu", "index", 0,
                     "figures", "ready", 0.25, "role", "vcpu", "index", 1, "figures", "ready", 0.5);
}

static json_t *decision_new(int id, const char *uuid, const char *state, const char *field,
                            gboolean is_undo)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:i, s:i}, s:i, s:b, s:s}", "id",
                     id, "time", "2026-01-31T12:00:00.000Z", "uuid", uuid, "target", "batch-1",
                     "victim", "web-1", "rule", "triage.idle", "state", state, "action", "field",
                     field, "from", 0, "to", 1, "undo", 0, "isUndo", is_undo, "sentence",
                     "web-1 waited; batch-1 is set to idle priority.");
}

static BlTopShot *shot_new(gboolean turned)
{
    json_t *items =
        json_pack("[o, o, o]", guest_new("web-1", "u1", turned ? 0.001 : 0.094),
                  guest_new("batch-1", "u2", turned ? 0.5 : 0.02), guest_new("db-1", "u3", -1));
    json_t *decisions =
        json_pack("[o, o, o]", decision_new(1, "u2", "effective", "cpu.idle", FALSE),
                  decision_new(2, "u2", "applied", "cpu.shares", FALSE),
                  decision_new(3, "u2", "proposed", "cpu.quota", FALSE));
    BlTopFacts facts = {
        .status = json_pack("{s:s, s:s, s:{s:f, s:i, s:i, s:f, s:n}, s:{s:s}, s:i, s:i}", "host",
                            "node-1", "mode", "advise", "cpu", "readyBoundary", 0.05, "cpus", 2,
                            "vcpus", 6, "busy", 0.98, "pressure", "memory", "state", "hard",
                            "changesInForce", 2, "proposals", 1),
        .vms = json_pack("{s:s, s:o}", "time", "2026-01-31T12:00:05.000Z", "items", items),
        .decisions = json_pack("{s:o}", "items", decisions)};
    g_assert_nonnull(facts.status);
    return bl_top_shot_new(&facts);
}

static void give_shot(BlTop *top, BlTopShot *shot)
{
    BlTopAsk ask = {.kind = BL_ASK_SHOT};
    BlTopAnswer *answer = bl_top_answer_new(&ask);
    answer->shot = shot;
    bl_top_take(top, answer);
}

static void give_shot_at(BlTop *top, BlTopShot *shot)
{
    BlTopAsk ask = {.kind = BL_ASK_SHOT, .when = BL_WHEN_AT};
    BlTopAnswer *answer = bl_top_answer_new(&ask);
    answer->shot = shot;
    bl_top_take(top, answer);
}

static void give_error(BlTop *top, BlTopAskKind kind, BlTopWhen when, const char *error)
{
    BlTopAsk ask = {.kind = kind, .when = when};
    BlTopAnswer *answer = bl_top_answer_new(&ask);
    answer->error = g_strdup(error);
    bl_top_take(top, answer);
}

static BlTop *top_new(void)
{
    BlTop *top = bl_top_new("ballastd.sock", FALSE, 2000000);
    give_shot(top, shot_new(FALSE));
    return top;
}

static void type(BlTop *top, const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text))
        bl_top_key(top, g_utf8_get_char(text));
}

static char *screen_of(BlTop *top, int width, int height)
{
    bl_grid_free(grid);
    grid = bl_grid_new(width, height);
    bl_screen_draw(top, grid);
    return bl_grid_to_text(grid);
}

static void expect(BlTop *top, const char *text)
{
    g_autofree char *screen = screen_of(top, 100, 30);
    if (strstr(screen, text) == NULL)
        g_error("\"%s\" is not on the screen:\n%s", text, screen);
}

static void expect_no(BlTop *top, const char *text)
{
    g_autofree char *screen = screen_of(top, 100, 30);
    if (strstr(screen, text) != NULL)
        g_error("\"%s\" is on the screen:\n%s", text, screen);
}

/* The names on the panel of guests, from above; the one under the cursor in brackets. */
static char *names_of(BlTop *top)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < top->lines->len; i++) {
        const BlTopLine *line = &g_array_index(top->lines, BlTopLine, i);
        const char *name = g_array_index(top->shot->guests, BlTopGuest, line->item).name;
        g_autofree char *text =
            line->thread < 0 ? g_strdup(name) : g_strdup_printf("+%d", line->thread);
        gboolean chosen = i == bl_top_place(top)->cursor;
        g_string_append_printf(out, chosen ? "%s[%s]" : "%s%s", i > 0 ? " " : "", text);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void expect_names(BlTop *top, const char *names)
{
    g_autofree char *got = names_of(top);
    g_assert_cmpstr(got, ==, names);
}

static BlTopAsk *expect_ask(BlTop *top, BlTopAskKind kind)
{
    BlTopAsk *ask = bl_top_next_ask(top);
    g_assert_nonnull(ask);
    g_assert_cmpint(ask->kind, ==, kind);
    return ask;
}

static void expect_no_ask(BlTop *top)
{
    g_assert_null(bl_top_next_ask(top));
}

/* Health at a glance, on every panel. */
static void test_head(void)
{
    g_autoptr(BlTop) top = top_new();
    for (const char *key = "cmpbl?x"; *key != '\0'; key++) {
        bl_top_key(top, (gunichar)*key);
        expect(top, "top node-1  2026-01-31 12:00:05Z  advise");
        expect(top, "cpu     CONTENDED 1 of 3 wait > 5 %; 98 % of 2 CPUs busy");
        expect(top, "memory  HARD");
        expect(top, "suffer  2         web-1 waits 9.4 % (may 1 %)");
        expect(top, "1 PROPOSED; 12:00:00 batch-1: cpu.quota");
    }
}

/* The cursor stays with its guest, wherever that goes; unknown stands last either way. */
static void test_sort(void)
{
    g_autoptr(BlTop) top = top_new();
    expect_names(top, "[web-1] batch-1 db-1");
    give_shot(top, shot_new(TRUE));
    expect_names(top, "batch-1 [web-1] db-1");
    type(top, "o");
    expect_names(top, "[web-1] batch-1 db-1");
    expect(top, "3 guests by %RDY, reversed");
    type(top, "N");
    expect_names(top, "batch-1 db-1 [web-1]");
    type(top, "N");
    expect_names(top, "[web-1] db-1 batch-1");
    type(top, "R");
    expect_names(top, "batch-1 [web-1] db-1");
    /* By any column: to the left is the class. */
    bl_top_key(top, BL_KEY_LEFT);
    type(top, "o");
    expect(top, "sorted by CLASS, A first");
    expect_names(top, "batch-1 db-1 [web-1]");
}

static void test_expand(void)
{
    g_autoptr(BlTop) top = top_new();
    bl_top_key(top, BL_KEY_DOWN);
    type(top, "e");
    expect_names(top, "web-1 [batch-1] +0 +1 db-1");
    expect(top, "vcpu 1");
    bl_top_key(top, BL_KEY_DOWN);
    give_shot(top, shot_new(TRUE));
    expect_names(top, "batch-1 [+0] +1 web-1 db-1");
    /* Back to the guest when its thread goes. */
    bl_top_key(top, BL_KEY_ENTER);
    expect_names(top, "[batch-1] web-1 db-1");
}

static void test_move(void)
{
    g_autoptr(BlTop) top = top_new();
    bl_top_key(top, BL_KEY_UP);
    expect_names(top, "[web-1] batch-1 db-1");
    bl_top_key(top, BL_KEY_END);
    expect_names(top, "web-1 batch-1 [db-1]");
    type(top, "j");
    expect_names(top, "web-1 batch-1 [db-1]");
    bl_top_key(top, BL_KEY_PAGE_UP);
    type(top, "Gkg");
    expect_names(top, "[web-1] batch-1 db-1");
    /* Each panel keeps its place. */
    bl_top_key(top, BL_KEY_DOWN);
    type(top, "lc");
    expect_names(top, "web-1 [batch-1] db-1");
    for (int i = 0; i < 50; i++)
        bl_top_key(top, BL_KEY_RIGHT);
    expect(top, "batch-1: NOTE");
    for (int i = 0; i < 50; i++)
        bl_top_key(top, BL_KEY_LEFT);
    expect(top, "batch-1: u2");
}

static void test_filter(void)
{
    g_autoptr(BlTop) top = top_new();
    type(top, "/WEB");
    expect_names(top, "[web-1]");
    expect(top, "1 of 3 guests by %RDY; filter \"WEB\"");
    bl_top_key(top, BL_KEY_ESCAPE);
    expect_names(top, "[web-1] batch-1 db-1");
    type(top, "/batchx");
    expect(top, "No guest fits the filter.");
    bl_top_key(top, BL_KEY_BACKSPACE);
    bl_top_key(top, BL_KEY_ENTER);
    expect_names(top, "[batch-1]");
    /* Also what comes later, and the log. */
    give_shot(top, shot_new(TRUE));
    expect_names(top, "[batch-1]");
    type(top, "l/none\n");
    expect(top, "No decision fits the filter.");
    type(top, "c/");
    bl_top_key(top, BL_KEY_CONTROL_U);
    bl_top_key(top, BL_KEY_ENTER);
    g_assert_cmpuint(top->lines->len, ==, 3);
}

static void test_fields(void)
{
    g_autoptr(BlTop) top = top_new();
    expect(top, "%MLMTD");
    type(top, "f");
    expect(top, " * D %MLMTD");
    type(top, "D");
    expect(top, "   D %MLMTD");
    type(top, "q");
    g_assert_false(top->quit);
    expect_no(top, "%MLMTD");
    /* In memory they are others. */
    type(top, "mf");
    expect(top, " * B SWR/s");
    type(top, "\n"
              "lf");
    expect(top, "the columns of this panel are fixed");
}

static void test_explain(void)
{
    g_autoptr(BlTop) top = top_new();
    type(top, "x");
    expect(top, "web-1: %RDY 9.40: ready time of the worst vCPU");
    expect(top, "Beside esxtop: of the worst vCPU");
    g_autoptr(BlTopAsk) ask = expect_ask(top, BL_ASK_EXPLAIN);
    g_assert_cmpstr(ask->argument, ==, "u1");
    BlTopAnswer *answer = bl_top_answer_new(ask);
    answer->text = g_strdup("It waits for batch-1.");
    bl_top_take(top, answer);
    expect(top, "It waits for batch-1.");
    type(top, "q");
    expect_no(top, "It waits for batch-1.");
    g_assert_false(top->quit);
    type(top, "lx");
    expect(top, "action   cpu.quota from");
}

static void test_confirm(void)
{
    g_autoptr(BlTop) top = top_new();
    /* Made for the one who suffers; and what changes the other. */
    type(top, "a");
    expect(top, "Approve decision 3?");
    type(top, "n");
    bl_top_key(top, BL_KEY_END);
    type(top, "a");
    expect(top, "nothing is proposed for this guest");
    bl_top_key(top, BL_KEY_UP);
    type(top, "a");
    expect(top, "Approve decision 3?");
    expect(top, "batch-1 is set to idle priority.");
    type(top, "n");
    expect(top, "nothing was changed");
    expect_no_ask(top);
    type(top, "ay");
    g_autoptr(BlTopAsk) approve = expect_ask(top, BL_ASK_APPROVE);
    g_assert_cmpstr(approve->argument, ==, "3");
    type(top, "u");
    expect(top, "This sets cpu.shares of \"batch-1\" from 1 to 0.");
    expect(top, "1 more for this guest");
    type(top, "y");
    g_autoptr(BlTopAsk) undo = expect_ask(top, BL_ASK_UNDO);
    g_assert_cmpstr(undo->argument, ==, "2");
    /* The answer is told, and the next shot comes at once. */
    BlTopAnswer *answer = bl_top_answer_new(undo);
    answer->text = g_strdup("it is undone");
    bl_top_take(top, answer);
    expect(top, "it is undone");
    g_autoptr(BlTopAsk) next = expect_ask(top, BL_ASK_SHOT);
    give_error(top, BL_ASK_UNDO, BL_WHEN_NEXT, "it is not in force any more");
    expect(top, "it is not in force any more");
}

/* In the log the chosen line is meant, and nothing else. */
static void test_confirm_log(void)
{
    g_autoptr(BlTop) top = top_new();
    type(top, "lu");
    expect(top, "this decision is not in force");
    type(top, "ay");
    g_autoptr(BlTopAsk) approve = expect_ask(top, BL_ASK_APPROVE);
    g_assert_cmpstr(approve->argument, ==, "3");
    type(top, "jjuy");
    g_autoptr(BlTopAsk) undo = expect_ask(top, BL_ASK_UNDO);
    g_assert_cmpstr(undo->argument, ==, "1");
    type(top, "pa");
    expect(top, "choose a guest (c, m, b) or a decision (l) first");
}

/* A change that a later decision about the same field took over is not in force. */
static void test_overtaken(void)
{
    g_autoptr(BlTop) top = bl_top_new("s", FALSE, 2000000);
    BlTopFacts facts = {.vms = json_pack("{s:[o]}", "items", guest_new("batch-1", "u2", 0.5)),
                        .decisions =
                            json_pack("{s:[o, o]}", "items",
                                      decision_new(1, "u2", "effective", "cpu.idle", FALSE),
                                      decision_new(2, "u2", "applied", "cpu.idle", TRUE))};
    give_shot(top, bl_top_shot_new(&facts));
    type(top, "u");
    expect(top, "no change of Ballast is in force on this guest");
    type(top, "lju");
    expect(top, "this decision is not in force");
}

static void check_moment(BlTop *top, const char *typed, gint64 wall_usec)
{
    g_autofree char *keys = g_strdup_printf("t%s\n", typed);
    type(top, keys);
    g_autoptr(BlTopAsk) ask = expect_ask(top, BL_ASK_SHOT);
    g_assert_cmpint(ask->when, ==, BL_WHEN_AT);
    g_assert_cmpint(ask->wall_usec, ==, wall_usec);
}

static void test_time(void)
{
    const gint64 shown = 1769860805000000;
    g_autoptr(BlTop) top = top_new();
    check_moment(top, "11:59:05", shown - 60000000);
    check_moment(top, "30s", shown - 30000000);
    check_moment(top, "-30s", shown - 30000000);
    check_moment(top, "+1min", shown + 60000000);
    check_moment(top, "2026-01-30T12:00:05Z", shown - 86400000000);
    g_assert_true(bl_top_is_live(top));
    give_shot_at(top, shot_new(TRUE));
    g_assert_false(bl_top_is_live(top));
    expect(top, "PAST, step 2 s");
    /* One of now that was on its way comes too late. */
    give_shot(top, shot_new(FALSE));
    expect_names(top, "batch-1 [web-1] db-1");
    type(top, "[");
    g_autoptr(BlTopAsk) back = expect_ask(top, BL_ASK_SHOT);
    g_assert_cmpint(back->wall_usec, ==, shown - 2000000);
    type(top, "tyesterday\n");
    expect(top, "\"yesterday\" is no moment");
    expect_no_ask(top);
    /* The past is not changed. */
    type(top, "a");
    expect(top, "this is the past");
    give_error(top, BL_ASK_SHOT, BL_WHEN_AT, "this daemon keeps no history");
    expect(top, "this daemon keeps no history");
    type(top, " ");
    g_autoptr(BlTopAsk) now = expect_ask(top, BL_ASK_SHOT);
    g_assert_cmpint(now->when, ==, BL_WHEN_NEXT);
    g_assert_true(bl_top_is_live(top));
    type(top, " ");
    g_assert_false(bl_top_is_live(top));
    type(top, "t\n");
    g_assert_true(bl_top_is_live(top));
}

static void test_interval(void)
{
    g_autoptr(BlTop) top = top_new();
    type(top, "s5\n");
    expect(top, "every 5 s");
    type(top, "s500ms\n");
    expect(top, "every 500 ms");
    type(top, "s0\n");
    expect(top, "\"0\" is no interval");
    g_assert_cmpint(top->interval_usec, ==, 500000);
}

/* Devices have panels, of guests like the others; a key that does nothing says so. */
static void test_devices(void)
{
    g_autoptr(BlTop) top = top_new();
    type(top, "d");
    expect(top, "LATRD");
    g_assert_cmpint(top->panel, ==, BL_PANEL_DISK);
    type(top, "n");
    expect(top, "DROP/s");
    type(top, "~");
    expect(top, "no key does this");
    type(top, "b");
    expect(top, "asking");
    g_autoptr(BlTopAsk) ask = expect_ask(top, BL_ASK_SHOT);
    g_assert_true(ask->blame);
}

static void test_trouble(void)
{
    g_autoptr(BlTop) top = bl_top_new("ballastd.sock", FALSE, 2000000);
    expect(top, "Asking");
    give_error(top, BL_ASK_SHOT, BL_WHEN_NEXT, "no daemon answers");
    expect(top, "Nothing to show");
    expect(top, "no daemon answers");
    type(top, "ejjGoxaut[/x\n");
    give_shot(top, shot_new(FALSE));
    type(top, "/");
    bl_top_key(top, BL_KEY_CONTROL_U);
    type(top, "\n");
    expect_no(top, "no daemon answers");
    give_error(top, BL_ASK_SHOT, BL_WHEN_NEXT, "no daemon answers");
    expect(top, "NO NEW FIGURES");
    expect(top, "web-1");
}

static void test_help(void)
{
    g_autoptr(BlTop) top = top_new();
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    g_autofree char *help = bl_top_help_text(top);
    for (guint i = 0; i < count; i++) {
        if ((columns[i].panels & 1u << BL_PANEL_CPU) != 0)
            g_assert_nonnull(strstr(help, bl_top_column_help(&columns[i])));
    }
    g_assert_nonnull(strstr(help, "%CSTP"));
    type(top, "?");
    expect(top, "PANELS");
    bl_top_key(top, BL_KEY_END);
    expect_no(top, "PANELS");
    bl_top_key(top, BL_KEY_HOME);
    expect(top, "PANELS");
    type(top, "z");
    expect_no(top, "PANELS");
}

/* Nothing is told by colour alone: marks and words are in the text. */
static void test_marks(void)
{
    g_autoptr(BlTop) top = top_new();
    g_autofree char *screen = screen_of(top, 80, 24);
    g_assert_nonnull(strstr(screen, "\n>!web-1 "));
    g_assert_nonnull(strstr(screen, "\n !batch-1 "));
    g_assert_nonnull(strstr(screen, "\n  db-1 "));
    g_assert_nonnull(strstr(screen, "[c CPU]"));
    give_shot(top, shot_new(TRUE));
    g_autofree char *later = screen_of(top, 80, 24);
    g_assert_nonnull(strstr(later, "\n> web-1 "));
}

/* Every size, also silly ones, over every panel and what may stand over it. */
static void test_sizes(void)
{
    static const char *const keys[] = {"c", "m", "p", "b", "l", "?", "cf", "ce", "cx", "c/a", "lx"};
    for (guint k = 0; k < G_N_ELEMENTS(keys); k++) {
        g_autoptr(BlTop) top = top_new();
        type(top, keys[k]);
        for (int width = 1; width < 140; width += 3) {
            for (int height = 1; height < 40; height += 3) {
                g_autofree char *screen = screen_of(top, width, height);
                g_assert_nonnull(screen);
            }
        }
    }
}

/* Any keys in any order, with answers between them. */
static void test_any_keys(void)
{
    static const gunichar specials[] = {
        BL_KEY_UP,   BL_KEY_DOWN, BL_KEY_LEFT,  BL_KEY_RIGHT,  BL_KEY_PAGE_UP,   BL_KEY_PAGE_DOWN,
        BL_KEY_HOME, BL_KEY_END,  BL_KEY_ENTER, BL_KEY_ESCAPE, BL_KEY_BACKSPACE, 0x6f22};
    g_autoptr(GRand) random = g_rand_new_with_seed(20260131);
    g_autoptr(BlTop) top = bl_top_new("s", FALSE, 2000000);
    for (int i = 0; i < 30000; i++) {
        gunichar key = g_rand_boolean(random)
                           ? (gunichar)g_rand_int_range(random, 1, 0x80)
                           : specials[g_rand_int_range(random, 0, G_N_ELEMENTS(specials))];
        bl_top_key(top, key);
        if (i % 7 == 0)
            give_shot(top, i % 3 == 0 ? bl_top_shot_new(&(BlTopFacts){0}) : shot_new(i % 2 == 0));
        if (i % 11 == 0)
            give_error(top, g_rand_int_range(random, 0, 4), BL_WHEN_AT, "no");
        if (i % 5 == 0) {
            g_autofree char *screen =
                screen_of(top, g_rand_int_range(random, 30, 120), g_rand_int_range(random, 8, 40));
        }
        BlTopAsk *ask;
        while ((ask = bl_top_next_ask(top)) != NULL)
            bl_top_ask_free(ask);
        g_assert_cmpuint(bl_top_place(top)->cursor, <=, MAX(top->lines->len, 1) - 1);
        top->quit = FALSE;
    }
}

/* A thousand guests: a new shot taken over and drawn, median of 21. */
static int longer(gconstpointer left, gconstpointer right)
{
    const gint64 *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static void test_thousand(void)
{
    g_autoptr(BlTop) top = bl_top_new("s", FALSE, 2000000);
    gint64 times[21];
    for (guint round = 0; round < G_N_ELEMENTS(times); round++) {
        json_t *items = json_array();
        for (int i = 0; i < 1000; i++) {
            g_autofree char *name = g_strdup_printf("guest-%04d", i);
            json_array_append_new(items,
                                  guest_new(name, name, (i * 7919 + (int)round) % 1000 / 1e3));
        }
        BlTopFacts facts = {.vms = json_pack("{s:o}", "items", items)};
        BlTopShot *shot = bl_top_shot_new(&facts);
        gint64 start = g_get_monotonic_time();
        give_shot(top, shot);
        g_autofree char *screen = screen_of(top, 200, 60);
        times[round] = g_get_monotonic_time() - start;
    }
    qsort(times, G_N_ELEMENTS(times), sizeof times[0], longer);
    g_test_message("a thousand guests: %" G_GINT64_FORMAT " us", times[10]);
    g_assert_cmpint(times[10], <, 20000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/top/head", test_head);
    g_test_add_func("/top/sort", test_sort);
    g_test_add_func("/top/expand", test_expand);
    g_test_add_func("/top/move", test_move);
    g_test_add_func("/top/filter", test_filter);
    g_test_add_func("/top/fields", test_fields);
    g_test_add_func("/top/explain", test_explain);
    g_test_add_func("/top/confirm", test_confirm);
    g_test_add_func("/top/confirm-log", test_confirm_log);
    g_test_add_func("/top/overtaken", test_overtaken);
    g_test_add_func("/top/time", test_time);
    g_test_add_func("/top/interval", test_interval);
    g_test_add_func("/top/devices", test_devices);
    g_test_add_func("/top/trouble", test_trouble);
    g_test_add_func("/top/help", test_help);
    g_test_add_func("/top/marks", test_marks);
    g_test_add_func("/top/sizes", test_sizes);
    g_test_add_func("/top/any-keys", test_any_keys);
    g_test_add_func("/top/thousand", test_thousand);
    int code = g_test_run();
    bl_grid_free(grid);
    return code;
}
