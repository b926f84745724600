/* `ballast-sim run`: one scenario or one seed. */
#include <gio/gio.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/units.h"
#include "sim/generate.h"
#include "sim/scenario.h"
#include "sim/sim.h"

#define SCENARIO_LIMIT (4 * 1024 * 1024)

static void value_append(GString *out, BlExpectKind kind, gint64 value)
{
    BlUnit unit = bl_expect_unit(kind);
    if (value == G_MAXINT64 || value == G_MININT64)
        g_string_append(out, value == G_MAXINT64 ? "any" : "not measured");
    else if (unit == BL_UNIT_PERMYRIAD)
        bl_permyriad_append(out, value);
    else if (unit == BL_UNIT_USEC)
        bl_usec_append(out, value);
    else if (unit == BL_UNIT_BYTES)
        bl_bytes_append(out, value);
    else
        g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
}

static void finding_print(const BlSimSpec *spec, const BlExpect *expect,
                          const BlSimFinding *finding)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "%-4s  %s", finding->met ? "ok" : "NOT",
                           bl_expect_name(expect->kind));
    if (expect->guest >= 0)
        g_string_append_printf(out, " of \"%s\"",
                               g_array_index(spec->guests, BlGuestSpec, expect->guest).name);
    if (expect->text != NULL)
        g_string_append_printf(out, " \"%s\"", expect->text);
    g_string_append(out, ": ");
    value_append(out, expect->kind, finding->value);
    g_string_append(out, "; expected ");
    value_append(out, expect->kind, expect->least);
    g_string_append(out, " to ");
    value_append(out, expect->kind, expect->most);
    puts(out->str);
}

void sim_report_print(const BlSimSpec *spec, const BlSimReport *report)
{
    for (guint i = 0; i < spec->expects->len; i++)
        finding_print(spec, &g_array_index(spec->expects, BlExpect, i),
                      &g_array_index(report->findings, BlSimFinding, i));
    if (report->violation != NULL) {
        g_autoptr(GString) at = g_string_new(NULL);
        bl_usec_append(at, report->violated_usec);
        printf("BROKEN after %s: %s\n", at->str, report->violation);
    }
    printf("%s: %u ticks, %u steps, digest %016" G_GINT64_MODIFIER "x\n", spec->name, report->ticks,
           report->steps, report->digest);
}

static BlSimSpec *spec_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!bl_file_read_limited(path, SCENARIO_LIMIT, &text, &length, error))
        return NULL;
    return bl_sim_scenario_parse(path, text, length, error);
}

int sim_run(int argc, char **argv)
{
    gboolean story = FALSE, liveness = FALSE, keep = FALSE, text = FALSE, memory = FALSE;
    gint64 seed = -1;
    g_autofree char *record = NULL;
    const GOptionEntry entries[] = {
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Run what this seed makes", "N"},
        {"memory", 0, 0, G_OPTION_ARG_NONE, &memory, "What --seed makes with memory", NULL},
        {"plans", 0, 0, G_OPTION_ARG_NONE, &story, "Print every step and decision", NULL},
        {"liveness", 0, 0, G_OPTION_ARG_NONE, &liveness,
         "Afterwards: is what can be reached reached, and does it get quiet?", NULL},
        {"keep", 0, 0, G_OPTION_ARG_NONE, &keep, "Do not give everything back at the end", NULL},
        {"record", 0, 0, G_OPTION_ARG_FILENAME, &record, "Write a trace", "FILE"},
        {"text", 0, 0, G_OPTION_ARG_NONE, &text, "Only print the scenario", NULL},
        {0}};
    g_autoptr(GError) error = NULL;
    if (!sim_options(entries, "[FILE]", "Runs a scenario file, or what --seed makes.", &argc,
                     &argv))
        return SIM_USAGE;
    if ((seed >= 0) == (argc == 2) || argc > 2) {
        fputs("ballast-sim: run takes one scenario file, or --seed\n", stderr);
        return SIM_USAGE;
    }
    g_autoptr(BlSimSpec) spec =
        seed >= 0 ? (memory ? bl_sim_generate_memory : bl_sim_generate)((guint64)seed)
                  : spec_read(argv[1], &error);
    if (spec != NULL && text) {
        g_autofree char *scenario = bl_sim_scenario_text(spec);
        fputs(scenario, stdout);
        return SIM_GOOD;
    }
    BlSimOptions options = {.liveness = liveness, .release = !keep, .record = record};
    options.story = story ? g_string_new(NULL) : NULL;
    g_autoptr(BlSimReport) report = spec != NULL ? bl_sim_run(spec, &options, &error) : NULL;
    if (options.story != NULL) {
        fputs(options.story->str, stdout);
        g_string_free(options.story, TRUE);
    }
    if (report == NULL) {
        fprintf(stderr, "ballast-sim: %s\n", error->message);
        return SIM_USAGE;
    }
    if (!story || !bl_sim_report_is_good(report))
        sim_report_print(spec, report);
    return bl_sim_report_is_good(report) ? SIM_GOOD : SIM_BAD;
}
