/* The audit without a daemon: definitions, a trace, a topology; its exit codes, and SARIF. */
#include <glib/gstdio.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "command-run.h"
#include "guest-xml.h"
#include "topology/topology.h"
#include "trace/trace.h"
#include "world.h"

#define TARGET "<target dev='vda' bus='virtio'/>"
#define OLD_TARGET "<target dev='hda' bus='ide'/>"
#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

static char *folder, *topology_path, *trace_path;

/* Runs "ballast audit WORDS" in the folder. */
static int run(const char *words)
{
    g_autofree char *line = g_strconcat("audit ", words, NULL);
    return command_run(line);
}

static void check(int code, const char *words, const char *out, const char *err)
{
    command_check(run(words), code, words, out, err);
}

static char *replaced(const char *text, const char *from, const char *to)
{
    if (from[0] == '\0')
        return g_strdup(text);
    g_auto(GStrv) pieces = g_strsplit(text, from, -1);
    return g_strjoinv(to, pieces);
}

/* A definition in `folder`/`name`, with one thing of it replaced. */
static void definition_write(const char *name, const char *from, const char *to)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(folder, "xml", name, NULL);
    g_autofree char *text = replaced(guest_xml, from, to);
    g_assert_true(g_file_set_contents(path, text, -1, &error));
}

static void definition_remove(const char *name)
{
    g_autofree char *path = g_build_filename(folder, "xml", name, NULL);
    g_remove(path);
}

/* Two nodes of 4 CPUs and 8 GiB each. */
static void topology_write(void)
{
    hwloc_topology_t topology;
    g_assert_cmpint(hwloc_topology_init(&topology), ==, 0);
    g_assert_cmpint(hwloc_topology_set_synthetic(topology, "numa:2(memory=8589934592) core:4 pu:1"),
                    ==, 0);
    g_assert_cmpint(hwloc_topology_load(topology), ==, 0);
    g_assert_cmpint(hwloc_topology_export_xml(topology, topology_path, 0), ==, 0);
    hwloc_topology_destroy(topology);
}

/* "web", critical, waits a fifth of the time. */
static void trace_write(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    web->run = 3000;
    web->delay = 2000;
    BlTraceWriter *writer = bl_trace_writer_open(trace_path, BL_MODE_OBSERVE, &error);
    g_assert_no_error(error);
    const char *text = bl_policy_default_text();
    json_t *files = json_pack("[{s:s, s:s}]", "name", "p.yaml", "text", text);
    g_assert_true(bl_trace_write_policy(writer, files, &error));
    json_decref(files);
    for (guint i = 0; i < 50; i++) {
        world_tick(world);
        g_assert_true(bl_trace_write_tick(writer, world->sample, world->plan, &error));
    }
    bl_trace_writer_close(writer);
}

static void set_up(void)
{
    folder = g_dir_make_tmp("ballast-audit-XXXXXX", NULL);
    g_autofree char *xml = g_build_filename(folder, "xml", NULL);
    g_assert_cmpint(g_mkdir(xml, 0700), ==, 0);
    topology_path = g_build_filename(folder, "host.topology", NULL);
    trace_path = g_build_filename(folder, "trace", NULL);
    definition_write("db-1.xml", "", "");
    topology_write();
    trace_write();
    g_assert_cmpint(g_chdir(folder), ==, 0);
}

static void tear_down(void)
{
    g_autofree char *xml = g_build_filename(folder, "xml", NULL);
    definition_remove("db-1.xml");
    g_remove(topology_path);
    g_remove(trace_path);
    g_rmdir(xml);
    g_chdir("/");
    g_rmdir(folder);
}

