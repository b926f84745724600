/* A server with canned answers: see test-api-fixture.h. */
#include "test-api-fixture.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int mode_calls;
/* GLib's locks are futexes of its own, which the thread sanitizer cannot see; this one it can. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int fixture_mode_calls(void)
{
    return atomic_load(&mode_calls);
}

static BlApiReply done(json_t *body)
{
    return (BlApiReply){.status = 200, .body = body};
}

static BlApiReply answer_status(const BlApiCall *call, gpointer user_data)
{
    return done(json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:{s:i, s:f, s:n, s:f, s:i, s:f, s:f}, s:i, s:i, s:i, s:i, s:i,"
        " s:b, s:{s:s, s:b}, s:{s:s}, s:[s], s:[s]}",
        "kind", "Status", "host", "node-1", "version", "0.1.0", "mode", "observe", "releasing", 0,
        "cpu", "cpus", 2, "busy", 0.625, "pressure", "reserved", 1.5, "vcpus", 8, "overcommitLimit",
        4.0, "readyBoundary", 0.05, "domains", 3, "running", 2, "suffering", 1, "changesInForce", 1,
        "proposals", 0, "frozen", 0, "libvirt", "uri", "qemu:///system", "connected", 1, "policy",
        "path", "/etc/ballast/policy.yaml", "sentences", "All is told.", "notices",
        "a notice\x1b[31m"));
}

static json_t *vm_new(const char *name, double ready, gboolean suffers)
{
    json_t *vm =
        json_pack("{s:s, s:s, s:s, s:b, s:i, s:s, s:s, s:f, s:b, s:{s:f}, s:{s:i, s:n},"
                  " s:i, s:[], s:[]}",
                  "name", name, "uuid", "00000000-0000-0000-0000-000000000001", "state", "running",
                  "stale", 0, "vcpus", 2, "class", "critical", "classFrom", "assign", "objective",
                  0.01, "suffers", suffers, "figures", "ready", ready, "controls", "cpu.shares",
                  8000, "cpu.quota", "changesInForce", 0, "foreign", "threads");
    g_assert_nonnull(vm);
    return vm;
}

static BlApiReply answer_vms(const BlApiCall *call, gpointer user_data)
{
    return done(json_pack("{s:s, s:[o, o, o]}", "kind", "VmList", "items",
                          vm_new("web-1", 0.094, TRUE), vm_new("a,\"b\"", 0.002, FALSE),
                          vm_new("db-1", 0.5, FALSE)));
}

static BlApiReply answer_vm(const BlApiCall *call, gpointer user_data)
{
    if (!g_str_equal(call->argument, "web-1") && !g_str_equal(call->argument, ".."))
        return bl_api_problem(404, NULL, "There is no guest \"%s\".", call->argument);
    return done(vm_new(call->argument, 0.094, TRUE));
}

static BlApiReply answer_explain(const BlApiCall *call, gpointer user_data)
{
    return done(json_pack("{s:s, s:s, s:[s], s:[]}", "kind", "Explanation", "name", call->argument,
                          "sentences", "It waits.", "decisions"));
}

static json_t *decision_new(guint64 id, const char *padding)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)id, "time",
                     "2026-01-31T12:00:00.000Z", "state", "applied", "target", "batch-1", "rule",
                     "triage.idle", "sentence", "It was done.", "padding", padding);
}

static BlApiReply answer_decisions(const BlApiCall *call, gpointer user_data)
{
    const char *vm = call->query(call->request, "vm");
    const char *limit = call->query(call->request, "limit");
    const char *since = call->query(call->request, "since");
    return done(json_pack("{s:s, s:[o], s:s?, s:s?, s:s?}", "kind", "DecisionList", "items",
                          decision_new(1, ""), "vm", vm, "limit", limit, "since", since));
}

static BlApiReply answer_policy(const BlApiCall *call, gpointer user_data)
{
    return done(json_pack("{s:s, s:[{s:s, s:s}], s:s}", "kind", "Policy", "files", "name", "p.yaml",
                          "text", "version: 1", "effective",
                          "version: 1\nclasses:\n  critical: {shares: 8000}\n  standard: {shares: "
                          "1000}\ndefault: standard\n"));
}

static BlApiReply answer_fit(const BlApiCall *call, gpointer user_data)
{
    const char *name = call->query(call->request, "class");
    const char *count = call->query(call->request, "count");
    gboolean fits = g_strcmp0(name, "batch") == 0;
    if (g_strcmp0(name, "gold") == 0)
        return bl_api_problem(404, NULL, "the policy has no class \"gold\"");
    return done(json_pack(
        "{s:s, s:b, s:s, s:s?, s:s, s:I, s:I, s:["
        "{s:s, s:b, s:I, s:I, s:I, s:s}, {s:s, s:n, s:f, s:f, s:n, s:s}, {s:s, s:b, s:i, s:i, s:i, "
        "s:s}]}",
        "kind", "Fit", "fits", fits, "memory", call->query(call->request, "memory"), "name",
        call->query(call->request, "name"), "text", fits ? "it fits" : "it does not fit: 4 and 3",
        "count", (json_int_t)(count != NULL ? g_ascii_strtoll(count, NULL, 10) : 1), "fitting",
        (json_int_t)(fits ? 5 : 3), "checks", "name", "memory.use", "fits", fits, "needed",
        (json_int_t)4 << 30, "taken", (json_int_t)3 << 29, "limit", (json_int_t)7 << 30, "text",
        "4 and 3", "name", "cpu.reservation", "fits", "needed", 1.0, "taken", 2.5, "limit", "text",
        "no CPUs", "name", "cpu.overcommit", "fits", 1, "needed", 2, "taken", 7, "limit", 8, "text",
        "2 and 7"));
}

/* What the rule "memory.*" finds, with the severity of the guest's name. */
static BlApiReply answer_audit(const BlApiCall *call, gpointer user_data)
{
    const char *rule = call->query(call->request, "rule");
    const char *severity = call->argument != NULL ? call->argument : "info";
    if (g_strcmp0(severity, "absent") == 0)
        return bl_api_problem(404, NULL, "no guest \"absent\"");
    if (g_strcmp0(severity, "well") == 0)
        return done(json_pack("{s:s, s:[]}", "kind", "Audit", "findings"));
    return done(json_pack("{s:s, s:[{s:s, s:s, s:s?, s:s, s:s, s:n, s:s}]}", "kind", "Audit",
                          "findings", "rule", rule != NULL ? rule : "memory.reporting", "severity",
                          severity, "vm", call->argument, "state", "open", "text", "it keeps all",
                          "evidence", "change", "do this"));
}

