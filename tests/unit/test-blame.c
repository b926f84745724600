/* Blame: who ran while a guest waited, and that only those pay. */
#include "core/blame.h"
#include "core/explain.h"
#include "model/codec.h"
#include "world.h"

#define SECOND ((gint64)1000000)
#define MSEC_NSEC ((gint64)1000000)

/* --- the book ----------------------------------------------------------------------------------
 */

static BlBlameBook book;
static BlDomainSample *sample;

static void book_begin(void)
{
    bl_blame_book_init(&book);
    sample = bl_domain_sample_new("00000000-0000-0000-0000-000000000000", "web");
    sample->blame_known = TRUE;
}

static void book_end(void)
{
    bl_blame_book_clear(&book);
    bl_domain_sample_free(sample);
}

static void blame_set(BlCulpritKind kind, const char *culprit, gint64 waited_nsec)
{
    for (guint i = 0; i < sample->blames->len; i++) {
        BlBlame *known = &g_array_index(sample->blames, BlBlame, i);
        if (known->kind == kind && g_str_equal(known->culprit, culprit)) {
            known->waited_nsec = waited_nsec;
            return;
        }
    }
    BlBlame blame = {.kind = kind, .waited_nsec = waited_nsec};
    g_strlcpy(blame.culprit, culprit, sizeof blame.culprit);
    guint at = 0;
    while (at < sample->blames->len &&
           bl_blame_order(&g_array_index(sample->blames, BlBlame, at), &blame) < 0)
        at++;
    g_array_insert_val(sample->blames, at, blame);
}

static gint64 waited(const char *culprit, gint64 window_usec)
{
    return bl_blame_waited(&book, BL_CULPRIT_SERVICE, culprit, window_usec);
}

static void test_windows(void)
{
    book_begin();
    for (gint64 i = 0; i <= 30; i++) {
        blame_set(BL_CULPRIT_SERVICE, "a", (i + 1) * MSEC_NSEC);
        if (i >= 29)
            blame_set(BL_CULPRIT_SERVICE, "b", (i - 28) * 7 * MSEC_NSEC);
        bl_blame_update(&book, sample, SECOND + i * SECOND / 10);
    }
    g_assert_cmpint(waited("a", SECOND), ==, 10 * MSEC_NSEC);
    g_assert_cmpint(waited("a", SECOND / 5), ==, 2 * MSEC_NSEC);
    /* It came between two readings, so all of it is new. */
    g_assert_cmpint(waited("b", SECOND), ==, 14 * MSEC_NSEC);
    g_assert_cmpint(waited("c", SECOND), ==, 0);
    /* Nothing was read: the last reading stands. */
    sample->blame_known = FALSE;
    bl_blame_update(&book, sample, 10 * SECOND);
    g_assert_cmpint(book.read_usec, ==, 4 * SECOND);
    g_assert_cmpint(waited("a", SECOND), ==, 10 * MSEC_NSEC);
    /* A culprit that is not told of any more is forgotten. */
    sample->blame_known = TRUE;
    g_array_remove_index(sample->blames, 0);
    bl_blame_update(&book, sample, 10 * SECOND);
    g_assert_cmpuint(book.tracks->len, ==, 1);
    book_end();
}

static void test_first_reading_blames_nobody(void)
{
    book_begin();
    blame_set(BL_CULPRIT_SERVICE, "a", 500 * MSEC_NSEC);
    bl_blame_update(&book, sample, SECOND);
    g_assert_cmpint(waited("a", SECOND), ==, 0);
    bl_blame_update(&book, sample, 2 * SECOND);
    g_assert_cmpint(waited("a", SECOND), ==, 0);
    book_end();
}

static void test_a_counter_that_shrinks_starts_anew(void)
{
    book_begin();
    blame_set(BL_CULPRIT_SERVICE, "a", 500 * MSEC_NSEC);
    bl_blame_update(&book, sample, SECOND);
    blame_set(BL_CULPRIT_SERVICE, "a", 3 * MSEC_NSEC);
    bl_blame_update(&book, sample, 2 * SECOND);
    g_assert_cmpint(waited("a", SECOND), ==, 0);
    blame_set(BL_CULPRIT_SERVICE, "a", 5 * MSEC_NSEC);
    bl_blame_update(&book, sample, 3 * SECOND);
    g_assert_cmpint(waited("a", SECOND), ==, 2 * MSEC_NSEC);
    book_end();
}

