/* `ballast-sim what-if`: the load of a recorded trace under another policy or mode. */
#include <stdio.h>

#include "base/fd.h"
#include "base/units.h"
#include "config/policy-file.h"
#include "sim/replay.h"
#include "sim/sim.h"

static gboolean policy_take(BlSimSpec *spec, const char *path, GError **error)
{
    char *text = NULL;
    gsize length;
    if (path == NULL)
        return TRUE;
    if (!bl_file_read_limited(path, BL_POLICY_FILE_LIMIT, &text, &length, error))
        return FALSE;
    g_ptr_array_set_size(spec->policy_texts, 0);
    g_ptr_array_add(spec->policy_texts, text);
    return TRUE;
}

static gboolean mode_take(BlSimSpec *spec, const char *name, GError **error)
{
    if (name == NULL || bl_mode_parse(name, &spec->mode))
        return TRUE;
    g_set_error(error, BL_SIM_ERROR, BL_SIM_ERROR_SCENARIO,
                "\"%s\" is no mode: observe, advise or enforce", name);
    return FALSE;
}

static void expect_each(BlSimSpec *spec)
{
    for (guint i = 0; i < spec->guests->len; i++) {
        BlExpect ready = {.kind = BL_EXPECT_READY, .guest = (gint)i, .most = G_MAXINT64};
        BlExpect used = {.kind = BL_EXPECT_USED, .guest = (gint)i, .most = G_MAXINT64};
        bl_sim_spec_add_expect(spec, &ready);
        bl_sim_spec_add_expect(spec, &used);
        BlExpect lacked = {.kind = BL_EXPECT_SHORT, .guest = (gint)i, .most = G_MAXINT64};
        bl_sim_spec_add_expect(spec, &lacked);
    }
}

/* Each guest's expectations stand together: see expect_each(). */
static gint64 found(const BlSimReport *report, guint guest, guint number)
{
    return g_array_index(report->findings, BlSimFinding, 3 * guest + number).value;
}

static void table_print(const BlSimSpec *spec, const BlSimReport *report)
{
    printf("%-24s %-12s %5s  %10s  %-12s  %s\n", "GUEST", "CLASS", "VCPUS", "READY", "USED",
           "SHORT OF MEMORY");
    for (guint i = 0; i < spec->guests->len; i++) {
        const BlGuestSpec *guest = &g_array_index(spec->guests, BlGuestSpec, i);
        g_autoptr(GString) ready = g_string_new(NULL);
        g_autoptr(GString) used = g_string_new(NULL);
        g_autoptr(GString) lacked = g_string_new(guest->memory.max_bytes > 0 ? NULL : "-");
        bl_permyriad_append(ready, found(report, i, 0));
        bl_cores_append(used, found(report, i, 1));
        if (guest->memory.max_bytes > 0)
            bl_usec_append(lacked, found(report, i, 2));
        printf("%-24s %-12s %5u  %10s  %-12s  %s\n", guest->name,
               guest->class_name != NULL ? guest->class_name : "-", guest->vcpus, ready->str,
               used->str, lacked->str);
    }
}

static int what_if(const char *trace, const char *policy, const char *mode, GString *story)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlSimSpec) spec = bl_sim_spec_from_trace(trace, &error);
    g_autoptr(BlSimReport) report = NULL;
    if (spec != NULL && policy_take(spec, policy, &error) && mode_take(spec, mode, &error)) {
        expect_each(spec);
        BlSimOptions options = {.story = story};
        report = bl_sim_run(spec, &options, &error);
    }
    if (report == NULL) {
        fprintf(stderr, "ballast-sim: %s\n", error->message);
        return SIM_USAGE;
    }
    if (story != NULL)
        fputs(story->str, stdout);
    table_print(spec, report);
    return SIM_GOOD;
}

int sim_what_if(int argc, char **argv)
{
    gboolean plans = FALSE;
    g_autofree char *policy = NULL, *mode = NULL;
    const GOptionEntry entries[] = {
        {"policy", 0, 0, G_OPTION_ARG_FILENAME, &policy, "Under this policy", "FILE"},
        {"mode", 0, 0, G_OPTION_ARG_STRING, &mode, "In this mode", "MODE"},
        {"plans", 0, 0, G_OPTION_ARG_NONE, &plans, "Print every step and decision", NULL},
        {0}};
    if (!sim_options(entries, "TRACE",
                     "What a recorded load would have met under another policy or mode.", &argc,
                     &argv))
        return SIM_USAGE;
    if (argc != 2) {
        fputs("ballast-sim: what-if takes one trace\n", stderr);
        return SIM_USAGE;
    }
    GString *story = plans ? g_string_new(NULL) : NULL;
    int code = what_if(argv[1], policy, mode, story);
    if (story != NULL)
        g_string_free(story, TRUE);
    return code;
}
