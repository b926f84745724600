/* `ballast status`: the host in about ten lines. */
#include "cli/command.h"
#include "client/figure-text.h"

static gint64 integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static G_GNUC_PRINTF(3, 4) void print_fact(FILE *to, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(to, "%-10s", name);
    bl_cli_print_line(to, text);
}

static void print_cpu(FILE *to, const json_t *cpu)
{
    g_autofree char *busy = bl_percent_text(json_object_get(cpu, "busy"));
    g_autofree char *pressure = bl_percent_text(json_object_get(cpu, "pressure"));
    g_autofree char *cpus = bl_number_text(json_object_get(cpu, "cpus"));
    g_autofree char *vcpus = bl_number_text(json_object_get(cpu, "vcpus"));
    g_autofree char *limit = bl_number_text(json_object_get(cpu, "overcommitLimit"));
    g_autofree char *ready = bl_percent_text(json_object_get(cpu, "readyBoundary"));
    const json_t *reserved = json_object_get(cpu, "reserved");
    const json_t *count = json_object_get(cpu, "cpus");
    double host = json_number_value(count),
           guests = json_number_value(json_object_get(cpu, "vcpus"));
    g_autofree char *ratio = host > 0 ? g_strdup_printf("%.2f", guests / host) : g_strdup("-");
    g_autofree char *cores = json_is_number(reserved)
                                 ? g_strdup_printf("%.4g", json_number_value(reserved))
                                 : g_strdup("-");
    print_fact(to, "cpu", "%s busy of %s CPUs; tasks waited %s of the time", busy, cpus, pressure);
    print_fact(to, "vcpus", "%s, %s per CPU (boundary %s); %s cores reserved", vcpus, ratio, limit,
               cores);
    print_fact(to, "ready", "%s per vCPU counts as contention", ready);
}

static void print_memory(FILE *to, const json_t *memory)
{
    g_autofree char *used = bl_bytes_text(json_object_get(memory, "used"));
    g_autofree char *capacity = bl_bytes_text(json_object_get(memory, "capacity"));
    g_autofree char *taken = bl_bytes_text(json_object_get(memory, "taken"));
    const char *state = bl_text_of(memory, "state");
    print_fact(to, "memory", "%s of %s in use, state %s; balloons hold %s back", used, capacity,
               state != NULL ? state : "-", taken);
    const json_t *lacking = json_object_get(memory, "short");
    const json_t *mover = json_object_get(memory, "mover");
    if (json_integer_value(lacking) <= 0)
        return;
    g_autofree char *missing = bl_bytes_text(lacking);
    g_autofree char *bytes = bl_bytes_text(json_object_get(mover, "bytes"));
    const char *name = bl_text_of(mover, "name");
    print_fact(to, "short", "%s that balloons cannot find%s%s%s%s%s", missing,
               name != NULL ? "; moving \"" : "", name != NULL ? name : "",
               name != NULL ? "\" to another host gives " : "", name != NULL ? bytes : "",
               name != NULL ? " back" : "");
}

/* A daemon of before page sharing says nothing of it. */
static void print_sharing(FILE *to, const json_t *sharing)
{
    const char *sentence = bl_text_of(sharing, "sentence");
    if (sentence != NULL)
        print_fact(to, "sharing", "%s", sentence);
}

static void print_lines(FILE *to, const char *name, const json_t *lines)
{
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line)
    {
        if (json_is_string(line))
            print_fact(to, name, "%s", json_string_value(line));
    }
}

static void print_daemon(FILE *to, const json_t *status)
{
    const json_t *libvirt = json_object_get(status, "libvirt");
    const json_t *policy = json_object_get(status, "policy");
    const char *host = bl_text_of(status, "host"), *version = bl_text_of(status, "version");
    const char *mode = bl_text_of(status, "mode"), *uri = bl_text_of(libvirt, "uri");
    const char *path = bl_text_of(policy, "path"), *loaded = bl_text_of(policy, "loaded");
    const char *since = bl_text_of(libvirt, "since"), *error = bl_text_of(policy, "error");
    print_fact(to, "host", "%s, ballastd %s", host != NULL ? host : "-",
               version != NULL ? version : "-");
    print_fact(to, "mode", "%s%s%s", mode != NULL ? mode : "-",
               json_is_true(json_object_get(status, "releasing")) ? "; giving everything back" : "",
               json_is_true(json_object_get(status, "frozen"))
                   ? "; frozen: too many steps made things worse"
                   : "");
    print_fact(to, "libvirt", "%s, %s%s%s", uri != NULL ? uri : "-",
               json_is_true(json_object_get(libvirt, "connected")) ? "connected" : "NOT connected",
               since != NULL ? " since " : "", since != NULL ? since : "");
    print_fact(to, "policy", "%s%s%s%s%s", path != NULL ? path : "built in",
               loaded != NULL ? ", loaded " : "", loaded != NULL ? loaded : "",
               error != NULL ? "; the file on disk has an error: " : "",
               error != NULL ? error : "");
}

static void print_status(const BlCli *cli, const json_t *status)
{
    FILE *to = cli->out;
    gint64 suffering = integer_of(status, "suffering");
    print_daemon(to, status);
    print_cpu(to, json_object_get(status, "cpu"));
    print_memory(to, json_object_get(status, "memory"));
    print_sharing(to, json_object_get(status, "sharing"));
    print_fact(to, "guests", "%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " running",
               integer_of(status, "domains"), integer_of(status, "running"));
    fputs(cli->colour && suffering > 0 ? "\033[31m" : "", to);
    fprintf(to, "%-10s%" G_GINT64_FORMAT " %s", "suffer", suffering,
            suffering == 1 ? "misses its objective" : "miss their objective");
    fputs(cli->colour && suffering > 0 ? "\033[0m\n" : "\n", to);
    print_fact(to, "changes",
               "%" G_GINT64_FORMAT " in force, %" G_GINT64_FORMAT " proposed and not approved",
               integer_of(status, "changesInForce"), integer_of(status, "proposals"));
    print_lines(to, "notice", json_object_get(status, "notices"));
    if (cli->format == BL_FORMAT_WIDE)
        print_lines(to, "", json_object_get(status, "sentences"));
}

int bl_command_status(BlCli *cli, int argc, char **argv)
{
    json_t *status;
    int code = bl_cli_get(cli, BL_ROUTE_STATUS, NULL, &status);
    if (code != BL_EXIT_DONE)
        return code;
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, status);
    else
        print_status(cli, status);
    json_decref(status);
    return BL_EXIT_DONE;
}
