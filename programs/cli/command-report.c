/* `ballast report`: one archive with all that helps whoever looks for a fault. It asks the API and
 * reads nothing else of the daemon: no access file, no key, no journal. A part that cannot be had
 * is said in the README, and the rest is written all the same. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/units.h"
#include "cli/anonymise.h"
#include "cli/command.h"
#include "cli/tar.h"
#include "client/figure-text.h"
#include "model/codec.h"

#define TRACE_SECONDS 5
#define TRACE_SECONDS_MAX 20
#define FOLDER "ballast-report/"

typedef struct {
    BlRouteId route;
    const char *name;
    const char *since; /* how far back; NULL: it has no past */
    const char *limit;
    gboolean text; /* no JSON */
} Part;

static const Part parts[] = {
    {BL_ROUTE_STATUS, "status.json"},
    {BL_ROUTE_VMS, "vms.json"},
    {BL_ROUTE_POLICY, "policy.json"},
    {BL_ROUTE_DECISIONS, "decisions.json", .since = "24h", .limit = "1000"},
    {BL_ROUTE_NOTES, "notes.json", .since = "24h", .limit = "1000"},
    {BL_ROUTE_HISTORY, "history-host.json", .since = "1h"},
    {BL_ROUTE_BLAME, "blame.json"},
    {BL_ROUTE_SIZES, "sizes.json"},
    {BL_ROUTE_AUDIT, "audit.json"},
    {BL_ROUTE_METRICS, "metrics.txt", .text = TRUE},
    {BL_ROUTE_TRACE, "trace.jsonl", .text = TRUE},
};

typedef struct {
    BlCli *cli;
    BlAnonymiser *anonymiser; /* NULL: names stay */
    gint64 seconds;
    json_t *objects[G_N_ELEMENTS(parts)];
    char *texts[G_N_ELEMENTS(parts)];
    GString *readme;
    guint missing;
} Report;

static void report_clear(Report *report)
{
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        json_decref(report->objects[i]);
        g_free(report->texts[i]);
    }
    bl_anonymiser_free(report->anonymiser);
    if (report->readme != NULL)
        g_string_free(report->readme, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Report, report_clear)

static void part_missing(Report *report, const Part *part, const char *why)
{
    g_string_append_printf(report->readme, "%s could not be had: %s\n", part->name, why);
    bl_cli_fail(report->cli, BL_EXIT_PARTLY, "%s is missing in the report: %s", part->name, why);
    report->missing++;
}

/* --- gathering -----------------------------------------------------------------------------------
 */

static char *part_path(const Report *report, const Part *part)
{
    GString *path = g_string_new(bl_route(part->route)->path);
    gint64 wall_usec;
    if (part->since != NULL && bl_moment_parse(part->since, g_get_real_time(), &wall_usec)) {
        g_autoptr(GString) moment = g_string_new(NULL);
        bl_time_append(moment, wall_usec);
        bl_client_path_add_query(path, "since", moment->str);
    }
    if (part->limit != NULL)
        bl_client_path_add_query(path, "limit", part->limit);
    if (part->route == BL_ROUTE_TRACE) {
        g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, report->seconds);
        bl_client_path_add_query(path, "seconds", seconds);
    }
    return g_string_free(path, FALSE);
}

static void parts_gather(Report *report)
{
    BlClient *client = bl_cli_client(report->cli);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = part_path(report, &parts[i]);
        g_autoptr(GError) error = NULL;
        if (parts[i].text)
            report->texts[i] = bl_client_get_text(client, path, &error);
        else
            report->objects[i] = bl_client_get(client, path, &error);
        if (error != NULL)
            part_missing(report, &parts[i], error->message);
    }
}

static json_t *host_facts(void)
{
    struct utsname system = {0};
    struct sysinfo info = {0};
    g_autofree char *name = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
    g_autoptr(GString) now = g_string_new(NULL);
    uname(&system);
    gboolean known = sysinfo(&info) == 0;
    bl_time_append(now, g_get_real_time());
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s?, s:i, s:o, s:o, s:i}", "time", now->str, "ballast",
        BL_VERSION, "kernel", system.release, "kernelBuild", system.version, "machine",
        system.machine, "system", name, "cpus", (int)g_get_num_processors(), "memory",
        known ? json_integer((json_int_t)info.totalram * info.mem_unit) : json_null(), "uptime",
        known ? json_integer((json_int_t)info.uptime) : json_null(), "cgroup",
        g_file_test("/sys/fs/cgroup/cgroup.controllers", G_FILE_TEST_EXISTS) ? 2 : 1);
}

