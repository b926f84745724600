/* `ballast-sim soak`: many seeds. */
#include <gio/gio.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/generate.h"
#include "sim/scenario.h"
#include "sim/shrink.h"
#include "sim/sim.h"

#define PROGRESS_USEC (2 * G_USEC_PER_SEC)

typedef struct {
    gint64 seeds, first;
    gboolean liveness, memory;
    BlSimOptions options;
    gint64 done;
    guint64 digest;
    guint64 ticks, steps;
    gint64 told_usec, began_usec;
} Soak;

static void progress(Soak *soak)
{
    gint64 now = g_get_monotonic_time();
    if (!isatty(STDERR_FILENO) || now - soak->told_usec < PROGRESS_USEC)
        return;
    soak->told_usec = now;
    fprintf(stderr, "\r%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " seeds", soak->done,
            soak->seeds);
}

static void failure_tell(const Soak *soak, guint64 seed, const BlSimSpec *spec,
                         const BlSimReport *report)
{
    g_autofree char *options =
        g_strconcat(soak->liveness ? " --liveness" : "", soak->memory ? " --memory" : "", NULL);
    printf("seed %" G_GUINT64_FORMAT " fails. To repeat it:\n  ballast-sim run%s --seed "
           "%" G_GUINT64_FORMAT "\n",
           seed, options, seed);
    sim_report_print(spec, report);
    fflush(stdout);
    guint runs;
    g_autoptr(BlSimSpec) shrunk = bl_sim_shrink(spec, &soak->options, &runs);
    g_autofree char *text = bl_sim_scenario_text(shrunk);
    g_autofree char *path = g_strdup_printf("seed-%" G_GUINT64_FORMAT ".yaml", seed);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(path, text, -1, &error)) {
        fprintf(stderr, "ballast-sim: %s\n", error->message);
        fputs(text, stdout);
        return;
    }
    printf("The shortest run that still fails (%u tried): %u guests, %u events, %" G_GINT64_FORMAT
           " ms:\n  ballast-sim run%s %s\n",
           runs, shrunk->guests->len, shrunk->events->len, shrunk->duration_usec / 1000,
           soak->liveness ? " --liveness" : "", path);
}

static gboolean seed_run(Soak *soak, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlSimSpec) spec = soak->memory ? bl_sim_generate_memory(seed) : bl_sim_generate(seed);
    g_autoptr(BlSimReport) report = bl_sim_run(spec, &soak->options, &error);
    if (report == NULL) {
        fprintf(stderr, "ballast-sim: seed %" G_GUINT64_FORMAT ": %s\n", seed, error->message);
        return FALSE;
    }
    soak->done++;
    soak->ticks += report->ticks;
    soak->steps += report->steps;
    soak->digest = (soak->digest ^ report->digest) * 1099511628211u;
    if (report->violation == NULL)
        return TRUE;
    failure_tell(soak, seed, spec, report);
    return FALSE;
}

int sim_soak(int argc, char **argv)
{
    Soak soak = {.seeds = 1000, .first = 1, .digest = 14695981039346656037u};
    const GOptionEntry entries[] = {
        {"seeds", 0, 0, G_OPTION_ARG_INT64, &soak.seeds, "How many (default 1000)", "N"},
        {"first", 0, 0, G_OPTION_ARG_INT64, &soak.first, "The first (default 1)", "N"},
        {"liveness", 0, 0, G_OPTION_ARG_NONE, &soak.liveness,
         "Judge what is reached after the faults end, too", NULL},
        {"memory", 0, 0, G_OPTION_ARG_NONE, &soak.memory, "With memory", NULL},
        {0}};
    if (!sim_options(entries, "", "Runs seeds with faults; all is to be given back at the end.",
                     &argc, &argv))
        return SIM_USAGE;
    if (argc > 1 || soak.seeds < 1 || soak.first < 0) {
        fputs("ballast-sim: soak takes options only, and at least one seed\n", stderr);
        return SIM_USAGE;
    }
    soak.options = (BlSimOptions){.liveness = soak.liveness, .release = TRUE};
    soak.began_usec = g_get_monotonic_time();
    for (gint64 i = 0; i < soak.seeds; i++) {
        if (!seed_run(&soak, (guint64)(soak.first + i)))
            return SIM_BAD;
        progress(&soak);
    }
    if (soak.told_usec > 0)
        fputc('\n', stderr);
    printf("%" G_GINT64_FORMAT " seeds held: %" G_GUINT64_FORMAT " ticks, %" G_GUINT64_FORMAT
           " steps, %.1f s, digest %016" G_GINT64_MODIFIER "x\n",
           soak.done, soak.ticks, soak.steps,
           (double)(g_get_monotonic_time() - soak.began_usec) / G_USEC_PER_SEC, soak.digest);
    return SIM_GOOD;
}