static void test_definitions(void)
{
    check(0, "--xml xml", "nothing is found\n", "");
    check(0, "--xml xml/db-1.xml db-1", "nothing is found\n", "");
    check(0, "--xml xml " UUID " --topology host.topology", "nothing is found\n", "");
    definition_write("old.xml", "db-1", "old");
    check(6, "--xml xml", "nothing is found", "same guest as \"xml/db-1.xml\"");
    g_autofree char *old = replaced(guest_xml, UUID, "4dea22b3-1d52-d8f3-2516-782e98ab3fa1");
    g_autofree char *named = replaced(old, "db-1", "old");
    g_autofree char *slow = replaced(named, TARGET, OLD_TARGET);
    g_assert_true(g_file_set_contents("xml/old.xml", slow, -1, NULL));
    check(10, "--xml xml", "warning   old    disk.virtio  open", "");
    check(0, "--xml xml db-1", "nothing is found", "");
    check(10, "--xml xml --rule disk.virtio -o wide", "<target dev='vda' bus='virtio'/>", "");
    check(0, "--xml xml --rule net.virtio", "nothing is found", "");
    check(10, "--xml xml -o json", "\"file\": \"xml/old.xml\"", "");
    g_autofree char *unsafe = replaced(slow, "cache='none' io='native'", "cache='unsafe'");
    g_assert_true(g_file_set_contents("xml/old.xml", unsafe, -1, NULL));
    check(11, "--xml xml", "error", "");
    definition_remove("old.xml");
}

static void test_topology(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlTopology) topology = bl_topology_read_file(topology_path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(bl_topology_count(topology), ==, 2);
    g_assert_cmpuint(bl_topology_cpus_of_largest(topology), ==, 4);
    g_assert_cmpint(bl_topology_memory_of_largest(topology), ==, (gint64)8 << 30);
    definition_write("db-1.xml", ">4</vcpu>", ">8</vcpu>");
    check(0, "--xml xml --rule cpu.node", "nothing is found", "");
    check(10, "--xml xml --topology host.topology", "cpu.node", "");
    definition_write("db-1.xml", ">4</vcpu>", ">9</vcpu>");
    check(11, "--xml xml --topology host.topology", "more vCPUs than the host", "");
    definition_write("db-1.xml", ">4</vcpu>", ">33</vcpu>");
    check(11, "--xml xml --topology host.topology", "(host)  cpu.overcommit", "");
    definition_write("db-1.xml", "", "");
    check(1, "--xml xml --topology xml/db-1.xml", "", "no topology of a host");
    check(1, "--xml xml --topology none", "", "none");
    g_autoptr(BlTopology) here = bl_topology_read_host();
    g_assert_true(here == NULL || bl_topology_cpus(here) > 0);
}

static void test_trace(void)
{
    check(11, "--trace trace", "error     web    cpu.ready", "");
    check(11, "--trace trace web -o wide", "ballast mode enforce", "");
    check(11, "--trace trace --xml xml -o json", "\"time\": \"20", "");
    check(0, "--trace trace --xml xml db-1", "nothing is found", "");
    check(3, "--trace trace db-1", "", "no guest \"db-1\"");
    check(1, "--trace xml/db-1.xml", "", "");
    check(1, "--trace none", "", "none");
}

static void test_errors(void)
{
    g_assert_true(g_file_set_contents("xml/bad.xml", "<domain>", -1, NULL));
    check(6, "--xml xml", "nothing is found", "\"xml/bad.xml\": the guest's definition cannot");
    definition_remove("bad.xml");
    g_assert_true(g_file_set_contents("policy.yaml", "version: 2\n", -1, NULL));
    check(1, "--xml xml --policy policy.yaml", "", "policy.yaml:1");
    g_remove("policy.yaml");
    g_assert_cmpint(g_mkdir("empty", 0700), ==, 0);
    check(1, "--xml empty", "", "virsh dumpxml");
    g_rmdir("empty");
    check(1, "--xml none", "", "none");
    check(3, "--xml xml none", "", "no guest \"none\"");
    check(3, "--xml xml --rule none", "", "no rule \"none\"");
    check(2, "--topology host.topology", "", "go with --xml or --trace");
    check(2, "--xml xml db-1 --apply memory.reporting", "", "ask nobody");
}

/* The schema of SARIF allows no members but its own. */
static void keys_check(const json_t *object, const char *allowed)
{
    g_auto(GStrv) names = g_strsplit(allowed, " ", -1);
    const char *key;
    json_t *value;
    g_assert_true(json_is_object(object));
    json_object_foreach((json_t *)object, key, value)
    {
        g_assert_true(g_strv_contains((const char *const *)names, key));
    }
}