/* --- what is in free text, and no name -----------------------------------------------------------
 */

/* "qemu+ssh://root@node-7/system" -> "qemu+ssh://hidden". */
static void uri_hide(json_t *libvirt)
{
    const char *uri = bl_text_of(libvirt, "uri");
    const char *at = uri != NULL ? strstr(uri, "://") : NULL;
    if (at != NULL && at[3] != '/')
        json_object_set_new(libvirt, "uri", json_sprintf("%.*s://hidden", (int)(at - uri), uri));
}

/* What was wrong with a policy quotes its lines, and these name guests. */
static void status_hide(json_t *status)
{
    json_t *policy = json_object_get(status, "policy"),
           *notices = json_object_get(status, "notices");
    uri_hide(json_object_get(status, "libvirt"));
    if (json_object_get(policy, "path") != NULL)
        json_object_set_new(policy, "path", json_string("policy.yaml"));
    if (bl_text_of(policy, "error") != NULL)
        json_object_set_new(policy, "error", json_string("hidden"));
    for (gsize i = json_array_size(notices); i-- > 0;) {
        const char *text = json_string_value(json_array_get(notices, i));
        if (text != NULL && g_str_has_prefix(text, "the last policy reload was refused"))
            json_array_set_new(notices, i, json_string("the last policy reload was refused"));
    }
}

/* Who did something, and lines of a policy. */
static void notes_hide(json_t *notes)
{
    size_t index;
    json_t *note;
    json_array_foreach(json_object_get(notes, "items"), index, note)
    {
        const char *kind = bl_text_of(note, "kind"), *text = bl_text_of(note, "text");
        if (kind == NULL || text == NULL)
            continue;
        const char *by = g_str_equal(kind, "operator") ? g_strrstr(text, ", by ") : NULL;
        if (by != NULL)
            json_object_set_new(note, "text",
                                json_sprintf("%.*s, by somebody", (int)(by - text), text));
        else if (g_str_equal(kind, "policy"))
            json_object_set_new(note, "text", json_sprintf("%.*s", (int)strcspn(text, "\n"), text));
    }
}

static void policy_hide(json_t *policy)
{
    g_autofree char *text = bl_anonymous_policy(json_object_get(policy, "files"));
    json_object_del(policy, "files");
    json_object_set_new(policy, "path", json_string("policy.yaml"));
    json_object_set_new(policy, "effective", text != NULL ? json_string(text) : json_null());
}

/* --- anonymous -----------------------------------------------------------------------------------
 */

static void trace_learn(BlAnonymiser *anonymiser, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        json_t *json = json_loads(*line, 0, NULL);
        json_object_del(json, "policy");
        bl_anonymiser_learn(anonymiser, json);
        json_decref(json);
    }
}

static void names_learn(Report *report)
{
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (report->objects[i] != NULL)
            bl_anonymiser_learn(report->anonymiser, report->objects[i]);
        if (parts[i].route == BL_ROUTE_TRACE && report->texts[i] != NULL)
            trace_learn(report->anonymiser, report->texts[i]);
    }
    json_t *self = json_pack("{s:s}", "host", g_get_host_name());
    bl_anonymiser_learn(report->anonymiser, self);
    json_decref(self);
    bl_anonymiser_seal(report->anonymiser);
}

static void object_hide(const Report *report, BlRouteId route, json_t *object)
{
    if (route == BL_ROUTE_STATUS)
        status_hide(object);
    else if (route == BL_ROUTE_NOTES)
        notes_hide(object);
    else if (route == BL_ROUTE_POLICY)
        policy_hide(object);
    /* What is left of a policy are numbers, and words of ours. */
    if (route != BL_ROUTE_POLICY)
        bl_anonymiser_json(report->anonymiser, object);
}

