/* The command line against a server with canned answers: output, formats, exit codes, help. */
#include "test-api-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/table.h"
#include "client/figure-text.h"
#include "command-run.h"

static Fixture fixture;

static int run(const char *words)
{
    g_autofree char *line = g_strdup_printf("--socket=%s %s", fixture.path, words);
    return command_run(line);
}

static void check(int code, const char *words, const char *out, const char *err)
{
    command_check(run(words), code, words, out, err);
    /* Success without a word on both streams is no answer; failure has nothing for a pipe. */
    if (code != 0)
        g_assert_cmpstr(out_text, ==, "");
}

static void test_status(void)
{
    check(0, "status", "host      node-1, ballastd 0.1.0\n", "");
    g_assert_nonnull(strstr(out_text, "62.5 % busy of 2 CPUs; tasks waited - of the time"));
    g_assert_nonnull(strstr(out_text, "suffer    1 misses its objective\n"));
    /* What a guest's name may hold must not reach the terminal. */
    g_assert_nonnull(strstr(out_text, "a notice\\x1b[31m"));
    g_assert_null(strchr(out_text, '\033'));
    g_auto(GStrv) lines = g_strsplit(out_text, "\n", -1);
    g_assert_cmpint(g_strv_length(lines), <=, 13);
    check(0, "status -o wide", "All is told.", "");
    check(2, "status -o csv", "", "cannot be shown as csv");
    run("-o json status");
    json_t *status = json_loads(out_text, 0, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(status, "apiVersion")), ==, "v1");
    json_decref(status);
}

static void test_vms(void)
{
    check(0, "vms", "NAME   CLASS     %RDY  %RDYAVG", "");
    g_auto(GStrv) lines = g_strsplit(out_text, "\n", -1);
    g_assert_cmpint(g_strv_length(lines), ==, 5);
    g_assert_true(g_str_has_prefix(lines[1], "a,\"b\"  critical   0.2        -"));
    g_assert_true(g_str_has_prefix(lines[3], "web-1  critical   9.4        -"));
    g_assert_true(g_str_has_suffix(lines[3], "misses 1 %"));
    for (guint i = 0; i < 4; i++)
        g_assert_false(g_str_has_suffix(lines[i], " "));

    check(0, "vms --sort-by %rdy -o name", "db-1\nweb-1\na,\"b\"\n", "");
    check(0, "vms --sort-by ready.mean -o name", "web-1\na,\"b\"\ndb-1\n", "");
    check(0, "vms --no-headers -o wide", "00000000-0000-0000-0000-000000000001", "");
    g_assert_null(strstr(out_text, "UUID"));
    check(2, "vms --sort-by nothing", "", "there is no column \"nothing\"; there are NAME");
    check(0, "vms -ocsv", "name,class,ready,ready.mean,", "");
    g_assert_nonnull(strstr(out_text, "\n\"a,\"\"b\"\"\",critical,0.002,,"));
    g_assert_nonnull(strstr(out_text, ",none,"));
    check(2, "vms -o yaml", "", "there are table, wide, json, csv, name and sarif");
}

static void test_guest(void)
{
    check(0, "vm web-1", "ready                 9.4 %", "");
    g_assert_nonnull(strstr(out_text, "cpu.quota             none"));
    check(0, "explain web-1", "It waits.\n", "");
    check(3, "vm none", "", "ballast: There is no guest \"none\".\n");
    check(2, "vm", "", "usage: ballast vm NAME");
    check(2, "vm a b", "", "usage: ballast vm NAME");
    check(3, "vm -- --help", "", "There is no guest \"--help\"");
}

static void test_log(void)
{
    check(0, "log", "ID  TIME                      STATE    TARGET   DECISION\n", "");
    g_assert_nonnull(
        strstr(out_text, " 1  2026-01-31T12:00:00.000Z  applied  batch-1  It was done"));
    check(0, "log -o json web-1", "\"vm\": \"web-1\"", "");
    g_assert_nonnull(strstr(out_text, "\"limit\": \"50\""));
    check(0, "log --since=2026-01-31 -o json", "\"since\": \"2026-01-31T00:00:00.000Z\"", "");
    g_assert_nonnull(strstr(out_text, "\"limit\": \"1000\""));
    check(0, "log --since 2026-01-31T14:00:00+02:00 -o json", "\"2026-01-31T12:00:00.000Z\"", "");
    check(0, "log --since 10min --limit 3 -o json", "\"limit\": \"3\"", "");
    check(0, "log -o name", "1\n", "");
    check(2, "log --since yesterday", "", "--since needs a time");
    check(2, "log --limit 0", "", "--limit needs a whole number");
    check(2, "log --limit", "", "--limit needs a value: N");
    check(2, "log -f --sort-by id", "", "does not go with");
}

