/* What `ballast top` is made of, below its state: the grid, the table, shots, CSV, the source. */
#include "test-api-fixture.h"

#include <math.h>
#include <string.h>

#include "top/batch.h"
#include "top/grid.h"
#include "top/source.h"
#include "top/table.h"

/* --- grid --------------------------------------------------------------------------------------
 */

static void check_row(const BlGrid *grid, int row, const char *expected)
{
    g_autofree char *text = bl_grid_to_text(grid);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpstr(lines[row], ==, expected);
}

static void test_grid_put(void)
{
    g_autoptr(BlGrid) grid = bl_grid_new(10, 3);
    g_assert_cmpint(bl_grid_put(grid, 0, 8, BL_STYLE_ALARM, "abc"), ==, 11);
    check_row(grid, 0, "        ab");
    bl_grid_put(grid, 5, 0, BL_STYLE_PLAIN, "outside");
    bl_grid_put(grid, -1, 0, BL_STYLE_PLAIN, "outside");
    bl_grid_put(grid, 1, -2, BL_STYLE_PLAIN, "abcd");
    check_row(grid, 1, "cd");
    g_assert_cmpint(grid->cells[8].style, ==, BL_STYLE_ALARM);
    bl_grid_set_style(grid, 0, -5, 100, BL_STYLE_HEAD);
    g_assert_cmpint(grid->cells[0].style, ==, BL_STYLE_HEAD);
    g_assert_cmpint(grid->cells[10].style, ==, BL_STYLE_PLAIN);
    bl_grid_clear(grid);
    check_row(grid, 0, "");
    g_autoptr(BlGrid) none = bl_grid_new(0, -3);
    bl_grid_put(none, 0, 0, BL_STYLE_PLAIN, "x");
}

/* What a guest's name may hold must neither reach the terminal nor shift what stands beside it. */
static void test_grid_hostile(void)
{
    g_autoptr(BlGrid) grid = bl_grid_new(12, 1);
    bl_grid_put(grid, 0, 0, BL_STYLE_PLAIN,
                "a\x1b[2J\xff\xe2\x80\xae"
                "b\xcc\x81"
                "\t|");
    check_row(grid, 0, "a?[2J??b??|");
    bl_grid_clear(grid);
    bl_grid_put(grid, 0, 0, BL_STYLE_PLAIN, "\xe6\xbc\xa2\xe5\xad\x97|");
    check_row(grid, 0, "\xe6\xbc\xa2\xe5\xad\x97|");
    g_assert_cmpint(bl_text_width("\xe6\xbc\xa2\xe5\xad\x97|"), ==, 5);
    g_assert_cmpuint(grid->cells[1].character, ==, 0);
    /* A wide one that does not fit is left out, not halved. */
    bl_grid_clear(grid);
    bl_grid_put(grid, 0, 11, BL_STYLE_PLAIN, "\xe6\xbc\xa2");
    check_row(grid, 0, "");
}

static void test_grid_field(void)
{
    g_autoptr(BlGrid) grid = bl_grid_new(20, 1);
    const BlField right = {0, 2, 6, TRUE}, left = {0, 10, 8, FALSE}, none = {0, 0, -4, FALSE};
    bl_grid_put_field(grid, &right, BL_STYLE_PLAIN, "1.5");
    bl_grid_put_field(grid, &left, BL_STYLE_PLAIN, "web-frontend-17");
    bl_grid_put_field(grid, &none, BL_STYLE_PLAIN, "nothing");
    check_row(grid, 0, "     1.5  web-~-17");
    bl_grid_put_field(grid, &left, BL_STYLE_PLAIN, "db");
    check_row(grid, 0, "     1.5  db");
}

static void check_wrap(const char *text, int width, const char *expected)
{
    g_autoptr(GPtrArray) lines = bl_text_wrap(text, width);
    g_ptr_array_add(lines, NULL);
    g_autofree char *joined = g_strjoinv("|", (char **)lines->pdata);
    g_assert_cmpstr(joined, ==, expected);
}

static void test_wrap(void)
{
    check_wrap("one two three four", 10, "one two|three four");
    check_wrap("one\n\ntwo", 10, "one||two");
    check_wrap("one\n", 10, "one");
    check_wrap("abcdefghijklmno", 10, "abcdefghij|klmno");
    check_wrap("  k  what this key does", 15, "  k  what this|     key does");
    check_wrap("    indented so that it is long", 16, "    indented so|    that it is|    long");
    check_wrap("", 10, "");
}

