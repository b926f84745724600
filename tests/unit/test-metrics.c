/* What Prometheus is told: the text forms, odd names, what is unknown, the bounds, and the table in
 * docs/metrics.md. */
#include <string.h>

#include "api/metrics.h"

#define NSEC ((gint64)1000000000)

typedef struct {
    BlView *view;
    BlSample *sample;
    BlMetricsTally tally;
    BlMetricsDaemon daemon;
} World;

static void world_make(World *world)
{
    memset(world, 0, sizeof *world);
    world->view = bl_view_new();
    world->sample = bl_sample_new();
    world->view->wall_usec = 1700000000 * (gint64)1000000;
    world->view->sharing.saved_bytes = world->view->sharing.cpu = -1;
    world->daemon = (BlMetricsDaemon){.libvirt_connected = TRUE,
                                      .process_cpu_usec = 1500000,
                                      .process_resident_bytes = -1,
                                      .exposition_usec = -1};
}

static void world_clear(World *world)
{
    bl_view_free(world->view);
    bl_sample_free(world->sample);
}

/* In order of UUIDs. */
static BlDomainView *guest_add(World *world, const char *name)
{
    BlDomainView *domain = bl_domain_view_new();
    g_snprintf(domain->uuid, sizeof domain->uuid, "00000000-0000-0000-0000-%012u",
               world->view->domains->len);
    bl_name_copy(domain->name, name);
    g_strlcpy(domain->class_name, "standard", sizeof domain->class_name);
    domain->state = BL_STATE_RUNNING;
    domain->vcpus = 2;
    domain->objective = -1;
    g_ptr_array_add(world->view->domains, domain);
    g_ptr_array_add(world->sample->domains, bl_domain_sample_new(domain->uuid, name));
    return domain;
}

static void thread_add(World *world, guint guest, BlThreadRole role, guint index, gint64 run_nsec)
{
    BlDomainSample *sample = g_ptr_array_index(world->sample->domains, guest);
    BlThreadSample thread = {.role = role, .index = index};
    if (run_nsec >= 0)
        bl_values_set(&thread.values, BL_THREAD_RUN_NSEC, run_nsec);
    g_array_append_val(sample->threads, thread);
}

static void blame_add(BlDomainView *victim, BlCulpritKind kind, const char *name, gint64 usec)
{
    BlBlameView blame = {.kind = kind, .waited_usec = usec};
    bl_name_copy(blame.name, name);
    g_array_append_val(victim->blames, blame);
    victim->blame_usec += usec;
}

static char *world_text(const World *world, BlExpositionFormat format)
{
    const BlMetricsFacts facts = {world->view, world->sample, &world->tally, &world->daemon};
    g_autoptr(GBytes) bytes = bl_metrics_write(&facts, format);
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    return g_strndup(text, length);
}

static guint lines_with(const char *text, const char *begin)
{
    guint count = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        count += g_str_has_prefix(*line, begin);
    return count;
}

static void assert_line(const char *text, const char *line)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    if (!g_strv_contains((const char *const *)lines, line))
        g_error("there is no line %s in\n%s", line, text);
}

/* Families stand together, no series twice, every line ended: what Prometheus refuses. */
static void assert_wellformed(const char *text)
{
    g_autoptr(GHashTable) series = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_assert_true(g_str_has_suffix(text, "\n"));
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; line[1] != NULL; line++) {
        g_assert_cmpstr(*line, !=, "");
        if (g_str_has_prefix(*line, "# HELP "))
            g_assert_true(
                g_hash_table_add(families, g_strndup(*line + 7, strcspn(*line + 7, " "))));
        if (**line == '#')
            continue;
        const char *space = strrchr(*line, ' ');
        g_assert_nonnull(space);
        g_assert_true(g_hash_table_add(series, g_strndup(*line, (gsize)(space - *line))));
    }
}

