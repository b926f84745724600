/* `ballast report`: the archive, made-up names, and a whole report of a simulated host whose names
 * are nowhere in it when it is anonymous. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/anonymise.h"
#include "cli/command.h"
#include "cli/tar.h"
#include "command-run.h"
#include "model/plan.h"
#include "serving.h"

static Serving serving;

static int run(const char *words)
{
    g_autofree char *line = g_strdup_printf("--socket=%s %s", serving.socket, words);
    return command_run(line);
}

/* --- the archive ---------------------------------------------------------------------------------
 */

static GByteArray *unpack(GBytes *packed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GZlibDecompressor) gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GInputStream) from = g_memory_input_stream_new_from_bytes(packed);
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(from, G_CONVERTER(gzip));
    GByteArray *bytes = g_byte_array_new();
    static guint8 block[65536];
    gssize length;
    while ((length = g_input_stream_read(stream, block, sizeof block, NULL, &error)) > 0)
        g_byte_array_append(bytes, block, (guint)length);
    g_assert_no_error(error);
    return bytes;
}

/* name -> text of all files. Checks what tar(1) would. */
static GHashTable *files_of(GBytes *packed)
{
    g_autoptr(GByteArray) bytes = unpack(packed);
    GHashTable *files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    gsize at = 0;
    g_assert_cmpuint(bytes->len % 512, ==, 0);
    while (bytes->data[at] != '\0') {
        const char *header = (const char *)bytes->data + at;
        guint64 sum = g_ascii_strtoull(header + 148, NULL, 8), found = 0;
        for (guint i = 0; i < 512; i++)
            found += i >= 148 && i < 156 ? ' ' : bytes->data[at + i];
        g_assert_cmpuint(found, ==, sum);
        g_assert_cmpmem(header + 257, 8, "ustar\00000", 8);
        gsize size = g_ascii_strtoull(header + 124, NULL, 8);
        g_hash_table_insert(files, g_strndup(header, 100), g_strndup(header + 512, size));
        at += 512 + (size + 511) / 512 * 512;
        g_assert_cmpuint(at + 1024, <=, bytes->len);
    }
    return files;
}

static void test_tar(void)
{
    g_autoptr(BlTar) tar = bl_tar_new(1700000000);
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = g_strnfill(512, 'x'), *more = g_strnfill(100000, 'y');
    bl_tar_add(tar, "a/empty", "", 0);
    bl_tar_add(tar, "a/whole", whole, 512);
    bl_tar_add(tar, "a/more", more, 100000);
    g_autoptr(GBytes) packed = bl_tar_end(tar, &error);
    g_assert_no_error(error);
    g_autoptr(GHashTable) files = files_of(packed);
    g_assert_cmpuint(g_hash_table_size(files), ==, 3);
    g_assert_cmpstr(g_hash_table_lookup(files, "a/empty"), ==, "");
    g_assert_cmpstr(g_hash_table_lookup(files, "a/whole"), ==, whole);
    g_assert_cmpstr(g_hash_table_lookup(files, "a/more"), ==, more);
}

/* --- made-up names -------------------------------------------------------------------------------
 */

#define UUID_A "1ab434d9-6f02-493d-ba8d-af7b41864494"
#define UUID_B "fab434d9-6f02-493d-ba8d-af7b41864494"

static BlAnonymiser *anonymiser_of(const char *text)
{
    BlAnonymiser *anonymiser = bl_anonymiser_new();
    json_t *json = json_loads(text, 0, NULL);
    g_assert_nonnull(json);
    bl_anonymiser_learn(anonymiser, json);
    bl_anonymiser_seal(anonymiser);
    json_decref(json);
    return anonymiser;
}

static void check_text(const BlAnonymiser *anonymiser, const char *text, const char *wanted)
{
    g_autofree char *got = bl_anonymiser_text(anonymiser, text);
    g_assert_cmpstr(got, ==, wanted);
}