/* --- table -------------------------------------------------------------------------------------
 */

static void test_table_keys(void)
{
    guint count;
    const BlTopKey *keys = bl_top_keys(&count);
    for (guint i = 0; i < count; i++) {
        g_assert_true((keys[i].label == NULL) == (keys[i].help == NULL));
        /* One key does one thing. */
        for (guint k = 0; k < BL_TOP_KEYS && keys[i].keys[k] != 0; k++)
            g_assert_true(bl_top_key_find(keys[i].keys[k]) == &keys[i]);
    }
    g_assert_null(bl_top_key_find('~'));
    for (guint p = 0; p < BL_PANELS; p++) {
        BlPanelId panel;
        g_assert_true(bl_top_panel_find((gunichar)bl_top_panel(p)->key, &panel));
        g_assert_cmpint(panel, ==, p);
        g_assert_cmpint(bl_top_key_find((gunichar)bl_top_panel(p)->key)->act, ==, BL_ACT_PANEL);
    }
}

static void test_table_columns(void)
{
    static const char *const known[] = {"%RDY", "%MLMTD", "%USED", "MCTLSZ", "MEMSZ", "TCHD"};
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    g_autoptr(GString) heads = g_string_new(" ");
    for (guint i = 0; i < count; i++) {
        g_assert_nonnull(bl_top_column_head(&columns[i]));
        g_assert_nonnull(bl_top_column_help(&columns[i]));
        g_assert_false(g_str_has_suffix(bl_top_column_help(&columns[i]), "."));
        g_string_append_printf(heads, "%s ", bl_top_column_head(&columns[i]));
        /* Letters that sort are no other keys. */
        g_assert_true(columns[i].sort_key == 0 ||
                      bl_top_key_find((gunichar)columns[i].sort_key) == NULL);
    }
    /* Names of esxtop's, found without help. */
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree char *head = g_strdup_printf(" %s ", known[i]);
        g_assert_nonnull(strstr(heads->str, head));
    }
    /* Contention first. */
    g_assert_cmpstr(bl_top_column_head(&columns[BL_TOP_FIXED_COLUMNS]), ==, "%RDY");
}

/* The guide for people who know esxtop leaves out no column, no panel and nothing that is absent.
 */
static void test_table_guide(void)
{
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "docs", "top.md", NULL);
    g_autofree char *guide = NULL;
    g_assert_true(g_file_get_contents(path, &guide, NULL, NULL));
    for (guint i = 0; i < count; i++) {
        if (strstr(guide, bl_top_column_head(&columns[i])) == NULL)
            g_error("docs/top.md does not tell of the column %s", bl_top_column_head(&columns[i]));
    }
    for (guint p = 0; p < BL_PANELS; p++) {
        g_autofree char *key = g_strdup_printf("`%c`", bl_top_panel(p)->key);
        g_assert_nonnull(strstr(guide, key));
    }
    const BlTopAbsent *absent = bl_top_absent(&count);
    for (guint i = 0; i < count; i++) {
        g_auto(GStrv) names = g_strsplit(absent[i].name, " ", -1);
        for (guint k = 0; names[k] != NULL; k++)
            g_assert_nonnull(strstr(guide, names[k]));
    }
}

/* --- shots -------------------------------------------------------------------------------------
 */

static json_t *parsed(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (json == NULL)
        g_error("%s at %d", error.text, error.position);
    return json;
}

static const BlTopColumn *column_named(const char *head, guint *ret_index)
{
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    for (guint i = 0; i < count; i++) {
        if (strcmp(bl_top_column_head(&columns[i]), head) == 0) {
            *ret_index = i;
            return &columns[i];
        }
    }
    g_error("no column %s", head);
}

static void check_value(const BlTopShot *shot, const char *head, const char *text, double number)
{
    guint index;
    const BlTopColumn *column = column_named(head, &index);
    const BlTopGuest *guest = &g_array_index(shot->guests, BlTopGuest, 0);
    g_autofree char *shown = bl_top_value_text(column, guest->json, NULL);
    g_assert_cmpstr(shown, ==, text);
    if (isnan(number))
        g_assert_true(isnan(guest->values[index]));
    else
        g_assert_cmpfloat(guest->values[index], ==, number);
}