static void test_past_reaches_a_minute_back(void)
{
    gint64 span;
    book_begin();
    for (gint64 i = 0; i < 1200; i++) {
        blame_set(BL_CULPRIT_SERVICE, "a", i * MSEC_NSEC);
        bl_blame_update(&book, sample, SECOND + i * SECOND / 10);
    }
    const BlBlameTrack *track = &g_array_index(book.tracks, BlBlameTrack, 0);
    g_assert_cmpint(bl_blame_past(track, &span), ==, span / 100000 * MSEC_NSEC);
    g_assert_cmpint(span, <=, BL_BLAME_LONG_USEC);
    g_assert_cmpint(span, >, BL_BLAME_LONG_USEC - 2 * BL_BLAME_LONG_EVERY_USEC);
    book_end();
}

static void test_room_is_bounded(void)
{
    char name[BL_CULPRIT_SIZE];
    book_begin();
    for (gint64 round = 0; round < 3; round++) {
        for (guint i = 0; i < BL_BLAME_MAX; i++) {
            g_snprintf(name, sizeof name, "service-%02u", i);
            blame_set(BL_CULPRIT_SERVICE, name, round * (100 + i) * MSEC_NSEC);
        }
        bl_blame_update(&book, sample, SECOND * (round + 1));
    }
    /* One that did less than everybody is not followed; one that did more takes the place of the
     * least. */
    blame_set(BL_CULPRIT_SERVICE, "a-small-one", MSEC_NSEC);
    blame_set(BL_CULPRIT_SERVICE, "z-large-one", 900 * MSEC_NSEC);
    bl_blame_update(&book, sample, 4 * SECOND);
    g_assert_cmpuint(book.tracks->len, ==, BL_BLAME_MAX);
    g_assert_cmpint(waited("z-large-one", SECOND), ==, 900 * MSEC_NSEC);
    g_assert_cmpint(waited("a-small-one", SECOND), ==, 0);
    for (guint i = 1; i < book.tracks->len; i++)
        g_assert_cmpstr(g_array_index(book.tracks, BlBlameTrack, i - 1).culprit, <,
                        g_array_index(book.tracks, BlBlameTrack, i).culprit);
    g_assert_cmpstr(g_array_index(book.tracks, BlBlameTrack, 0).culprit, ==, "service-01");
    book_end();
}

/* --- who pays ----------------------------------------------------------------------------------
 */

typedef struct {
    World *world;
    WorldGuest *web, *noisy, *quiet;
} Scene;

/* Both neighbours are at work; one of them is in the way. */
static Scene scene_begin(const char *noisy_class)
{
    Scene scene = {.world = world_new(BL_MODE_ENFORCE)};
    scene.world->blames = TRUE;
    scene.web = world_add(scene.world, "web", "critical", 1);
    scene.noisy = world_add(scene.world, "noisy", noisy_class, 2);
    scene.quiet = world_add(scene.world, "quiet", "batch", 2);
    scene.web->run = 4000;
    scene.noisy->run = 8000;
    scene.quiet->run = 1000;
    world_run(scene.world, 2 * SECOND);
    scene.web->delay = 3000;
    scene.noisy->blamed = 2800;
    scene.quiet->blamed = 200;
    return scene;
}

static void test_the_culprit_pays(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    world_run(world, 5 * SECOND);
    g_assert_cmpint(world_control(scene.noisy, BL_DOMAIN_CPU_IDLE), ==, 1);
    g_assert_cmpuint(scene.quiet->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    const BlReason *reason = &world_last(world, BL_RULE_TRIAGE_IDLE, -1)->step.reason;
    g_assert_true(reason->blamed);
    g_assert_cmpint(reason->share, ==, 9333);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, world_last(world, BL_RULE_TRIAGE_IDLE, -1));
    g_assert_nonnull(g_strstr_len(text->str, -1, "noisy (batch) took 93.3 % of that time: "));
    /* The quiet one gets loud, and pays as well. */
    scene.quiet->run = 8000;
    scene.quiet->blamed = 2800;
    world_run(world, 3 * SECOND);
    g_assert_cmpint(world_control(scene.quiet, BL_DOMAIN_CPU_IDLE), ==, 1);
}

/* A guest of a lower class that is not in the way does not pay for one of a higher class that is.
 */