static void test_texts(void)
{
    g_autofree char *long_name = g_strnfill(200, 'l');
    g_autofree char *cut = g_strnfill(BL_NAME_SIZE - 1, 'l');
    g_autofree char *text = g_strdup_printf(
        "{\"items\": [{\"name\": \"web-1\", \"uuid\": \"" UUID_B "\", \"metadata\": "
        "[\"class=gold\", \"team=blue\"]}, {\"name\": \"web-10\", \"uuid\": \"" UUID_A "\"},"
        " {\"name\": \"db\", \"uuid\": \"" UUID_A "\"},"
        " {\"name\": \"say \\\"hi\\\"\", \"uuid\": \"" UUID_A "\"},"
        " {\"name\": \"%s\", \"uuid\": \"" UUID_A "\"},"
        " {\"name\": \"host\", \"uuid\": \"" BL_HOST_UUID "\"},"
        " {\"name\": \"sshd\", \"uuid\": \"x\", \"kind\": \"service\"}],"
        " \"host\": \"node-7\", \"vm\": \"gone-3\"}",
        long_name);
    g_autoptr(BlAnonymiser) anonymiser = anonymiser_of(text);
    check_text(anonymiser, "web-10 waited for web-1.", "guest-00006 waited for guest-00005.");
    /* A short one is replaced where it stands alone. */
    check_text(anonymiser, "db took db's dbus", "guest-00001 took guest-00001's dbus");
    check_text(anonymiser, "/images/web-1.qcow2 on node-7", "/images/guest-00005.qcow2 on host-1");
    check_text(anonymiser, "gone-3 of blue", "guest-00002 of value-00001");
    check_text(anonymiser, UUID_A " " UUID_B,
               "00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000002");
    check_text(anonymiser, BL_HOST_UUID " host sshd gold", BL_HOST_UUID " host sshd gold");
    check_text(anonymiser, cut, "guest-00003");
    check_text(anonymiser, long_name, "guest-00003");
    check_text(anonymiser, "x{domain=\"say \\\"hi\\\"\"}", "x{domain=\"guest-00004\"}");
}

static void test_words_of_ours_stay(void)
{
    g_autoptr(BlAnonymiser) anonymiser = anonymiser_of(
        "[{\"name\": \"running\", \"uuid\": \"" UUID_A "\"}, {\"name\": \"critical\", \"uuid\": "
        "\"" UUID_B "\"}]");
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:[s, s, s]}", "state", "running", "class", "critical", "name",
                  "running", "metadata", "class=critical", "os=running", "odd");
    bl_anonymiser_json(anonymiser, json);
    g_autofree char *text = json_dumps(json, JSON_COMPACT);
    g_assert_cmpstr(text, ==,
                    "{\"state\":\"running\",\"class\":\"critical\",\"name\":\"guest-00002\","
                    "\"metadata\":[\"class=critical\",\"os=guest-00002\",\"odd\"]}");
    json_decref(json);
}

static void test_damaged_traces(void)
{
    static const char *const traces[] = {
        "{", "[]", "{\"sample\": {}}",
        "{\"kind\":\"ballast-trace\",\"format\":1,\"version\":\"1\",\"mode\":\"enforce\"}\n{"
        "\"sample\":"
        "{\"now\":1,\"wall\":1,\"firstId\":0,\"host\":{},\"domains\":[],\"outcomes\":[],"
        "\"requests\":"
        "[],\"holdings\":[]}}",
        "{\"mode\":\"enforce\"}\n{\"policy\":[{\"name\":\"x\",\"text\":\"version: 9\"}]}"};
    g_autoptr(BlAnonymiser) anonymiser = anonymiser_of("{}");
    for (guint i = 0; i < G_N_ELEMENTS(traces); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(bl_anonymiser_trace(anonymiser, traces[i], &error));
        g_assert_nonnull(error);
    }
}

static void trace_learn(BlAnonymiser *anonymiser, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        json_t *json = json_loads(*line, 0, NULL);
        bl_anonymiser_learn(anonymiser, json);
        json_decref(json);
    }
    bl_anonymiser_seal(anonymiser);
}