static void names_replace(Report *report)
{
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *text = g_steal_pointer(&report->texts[i]);
        g_autoptr(GError) error = NULL;
        if (report->objects[i] != NULL)
            object_hide(report, parts[i].route, report->objects[i]);
        if (text == NULL)
            continue;
        if (parts[i].route == BL_ROUTE_TRACE)
            report->texts[i] = bl_anonymiser_trace(report->anonymiser, text, &error);
        else
            report->texts[i] = bl_anonymiser_text(report->anonymiser, text);
        if (error != NULL)
            part_missing(report, &parts[i], error->message);
    }
    g_autofree char *readme = bl_anonymiser_text(report->anonymiser, report->readme->str);
    g_string_assign(report->readme, readme);
}

/* --- writing -------------------------------------------------------------------------------------
 */

static void add(BlTar *tar, const char *name, const char *text)
{
    g_autofree char *path = g_strconcat(FOLDER, name, NULL);
    bl_tar_add(tar, path, text, strlen(text));
}

static void add_json(BlTar *tar, const char *name, const json_t *object)
{
    char *text = json_dumps(object, BL_JSON_PRETTY);
    add(tar, name, text != NULL ? text : "");
    free(text);
}

static GBytes *report_pack(Report *report, GError **error)
{
    g_autoptr(BlTar) tar = bl_tar_new(g_get_real_time() / BL_USEC_PER_SEC);
    json_t *host = host_facts();
    g_string_prepend(report->readme,
                     report->anonymiser != NULL
                         ? "A report of Ballast. Names of guests and hosts, UUIDs and values of "
                           "metadata are made up,\nthe same everywhere; assignments of the policy "
                           "are left out. Names of classes are real.\n\n"
                         : "A report of Ballast. It names the guests of its host.\n\n");
    g_string_append(report->readme, "\nballast replay --check trace.jsonl decides it again.\n");
    add(tar, "README.txt", report->readme->str);
    add_json(tar, "host.json", host);
    json_decref(host);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (report->objects[i] != NULL)
            add_json(tar, parts[i].name, report->objects[i]);
        if (report->texts[i] != NULL)
            add(tar, parts[i].name, report->texts[i]);
    }
    return bl_tar_end(tar, error);
}

static int report_write(Report *report, const char *path, int fd)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = report_pack(report, &error);
    if (bytes == NULL)
        return bl_cli_fail(report->cli, BL_EXIT_FAILED, "the report cannot be packed: %s",
                           error->message);
    gsize length = g_bytes_get_size(bytes);
    if (!bl_fd_write_all(fd, g_bytes_get_data(bytes, NULL), length))
        return bl_cli_fail(report->cli, BL_EXIT_FAILED, "cannot write \"%s\": %s", path,
                           g_strerror(errno));
    fprintf(report->cli->err, "%s: %" G_GSIZE_FORMAT " bytes; look at it before you send it\n",
            path, length);
    return report->missing > 0 ? BL_EXIT_PARTLY : BL_EXIT_DONE;
}

static char *default_path(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return g_date_time_format(now, "ballast-report-%Y%m%dT%H%M%SZ.tar.gz");
}

int bl_command_report(BlCli *cli, int argc, char **argv)
{
    g_auto(Report) report = {.cli = cli, .seconds = TRACE_SECONDS, .readme = g_string_new(NULL)};
    const char *seconds = bl_cli_option(cli, "seconds");
    if (seconds != NULL && (!bl_integer_parse(seconds, &report.seconds) || report.seconds < 1 ||
                            report.seconds > TRACE_SECONDS_MAX))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--seconds is a number from 1 to %d",
                           TRACE_SECONDS_MAX);
    g_autofree char *path = argc > 0 ? g_strdup(argv[0]) : default_path();
    /* First: whoever may not write there need not wait for the trace. */
    g_auto(BlFd) fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return bl_cli_fail(cli, BL_EXIT_FAILED, "cannot create \"%s\": %s", path,
                           g_strerror(errno));
    parts_gather(&report);
    if (bl_cli_flag(cli, "anonymous")) {
        report.anonymiser = bl_anonymiser_new();
        names_learn(&report);
        names_replace(&report);
    }
    int code = report_write(&report, path, fd);
    if (code == BL_EXIT_FAILED)
        unlink(path);
    return code;
}