static void test_a_higher_class_pays_for_itself(void)
{
    Scene scene = scene_begin("standard");
    g_autoptr(World) world = scene.world;
    scene.quiet->blamed = 0;
    world_run(world, SECOND);
    g_assert_cmpint(world_control(scene.noisy, BL_DOMAIN_CPU_QUOTA), !=, BL_QUOTA_NONE);
    g_assert_cmpuint(scene.quiet->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
}

static void test_a_service_is_nobody_below(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    scene.noisy->blamed = scene.quiet->blamed = 10;
    world->service = 2900;
    world_run(world, 10 * SECOND);
    g_assert_cmpuint(scene.noisy->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    g_assert_cmpuint(scene.quiet->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
}

/* Of a long wait, too: those below pay from a quarter of it on, and not for a fifth. */
static void test_a_small_part_is_nobodys(void)
{
    static const struct {
        gint64 below;
        gboolean pays;
    } cases[] = {{600, FALSE}, {900, TRUE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Scene scene = scene_begin("batch");
        g_autoptr(World) world = scene.world;
        scene.noisy->blamed = cases[i].below;
        scene.quiet->blamed = 0;
        world->service = 3000 - cases[i].below;
        world_run(world, SECOND);
        g_assert_cmpint(world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_APPLIED) > 0, ==,
                        cases[i].pays);
    }
}

/* A guest whose threads wait for each other besides is not the less in the others' way. */
static void test_own_waits_hide_nobody(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    scene.web->own = 6000;
    scene.noisy->blamed = 1200;
    scene.quiet->blamed = 0;
    world_run(world, SECOND);
    g_assert_cmpint(world_control(scene.noisy, BL_DOMAIN_CPU_IDLE), ==, 1);
    /* And its own waits alone are nobody's fault. */
    scene = scene_begin("batch");
    g_autoptr(World) alone = scene.world;
    scene.web->own = 3000;
    scene.noisy->blamed = scene.quiet->blamed = 0;
    world_run(alone, 5 * SECOND);
    g_assert_cmpuint(world_count(alone, BL_RULE_TRIAGE_IDLE, -1), ==, 0);
}

/* A tenth of the window is enough to see who is in the way, before its own counters tell. */
static void test_who_is_seen_to_run_is_at_work(void)
{
    static const struct {
        gint64 blamed;
        gboolean pays;
    } cases[] = {{900, FALSE}, {1100, TRUE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Scene scene = scene_begin("batch");
        g_autoptr(World) world = scene.world;
        scene.noisy->run = scene.quiet->run = 0;
        scene.noisy->blamed = scene.quiet->blamed = 0;
        world_run(world, SECOND);
        scene.noisy->blamed = cases[i].blamed;
        scene.quiet->blamed = 0;
        world_run(world, SECOND);
        g_assert_cmpint(world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_APPLIED) > 0, ==,
                        cases[i].pays);
    }
}

/* Hooks at every switch are worth their cost while a guest that has an objective is at work. */
static void test_when_it_is_worth_knowing(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *batch = world_add(world, "batch", "batch", 2);
    batch->run = 9000;
    web->run = 100;
    world_run(world, 2 * SECOND);
    g_assert_false(bl_engine_wants_blame(world->engine));
    web->run = 1000;
    world_tick(world);
    g_assert_true(bl_engine_wants_blame(world->engine));
    web->run = 0;
    world_run(world, 2 * SECOND);
    g_assert_false(bl_engine_wants_blame(world->engine));
    /* One that only waits is at work, too; one that is paused is not. */
    web->delay = 1000;
    world_run(world, SECOND);
    g_assert_true(bl_engine_wants_blame(world->engine));
    web->state = BL_STATE_PAUSED;
    world_run(world, SECOND);
    g_assert_false(bl_engine_wants_blame(world->engine));
}

/* What is known of culprits is old: all below pay, as where nothing is known. */
static void test_old_blame_is_not_used(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    scene.noisy->blamed = scene.quiet->blamed = 0;
    world_run(world, SECOND);
    g_assert_cmpuint(scene.noisy->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    world->blames = FALSE;
    world_run(world, 2 * SECOND);
    g_assert_cmpint(world_control(scene.noisy, BL_DOMAIN_CPU_IDLE), ==, 1);
    g_assert_cmpint(world_control(scene.quiet, BL_DOMAIN_CPU_IDLE), ==, 1);
    g_assert_false(world_last(world, BL_RULE_TRIAGE_IDLE, -1)->step.reason.blamed);
}

static guint ticks_to_idle(gint64 longest_nsec)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    scene.web->longest = longest_nsec;
    for (guint i = 1; i < 20; i++) {
        world_tick(world);
        if (world_count(world, BL_RULE_TRIAGE_IDLE, -1) > 0)
            return i;
    }
    return 0;
}

/* 1 % of 200 ms are 2 ms: a single wait of that length is enough to act at once. */
static void test_a_long_wait_is_acted_upon_at_once(void)
{
    g_assert_cmpuint(ticks_to_idle(2 * MSEC_NSEC), ==, 1);
    g_assert_cmpuint(ticks_to_idle(2 * MSEC_NSEC - 1), ==, 2);
    g_assert_cmpuint(ticks_to_idle(0), ==, 2);
}

/* Its counters tell that a guest goes on before libvirt does. */
static void test_a_paused_guest_that_runs_pays(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    scene.noisy->state = BL_STATE_PAUSED;
    world_run(world, SECOND);
    g_assert_cmpint(world_control(scene.noisy, BL_DOMAIN_CPU_IDLE), ==, 1);
    scene.quiet->state = BL_STATE_UNKNOWN;
    scene.quiet->run = 8000;
    scene.quiet->blamed = 2800;
    world_run(world, SECOND);
    g_assert_cmpuint(scene.quiet->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
}

static void test_what_is_too_long(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    g_assert_cmpint(bl_engine_wait_too_long(world->engine, "00000000-0000-0000-0000-000000000000"),
                    ==, 2 * MSEC_NSEC);
    g_assert_cmpint(bl_engine_wait_too_long(world->engine, "00000000-0000-0000-0000-000000000001"),
                    ==, 0);
    g_assert_cmpint(bl_engine_wait_too_long(world->engine, "00000000-0000-0000-0000-000000000009"),
                    ==, 0);
}

static void test_view(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    world->service = 100;
    world_run(world, 2 * SECOND);
    scene.quiet->gone = TRUE;
    world_run(world, SECOND);
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    const BlDomainView *domain = bl_view_find(view, "web");
    g_assert_cmpuint(domain->blames->len, ==, 3);
    const BlBlameView *first = &g_array_index(domain->blames, BlBlameView, 0);
    g_assert_cmpstr(first->name, ==, "noisy");
    g_assert_cmpint(first->waited_usec, ==, 28 * SECOND * 3 / 100);
    /* One that is gone still did what it did. */
    g_assert_cmpstr(g_array_index(domain->blames, BlBlameView, 1).uuid, ==,
                    "00000000-0000-0000-0000-000000000002");
    g_assert_cmpstr(g_array_index(domain->blames, BlBlameView, 2).name, ==, "backup.service");
    json_t *json = bl_view_blame_to_json(domain);
    g_assert_cmpuint(json_array_size(json_object_get(json, "culprits")), ==, 3);
    g_assert_cmpfloat(json_real_value(json_object_get(json, "waited")), ==,
                      (double)domain->blame_usec / SECOND);
    json_decref(json);
}

/* A trace brings back what was recorded, and refuses what cannot have been. */
static void test_codec(void)
{
    Scene scene = scene_begin("batch");
    g_autoptr(World) world = scene.world;
    g_autoptr(GError) error = NULL;
    world->service = 100;
    world_run(world, SECOND);
    json_t *json = bl_sample_to_json(world->sample);
    g_autoptr(BlSample) back = bl_sample_from_json(json, &error);
    g_assert_no_error(error);
    const BlDomainSample *domain = g_ptr_array_index(back->domains, 0);
    g_assert_true(domain->blame_known);
    g_assert_cmpuint(domain->blames->len, ==, 3);
    g_assert_cmpstr(g_array_index(domain->blames, BlBlame, 2).culprit, ==, "backup.service");
    g_assert_cmpint(g_array_index(domain->blames, BlBlame, 2).waited_nsec, ==, world->service_nsec);
    json_t *list = json_object_get(json_array_get(json_object_get(json, "domains"), 0), "blame");
    json_array_append(list, json_array_get(list, 0));
    g_assert_null(bl_sample_from_json(json, &error));
    g_assert_nonnull(error);
    json_decref(json);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/blame/windows", test_windows);
    g_test_add_func("/blame/first-reading", test_first_reading_blames_nobody);
    g_test_add_func("/blame/counter-shrinks", test_a_counter_that_shrinks_starts_anew);
    g_test_add_func("/blame/past", test_past_reaches_a_minute_back);
    g_test_add_func("/blame/room", test_room_is_bounded);
    g_test_add_func("/blame/culprit-pays", test_the_culprit_pays);
    g_test_add_func("/blame/higher-class", test_a_higher_class_pays_for_itself);
    g_test_add_func("/blame/service", test_a_service_is_nobody_below);
    g_test_add_func("/blame/a-small-part-is-nobodys", test_a_small_part_is_nobodys);
    g_test_add_func("/blame/when-it-is-worth-knowing", test_when_it_is_worth_knowing);
    g_test_add_func("/blame/own-waits-hide-nobody", test_own_waits_hide_nobody);
    g_test_add_func("/blame/who-is-seen-to-run", test_who_is_seen_to_run_is_at_work);
    g_test_add_func("/blame/old", test_old_blame_is_not_used);
    g_test_add_func("/blame/long-wait", test_a_long_wait_is_acted_upon_at_once);
    g_test_add_func("/blame/paused", test_a_paused_guest_that_runs_pays);
    g_test_add_func("/blame/too-long", test_what_is_too_long);
    g_test_add_func("/blame/view", test_view);
    g_test_add_func("/blame/codec", test_codec);
    return g_test_run();
}
