/* `ballast-sim compare-memory`: the same memory workloads under other controllers and Ballast. */
#include <stdio.h>

#include "base/units.h"
#include "sim/compare.h"
#include "sim/points.h"
#include "sim/sim.h"
#include "sim/workload.h"

typedef struct {
    guint runs;
    BlSimFigures figures[BL_REFERENCE_KINDS]; /* summed over runs */
} Row;

static void figures_add(BlSimFigures *sum, const BlSimFigures *one, const BlSimFigures *admitting)
{
    sum->short_usec += one->short_usec;
    sum->hopeless_usec += one->hopeless_usec;
    sum->beyond_usec += one->beyond_usec;
    sum->shortage_byte_sec += one->shortage_byte_sec;
    sum->swapped_bytes += one->swapped_bytes;
    sum->above_hard_usec += one->above_hard_usec;
    sum->ooms += one->ooms;
    sum->admitted += admitting->admitted;
}

static gboolean workload_run(Row *row, const BlSimSpec *spec, GError **error)
{
    row->runs++;
    for (guint i = 0; i < BL_REFERENCE_KINDS; i++) {
        BlSimFigures figures, admitting;
        if (!bl_sim_compare(spec, (BlReferenceKind)i, FALSE, &figures, error) ||
            !bl_sim_compare(spec, (BlReferenceKind)i, TRUE, &admitting, error))
            return FALSE;
        figures_add(&row->figures[i], &figures, &admitting);
    }
    return TRUE;
}

static void row_print(const char *name, const Row *row)
{
    for (guint i = 0; i < BL_REFERENCE_KINDS; i++) {
        const BlSimFigures *figures = &row->figures[i];
        g_autoptr(GString) swapped = g_string_new(NULL);
        bl_bytes_append(swapped, figures->swapped_bytes / row->runs);
        if (i == 0)
            printf("%-8s %4u", name, row->runs);
        else
            printf("%13s", "");
        printf("  %-10s %7.1f %8.1f %10.1f %12s %11.1f %5" G_GINT64_FORMAT " %9.1f\n",
               bl_reference_name((BlReferenceKind)i),
               (double)figures->short_usec / row->runs / BL_USEC_PER_SEC,
               (double)figures->beyond_usec / row->runs / BL_USEC_PER_SEC,
               (double)figures->shortage_byte_sec / row->runs / (1024.0 * BL_MIB), swapped->str,
               (double)figures->above_hard_usec / row->runs / BL_USEC_PER_SEC, figures->ooms,
               (double)figures->admitted / row->runs);
    }
}

static void ratio_print(const char *what, gint64 ours, gint64 theirs)
{
    if (theirs > 0)
        printf("  %s %.2f", what, (double)ours / (double)theirs);
    else
        printf("  %s %s", what, ours > 0 ? "(from none)" : "(both none)");
}

static void ratios_print(const Row *row)
{
    const BlSimFigures *ours = &row->figures[BL_REFERENCE_BALLAST];
    for (guint i = 0; i < BL_REFERENCE_BALLAST; i++) {
        const BlSimFigures *theirs = &row->figures[i];
        printf("ballast / %-8s", bl_reference_name((BlReferenceKind)i));
        ratio_print("short", ours->short_usec, theirs->short_usec);
        ratio_print("beyond", ours->beyond_usec, theirs->beyond_usec);
        ratio_print("swapped", ours->swapped_bytes, theirs->swapped_bytes);
        ratio_print("above hard", ours->above_hard_usec, theirs->above_hard_usec);
        ratio_print("admitted", ours->admitted, theirs->admitted);
        puts("");
    }
}

static gboolean compare(guint workloads, guint64 seed, const GPtrArray *paths, GError **error)
{
    guint kinds = paths != NULL ? BL_WORKLOAD_KINDS : BL_WORKLOAD_TRACES;
    Row rows[BL_WORKLOAD_KINDS] = {0}, all = {0};
    for (guint i = 0; i < workloads; i++) {
        guint kind = i % kinds;
        g_autoptr(BlSimSpec) spec =
            bl_sim_workload((BlWorkloadKind)kind, seed + i / kinds, paths, error);
        if (spec == NULL || !workload_run(&rows[kind], spec, error))
            return FALSE;
    }
    puts("WORKLOAD RUNS  CONTROLLER SHORT S BEYOND S SHORT GIBS      SWAPPED ABOVE HARD S  OOMS  "
         "ADMITTED");
    for (guint kind = 0; kind < kinds; kind++) {
        if (rows[kind].runs == 0)
            continue;
        row_print(bl_workload_name((BlWorkloadKind)kind), &rows[kind]);
        all.runs += rows[kind].runs;
        for (guint i = 0; i < BL_REFERENCE_KINDS; i++)
            figures_add(&all.figures[i], &rows[kind].figures[i], &rows[kind].figures[i]);
    }
    row_print("all", &all);
    printf("What they work on is more than there is for %.1f s of a run: no controller helps then, "
           "and "
           "it is\nnot in BEYOND.\n",
           (double)all.figures[BL_REFERENCE_BALLAST].hopeless_usec / all.runs / BL_USEC_PER_SEC);
    ratios_print(&all);
    return TRUE;
}

int sim_compare_memory(int argc, char **argv)
{
    gint workloads = 20;
    gint64 seed = 1;
    g_autofree char *data = NULL;
    const GOptionEntry entries[] = {
        {"workloads", 0, 0, G_OPTION_ARG_INT, &workloads, "How many (default 20)", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "The first (default 1)", "N"},
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &data,
         "Folder of recorded guests, two columns a line: workloads from these, too", "DIR"},
        {0}};
    g_autoptr(GError) error = NULL;
    if (!sim_options(
            entries, "",
            "Memory workloads under other controllers and Ballast. Per run: time in which "
            "any guest was short of its working set, of that while all fit into the host, GiB "
            "short x seconds, swapped, time "
            "above the hard boundary, programs killed, and guests that found room.",
            &argc, &argv))
        return SIM_USAGE;
    if (argc > 1 || workloads < 1 || workloads > 10000 || seed < 0) {
        fputs("ballast-sim: compare-memory takes options only, and 1 to 10000 workloads\n", stderr);
        return SIM_USAGE;
    }
    g_autoptr(GPtrArray) paths = data != NULL ? bl_sim_points_list(data, 0, &error) : NULL;
    if (error == NULL && compare((guint)workloads, (guint64)seed, paths, &error))
        return SIM_GOOD;
    fprintf(stderr, "ballast-sim: %s\n", error->message);
    return SIM_USAGE;
}