static void test_accept(void)
{
    static const struct {
        const char *accept;
        BlExpositionFormat format;
    } cases[] = {
        {NULL, BL_EXPOSITION_TEXT},
        {"", BL_EXPOSITION_TEXT},
        {"*/*", BL_EXPOSITION_TEXT},
        {"application/openmetrics-text", BL_EXPOSITION_OPENMETRICS},
        {"Application/OpenMetrics-Text; version=1.0.0", BL_EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text;version=2.0.0", BL_EXPOSITION_TEXT},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q="
         "0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         BL_EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.5", BL_EXPOSITION_TEXT},
        {"application/openmetrics-text;q=0", BL_EXPOSITION_TEXT},
        {";,;q=,,q=1;;application/openmetrics-text", BL_EXPOSITION_TEXT},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(bl_exposition_format_of(cases[i].accept), ==, cases[i].format);
}

static void test_forms(void)
{
    static const BlFamily counter = {"a_seconds", BL_FAMILY_COUNTER, "seconds",
                                     "Of a \"kind\" \\ of\nlines"};
    static const BlFamily nothing = {"b", BL_FAMILY_GAUGE, NULL, "Not there"};
    static const char *const wanted[BL_EXPOSITION_FORMATS] = {
        "# HELP a_seconds_total Of a \"kind\" \\\\ of\\nlines\n"
        "# TYPE a_seconds_total counter\n"
        "a_seconds_total{x=\"1\"} 1.5\na_seconds_total -0.000001\na_seconds_total 10\n"
        "a_seconds_total -9223372036.854775808\n",
        "# HELP a_seconds Of a \\\"kind\\\" \\\\ of\\nlines\n"
        "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n"
        "a_seconds_total{x=\"1\"} 1.5\na_seconds_total -0.000001\na_seconds_total 10\n"
        "a_seconds_total -9223372036.854775808\n# EOF\n"};
    for (guint format = 0; format < BL_EXPOSITION_FORMATS; format++) {
        g_autoptr(BlExposition) exposition = bl_exposition_new(format);
        bl_exposition_family(exposition, &nothing);
        bl_exposition_family(exposition, &counter);
        bl_exposition_put(exposition, "x=\"1\"", 1500000, 6);
        bl_exposition_put(exposition, NULL, -1, 6);
        bl_exposition_put(exposition, "", 1000000000, 8);
        bl_exposition_put(exposition, "", G_MININT64, 9);
        bl_exposition_family(exposition, &nothing);
        g_autoptr(GBytes) bytes = bl_exposition_end(exposition);
        g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
        g_assert_cmpstr(text, ==, wanted[format]);
    }
}

static void test_histogram(void)
{
    World world;
    world_make(&world);
    bl_metrics_tally_tick(&world.tally, 500);
    bl_metrics_tally_tick(&world.tally, 501);
    bl_metrics_tally_tick(&world.tally, 9999999);
    g_autofree char *text = world_text(&world, BL_EXPOSITION_OPENMETRICS);
    assert_wellformed(text);
    assert_line(text, "ballast_tick_duration_seconds_bucket{le=\"0.0005\"} 1");
    assert_line(text, "ballast_tick_duration_seconds_bucket{le=\"0.001\"} 2");
    assert_line(text, "ballast_tick_duration_seconds_bucket{le=\"0.25\"} 2");
    assert_line(text, "ballast_tick_duration_seconds_bucket{le=\"+Inf\"} 3");
    assert_line(text, "ballast_tick_duration_seconds_sum 10.001");
    assert_line(text, "ballast_tick_duration_seconds_count 3");
    g_assert_true(g_str_has_suffix(text, "\n# EOF\n"));
    world_clear(&world);
}

static void test_odd_names(void)
{
    World world;
    world_make(&world);
    guest_add(&world, "say \"hi\"");
    guest_add(&world, "back\\slash\nline");
    guest_add(&world, "d\xc3\xa9j\xc3\xa0-\xe2\x98\x83");
    guest_add(&world, "not \xff utf-8");
    /* Longer than a view's name is. */
    g_autofree char *one = g_strnfill(200, 'x'), *other = g_strconcat(one, "y", NULL);
    guest_add(&world, one);
    guest_add(&world, other);
    g_autofree char *text = world_text(&world, BL_EXPOSITION_TEXT);
    assert_wellformed(text);
    assert_line(text, "ballast_guest_running{domain=\"say \\\"hi\\\"\",class=\"standard\"} 1");
    assert_line(text, "libvirt_domain_info_vstate{domain=\"back\\\\slash\\nline\"} 1");
    assert_line(text, "libvirt_domain_info_vstate{domain=\"d\xc3\xa9j\xc3\xa0-\xe2\x98\x83\"} 1");
    assert_line(text, "libvirt_domain_info_vstate{domain=\"not \xef\xbf\xbd utf-8\"} 1");
    g_assert_nonnull(strstr(text, other));
    world_clear(&world);
}

/* While two guests swap their names, or one is made anew, libvirt may have told of both. */
static void test_equal_names(void)
{
    World world;
    world_make(&world);
    guest_add(&world, "web-1");
    guest_add(&world, "web-1");
    g_autofree char *text = world_text(&world, BL_EXPOSITION_TEXT);
    assert_wellformed(text);
    assert_line(text, "libvirt_domain_info_vstate{domain=\"web-1\"} 1");
    assert_line(text,
                "libvirt_domain_info_vstate{domain=\"00000000-0000-0000-0000-000000000001\"} 1");
    world_clear(&world);
}

static void test_unknown_is_absent(void)
{
    World world;
    world_make(&world);
    world.view->busy = -1;
    BlDomainView *guest = guest_add(&world, "web-1");
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE);
    bl_values_set(&guest->controls, BL_DOMAIN_SOFT_LIMIT, BL_SOFT_LIMIT_NONE);
    thread_add(&world, 0, BL_ROLE_VCPU, 0, NSEC);
    thread_add(&world, 0, BL_ROLE_VCPU, 1, -1);
    g_autofree char *text = world_text(&world, BL_EXPOSITION_TEXT);
    assert_wellformed(text);
    static const char *const absent[] = {
        "ballast_guest_ready_ratio",
        "ballast_guest_objective_ratio",
        "ballast_guest_suffers",
        "ballast_guest_cpu_quota_cores",
        "ballast_guest_memory",
        "ballast_guest_vcpu_run_seconds_total",
        "ballast_host_cpu_busy_ratio",
        "ballast_boundary_state",
        "ballast_host_memory",
        "process_resident_memory_bytes",
        "ballast_sharing",
        "libvirt_domain_info_cpu_time_seconds_total",
        "libvirt_domain_vcpu_delay",
        "libvirt_domain_vcpu_time_seconds_total{domain=\"web-1\",vcpu=\"1\"}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(absent); i++) {
        if (lines_with(text, absent[i]) > 0)
            g_error("%s is told and not known", absent[i]);
    }
    assert_line(text, "libvirt_domain_vcpu_time_seconds_total{domain=\"web-1\",vcpu=\"0\"} 1");
    world_clear(&world);
}