/* One guest that is too large; of one by name that is too small, too. */
static BlApiReply answer_sizes(const BlApiCall *call, gpointer user_data)
{
    const char *name = call->argument != NULL ? call->argument : "web-1";
    if (g_str_equal(name, "absent"))
        return bl_api_problem(404, NULL, "no guest \"absent\"");
    return done(json_pack("{s:s, s:[{s:s, s:s, s:s, s:s?, s:{s:s, s:i, s:i, s:s, s:s},"
                          " s:{s:s, s:I, s:n, s:s, s:s}}]}",
                          "kind", "SizeList", "items", "vm", name, "class", "standard", "frees",
                          "2 vCPUs", "saves", call->argument, "cpu", "verdict", "shrink", "has", 4,
                          "advised", 2, "confidence", "high", "reason", "it wanted 1.2 cores",
                          "memory", "verdict", "unknown", "has", (json_int_t)4 << 30, "advised",
                          "confidence", "none", "reason", "not known\x1b"));
}

/* Says no to "refused", warns of "warned", and lets everybody else start. */
static BlApiReply answer_admission(const BlApiCall *call, gpointer user_data)
{
    const char *name = json_string_value(json_object_get(call->body, "name"));
    gboolean refused = g_strcmp0(name, "refused") == 0, warned = g_strcmp0(name, "warned") == 0;
    g_autofree char *sent = json_dumps(call->body, JSON_COMPACT | JSON_SORT_KEYS);
    if (g_strcmp0(name, "odd") == 0)
        return bl_api_problem(400, NULL, "Not like this.");
    return done(json_pack("{s:s, s:b, s:s?}", "kind", "Admission", "admitted", !refused, "message",
                          refused || warned ? sent : NULL));
}