/* Whole runs, with all that is decided in them: the engine decides the same over made-up names. */
static void test_traces_decide_as_before(void)
{
    static const char *const scenarios[] = {"isolation", "tenants", "pressed", "policy"};
    g_autofree char *path = g_build_filename(serving.folder, "run.trace", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *name = g_strconcat(scenarios[i], ".yaml", NULL);
        g_autofree char *file = g_test_build_filename(G_TEST_DIST, "tests", "scenario", name, NULL);
        const char *const command[] = {
            g_getenv("BALLAST_SIM"), "run", "--record", path, file, NULL};
        g_autoptr(GSubprocess) process = g_subprocess_newv(
            command, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error);
        g_assert_no_error(error);
        g_subprocess_wait_check(process, NULL, &error);
        g_assert_no_error(error);
        g_autofree char *text = NULL;
        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        g_autoptr(BlAnonymiser) anonymiser = bl_anonymiser_new();
        trace_learn(anonymiser, text);
        g_autofree char *made_up = bl_anonymiser_trace(anonymiser, text, &error);
        g_assert_no_error(error);
        g_assert_null(strstr(made_up, "51b00000"));
        g_assert_nonnull(strstr(made_up, "\"target\":\"guest-0"));
        g_file_set_contents(path, made_up, -1, &error);
        g_assert_no_error(error);
        g_autofree char *words = g_strdup_printf("replay --check %s", path);
        if (run(words) != BL_EXIT_DONE)
            g_error("%s is decided otherwise", scenarios[i]);
    }
}

/* --- a whole one ---------------------------------------------------------------------------------
 */

static const char scenario[] =
    "scenario: names\n"
    "cpus: 2\n"
    "memory: 16GiB\n"
    "duration: 3600s\n"
    "policies:\n"
    "  - - \"version: 1\"\n"
    "    - \"classes:\"\n"
    "    - \"  gold: {shares: 8000, cpu: {ready: 1%}}\"\n"
    "    - \"  lead: {shares: 100, cpu: {idle: allowed}}\"\n"
    "    - \"assign:\"\n"
    "    - \"  - {match: {name: \\\"payroll-*\\\"}, class: gold}\"\n"
    "    - \"  - {match: {metadata: \\\"tenant=acme\\\"}, class: gold}\"\n"
    "    - \"default: lead\"\n"
    "guests:\n"
    "  - {name: payroll-main, load: serve, connections: 4, service: 6200us, network: 2ms, tenant: "
    "acme}\n"
    "  - {name: zz, vcpus: 2, load: hog, tenant: zenith}\n"
    "  - {name: crunch, count: 3, vcpus: 2, load: hog}\n";

static const char *const original[] = {"payroll", "crunch", "acme", "zenith", "51b00000"};

static GHashTable *report_of(const char *options, const char *name)
{
    g_autofree char *path = g_build_filename(serving.folder, name, NULL);
    g_autofree char *words = g_strdup_printf("report --seconds 1 %s %s", options, path);
    char *data = NULL;
    gsize length;
    g_autoptr(GError) error = NULL;
    if (run(words) != BL_EXIT_DONE)
        g_error("%s: %s", words, err_text);
    GStatBuf about;
    g_assert_cmpint(g_stat(path, &about), ==, 0);
    g_assert_cmpint(about.st_mode & 0777, ==, 0600);
    g_assert_cmpint(run(words), ==, BL_EXIT_FAILED);
    g_assert_nonnull(strstr(err_text, "File exists"));
    g_file_get_contents(path, &data, &length, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) packed = g_bytes_new_take(data, length);
    return files_of(packed);
}

static const char *file_of(GHashTable *files, const char *name)
{
    g_autofree char *path = g_strconcat("ballast-report/", name, NULL);
    const char *text = g_hash_table_lookup(files, path);
    if (text == NULL)
        g_error("the report has no %s", name);
    return text;
}

static void replay(GHashTable *files, const char *name)
{
    g_autofree char *path = g_build_filename(serving.folder, name, NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, file_of(files, "trace.jsonl"), -1, &error);
    g_assert_no_error(error);
    g_autofree char *words = g_strdup_printf("replay --check %s", path);
    g_assert_cmpint(run(words), ==, BL_EXIT_DONE);
}

static void test_whole(void)
{
    static const char *const names[] = {
        "README.txt",     "host.json",         "status.json", "vms.json",   "policy.json",
        "notes.json",     "history-host.json", "blame.json",  "sizes.json", "audit.json",
        "decisions.json", "metrics.txt",       "trace.jsonl"};
    g_autoptr(GHashTable) files = report_of("", "plain.tar.gz");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *text = file_of(files, names[i]);
        if (g_str_has_suffix(names[i], ".json")) {
            json_t *json = json_loads(text, 0, NULL);
            g_assert_true(json_is_object(json));
            json_decref(json);
        }
    }
    g_assert_cmpuint(g_hash_table_size(files), ==, G_N_ELEMENTS(names));
    /* So that looking for them in an anonymous one means something. */
    g_assert_nonnull(strstr(file_of(files, "decisions.json"), "payroll-main (gold) waited"));
    g_assert_nonnull(strstr(file_of(files, "policy.json"), "payroll-*"));
    g_assert_nonnull(strstr(file_of(files, "trace.jsonl"), "tenant=zenith"));
    g_assert_nonnull(strstr(file_of(files, "notes.json"), ", by "));
    replay(files, "plain.jsonl");
}

