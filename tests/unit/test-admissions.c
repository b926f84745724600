/* The daemon's answers to those who ask whether a guest fits, and the bookings of those admitted.
 */
#include "daemon/admissions.h"

#include <string.h>

#include "base/units.h"
#include "world.h"

#define GIB (1024 * BL_MIB)
#define SECOND ((gint64)BL_USEC_PER_SEC)
#define FIRST "00000000-0000-0000-0000-0000000000a1"
#define SECOND_UUID "00000000-0000-0000-0000-0000000000a2"

/* A host of 4 CPUs and 8 GiB, whose hard boundary is 7.2 GiB. */
typedef struct {
    World *world;
    BlAdmissions *admissions;
    GHashTable *overrides;
} Host;

static Host *host_new(BlMode mode)
{
    Host *host = g_new0(Host, 1);
    host->world = world_new(mode);
    host->world->cpus = 4;
    BlClass *critical = g_ptr_array_index(host->world->policy->classes, 0);
    critical->memory_reservation = BL_PERMYRIAD;
    critical->memory_ballooning = FALSE;
    bl_values_set(&host->world->host, BL_HOST_MEMORY_TOTAL, 8 * GIB);
    bl_values_set(&host->world->host, BL_HOST_MEMORY_AVAILABLE, 8 * GIB);
    host->admissions = bl_admissions_new();
    host->overrides = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    world_tick(host->world);
    return host;
}

static void host_free(Host *host)
{
    world_free(host->world);
    bl_admissions_free(host->admissions);
    g_hash_table_unref(host->overrides);
    g_free(host);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)

static void host_run(Host *host, gint64 usec)
{
    for (gint64 until = host->world->now_usec + usec; host->world->now_usec < until;) {
        world_tick(host->world);
        bl_admissions_update(host->admissions, host->world->sample);
    }
}

/* The query is "key=value&key=value". */
static const char *query(gpointer request, const char *key)
{
    g_auto(GStrv) pairs = g_strsplit(request, "&", -1);
    g_autofree char *begin = g_strconcat(key, "=", NULL);
    for (char **pair = pairs; *pair != NULL; pair++) {
        if (g_str_has_prefix(*pair, begin))
            return g_intern_string(*pair + strlen(begin));
    }
    return NULL;
}

static BlAdmissionFacts facts_of(const Host *host)
{
    return (BlAdmissionFacts){host->world->engine, host->world->policy, host->world->sample,
                              host->overrides};
}

static BlApiReply ask(const Host *host, const char *text)
{
    BlAdmissionFacts facts = facts_of(host);
    BlApiCall call = {.query = query, .request = (gpointer)text};
    return bl_admissions_fit(host->admissions, &facts, &call);
}

static void check_fit(const Host *host, const char *text, gboolean fits, const char *class_name,
                      int fitting)
{
    BlApiReply reply = ask(host, text);
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_cmpint(json_is_true(json_object_get(reply.body, "fits")), ==, fits);
    g_assert_cmpstr(json_string_value(json_object_get(reply.body, "class")), ==, class_name);
    g_assert_cmpint(json_integer_value(json_object_get(reply.body, "fitting")), ==, fitting);
    g_assert_cmpuint(json_array_size(json_object_get(reply.body, "checks")), ==, 6);
    json_decref(reply.body);
}

static void check_problem(const Host *host, const char *text, guint status, const char *words)
{
    BlApiReply reply = ask(host, text);
    const char *detail = json_string_value(json_object_get(reply.body, "detail"));
    g_assert_cmpuint(reply.status, ==, status);
    g_assert_nonnull(strstr(detail, words));
    json_decref(reply.body);
}