static void test_shot_values(void)
{
    BlTopFacts facts = {
        .vms = parsed(
            "{\"time\": \"2026-01-31T12:00:05.250Z\", \"items\": [{\"name\": \"web\", "
            "\"uuid\": \"u\", \"vcpus\": 2, \"suffers\": true, \"memoryNote\": \"no driver\", "
            "\"figures\": {\"ready\": 0.0941, \"memory.taken\": 1048576, "
            "\"memory.swap.rate\": 524288}, \"controls\": {\"cpu.quota\": null, "
            "\"cpu.idle\": 1}, \"memory\": {\"max\": 4294967296}, \"threads\": [{\"role\": "
            "\"vcpu\", \"index\": 1, \"figures\": {\"ready\": 0.5}}]}]}")};
    g_autoptr(BlTopShot) shot = bl_top_shot_new(&facts);
    g_assert_cmpint(shot->wall_usec, ==, 1769860805250000);
    check_value(shot, "%RDY", "9.41", 9.41);
    check_value(shot, "%MLMTD", "-", NAN);
    check_value(shot, "MCTLSZ", "1", 1);
    check_value(shot, "SWR/s", "0.50", 0.5);
    check_value(shot, "MEMSZ", "4096", 4096);
    check_value(shot, "QUOTA", "none", INFINITY);
    check_value(shot, "IDLE", "yes", 1);
    check_value(shot, "CLASS", "-", NAN);
    check_value(shot, "NOTE", "misses -", NAN);
    const BlTopGuest *guest = &g_array_index(shot->guests, BlTopGuest, 0);
    guint index;
    const json_t *thread = json_array_get(guest->threads, 0);
    g_autofree char *name = bl_top_thread_name(thread);
    g_autofree char *ready = bl_top_value_text(column_named("%RDY", &index), guest->json, thread);
    g_autofree char *other = bl_top_value_text(column_named("%DMD", &index), guest->json, thread);
    g_assert_cmpstr(name, ==, "vcpu 1");
    g_assert_cmpstr(ready, ==, "50.00");
    g_assert_cmpstr(other, ==, "");
}

/* Answers of any shape are shown as far as they go. */
static void test_shot_odd(void)
{
    static const char *const odd[] = {
        "{}", "{\"items\": 5}", "{\"items\": [5, null, {}]}",
        "{\"items\": [{\"name\": 5, \"figures\": [], \"threads\": {}, \"culprits\": [1, {}]}]}"};
    for (guint i = 0; i < G_N_ELEMENTS(odd); i++) {
        BlTopFacts facts = {parsed(odd[i]), parsed(odd[i]), parsed(odd[i]), parsed(odd[i]),
                            parsed(odd[i])};
        bl_top_shot_free(bl_top_shot_new(&facts));
    }
}

static void test_shot_matrix(void)
{
    BlTopFacts facts = {
        .blame = parsed(
            "{\"items\": [{\"name\": \"db\", \"uuid\": \"d\", \"waited\": 0.0, \"culprits\": []},"
            "{\"name\": \"web\", \"uuid\": \"w\", \"waited\": 2.0, \"window\": 60, \"culprits\": ["
            "{\"kind\": \"domain\", \"name\": \"batch\", \"uuid\": \"b\", \"waited\": 1.5},"
            "{\"kind\": \"kernel\", \"name\": \"\", \"uuid\": \"\", \"waited\": 0.5}]},"
            "{\"name\": \"app\", \"uuid\": \"a\", \"waited\": 3.0, \"window\": 60, \"culprits\": ["
            "{\"kind\": \"domain\", \"name\": \"app\", \"uuid\": \"a\", \"self\": true, "
            "\"waited\": 1.0},"
            "{\"kind\": \"kernel\", \"name\": \"\", \"uuid\": \"\", \"waited\": 2.0}]}]}")};
    g_autoptr(BlTopShot) shot = bl_top_shot_new(&facts);
    g_assert_cmpuint(shot->victims->len, ==, 2);
    g_assert_cmpuint(shot->culprits->len, ==, 3);
    const BlTopCulprit *first = &g_array_index(shot->culprits, BlTopCulprit, 0);
    g_assert_cmpstr(first->name, ==, "(the kernel)");
    g_assert_cmpfloat(first->seconds, ==, 2.5);
    g_assert_cmpstr(g_array_index(shot->culprits, BlTopCulprit, 1).name, ==, "batch");
    g_assert_cmpstr(g_array_index(shot->culprits, BlTopCulprit, 2).name, ==, "(itself)");
    const BlTopVictim *app = &g_array_index(shot->victims, BlTopVictim, 0);
    const BlTopVictim *web = &g_array_index(shot->victims, BlTopVictim, 1);
    g_assert_cmpstr(app->name, ==, "app");
    g_assert_cmpfloat(app->seconds[0], ==, 2.0);
    g_assert_cmpfloat(app->seconds[1], ==, 0.0);
    g_assert_cmpfloat(app->seconds[2], ==, 1.0);
    g_assert_cmpfloat(web->seconds[1], ==, 1.5);
}