static BlApiReply answer_mode(const BlApiCall *call, gpointer user_data)
{
    const char *mode = json_string_value(json_object_get(call->body, "mode"));
    int count = atomic_fetch_add(&mode_calls, 1) + 1;
    if (g_strcmp0(mode, "advise") == 0)
        return bl_api_problem(409, NULL, "Not now.");
    return done(
        json_pack("{s:s, s:s, s:i}", "kind", "Done", "message", "the mode is set", "count", count));
}

static BlApiReply answer_class(const BlApiCall *call, gpointer user_data)
{
    const json_t *class = json_object_get(call->body, "class");
    if (class == NULL)
        return bl_api_problem(400, NULL, "There is no class in the body.");
    if (g_strcmp0(json_string_value(class), "gold") == 0)
        return bl_api_problem(422, NULL, "The policy has no class \"gold\".");
    return done(json_pack("{s:s, s:s}", "kind", "Done", "message", "the class is set"));
}

typedef struct {
    BlApiHold *hold;
    BlApiReply reply;
} Later;

static gboolean later_over(gpointer data)
{
    return G_SOURCE_REMOVE;
}

static void later_answer(gpointer data)
{
    Later *later = data;
    bl_api_hold_answer(later->hold, later->reply);
    g_free(later);
}

static int definition_calls = 0;

/* Answers when the server has been elsewhere; about the guest "never" when the server is gone. */
static BlApiReply answer_definition(const BlApiCall *call, gpointer user_data)
{
    const char *rule = json_string_value(json_object_get(call->body, "rule"));
    BlApiReply reply;
    Later *later = g_new0(Later, 1);
    later->hold = bl_api_call_hold(call, &reply);
    later->reply =
        g_strcmp0(rule, "taken") == 0
            ? bl_api_problem(409, NULL, "somebody else has changed it")
            : done(json_pack("{s:s, s:s, s:s, s:i}", "kind", "Definition", "message", "it is set",
                             "difference", "-a\n+b\x1b\n", "count", ++definition_calls));
    g_autoptr(GSource) source =
        g_timeout_source_new(g_strcmp0(call->argument, "never") == 0 ? 100000 : 50);
    g_source_set_callback(source, later_over, later, later_answer);
    g_source_attach(source, g_source_get_context(g_main_current_source()));
    return reply;
}

static BlApiReply answer_reload(const BlApiCall *call, gpointer user_data)
{
    BlApiReply reply = bl_api_problem(422, NULL, "The policy has errors.");
    json_object_set_new(reply.body, "errors", json_string("p.yaml:1:1: error: wrong\n  here\n"));
    return reply;
}

/* BL_ROUTE_APPROVE has no handler: that must be an answer, too. */
static const BlApiHandler handlers[BL_ROUTE_COUNT] = {
    [BL_ROUTE_STATUS] = answer_status,
    [BL_ROUTE_VMS] = answer_vms,
    [BL_ROUTE_VM] = answer_vm,
    [BL_ROUTE_EXPLAIN] = answer_explain,
    [BL_ROUTE_DECISIONS] = answer_decisions,
    [BL_ROUTE_POLICY] = answer_policy,
    [BL_ROUTE_FIT] = answer_fit,
    [BL_ROUTE_AUDIT] = answer_audit,
    [BL_ROUTE_VM_AUDIT] = answer_audit,
    [BL_ROUTE_SIZES] = answer_sizes,
    [BL_ROUTE_VM_SIZE] = answer_sizes,
    [BL_ROUTE_MODE_SET] = answer_mode,
    [BL_ROUTE_CLASS_SET] = answer_class,
    [BL_ROUTE_POLICY_RELOAD] = answer_reload,
    [BL_ROUTE_ADMIT] = answer_admission,
    [BL_ROUTE_DEFINITION] = answer_definition,
    [BL_ROUTE_SIZE_SET] = answer_definition,
};