/* A pipe whose reader causes the next decisions when it gets the first, and goes away at the
 * third. */
static ssize_t follow_write(void *cookie, const char *bytes, size_t length)
{
    GString *got = cookie;
    g_string_append_len(got, bytes, (gssize)length);
    if (strstr(got->str, "\"id\":2") == NULL)
        fixture_publish(&fixture, 1, 3, 0);
    return strstr(got->str, "\"id\":3") == NULL ? (ssize_t)length : 0;
}

static void test_log_follow(void)
{
    g_autoptr(GString) got = g_string_new(NULL);
    cookie_io_functions_t functions = {.write = follow_write};
    FILE *out = fopencookie(got, "w", functions);
    char *argv[] = {(char *)"ballast", (char *)"--socket", fixture.path,   (char *)"log",
                    (char *)"-f",      (char *)"-o",       (char *)"json", NULL};
    g_assert_cmpint(bl_cli_main(7, argv, out, stderr), ==, BL_EXIT_FAILED);
    fclose(out);
    /* The first was in the list and in the stream: it is shown once. */
    g_auto(GStrv) lines = g_strsplit(g_strchomp(got->str), "\n", -1);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *start = g_strdup_printf("{\"id\":%u,", i + 1);
        g_assert_true(g_str_has_prefix(lines[i], start));
    }
}

static void test_acts(void)
{
    int before = fixture_mode_calls();
    check(0, "mode", "observe\n", "");
    check(0, "mode enforce", "", "the mode is set\n");
    check(0, "mode enforce -o json", "\"kind\": \"Done\"", "");
    check(5, "mode advise", "", "Not now.");
    check(2, "mode wild", "", "observe, advise and enforce");
    g_assert_cmpint(fixture_mode_calls() - before, ==, 3);
    check(0, "mode enforce --dry-run", "would set the mode from \"observe\" to \"enforce\"", "");
    check(0, "mode observe --dry-run", "already", "");
    g_assert_cmpint(fixture_mode_calls() - before, ==, 3);

    check(0, "class set web-1 critical", "", "the class is set");
    check(0, "class unset web-1", "", "the class is set");
    check(4, "class set web-1 gold", "", "no class \"gold\"");
    check(4, "class set web-1 gold --dry-run", "", "it has critical, standard");
    check(0, "class set web-1 standard --dry-run", "would give \"web-1\" the class", "");
    check(0, "class unset --dry-run web-1", "would let the policy choose", "");
    check(3, "class set none standard --dry-run", "", "no guest");
    check(2, "approve x", "", "not the number of a decision");
    check(1, "approve 7", "", "does not answer");
}

static void test_audit(void)
{
    check(0, "audit", "info      (host)  memory.reporting  open   it keeps all\n", "");
    check(0, "audit well", "nothing is found\n", "");
    check(0, "audit --rule memory.swap -o wide", "do this", "");
    g_assert_cmpint(run("audit info warning"), ==, BL_EXIT_WARNINGS);
    g_assert_nonnull(strstr(out_text, "warning   warning  memory.reporting"));
    g_assert_cmpint(run("audit error warning -o json"), ==, BL_EXIT_ERRORS);
    json_t *audit = json_loads(out_text, 0, NULL);
    g_assert_cmpuint(json_array_size(json_object_get(audit, "findings")), ==, 2);
    json_decref(audit);
    g_assert_cmpint(run("audit odd"), ==, BL_EXIT_WARNINGS);
    check(3, "audit absent", "", "no guest");
    check(0, "audit --explain memory.reporting", "ballast audit NAME --apply memory.reporting", "");
    check(0, "audit --explain all -o json", "\"memory.huge_pages\"", "");
    check(3, "audit --explain memory", "", "no rule \"memory\"");
    check(2, "audit a --explain memory", "", "not about a guest");
    check(0, "audit db --apply memory.reporting", "-a\n+b\\x1b\n", "it is set\n");
    check(0, "audit db --undo memory.reporting --dry-run -o json", "\"Definition\"", "");
    check(5, "audit db --apply taken", "", "somebody else");
    check(2, "audit --apply memory.reporting", "", "one guest");
    check(2, "audit a b --undo memory.reporting", "", "one guest");
    check(2, "audit a --undo x --apply x", "", "give one of them");
    check(2, "audit a --dry-run", "", "--dry-run goes with");
}

