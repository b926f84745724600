/* A NUMA node of the kernel: see node.h. */
#include "collect/node.h"

#include <string.h>

/* No node has more; more is a damaged reading. */
#define KIB_MAX ((gint64)1 << 40)

/* The number behind " NAME:" of a line such as "Node 0 MemFree:  1234 kB". */
static gboolean amount_parse(const char *text, const char *name, gint64 *ret_kib)
{
    const char *at = strstr(text, name);
    if (at == NULL)
        return FALSE;
    at += strlen(name);
    while (*at == ' ')
        at++;
    if (!g_ascii_isdigit(*at))
        return FALSE;
    guint64 kib = g_ascii_strtoull(at, NULL, 10);
    *ret_kib = (gint64)MIN(kib, (guint64)KIB_MAX);
    return kib <= (guint64)KIB_MAX;
}

gboolean bl_node_available_parse(const char *meminfo, gint64 *ret_bytes)
{
    gint64 free, active, inactive;
    if (!amount_parse(meminfo, " MemFree:", &free) ||
        !amount_parse(meminfo, " Active(file):", &active) ||
        !amount_parse(meminfo, " Inactive(file):", &inactive))
        return FALSE;
    *ret_bytes = (free + inactive + active / 2) * 1024;
    return TRUE;
}