static void test_fit(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    bl_policy_add_assignment(host->world->policy, BL_MATCH_NAME, "db-*", 0);
    bl_policy_add_assignment(host->world->policy, BL_MATCH_METADATA, "team=ci", 2);
    bl_policy_add_assignment(host->world->policy, BL_MATCH_UUID, SECOND_UUID, 2);
    g_hash_table_replace(host->overrides, g_strdup(FIRST), g_strdup("batch"));
    check_fit(host, "memory=4GiB&vcpus=2", TRUE, "standard", 1);
    check_fit(host, "memory=4294967296&vcpus=2&class=critical", TRUE, "critical", 1);
    check_fit(host, "memory=8GiB&vcpus=2&class=critical", FALSE, "critical", 0);
    check_fit(host, "memory=2GiB&vcpus=1&class=critical&count=5", FALSE, "critical", 3);
    check_fit(host, "memory=2GiB&vcpus=1&name=db-1", TRUE, "critical", 1);
    check_fit(host, "memory=2GiB&vcpus=1&name=db-1&metadata=team=ci", TRUE, "critical", 1);
    check_fit(host, "memory=2GiB&vcpus=1&metadata=team=ci", TRUE, "batch", 1);
    check_fit(host, "memory=2GiB&vcpus=1&uuid=" FIRST, TRUE, "batch", 1);
    check_fit(host, "memory=2GiB&vcpus=1&uuid=00000000-0000-0000-0000-0000000000A2", TRUE, "batch",
              1);
    /* Whoever asks keeps no room. */
    check_fit(host, "memory=7GiB&vcpus=2&class=critical", TRUE, "critical", 1);
    check_fit(host, "memory=7GiB&vcpus=2&class=critical", TRUE, "critical", 1);
}

static void test_fit_problems(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    check_problem(host, "vcpus=2", 400, "\"memory\"");
    check_problem(host, "memory=4XiB&vcpus=2", 400, "\"memory\"");
    check_problem(host, "memory=0&vcpus=2", 400, "\"memory\"");
    check_problem(host, "memory=1025TiB&vcpus=2", 400, "\"memory\"");
    check_problem(host, "memory=1GiB", 400, "\"vcpus\"");
    check_problem(host, "memory=1GiB&vcpus=0", 400, "\"vcpus\"");
    check_problem(host, "memory=1GiB&vcpus=65537", 400, "\"vcpus\"");
    check_problem(host, "memory=1GiB&vcpus=-1", 400, "\"vcpus\"");
    check_problem(host, "memory=1GiB&vcpus=1KiB", 400, "\"vcpus\"");
    check_problem(host, "memory=1GiB&vcpus=1&count=0", 400, "\"count\"");
    check_problem(host, "memory=1GiB&vcpus=1&count=101", 400, "\"count\"");
    check_problem(host, "memory=1GiB&vcpus=1&uuid=x", 400, "\"uuid\"");
    check_problem(host, "memory=1GiB&vcpus=1&count=2&uuid=" FIRST, 400, "\"uuid\"");
    check_problem(host, "memory=1GiB&vcpus=1&metadata=x", 400, "\"metadata\"");
    check_problem(host, "memory=1GiB&vcpus=1&class=critcal", 404,
                  "no class \"critcal\"; did you mean \"critical\"? declared classes: critical, "
                  "standard, batch");
}

/* --- starts ------------------------------------------------------------------------------------
 */

static json_t *start(Host *host, const char *uuid, const char *class_name, gint64 memory)
{
    g_autofree char *entry = g_strdup_printf("class=%s", class_name);
    json_t *body =
        json_pack("{s:s, s:s, s:I, s:i, s:I, s:[s]}", "name", "new", "uuid", uuid, "memory",
                  (json_int_t)memory, "vcpus", 1, "balloon", (json_int_t)memory, "metadata", entry);
    BlAdmissionFacts facts = facts_of(host);
    BlApiCall call = {.body = body};
    BlApiReply reply = bl_admissions_admit(host->admissions, &facts, &call);
    g_assert_cmpuint(reply.status, ==, 200);
    json_decref(body);
    return reply.body;
}

static gboolean starts(Host *host, const char *uuid, const char *class_name, gint64 memory)
{
    json_t *reply = start(host, uuid, class_name, memory);
    gboolean admitted = json_is_true(json_object_get(reply, "admitted"));
    json_decref(reply);
    return admitted;
}

