/* The audit without a daemon: definitions that `virsh dumpxml` wrote, a trace, the topology that
 * lstopo wrote. Classes and figures come from the engine, over the trace's samples or, of guests
 * that are in none, over a sample that is made of their definitions. See audit.h. */
#include "cli/audit.h"

#include <string.h>

#include "base/fd.h"
#include "core/audit.h"
#include "core/engine.h"
#include "core/usage.h"
#include "definition/definition.h"
#include "definition/parts.h"
#include "definition/traits.h"
#include "model/codec.h"
#include "topology/topology.h"
#include "trace/trace.h"

typedef struct {
    char *path;
    char uuid[BL_UUID_SIZE];
    BlParts parts;
    BlTraits *traits;
} Definition;

typedef struct {
    BlCli *cli;
    BlPolicy *policy;
    gboolean policy_given;
    GPtrArray *definitions; /* Definition * */
    GHashTable *by_uuid;    /* uuid -> Definition *, which belongs to the array */
    BlSample *sample;       /* made of the definitions */
    BlView *defined;        /* of that sample */
    BlView *live;           /* of the trace's last sample; NULL: there is no trace */
    BlUsage *usage;
    BlTopology *topology; /* NULL: not given */
    guint unread;         /* definitions that could not be read */
} Offline;

static void definition_free(gpointer data)
{
    Definition *definition = data;
    bl_traits_unref(definition->traits);
    g_free(definition->path);
    g_free(definition);
}

static void offline_clear(Offline *offline)
{
    g_ptr_array_unref(offline->definitions);
    g_hash_table_unref(offline->by_uuid);
    bl_sample_free(offline->sample);
    bl_view_free(offline->defined);
    bl_view_free(offline->live);
    bl_usage_free(offline->usage);
    bl_topology_free(offline->topology);
    bl_policy_unref(offline->policy);
}

/* --- definitions -------------------------------------------------------------------------------
 */

static void definition_refuse(Offline *offline, const char *path, const char *message)
{
    bl_cli_fail(offline->cli, BL_EXIT_PARTLY, "\"%s\": %s", path, message);
    offline->unread++;
}

static void definition_take(Offline *offline, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;
    BlParts parts;
    BlDomainSample *domain = NULL;
    g_autoptr(BlTraits) traits = NULL;
    if (bl_file_read_limited(path, BL_DEFINITION_MAX, &text, &length, &error) &&
        bl_parts_read(text, length, &parts, &error))
        traits = bl_traits_read(text, length, &error);
    if (traits != NULL)
        domain = bl_definition_parse(text, length, &error);
    if (domain == NULL) {
        definition_refuse(offline, path, error->message);
        return;
    }
    const Definition *other = g_hash_table_lookup(offline->by_uuid, domain->uuid);
    if (other != NULL) {
        g_autofree char *message =
            g_strdup_printf("it is of the same guest as \"%s\", and left out", other->path);
        definition_refuse(offline, path, message);
        bl_domain_sample_free(domain);
        return;
    }
    Definition *definition = g_new0(Definition, 1);
    definition->path = g_strdup(path);
    g_strlcpy(definition->uuid, domain->uuid, sizeof definition->uuid);
    definition->parts = parts;
    definition->traits = g_steal_pointer(&traits);
    g_ptr_array_add(offline->definitions, definition);
    g_hash_table_insert(offline->by_uuid, definition->uuid, definition);
    g_ptr_array_add(offline->sample->domains, domain);
}

static int path_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of a folder all *.xml, by name; else the file itself. */
static GPtrArray *paths_of(const char *path, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_ptr_array_add(paths, g_strdup(path));
        return g_steal_pointer(&paths);
    }
    g_autoptr(GDir) folder = g_dir_open(path, 0, error);
    if (folder == NULL)
        return NULL;
    while ((name = g_dir_read_name(folder)) != NULL) {
        if (g_str_has_suffix(name, ".xml") && name[0] != '.')
            g_ptr_array_add(paths, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(paths, path_compare);
    return g_steal_pointer(&paths);
}

static int definitions_read(Offline *offline, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) paths = paths_of(path, &error);
    if (paths == NULL)
        return bl_cli_fail(offline->cli, BL_EXIT_FAILED, "%s", error->message);
    if (paths->len == 0)
        return bl_cli_fail(offline->cli, BL_EXIT_FAILED,
                           "the folder \"%s\" has no *.xml; write one for each guest with: virsh "
                           "dumpxml --inactive GUEST >\"%s/GUEST.xml\"",
                           path, path);
    for (guint i = 0; i < paths->len; i++)
        definition_take(offline, g_ptr_array_index(paths, i));
    return offline->definitions->len > 0 ? BL_EXIT_DONE : BL_EXIT_FAILED;
}