/* More culprits than columns: none of the time is lost. */
static void test_shot_many_culprits(void)
{
    json_t *culprits = json_array();
    for (int i = 0; i < 200; i++) {
        g_autofree char *uuid = g_strdup_printf("%03d", i);
        json_array_append_new(culprits, json_pack("{s:s, s:s, s:s, s:f}", "kind", "domain", "name",
                                                  uuid, "uuid", uuid, "waited", 1.0));
    }
    BlTopFacts facts = {.blame = json_pack("{s:[{s:s, s:f, s:o}]}", "items", "name", "web",
                                           "waited", 200.0, "culprits", culprits)};
    g_autoptr(BlTopShot) shot = bl_top_shot_new(&facts);
    const BlTopVictim *victim = &g_array_index(shot->victims, BlTopVictim, 0);
    double sum = 0;
    g_assert_cmpuint(shot->culprits->len, ==, BL_TOP_CULPRITS_MAX);
    for (guint i = 0; i < shot->culprits->len; i++)
        sum += victim->seconds[i];
    g_assert_cmpfloat(sum, ==, 200);
    g_assert_cmpstr(g_array_index(shot->culprits, BlTopCulprit, BL_TOP_CULPRITS_MAX - 1).name, ==,
                    "(the rest)");
}

/* --- batch mode --------------------------------------------------------------------------------
 */

static BlTopShot *batch_shot(const char *items)
{
    g_autofree char *vms =
        g_strdup_printf("{\"time\": \"2026-01-31T12:00:05Z\", \"items\": [%s]}", items);
    BlTopFacts facts = {.vms = parsed(vms),
                        .status = parsed("{\"cpu\": {\"busy\": 0.5, \"pressure\": null}}")};
    return bl_top_shot_new(&facts);
}

#define WEB "{\"name\": \"w\\\"e,b\", \"uuid\": \"w\", \"figures\": {\"ready\": 0.25}}"
#define DB "{\"name\": \"db\", \"uuid\": \"d\", \"figures\": {\"ready\": 0.125}}"

static guint fields_of(const char *line)
{
    guint quotes = 0;
    for (; *line != '\0'; line++)
        quotes += *line == '"';
    return quotes / 2;
}

static void test_batch(void)
{
    g_autoptr(BlTopShot) first = batch_shot(WEB), second = batch_shot(DB),
                         both = batch_shot(DB "," WEB);
    g_autoptr(BlBatch) batch = bl_batch_new(first, "node-1");
    g_autoptr(GString) head = g_string_new(NULL), row = g_string_new(NULL),
                       gone = g_string_new(NULL);
    bl_batch_head(batch, head);
    g_assert_true(g_str_has_prefix(head->str, "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\node-1\\Physical "
                                              "Cpu(_Total)\\% Processor Time\","));
    g_assert_nonnull(strstr(head->str, "\"\\\\node-1\\Group Cpu(1:w\"\"e,b)\\% Ready\""));
    bl_batch_row(batch, both, row);
    g_assert_true(g_str_has_prefix(row->str, "\"01/31/2026 12:00:05\",\"50.00\",\"\","));
    g_assert_nonnull(strstr(row->str, ",\"25.00\","));
    g_assert_null(strstr(row->str, ",\"12.50\","));
    /* Two quotes in the head are the one of the name, doubled. */
    guint counters = 0;
    for (const char *at = head->str; (at = strstr(at, "w\"\"e,b")) != NULL; at++)
        counters++;
    g_assert_cmpuint(fields_of(head->str) - counters, ==, fields_of(row->str));
    bl_batch_row(batch, second, gone);
    g_assert_cmpuint(fields_of(gone->str), ==, fields_of(row->str));
    g_assert_null(strstr(gone->str, "25.00"));
    g_assert_cmpuint(bl_batch_left_out(batch, both), ==, 1);
    g_assert_cmpuint(bl_batch_left_out(batch, first), ==, 0);
}

