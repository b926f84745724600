/* The help of `ballast top`, made of its table: see screen.h. */
#include "top/screen.h"

static void keys_append(GString *out)
{
    guint count;
    const BlTopKey *keys = bl_top_keys(&count);
    g_string_append(out, "KEYS\n");
    for (guint i = 0; i < count; i++) {
        if (keys[i].label != NULL)
            g_string_append_printf(out, "  %-10s  %s\n", keys[i].label, keys[i].help);
    }
}

static void columns_append(GString *out, BlPanelId panel)
{
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    g_string_append_printf(out, "\nCOLUMNS of %s\n", bl_top_panel(panel)->name);
    for (guint i = 0; i < count; i++) {
        if (((columns[i].panels >> panel) & 1u) == 0)
            continue;
        g_string_append_printf(out, "  %-10s  %s", bl_top_column_head(&columns[i]),
                               bl_top_column_help(&columns[i]));
        if (columns[i].esxtop != NULL)
            g_string_append_printf(out, " (%s)", columns[i].esxtop);
        if (columns[i].sort_key != 0)
            g_string_append_printf(out, "; %c sorts by it", columns[i].sort_key);
        g_string_append_c(out, '\n');
    }
}

char *bl_top_help_text(const BlTop *top)
{
    g_autoptr(GString) out = g_string_new("PANELS\n");
    guint count;
    const BlTopAbsent *absent = bl_top_absent(&count);
    for (guint i = 0; i < BL_PANELS; i++)
        g_string_append_printf(out, "  %c %-8s  %s\n", bl_top_panel(i)->key, bl_top_panel(i)->name,
                               bl_top_panel(i)->help);
    g_string_append_c(out, '\n');
    keys_append(out);
    g_string_append(out, "\nMARKS before a name\n"
                         "  >           the chosen line\n"
                         "  !           the guest misses its objective\n"
                         "  *           Ballast holds a change of it in force\n"
                         "  ?           its figures are old\n");
    columns_append(out, bl_top_panel_is_guests(top->panel) ? top->panel : BL_PANEL_CPU);
    g_string_append(out, "\nIN ESXTOP AND NOT HERE\n");
    for (guint i = 0; i < count; i++)
        g_string_append_printf(out, "  %-16s  %s\n", absent[i].name, absent[i].reason);
    g_string_append(
        out,
        "\nFigures are of the last two seconds; \"-\" is unknown. Percentages of vCPUs are of the "
        "time, %USED and %DMD of one core. Memory is in MiB, what devices move in MiB a second, "
        "latency in ms.\n");
    return g_string_free(g_steal_pointer(&out), FALSE);
}