static void sarif_rule_check(const json_t *rule)
{
    static const char *const texts[] = {"shortDescription", "fullDescription", "help"};
    keys_check(rule, "id shortDescription fullDescription help defaultConfiguration");
    g_assert_nonnull(json_string_value(json_object_get(rule, "id")));
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        keys_check(json_object_get(rule, texts[i]), "text");
        g_assert_nonnull(
            json_string_value(json_object_get(json_object_get(rule, texts[i]), "text")));
    }
    keys_check(json_object_get(rule, "defaultConfiguration"), "level");
}

/* What it demands of what is there. */
static void sarif_result_check(const json_t *result, const json_t *rules)
{
    static const char *const levels[] = {"none", "note", "warning", "error", NULL};
    const json_t *message = json_object_get(result, "message");
    const char *rule = json_string_value(json_object_get(result, "ruleId"));
    size_t index = (size_t)json_integer_value(json_object_get(result, "ruleIndex"));
    keys_check(result, "ruleId ruleIndex level message locations partialFingerprints properties");
    keys_check(message, "text");
    g_assert_nonnull(json_string_value(json_object_get(message, "text")));
    g_assert_true(g_strv_contains(levels, json_string_value(json_object_get(result, "level"))));
    g_assert_cmpstr(json_string_value(json_object_get(json_array_get(rules, index), "id")), ==,
                    rule);
    const json_t *location = json_array_get(json_object_get(result, "locations"), 0);
    const json_t *logical = json_array_get(json_object_get(location, "logicalLocations"), 0);
    keys_check(location, "physicalLocation logicalLocations");
    keys_check(logical, "name kind");
    g_assert_nonnull(json_string_value(json_object_get(logical, "name")));
    const json_t *physical = json_object_get(location, "physicalLocation");
    const json_t *artifact = json_object_get(physical, "artifactLocation");
    keys_check(physical, "artifactLocation");
    keys_check(artifact, "uri");
    g_assert_cmpstr(json_string_value(json_object_get(artifact, "uri")), ==, "xml/db%201.xml");
}

static void test_sarif(void)
{
    definition_write("db 1.xml", TARGET, OLD_TARGET);
    definition_remove("db-1.xml");
    g_assert_cmpint(run("--xml xml -o sarif"), ==, BL_EXIT_WARNINGS);
    json_t *sarif = json_loads(out_text, 0, NULL);
    g_assert_true(json_is_object(sarif));
    g_assert_cmpstr(json_string_value(json_object_get(sarif, "version")), ==, "2.1.0");
    g_assert_nonnull(json_string_value(json_object_get(sarif, "$schema")));
    const json_t *runs = json_object_get(sarif, "runs");
    g_assert_cmpuint(json_array_size(runs), ==, 1);
    const json_t *one = json_array_get(runs, 0);
    const json_t *driver = json_object_get(json_object_get(one, "tool"), "driver");
    g_assert_cmpstr(json_string_value(json_object_get(driver, "name")), ==, "ballast");
    const json_t *rules = json_object_get(driver, "rules");
    const json_t *results = json_object_get(one, "results");
    keys_check(sarif, "$schema version runs");
    keys_check(one, "tool results");
    keys_check(driver, "name version rules");
    g_assert_cmpuint(json_array_size(rules), >, 20);
    for (size_t i = 0; i < json_array_size(rules); i++)
        sarif_rule_check(json_array_get(rules, i));
    g_assert_cmpuint(json_array_size(results), ==, 1);
    for (size_t i = 0; i < json_array_size(results); i++)
        sarif_result_check(json_array_get(results, i), rules);
    json_decref(sarif);
    definition_remove("db 1.xml");
    definition_write("db-1.xml", "", "");
    check(2, "--xml xml -o yaml", "", "sarif");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    set_up();
    g_test_add_func("/audit-offline/definitions", test_definitions);
    g_test_add_func("/audit-offline/topology", test_topology);
    g_test_add_func("/audit-offline/trace", test_trace);
    g_test_add_func("/audit-offline/errors", test_errors);
    g_test_add_func("/audit-offline/sarif", test_sarif);
    int code = g_test_run();
    tear_down();
    return code;
}
