/* `ballast-sim size`: right-sizing on recorded loads, beside plain percentiles. */
#include <stdio.h>

#include "base/units.h"
#include "sim/points.h"
#include "sim/sim.h"
#include "sim/size.h"

#define INTERVALS_PER_HOUR 12
#define INTERVALS_PER_DAY 288
#define VCPUS_MAX 1024

/* Each column under each rule, sized once and every hour. */
typedef struct {
    BlSimSizeFigures figures[2][BL_SIM_SIZE_RULES];
} Table;

static const guint holds[2] = {0, INTERVALS_PER_HOUR};

static void table_add(Table *table, const GArray *points, guint vcpus)
{
    for (guint hold = 0; hold < G_N_ELEMENTS(holds); hold++) {
        for (guint rule = 0; rule < BL_SIM_SIZE_RULES; rule++) {
            BlSimSizeTerms terms = {(BlSimSizeRule)rule, holds[hold], vcpus};
            bl_sim_size_judge(points, &terms, &table->figures[hold][rule]);
        }
    }
}

static void row_print(BlSimSizeRule rule, guint hold, const BlSimSizeFigures *figures)
{
    printf("%-10s %-8s %8.2f %12.1f %8.3f %16.2f\n", bl_sim_size_rule_name(rule),
           hold == 0 ? "once" : "hourly",
           100.0 * (double)figures->short_of / (double)figures->intervals,
           100.0 * (double)figures->guests_short / (double)figures->guests,
           (double)figures->slack / (double)MAX(figures->owner_slack, 1),
           (double)figures->changes * INTERVALS_PER_DAY / (double)figures->intervals);
}

static void table_print(const char *what, const Table *table)
{
    printf("%s of %" G_GUINT64_FORMAT " guests\n", what, table->figures[0][0].guests);
    puts("RULE       SIZED     SHORT %  GUESTS>1 %    SLACK CHANGES/GUESTDAY");
    for (guint hold = 0; hold < G_N_ELEMENTS(holds); hold++) {
        for (guint rule = 0; rule < BL_SIM_SIZE_RULES; rule++)
            row_print((BlSimSizeRule)rule, holds[hold], &table->figures[hold][rule]);
    }
}

/* `part` 0: all files; 1, 2: every second one, from the first or the second on. */
static gboolean judge(const char *folder, guint vcpus, guint part, GError **error)
{
    Table cpu = {0}, memory = {0};
    g_autoptr(GPtrArray) paths = bl_sim_points_list(folder, 0, error);
    if (paths == NULL)
        return FALSE;
    for (guint i = part == 2; i < paths->len; i += part == 0 ? 1 : 2) {
        g_autoptr(GArray) used = NULL;
        g_autoptr(GArray) occupied = NULL;
        if (!bl_sim_points_read(g_ptr_array_index(paths, i), &used, &occupied, error))
            return FALSE;
        table_add(&cpu, used, vcpus);
        if (occupied != NULL)
            table_add(&memory, occupied, 0);
    }
    table_print("CPU", &cpu);
    if (memory.figures[0][0].guests > 0)
        table_print("memory", &memory);
    return TRUE;
}

int sim_size(int argc, char **argv)
{
    gint vcpus = 0, part = 0;
    g_autofree char *data = NULL;
    const GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &data,
         "Folder of recorded guests: percent of CPU, and of memory, five minutes a line", "DIR"},
        {"vcpus", 0, 0, G_OPTION_ARG_INT, &vcpus,
         "Size in whole vCPUs of so many (default: to a hundredth of a percent)", "N"},
        {"part", 0, 0, G_OPTION_ARG_INT, &part,
         "Every second file, from the first (1) or the second (2) on; default 0: all", "N"},
        {0}};
    g_autoptr(GError) error = NULL;
    if (!sim_options(
            entries, "",
            "Right-sizing on recorded loads. Each guest's first half is what is known, the "
            "second is judged, sized once or every hour. SHORT: intervals in which it "
            "wanted more than its size; GUESTS: those short for more than 1 %; SLACK: what "
            "the size leaves unused, through what the owner's leaves.",
            &argc, &argv))
        return SIM_USAGE;
    if (argc > 1 || data == NULL || vcpus < 0 || vcpus > VCPUS_MAX || part < 0 || part > 2) {
        fputs("ballast-sim: size needs --data DIR, takes options only, 0 to 1024 vCPUs, and part 0 "
              "to 2\n",
              stderr);
        return SIM_USAGE;
    }
    if (judge(data, (guint)vcpus, (guint)part, &error))
        return SIM_GOOD;
    fprintf(stderr, "ballast-sim: %s\n", error->message);
    return SIM_USAGE;
}