static void test_anonymous(void)
{
    GHashTableIter iter;
    gpointer name, text;
    g_autoptr(GHashTable) files = report_of("--anonymous", "anonymous.tar.gz");
    g_hash_table_iter_init(&iter, files);
    while (g_hash_table_iter_next(&iter, &name, &text)) {
        for (guint i = 0; i < G_N_ELEMENTS(original); i++) {
            const char *found = strstr(text, original[i]);
            if (found != NULL)
                g_error("%s: %.80s", (const char *)name, found);
        }
        g_assert_null(strstr(text, "\"zz\""));
        g_assert_null(strstr(text, "zz (lead)"));
    }
    json_t *status = json_loads(file_of(files, "status.json"), 0, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(status, "host")), ==, "host-1");
    json_decref(status);
    /* The same guest everywhere, and its class. */
    g_assert_nonnull(strstr(file_of(files, "decisions.json"), "guest-00004 (gold) waited"));
    g_assert_nonnull(strstr(file_of(files, "metrics.txt"),
                            "ballast_guest_vcpus{domain=\"guest-00004\",class=\"gold\"}"));
    g_assert_nonnull(strstr(file_of(files, "trace.jsonl"), "\"name\":\"guest-00004\""));
    g_assert_nonnull(strstr(file_of(files, "policy.json"), "gold"));
    g_assert_nonnull(strstr(file_of(files, "notes.json"), ", by somebody"));
    replay(files, "anonymous.jsonl");
}

static void test_usage(void)
{
    g_assert_cmpint(run("report --seconds 0"), ==, BL_EXIT_USAGE);
    g_assert_cmpint(run("report --seconds 21 /nowhere/x"), ==, BL_EXIT_USAGE);
    g_assert_cmpint(run("report a b"), ==, BL_EXIT_USAGE);
    g_assert_cmpint(run("report --seconds 1 /nowhere/x"), ==, BL_EXIT_FAILED);
    g_assert_nonnull(strstr(err_text, "/nowhere/x"));
}

/* Without a daemon the host is told all the same. */
static void test_partly(void)
{
    g_autofree char *path = g_build_filename(serving.folder, "partly.tar.gz", NULL);
    g_autofree char *words =
        g_strdup_printf("--socket %s/none report --anonymous %s", serving.folder, path);
    g_assert_cmpint(run(words), ==, BL_EXIT_PARTLY);
    g_assert_nonnull(strstr(err_text, "status.json is missing"));
    g_autofree char *data = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &data, &length, NULL));
    g_autoptr(GBytes) packed = g_bytes_new(data, length);
    g_autoptr(GHashTable) files = files_of(packed);
    g_assert_cmpuint(g_hash_table_size(files), ==, 2);
    g_assert_nonnull(strstr(file_of(files, "README.txt"), "trace.jsonl could not be had"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("ballast-names-XXXXXX.yaml", &path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    g_file_set_contents(path, scenario, -1, &error);
    g_assert_no_error(error);
    serving_start(&serving, (const char *const[]){"--scenario", path, "--warm", "20", NULL});
    g_unlink(path);
    g_assert_cmpint(run("class set payroll-main gold"), ==, BL_EXIT_DONE);
    g_test_add_func("/report/tar", test_tar);
    g_test_add_func("/report/texts", test_texts);
    g_test_add_func("/report/words-of-ours-stay", test_words_of_ours_stay);
    g_test_add_func("/report/damaged-traces", test_damaged_traces);
    g_test_add_func("/report/traces-decide-as-before", test_traces_decide_as_before);
    g_test_add_func("/report/whole", test_whole);
    g_test_add_func("/report/anonymous", test_anonymous);
    g_test_add_func("/report/usage", test_usage);
    g_test_add_func("/report/partly", test_partly);
    int result = g_test_run();
    serving_stop(&serving);
    command_clear();
    return result;
}