static void test_size(void)
{
    check(0, "size",
          "web-1  standard      4        2  high         4 GiB         -  none         2 "
          "vCPUs\n",
          "");
    g_assert_null(strstr(out_text, "it wanted"));
    check(0, "size -o wide", "it wanted 1.2 cores", "");
    check(0, "size -o name", "web-1\n", "");
    check(0, "size web-2", "memory   not known\\x1b\nsaves    web-2\n", "");
    check(0, "size web-2 -o json", "\"advised\": 2", "");
    check(3, "size absent", "", "no guest");
    check(0, "size web-1 --apply", "-a\n+b\\x1b\n", "it is set\n");
    check(0, "size web-1 --undo --dry-run -o json", "\"Definition\"", "");
    check(2, "size --apply", "", "give its name");
    check(2, "size web-1 --apply --undo", "", "give one");
    check(2, "size web-1 --dry-run", "", "--dry-run goes with");
}

static void test_fit(void)
{
    check(0, "fit --memory 4GiB --vcpus 2 --class batch", "yes: it fits\n\n", "");
    g_assert_nonnull(strstr(out_text, "CHECK            FITS  NEEDED      TAKEN  LIMIT\n"));
    g_assert_nonnull(strstr(out_text, "memory.use       yes    4 GiB    1.5 GiB  7 GiB\n"));
    g_assert_nonnull(strstr(out_text, "cpu.reservation  -     1 core  2.5 cores      -\n"));
    g_assert_nonnull(strstr(out_text, "cpu.overcommit   yes        2          7      8\n"));
    check(0, "fit --memory=1 --vcpus=1 --class=batch --name db-1 -o json", "\"name\": \"db-1\"",
          "");
    check(0, "fit --memory 1GiB --vcpus 1 --class batch --count 5",
          "yes: 5 of 5 fit; the last: it fits\n", "");
    check(0, "fit --memory 1GiB --vcpus 1 --class batch -o wide", "4 and 3\n", "");
    /* A no is an answer, not a failure to answer. */
    g_assert_cmpint(run("fit --memory 4GiB --vcpus 2 --class critical"), ==, BL_EXIT_REFUSED);
    g_assert_true(g_str_has_prefix(out_text, "no: it does not fit: 4 and 3\n\n"));
    g_assert_cmpstr(err_text, ==, "");
    g_assert_cmpint(run("fit --memory 1.5GiB --vcpus 2 --count 5 -o json"), ==, BL_EXIT_REFUSED);
    g_assert_nonnull(strstr(out_text, "\"memory\": \"1610612736\""));
    g_assert_cmpint(run("fit --memory 1GiB --vcpus 2 --count 5"), ==, BL_EXIT_REFUSED);
    g_assert_true(g_str_has_prefix(out_text, "no: 3 of 5 fit; the next: it does not fit"));
    check(3, "fit --memory 4GiB --vcpus 2 --class gold", "", "no class \"gold\"");
    check(2, "fit", "", "--memory 4GiB --vcpus 2");
    check(2, "fit --memory 4GiB", "", "--memory 4GiB --vcpus 2");
    check(2, "fit --memory 4 GiB --vcpus 2", "", "usage: ballast fit");
    check(2, "fit --memory 4Gib --vcpus 2", "",
          "--memory needs an amount such as 4GiB, not \"4Gib\"");
    check(2, "fit --memory 0 --vcpus 2", "", "--memory needs an amount");
    check(2, "fit --memory 1GiB --vcpus 1.5", "", "--vcpus needs a whole number");
    check(2, "fit --memory 1GiB --vcpus 0", "", "--vcpus needs a whole number");
    check(2, "fit --memory 1GiB --vcpus 1 --count 101", "",
          "--count needs a whole number from 1 to");
}