static gpointer run_loop(gpointer data)
{
    Fixture *fixture = data;
    g_main_loop_run(fixture->loop);
    return NULL;
}

void fixture_make(Fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->folder = g_dir_make_tmp("ballast-test-XXXXXX", NULL);
    g_assert_nonnull(fixture->folder);
    fixture->path = g_build_filename(fixture->folder, "api.sock", NULL);
    fixture->group = "no-such-group-of-ballast";
}

void fixture_start(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    BlApiConfig config = {
        .socket_path = fixture->path, .remote = fixture->remote, .group = fixture->group};
    memcpy(config.handlers, handlers, sizeof handlers);
    fixture->context = g_main_context_new();
    fixture->loop = g_main_loop_new(fixture->context, FALSE);
    fixture->server = bl_api_server_start(&config, fixture->context, &error);
    g_assert_no_error(error);
    g_assert_nonnull(fixture->server);
    fixture->thread = g_thread_new("server", run_loop, fixture);
}

static gboolean quit_loop(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

void fixture_stop(Fixture *fixture)
{
    /* From inside, not from here: the loop may not have begun to run yet. */
    GSource *source = g_idle_source_new();
    g_source_set_callback(source, quit_loop, fixture->loop, NULL);
    g_source_attach(source, fixture->context);
    g_source_unref(source);
    g_thread_join(fixture->thread);
    g_clear_pointer(&fixture->server, bl_api_server_stop);
    g_clear_pointer(&fixture->loop, g_main_loop_unref);
    g_clear_pointer(&fixture->context, g_main_context_unref);
    g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

void fixture_free(Fixture *fixture)
{
    g_autofree char *lock_path = g_strconcat(fixture->path, ".lock", NULL);
    g_unlink(lock_path);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
    g_free(fixture->path);
}

typedef struct {
    BlApiServer *server;
    guint64 first, last;
    gsize padding;
} Publication;

static gboolean publish(gpointer data)
{
    Publication *publication = data;
    pthread_mutex_lock(&lock);
    g_autofree char *padding = g_strnfill(publication->padding, 'x');
    for (guint64 id = publication->first; id <= publication->last; id++) {
        json_t *decision = decision_new(id, padding);
        bl_api_server_publish(publication->server, "decision", id, decision);
        json_decref(decision);
    }
    g_free(publication);
    pthread_mutex_unlock(&lock);
    return G_SOURCE_REMOVE;
}

typedef struct {
    BlApiServer *server;
    GError *error;
    gboolean good;
    atomic_bool done;
} Reload;

static gboolean reload(gpointer data)
{
    Reload *order = data;
    pthread_mutex_lock(&lock);
    order->good = bl_api_server_access_reload(order->server, &order->error);
    pthread_mutex_unlock(&lock);
    atomic_store(&order->done, TRUE);
    return G_SOURCE_REMOVE;
}

gboolean fixture_access_reload(Fixture *fixture, GError **error)
{
    pthread_mutex_lock(&lock);
    Reload order = {.server = fixture->server};
    pthread_mutex_unlock(&lock);
    GSource *source = g_idle_source_new();
    g_source_set_callback(source, reload, &order, NULL);
    g_source_attach(source, fixture->context);
    while (!atomic_load(&order.done))
        g_usleep(1000);
    g_source_unref(source);
    if (order.error != NULL)
        g_propagate_error(error, order.error);
    return order.good;
}

void fixture_publish(Fixture *fixture, guint64 first, guint64 last, gsize padding)
{
    pthread_mutex_lock(&lock);
    Publication *publication = g_new0(Publication, 1);
    *publication = (Publication){fixture->server, first, last, padding};
    pthread_mutex_unlock(&lock);
    /* Not g_main_context_invoke(): before the thread runs, that would publish here. */
    GSource *source = g_idle_source_new();
    g_source_set_callback(source, publish, publication, NULL);
    g_source_attach(source, fixture->context);
    g_source_unref(source);
}
