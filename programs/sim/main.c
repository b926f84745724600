/* ballast-sim: the engine in a simulated world. */
#include <stdio.h>
#include <string.h>

#include "model/codec.h"
#include "sim/sim.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", sim_run, "runs a scenario file, or one seed, and says whether it held"},
    {"soak", sim_soak, "runs many seeds with faults, and shrinks the first that fails"},
    {"what-if", sim_what_if, "runs the load of a recorded trace under another policy"},
    {"bench", sim_bench, "measures the engine: time of a tick, memory"},
    {"compare-memory", sim_compare_memory, "memory workloads under other controllers and Ballast"},
    {"serve", sim_serve, "the daemon's API over a simulated host, in real time"},
    {"size", sim_size, "right-sizing on recorded loads, beside plain percentiles"},
};

static void usage(FILE *out)
{
    fputs(
        "Usage: ballast-sim COMMAND [OPTION...]\n\nThe engine of Ballast in a simulated world: no "
        "guest, no clock, no root.\n\nCommands:\n",
        out);
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(out, "  %-14s  %s\n", commands[i].name, commands[i].help);
    fputs(
        "\n\"ballast-sim COMMAND --help\" tells more. Exit codes: 0 it held, 1 it did not, 2 wrong "
        "use or an\nunreadable file.\n",
        out);
}

gboolean sim_options(const GOptionEntry *entries, const char *arguments, const char *summary,
                     int *argc, char ***argv)
{
    g_autoptr(GError) error = NULL;
    GOptionContext *context = g_option_context_new(arguments);
    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, entries, NULL);
    gboolean good = g_option_context_parse(context, argc, argv, &error);
    if (!good)
        fprintf(stderr, "ballast-sim: %s; see \"ballast-sim --help\"\n", error->message);
    g_option_context_free(context);
    return good;
}

int main(int argc, char **argv)
{
    bl_json_memory_guard();
    if (argc < 2) {
        usage(stderr);
        return SIM_USAGE;
    }
    if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h") ||
        g_str_equal(argv[1], "help")) {
        usage(stdout);
        return SIM_GOOD;
    }
    if (g_str_equal(argv[1], "--version")) {
        puts("ballast-sim " BL_VERSION);
        return SIM_GOOD;
    }
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "ballast-sim: there is no command \"%s\"; see \"ballast-sim --help\"\n",
            argv[1]);
    return SIM_USAGE;
}