static void test_values(void)
{
    World world;
    world_make(&world);
    world.view->mode = BL_MODE_ENFORCE;
    world.view->ready_boundary = 500;
    world.view->memory.state = BL_MEMORY_SOFT;
    world.view->memory.capacity_bytes = -1;
    world.tally.decisions[BL_RULE_TRIAGE_CAP][BL_DECISION_FAILED] = 7;
    BlDomainView *guest = guest_add(&world, "web-1");
    guest->stale = guest->suffers = TRUE;
    guest->objective = 100;
    guest->foreign = 5;
    guest->state = BL_STATE_PAUSED;
    bl_values_set(&guest->figures, BL_FIGURE_READY, 501);
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_QUOTA, 150000);
    bl_values_set(&guest->controls, BL_DOMAIN_THROTTLED_NSEC, 2500 * (gint64)1000000);
    thread_add(&world, 0, BL_ROLE_VCPU, 0, NSEC);
    thread_add(&world, 0, BL_ROLE_VCPU, 1, 2 * NSEC);
    thread_add(&world, 0, BL_ROLE_VCPU, 1, 5 * NSEC);
    thread_add(&world, 0, BL_ROLE_EMULATOR, 0, NSEC / 4);
    g_autofree char *text = world_text(&world, BL_EXPOSITION_TEXT);
    static const char *const lines[] = {
        "ballast_mode{mode=\"enforce\"} 1",
        "ballast_mode{mode=\"observe\"} 0",
        "ballast_boundary_state{boundary=\"cpu\",state=\"contended\"} 1",
        "ballast_boundary_state{boundary=\"cpu\",state=\"clear\"} 0",
        "ballast_boundary_state{boundary=\"memory\",state=\"soft\"} 1",
        "ballast_boundary_state{boundary=\"memory\",state=\"hard\"} 0",
        "ballast_decisions_total{rule=\"triage-cap\",state=\"failed\"} 7",
        "ballast_decisions_total{rule=\"triage-cap\",state=\"applied\"} 0",
        "ballast_guests{state=\"paused\"} 1",
        "ballast_guest_stale{domain=\"web-1\",class=\"standard\"} 1",
        "ballast_guest_suffers{domain=\"web-1\",class=\"standard\"} 1",
        "ballast_guest_running{domain=\"web-1\",class=\"standard\"} 0",
        "ballast_guest_objective_ratio{domain=\"web-1\",class=\"standard\"} 0.01",
        "ballast_guest_ready_ratio{domain=\"web-1\",class=\"standard\"} 0.0501",
        "ballast_guest_foreign_controls{domain=\"web-1\",class=\"standard\"} 2",
        "ballast_guest_cpu_quota_cores{domain=\"web-1\",class=\"standard\"} 1.5",
        "ballast_guest_throttled_seconds_total{domain=\"web-1\",class=\"standard\"} 2.5",
        "ballast_guest_vcpu_run_seconds_total{domain=\"web-1\",class=\"standard\"} 8",
        "libvirt_domain_info_cpu_time_seconds_total{domain=\"web-1\"} 8.25",
        "libvirt_domain_vcpu_time_seconds_total{domain=\"web-1\",vcpu=\"1\"} 2",
        "libvirt_domain_info_vstate{domain=\"web-1\"} 3",
        "process_cpu_seconds_total 1.5",
        "libvirt_up 1",
    };
    assert_wellformed(text);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        assert_line(text, lines[i]);
    g_assert_cmpuint(lines_with(text, "ballast_host_memory_capacity"), ==, 0);
    g_assert_cmpuint(lines_with(text, "ballast_decisions_total"), ==,
                     BL_RULE_COUNT * BL_DECISION_STATES);
    world_clear(&world);
}