/* Runs "ballast hook qemu WORDS" with that standard input. */
static int hook(const char *words, const char *text)
{
    g_autofree char *path = g_build_filename(fixture.folder, "definition", NULL);
    g_autofree char *line = g_strconcat("hook qemu ", words, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    int own = dup(STDIN_FILENO), file = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(dup2(file, STDIN_FILENO), ==, STDIN_FILENO);
    int code = run(line);
    g_assert_cmpint(dup2(own, STDIN_FILENO), ==, STDIN_FILENO);
    close(own);
    close(file);
    g_unlink(path);
    g_assert_cmpstr(out_text, ==, "");
    return code;
}

static char *definition(const char *name)
{
    return g_strdup_printf(
        "<domain><name>%s</name><uuid>4DEA22B3-1d52-d8f3-2516-782e98ab3fa0</uuid>"
        "<metadata><class xmlns='urn:ballast:domain:1'>gold</class></metadata>"
        "<memory>1024</memory><vcpu>2</vcpu>"
        "<devices><memballoon model='virtio'/></devices></domain>",
        name);
}

static void test_hook(void)
{
    g_autofree char *refused = definition("refused"), *warned = definition("warned");
    g_autofree char *fine = definition("fine"), *odd = definition("odd");
    g_assert_cmpint(hook("fine prepare begin -", fine), ==, 0);
    g_assert_cmpstr(err_text, ==, "");
    g_assert_cmpint(hook("warned prepare begin -", warned), ==, 0);
    g_assert_cmpstr(
        err_text, ==,
        "ballast: {\"balloon\":1048576,\"memory\":1048576,\"metadata\":[\"class=gold\"],"
        "\"name\":\"warned\",\"uuid\":\"4dea22b3-1d52-d8f3-2516-782e98ab3fa0\","
        "\"vcpus\":2}\n");
    g_assert_cmpint(hook("-- refused prepare begin -", refused), ==, BL_EXIT_REFUSED);
    g_assert_true(g_str_has_prefix(err_text, "ballast: {\"balloon\""));
    /* Whatever else libvirt does is not asked about, and does not fail. */
    static const char *const others[] = {"start begin -",     "started begin -", "stopped end -",
                                         "release end -",     "migrate begin -", "restore begin -",
                                         "reconnect begin -", "attach begin -",  "prepare end -"};
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *words = g_strconcat("refused ", others[i], NULL);
        g_assert_cmpint(hook(words, refused), ==, 0);
        g_assert_cmpstr(err_text, ==, "");
    }
    /* Nor does what goes wrong. */
    g_assert_cmpint(hook("odd prepare begin -", odd), ==, 0);
    g_assert_cmpstr(err_text, ==, "ballast: \"odd\" starts unchecked: Not like this.\n");
    g_assert_cmpint(hook("torn prepare begin -", "<domain>"), ==, 0);
    g_assert_nonnull(strstr(err_text, "\"torn\" starts unchecked: the guest's definition cannot"));
    g_assert_cmpint(hook("none prepare begin -", ""), ==, 0);
    g_assert_cmpint(hook("--socket /nonexistent/x.sock refused prepare begin -", refused), ==, 0);
    g_assert_nonnull(strstr(err_text, "starts unchecked: no daemon answers"));
    check(2, "hook qemu refused prepare", "", "usage: ballast hook qemu");
}

/* A daemon that does not answer holds nobody up. */
static void test_hook_of_hanging_daemon(void)
{
    g_autofree char *path = g_build_filename(fixture.folder, "mute.sock", NULL);
    g_autofree char *words = g_strdup_printf("--socket %s refused prepare begin -", path);
    g_autofree char *refused = definition("refused");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 5), ==, 0);
    gint64 started = g_get_monotonic_time();
    g_assert_cmpint(hook(words, refused), ==, 0);
    g_assert_nonnull(strstr(err_text, "starts unchecked"));
    g_assert_cmpint(g_get_monotonic_time() - started, <, 5 * G_USEC_PER_SEC);
    close(fd);
    g_unlink(path);
}

static void test_policy(void)
{
    check(0, "policy show", "# p.yaml\nversion: 1\n", "");
    check(0, "policy show --effective", "version: 1\nclasses:\n", "");
    check(4, "policy reload", "", "The policy has errors.\np.yaml:1:1: error: wrong\n  here\n");

    g_autofree char *path = g_build_filename(fixture.folder, "test.yaml", NULL);
    g_autofree char *words = g_strdup_printf("policy check %s", path);
    g_assert_true(g_file_set_contents(
        path,
        "version: 1\nclasses:\n  a: {}\n  b: {}\nassign:\n  - {match: {name: x}, class: a}\n"
        "default: b\n",
        -1, NULL));
    check(0, words, "test.yaml: valid: 2 classes, 1 assignment\n", "");
    g_assert_true(g_file_set_contents(path, "version: 1\nclases: {}\n", -1, NULL));
    check(1, words, "", "error");
    g_unlink(path);
    check(1, words, "", "test.yaml");
}