/* The engine gives them their classes. */
static void definitions_view(Offline *offline)
{
    g_autoptr(BlEngine) engine = bl_engine_new(BL_MODE_OBSERVE);
    g_autoptr(BlPlan) plan = bl_plan_new();
    offline->sample->now_usec = 1;
    bl_sample_sort(offline->sample);
    bl_engine_step(engine, offline->policy, offline->sample, plan);
    bl_engine_view(engine, offline->policy, offline->defined);
}

/* --- the trace ---------------------------------------------------------------------------------
 */

static gboolean policy_take(Offline *offline, const json_t *files)
{
    if (offline->policy_given)
        return TRUE;
    BlPolicy *policy = bl_cli_policy_from_trace(files, offline->cli->err);
    if (policy == NULL)
        return FALSE;
    bl_policy_unref(offline->policy);
    offline->policy = policy;
    return TRUE;
}

static int samples_run(Offline *offline, BlTraceReader *reader, BlEngine *engine, BlPlan *plan)
{
    for (;;) {
        BlTraceRecord record;
        g_autoptr(GError) error = NULL;
        gboolean good = TRUE;
        if (!bl_trace_read(reader, &record, &error))
            return bl_cli_fail(offline->cli, BL_EXIT_FAILED, "%s", error->message);
        if (record.kind == BL_TRACE_END)
            return BL_EXIT_DONE;
        if (record.kind == BL_TRACE_POLICY) {
            good = policy_take(offline, record.files);
        } else if (record.kind == BL_TRACE_SAMPLE) {
            bl_engine_step(engine, offline->policy, record.sample, plan);
            if (offline->live == NULL)
                offline->live = bl_view_new();
            if (bl_usage_is_due(offline->usage, record.sample->now_usec)) {
                bl_engine_view(engine, offline->policy, offline->live);
                bl_usage_add(offline->usage, offline->live);
            }
        }
        bl_trace_record_clear(&record);
        if (!good)
            return BL_EXIT_FAILED;
    }
}

static int trace_read(Offline *offline, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlTraceReader) reader = bl_trace_reader_open(path, &error);
    if (reader == NULL)
        return bl_cli_fail(offline->cli, BL_EXIT_FAILED, "%s", error->message);
    g_autoptr(BlEngine) engine = bl_engine_new(bl_trace_reader_mode(reader));
    g_autoptr(BlPlan) plan = bl_plan_new();
    int code = samples_run(offline, reader, engine, plan);
    if (code == BL_EXIT_DONE && offline->live == NULL)
        return bl_cli_fail(offline->cli, BL_EXIT_FAILED, "the trace \"%s\" has no sample", path);
    if (code == BL_EXIT_DONE)
        bl_engine_view(engine, offline->policy, offline->live);
    return code;
}

/* --- facts -------------------------------------------------------------------------------------
 */

static void guest_take(const Offline *offline, BlAuditFacts *facts, const BlDomainView *domain)
{
    const Definition *definition = g_hash_table_lookup(offline->by_uuid, domain->uuid);
    BlAuditGuest *guest = bl_audit_facts_take_guest(facts, offline->policy, domain);
    bl_usage_tell(offline->usage, guest);
    if (definition == NULL)
        return;
    guest->next = definition->parts;
    guest->starts = bl_traits_ref(definition->traits);
}

static BlAuditFacts *facts_collect(const Offline *offline)
{
    BlAuditFacts *facts = bl_audit_facts_new();
    BlAuditHost *host = &facts->host;
    bl_audit_facts_take_host(facts, offline->live != NULL ? offline->live : offline->defined);
    if (offline->live == NULL)
        host->mode = -1;
    host->topology = offline->topology;
    if (offline->topology != NULL && host->cpus < 0)
        host->cpus = bl_topology_cpus(offline->topology);
    if (offline->topology != NULL && host->memory_bytes < 0)
        host->memory_bytes = bl_topology_memory(offline->topology);
    for (guint i = 0; offline->live != NULL && i < offline->live->domains->len; i++)
        guest_take(offline, facts, g_ptr_array_index(offline->live->domains, i));
    for (guint i = 0; i < offline->defined->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(offline->defined->domains, i);
        if (offline->live == NULL || bl_view_find(offline->live, domain->uuid) == NULL)
            guest_take(offline, facts, domain);
    }
    bl_audit_facts_sort(facts);
    return facts;
}