static void test_policy(void)
{
    static const struct {
        BlMode mode;
        BlAdmission admission;
        gboolean admitted;
        const char *words; /* NULL: nothing is said */
    } cases[] = {
        {BL_MODE_ENFORCE, BL_ADMISSION_REFUSE, FALSE, "The policy refuses its start"},
        {BL_MODE_ADVISE, BL_ADMISSION_REFUSE, TRUE, "because the mode is advise"},
        {BL_MODE_OBSERVE, BL_ADMISSION_REFUSE, TRUE, "because the mode is observe"},
        {BL_MODE_ENFORCE, BL_ADMISSION_WARN, TRUE, "starts all the same (boundaries.admission"},
        {BL_MODE_OBSERVE, BL_ADMISSION_WARN, TRUE, "starts all the same (boundaries.admission"},
        {BL_MODE_ENFORCE, BL_ADMISSION_OFF, TRUE, NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Host) host = host_new(cases[i].mode);
        host->world->policy->admission = cases[i].admission;
        json_t *reply = start(host, FIRST, "critical", 8 * GIB);
        const char *message = json_string_value(json_object_get(reply, "message"));
        const char *notice = bl_admissions_notice(host->admissions, host->world->sample);
        g_assert_cmpint(json_is_true(json_object_get(reply, "admitted")), ==, cases[i].admitted);
        g_assert_true(json_is_false(json_object_get(reply, "fits")));
        g_assert_cmpstr(notice, ==, message);
        if (cases[i].words == NULL)
            g_assert_null(message);
        else
            g_assert_nonnull(strstr(message, cases[i].words));
        json_decref(reply);
        host_run(host, 601 * SECOND);
        g_assert_null(bl_admissions_notice(host->admissions, host->world->sample));
    }
    g_autoptr(Host) roomy = host_new(BL_MODE_ENFORCE);
    json_t *reply = start(roomy, FIRST, "critical", GIB);
    g_assert_true(json_is_true(json_object_get(reply, "fits")));
    g_assert_null(json_object_get(reply, "message"));
    g_assert_null(bl_admissions_notice(roomy->admissions, roomy->world->sample));
    json_decref(reply);
}

/* Of guests that start together only as many are admitted as fit together. */
static void test_together(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    host->world->policy->admission = BL_ADMISSION_REFUSE;
    guint admitted = 0;
    for (guint i = 0; i < 10; i++) {
        char uuid[BL_UUID_SIZE];
        g_snprintf(uuid, sizeof uuid, "00000000-0000-0000-0000-%012u", 900 + i);
        admitted += starts(host, uuid, "critical", 2 * GIB) ? 1 : 0;
    }
    g_assert_cmpuint(admitted, ==, 3);
    /* One that asks again is the same guest. */
    g_assert_true(starts(host, "00000000-0000-0000-0000-000000000900", "critical", 2 * GIB));
    g_assert_false(starts(host, FIRST, "critical", 2 * GIB));
    /* None of them came. */
    host_run(host, 29 * SECOND);
    g_assert_false(starts(host, FIRST, "critical", 2 * GIB));
    host_run(host, 2 * SECOND);
    g_assert_true(starts(host, FIRST, "critical", 2 * GIB));
}

static void test_booking_of_running(void)
{
    static const char uuid[] = "00000000-0000-0000-0000-000000000000";
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    host->world->policy->admission = BL_ADMISSION_REFUSE;
    g_assert_true(starts(host, uuid, "batch", 6 * GIB));
    host_run(host, 5 * SECOND);
    WorldGuest *guest = world_add(host->world, "new", "batch", 1);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_MAX, 6 * GIB);
    bl_values_set(&guest->controls, BL_DOMAIN_BALLOON, 6 * GIB);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_RESIDENT, BL_MIB);
    bl_values_set(&host->world->host, BL_HOST_MEMORY_AVAILABLE, 8 * GIB - BL_MIB);
    /* Nothing of it shows yet, but it will need a quarter: 7.2 less 1.5 GiB are left. */
    host_run(host, 50 * SECOND);
    check_fit(host, "memory=5.5GiB&vcpus=1&class=critical", TRUE, "critical", 1);
    check_fit(host, "memory=5.75GiB&vcpus=1&class=critical", FALSE, "critical", 0);
    host_run(host, 6 * SECOND);
    check_fit(host, "memory=7GiB&vcpus=1&class=critical", TRUE, "critical", 1);
    /* Destroyed and started anew: the booking outlives the old run, and ends with the new one. */
    g_assert_true(starts(host, uuid, "critical", 6 * GIB));
    host_run(host, SECOND);
    check_fit(host, "memory=2GiB&vcpus=1&class=critical", FALSE, "critical", 0);
    guest->gone = TRUE;
    host_run(host, SECOND);
    check_fit(host, "memory=2GiB&vcpus=1&class=critical", FALSE, "critical", 0);
    guest->gone = FALSE;
    guest->generation++;
    host_run(host, SECOND);
    guest->gone = TRUE;
    host_run(host, SECOND);
    check_fit(host, "memory=7GiB&vcpus=1&class=critical", TRUE, "critical", 1);
}