static void test_help(void)
{
    guint count;
    const BlCommand *commands = bl_commands(&count);
    check(0, "--help", "usage: ballast", "");
    for (guint i = 0; i < count; i++) {
        g_autofree char *mark = g_strdup_printf("\n  %s", commands[i].name);
        g_autofree char *usage = g_strdup_printf("usage: ballast %s", commands[i].name);
        g_autofree char *help = g_strdup_printf("help %s", commands[i].name);
        g_autofree char *option = g_strdup_printf("%s --help", commands[i].name);
        run("--help");
        g_assert_nonnull(strstr(out_text, mark));
        check(0, help, usage, "");
        if (commands[i].run_raw == NULL)
            check(0, option, usage, "");
    }
    check(0, "help class", "usage: ballast class unset NAME", "");
    check(0, "--version", "ballast 0.", "");
    check(0, "version", "ballast 0.", "");
    check(2, "", "", "usage: ballast");
    check(2, "nothing", "", "there is no command \"nothing\"");
    check(2, "class", "", "there are \"class set\", \"class unset\"");
    check(2, "help nothing", "", "there is no command");
    check(2, "status --dry-run", "", "there is no option \"--dry-run\"");
    check(2, "status --no-headers=1", "", "takes no value");
    check(2, "status -", "", "usage");
    check(2, "status --connect test:///default", "", "give one of them");
}

/* That it serves, and whom, is tested with the gateway; here is what it does not begin. */
static void test_dashboard(void)
{
    check(2, "dashboard --port 0", "", "--port needs a number from 1 to 65535");
    check(2, "dashboard --port 65536", "", "--port needs a number");
    check(2, "dashboard --port 80x", "", "--port needs a number");
    check(2, "dashboard -o json", "", "cannot be shown as json");
    struct sockaddr_in taken = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof taken;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&taken, size), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&taken, &size), ==, 0);
    g_autofree char *words =
        g_strdup_printf("dashboard --no-open --port %u", ntohs(taken.sin_port));
    check(1, words, "", "cannot listen on 127.0.0.1:");
    close(fd);
}

static void test_no_daemon(void)
{
    check(1, "--socket /nonexistent/x.sock status", "", "systemctl start ballastd");
    check(1, "--socket /nonexistent/x.sock log -f", "", "systemctl start ballastd");
}

static void test_generate(void)
{
    g_autofree char *path = g_build_filename(fixture.folder, "template", NULL);
    g_autofree char *words = g_strconcat("--generate ", path, NULL);
    g_assert_true(
        g_file_set_contents(path, "a\n@COMMANDS@\n@OPTIONS@\n@COMPLETION@\nb\n", -1, NULL));
    g_assert_cmpint(command_run(words), ==, 0);
    g_assert_true(g_str_has_prefix(out_text, "a\n*status*\n"));
    g_assert_true(g_str_has_suffix(out_text, "\nb\n"));
    g_assert_nonnull(strstr(out_text, "*mode* \\[observe\\|advise\\|enforce\\]"));
    g_assert_nonnull(strstr(out_text, "\nclass set|vm|--dry-run \n"));
    g_unlink(path);
}

static void test_texts(void)
{
    json_t *mask = json_integer(0x4f), *quota = json_integer(150000), *null = json_null();
    g_autofree char *cpus = bl_control_text("vcpu.pin", mask);
    g_autofree char *all = bl_control_text("vcpu.pin", null);
    g_autofree char *cores = bl_control_text("cpu.quota", quota);
    g_autofree char *none = bl_control_text("cpu.quota", null);
    g_autofree char *unknown = bl_control_text("cpu.shares", NULL);
    g_assert_cmpstr(cpus, ==, "0-3,6");
    g_assert_cmpstr(all, ==, "all");
    g_assert_cmpstr(cores, ==, "150%");
    g_assert_cmpstr(none, ==, "none");
    g_assert_cmpstr(unknown, ==, "-");
    json_decref(mask);
    json_decref(quota);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture_make(&fixture);
    fixture_start(&fixture);
    g_test_add_func("/command/status", test_status);
    g_test_add_func("/command/vms", test_vms);
    g_test_add_func("/command/guest", test_guest);
    g_test_add_func("/command/log", test_log);
    g_test_add_func("/command/log-follow", test_log_follow);
    g_test_add_func("/command/acts", test_acts);
    g_test_add_func("/command/size", test_size);
    g_test_add_func("/command/fit", test_fit);
    g_test_add_func("/command/audit", test_audit);
    g_test_add_func("/command/hook", test_hook);
    g_test_add_func("/command/hook-of-hanging-daemon", test_hook_of_hanging_daemon);
    g_test_add_func("/command/policy", test_policy);
    g_test_add_func("/command/help", test_help);
    g_test_add_func("/command/dashboard", test_dashboard);
    g_test_add_func("/command/no-daemon", test_no_daemon);
    g_test_add_func("/command/generate", test_generate);
    g_test_add_func("/command/texts", test_texts);
    int code = g_test_run();
    fixture_stop(&fixture);
    fixture_free(&fixture);
    command_clear();
    return code;
}