/* --- findings ----------------------------------------------------------------------------------
 */

static gboolean is_named(const BlFinding *finding, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], finding->name) == 0 || g_ascii_strcasecmp(argv[i], finding->uuid) == 0)
            return TRUE;
    }
    return argc == 0;
}

static int names_check(const BlCli *cli, const BlAuditFacts *facts, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        guint at = 0;
        for (; at < facts->guests->len; at++) {
            const BlAuditGuest *guest = g_ptr_array_index(facts->guests, at);
            if (strcmp(argv[i], guest->name) == 0 || g_ascii_strcasecmp(argv[i], guest->uuid) == 0)
                break;
        }
        if (at == facts->guests->len)
            return bl_cli_fail(cli, BL_EXIT_NOT_FOUND,
                               "there is no guest \"%s\" among the definitions, or in the trace",
                               argv[i]);
    }
    return BL_EXIT_DONE;
}

static json_t *audit_make(const Offline *offline, const BlAuditFacts *facts, int argc, char **argv)
{
    const char *rule = bl_cli_option(offline->cli, "rule");
    g_autoptr(GPtrArray) findings = bl_audit_run(facts);
    json_t *items = json_array();
    for (guint i = 0; i < findings->len; i++) {
        const BlFinding *finding = g_ptr_array_index(findings, i);
        const Definition *definition = g_hash_table_lookup(offline->by_uuid, finding->uuid);
        if (!is_named(finding, argc, argv) || (rule != NULL && strcmp(rule, finding->rule) != 0))
            continue;
        json_t *item = bl_finding_to_json(finding);
        if (definition != NULL) {
            g_autofree char *path = g_utf8_make_valid(definition->path, -1);
            json_object_set_new(item, "file", json_string(path));
        }
        json_array_append_new(items, item);
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", BL_API_VERSION, "kind", "Audit", "time",
                     offline->live != NULL ? bl_time_to_json(offline->live->wall_usec)
                                           : json_null(),
                     "findings", items);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static int policy_read(Offline *offline, const char *path)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = NULL;
    if (path != NULL) {
        sources = bl_policy_sources_read(path, errors);
    } else {
        const char *text = bl_policy_default_text();
        sources = bl_policy_sources_new();
        bl_policy_sources_add(sources, "the built-in policy", text, strlen(text));
    }
    offline->policy = bl_cli_policy_parse(sources, errors, offline->cli->err);
    offline->policy_given = path != NULL;
    return offline->policy != NULL ? BL_EXIT_DONE : BL_EXIT_FAILED;
}

static int inputs_read(Offline *offline)
{
    const BlCli *cli = offline->cli;
    const char *xml = bl_cli_option(cli, "xml"), *trace = bl_cli_option(cli, "trace");
    const char *topology = bl_cli_option(cli, "topology");
    g_autoptr(GError) error = NULL;
    int code = policy_read(offline, bl_cli_option(cli, "policy"));
    if (code == BL_EXIT_DONE && topology != NULL) {
        offline->topology = bl_topology_read_file(topology, &error);
        if (offline->topology == NULL)
            return bl_cli_fail(cli, BL_EXIT_FAILED, "%s", error->message);
    }
    if (code == BL_EXIT_DONE && trace != NULL)
        code = trace_read(offline, trace);
    if (code == BL_EXIT_DONE && xml != NULL)
        code = definitions_read(offline, xml);
    return code;
}

int bl_audit_offline(BlCli *cli, int argc, char **argv, json_t **ret_audit)
{
    Offline offline = {.cli = cli,
                       .definitions = g_ptr_array_new_with_free_func(definition_free),
                       .by_uuid = g_hash_table_new(g_str_hash, g_str_equal),
                       .sample = bl_sample_new(),
                       .defined = bl_view_new(),
                       .usage = bl_usage_new()};
    int code = inputs_read(&offline);
    if (code == BL_EXIT_DONE) {
        definitions_view(&offline);
        g_autoptr(BlAuditFacts) facts = facts_collect(&offline);
        code = names_check(cli, facts, argc, argv);
        if (code == BL_EXIT_DONE)
            *ret_audit = audit_make(&offline, facts, argc, argv);
    }
    if (code == BL_EXIT_DONE && offline.unread > 0)
        code = BL_EXIT_PARTLY;
    offline_clear(&offline);
    return code;
}