/* A class set by hand holds for the guest's next start. */
static void test_override(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    g_hash_table_replace(host->overrides, g_strdup(FIRST), g_strdup("critical"));
    json_t *reply = start(host, FIRST, "batch", GIB);
    g_assert_cmpstr(json_string_value(json_object_get(reply, "class")), ==, "critical");
    json_decref(reply);
}

static void test_bodies(void)
{
    static const char *const bodies[] = {
        "{}",
        "{'name': 'a', 'uuid': 'x', 'memory': 1024, 'vcpus': 1}",
        "{'name': 'a', 'uuid': '" FIRST "', 'memory': 0, 'vcpus': 1}",
        "{'name': 'a', 'uuid': '" FIRST "', 'memory': '1GiB', 'vcpus': 1}",
        "{'name': 'a', 'uuid': '" FIRST "', 'memory': 1125899906842625, 'vcpus': 1}",
        "{'name': 'a', 'uuid': '" FIRST "', 'memory': 1024, 'vcpus': 65537}",
        "{'name': 5, 'uuid': '" FIRST "', 'memory': 1024, 'vcpus': 1}",
    };
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    BlAdmissionFacts facts = facts_of(host);
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autofree char *text = g_strdelimit(g_strdup(bodies[i]), "'", '"');
        json_t *body = json_loads(text, 0, NULL);
        g_assert_nonnull(body);
        BlApiCall call = {.body = body};
        BlApiReply reply = bl_admissions_admit(host->admissions, &facts, &call);
        g_assert_cmpuint(reply.status, ==, 400);
        json_decref(reply.body);
        json_decref(body);
    }
    /* Strange metadata and a strange balloon are left out: the guest is all the larger. */
    json_t *body = json_loads("{\"name\": \"a\", \"uuid\": \"" FIRST "\", \"memory\": 1024, "
                              "\"vcpus\": 1, \"metadata\": [1, \"class=batch\", null], "
                              "\"balloon\": -1}",
                              0, NULL);
    BlApiCall call = {.body = body};
    BlApiReply reply = bl_admissions_admit(host->admissions, &facts, &call);
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_cmpstr(json_string_value(json_object_get(reply.body, "class")), ==, "batch");
    json_decref(reply.body);
    json_decref(body);
}

/* However many ask, so many bookings are kept. */
static void test_flood(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    for (guint i = 0; i < 1000; i++) {
        char uuid[BL_UUID_SIZE];
        g_snprintf(uuid, sizeof uuid, "00000000-0000-0000-0000-%012u", 1000 + i);
        g_assert_true(starts(host, uuid, "batch", 64 * BL_MIB));
    }
    BlApiReply reply = ask(host, "memory=1GiB&vcpus=1&class=batch");
    const json_t *overcommit = json_array_get(json_object_get(reply.body, "checks"), 5);
    g_assert_cmpint(json_integer_value(json_object_get(overcommit, "taken")), ==, 256);
    json_decref(reply.body);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admissions/fit", test_fit);
    g_test_add_func("/admissions/fit-problems", test_fit_problems);
    g_test_add_func("/admissions/policy", test_policy);
    g_test_add_func("/admissions/together", test_together);
    g_test_add_func("/admissions/booking-of-running", test_booking_of_running);
    g_test_add_func("/admissions/override", test_override);
    g_test_add_func("/admissions/bodies", test_bodies);
    g_test_add_func("/admissions/flood", test_flood);
    return g_test_run();
}