/* --- the source --------------------------------------------------------------------------------
 */

static BlTopAnswer *echo(const BlTopAsk *ask, gpointer user_data)
{
    BlTopAnswer *answer = bl_top_answer_new(ask);
    answer->text = g_strdup(ask->argument);
    g_usleep(1000);
    return answer;
}

static void test_source(void)
{
    g_autoptr(BlTopSource) source = bl_top_source_new(echo, NULL);
    GPollFD fd = {bl_top_source_fd(source), G_IO_IN, 0};
    for (int i = 0; i < 50; i++) {
        g_autofree char *number = g_strdup_printf("%d", i);
        bl_top_source_ask(source, bl_top_ask_new(BL_ASK_EXPLAIN, number));
    }
    for (int i = 0; i < 50;) {
        g_assert_cmpint(g_poll(&fd, 1, 10000), ==, 1);
        g_autoptr(BlTopAnswer) answer = bl_top_source_take(source);
        if (answer != NULL)
            g_assert_cmpint((int)g_ascii_strtoll(answer->text, NULL, 10), ==, i++);
    }
    /* What was asked and not answered goes with the source. */
    for (int i = 0; i < 20; i++)
        bl_top_source_ask(source, bl_top_ask_new(BL_ASK_EXPLAIN, "x"));
}

static BlTopAnswer *ask_daemon(BlTopDaemon *daemon, BlTopAskKind kind, BlTopWhen when,
                               gboolean extras)
{
    g_autoptr(BlTopAsk) ask = bl_top_ask_new(kind, "7");
    ask->when = when;
    ask->wall_usec = 1769860800000000;
    ask->blame = ask->policy = extras;
    return bl_top_daemon_answer(ask, daemon);
}

static void test_daemon(void)
{
    Fixture fixture = {0};
    fixture_make(&fixture);
    fixture_start(&fixture);
    g_autoptr(BlTopDaemon) daemon = bl_top_daemon_new(fixture.path);
    g_autoptr(BlTopAnswer) now = ask_daemon(daemon, BL_ASK_SHOT, BL_WHEN_NEXT, TRUE);
    g_assert_null(now->error);
    g_assert_cmpuint(now->shot->guests->len, ==, 3);
    g_assert_cmpuint(now->shot->decisions->len, ==, 1);
    g_assert_cmpstr(now->shot->policy[0], ==, "version: 1");
    /* This server does not know who is to blame: it says so, and the rest stands. */
    g_assert_nonnull(json_object_get(now->shot->facts.blame, "lacking"));
    /* A server that does not know of history answers with the present: that must not pass. */
    g_autoptr(BlTopAnswer) past = ask_daemon(daemon, BL_ASK_SHOT, BL_WHEN_AT, FALSE);
    g_assert_null(past->shot);
    g_assert_nonnull(strstr(past->error, "keeps no history"));
    g_autoptr(BlTopAnswer) why = ask_daemon(daemon, BL_ASK_EXPLAIN, BL_WHEN_NEXT, FALSE);
    g_assert_cmpstr(why->text, ==, "It waits.\n");
    g_autoptr(BlTopAnswer) approved = ask_daemon(daemon, BL_ASK_APPROVE, BL_WHEN_NEXT, FALSE);
    g_assert_nonnull(approved->error);
    fixture_stop(&fixture);
    g_autoptr(BlTopAnswer) down = ask_daemon(daemon, BL_ASK_SHOT, BL_WHEN_NEXT, FALSE);
    g_assert_nonnull(strstr(down->error, "no daemon answers"));
    fixture_free(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/top/grid/put", test_grid_put);
    g_test_add_func("/top/grid/hostile", test_grid_hostile);
    g_test_add_func("/top/grid/field", test_grid_field);
    g_test_add_func("/top/grid/wrap", test_wrap);
    g_test_add_func("/top/table/keys", test_table_keys);
    g_test_add_func("/top/table/columns", test_table_columns);
    g_test_add_func("/top/table/guide", test_table_guide);
    g_test_add_func("/top/shot/values", test_shot_values);
    g_test_add_func("/top/shot/odd", test_shot_odd);
    g_test_add_func("/top/shot/matrix", test_shot_matrix);
    g_test_add_func("/top/shot/many-culprits", test_shot_many_culprits);
    g_test_add_func("/top/batch", test_batch);
    g_test_add_func("/top/source", test_source);
    g_test_add_func("/top/daemon", test_daemon);
    return g_test_run();
}