static void test_blame_is_bounded(void)
{
    World world;
    world_make(&world);
    for (guint i = 0; i < BL_METRICS_VICTIMS + 10; i++) {
        g_autofree char *name = g_strdup_printf("guest-%u", i);
        BlDomainView *guest = guest_add(&world, name);
        for (guint c = 0; c < BL_METRICS_CULPRITS + 3; c++) {
            g_autofree char *culprit = g_strdup_printf("culprit-%u", c);
            blame_add(guest, BL_CULPRIT_DOMAIN, culprit, 1000000 * (gint64)(100 + i) - c);
        }
        /* Of a guest that was made anew, and of a service of the same name. */
        blame_add(guest, BL_CULPRIT_DOMAIN, "culprit-0", 500000);
        blame_add(guest, BL_CULPRIT_SERVICE, "culprit-0", 1);
    }
    g_autofree char *text = world_text(&world, BL_EXPOSITION_TEXT);
    assert_wellformed(text);
    g_assert_cmpuint(lines_with(text, "ballast_guest_blame_seconds{"), ==,
                     BL_METRICS_VICTIMS * BL_METRICS_CULPRITS);
    assert_line(text, "ballast_guest_blame_seconds{domain=\"guest-10\",class=\"standard\",kind="
                      "\"vm\",culprit=\"culprit-0\"} 110.5");
    g_assert_cmpuint(lines_with(text, "ballast_guest_blame_seconds{domain=\"guest-9\""), ==, 0);
    world_clear(&world);
}

static const char *type_word(BlFamilyType type)
{
    return type == BL_FAMILY_COUNTER     ? "counter"
           : type == BL_FAMILY_HISTOGRAM ? "histogram"
           : type == BL_FAMILY_INFO      ? "info"
                                         : "gauge";
}

/* Every family has its row in the document, with this type and help, and no row is of another. */
static void test_documented(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "docs/metrics.md", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < BL_METRIC_COUNT; i++) {
        const BlMetricInfo info = bl_metric_info(i);
        const char *suffix = info.family.type == BL_FAMILY_COUNTER ? "_total"
                             : info.family.type == BL_FAMILY_INFO  ? "_info"
                                                                   : "";
        g_assert_nonnull(info.family.name);
        if (info.family.unit != NULL) {
            g_autofree char *end = g_strconcat("_", info.family.unit, NULL);
            g_assert_true(g_str_has_suffix(info.family.name, end));
        }
        g_autofree char *row = g_strdup_printf("| `%s%s` | %s | %s |", info.family.name, suffix,
                                               type_word(info.family.type), info.family.help);
        if (lines_with(text, row) != 1)
            g_error("docs/metrics.md has no row\n%s", row);
    }
    g_assert_cmpuint(lines_with(text, "| `"), ==, BL_METRIC_COUNT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metrics/accept", test_accept);
    g_test_add_func("/metrics/forms", test_forms);
    g_test_add_func("/metrics/histogram", test_histogram);
    g_test_add_func("/metrics/odd-names", test_odd_names);
    g_test_add_func("/metrics/equal-names", test_equal_names);
    g_test_add_func("/metrics/unknown-is-absent", test_unknown_is_absent);
    g_test_add_func("/metrics/values", test_values);
    g_test_add_func("/metrics/blame-is-bounded", test_blame_is_bounded);
    g_test_add_func("/metrics/documented", test_documented);
    return g_test_run();
}
