/* The audit's rules about memory that stays: huge pages set aside, and locked memory. See audit.h.
 */
#include "core/audit-private.h"

#include "base/units.h"

void bl_audit_locked(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlClass *class = guest->class;
    gboolean huge = bl_parts_have(&guest->next, BL_PART_HUGE_PAGES);
    gboolean locked = bl_parts_have(&guest->next, BL_PART_LOCKED);
    gboolean wanted = class->memory_huge_pages != BL_HUGE_PAGES_OFF;
    if (!class->memory_ballooning || (!huge && !locked && !wanted))
        return;
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_WARNING);
    finding->text =
        huge || locked
            ? g_strdup_printf("its memory is %s, and its class \"%s\" lets the balloon take it",
                              huge ? "of huge pages" : "locked", class->name)
            : g_strdup_printf("its class \"%s\" wants huge pages and allows ballooning: one "
                              "rules out the other, so neither is proposed",
                              class->name);
    finding->gain = g_strdup("no memory is taken that nobody gets");
    finding->change = g_strdup_printf(
        "give it a class with memory: {reservation: 100%%, ballooning: off}, or say so in \"%s\"",
        class->name);
    finding->undo = g_strdup("the same way");
}

/* TRUE when a list such as "0,2-3" names the node. */
static gboolean nodes_have(const char *list, gint64 node)
{
    g_auto(GStrv) ranges = g_strsplit(list, ",", -1);
    for (guint i = 0; ranges[i] != NULL; i++) {
        char *end = NULL;
        gint64 first = g_ascii_strtoll(ranges[i], &end, 10);
        gint64 last = end[0] == '-' ? g_ascii_strtoll(end + 1, &end, 10) : first;
        if (end != ranges[i] && node >= first && node <= last)
            return TRUE;
    }
    return FALSE;
}

static gint64 pages_of(const BlAuditGuest *guest, gint64 page_bytes)
{
    return (guest->size + page_bytes - 1) / page_bytes;
}

/* Pages of the size that a guest is given, on the nodes that it may use. Others that will start
 * with huge pages and do not run with them have theirs promised. */
static gint64 pool_free(const BlAudit *audit, const BlAuditGuest *guest)
{
    const BlAuditHost *host = &audit->facts->host;
    gboolean bound = bl_parts_have(&guest->next, BL_PART_NODES);
    gint64 free = 0;
    for (guint i = 0; i < host->pools->len; i++) {
        const BlAuditPool *pool = &g_array_index(host->pools, BlAuditPool, i);
        if (pool->page_bytes != host->huge_page_bytes ||
            (bound && !nodes_have(guest->next.values[BL_PART_NODES].text, pool->node)))
            continue;
        free += pool->free;
    }
    for (guint i = 0; i < audit->facts->guests->len; i++) {
        const BlAuditGuest *other = g_ptr_array_index(audit->facts->guests, i);
        if (other != guest && other->size > 0 && other->now.known &&
            bl_parts_have(&other->next, BL_PART_HUGE_PAGES) &&
            !bl_parts_have(&other->now, BL_PART_HUGE_PAGES))
            free -= pages_of(other, host->huge_page_bytes);
    }
    return MAX(free, 0);
}

/* "512 pages of 2 MiB (0 free) or 1 page of 1 GiB (0 free) on node 0". */
static void pages_append(GString *text, const BlAudit *audit, const BlAuditGuest *guest)
{
    const GArray *pools = audit->facts->host.pools;
    const char *separator = "";
    for (guint i = 0; i < pools->len; i++) {
        const BlAuditPool *pool = &g_array_index(pools, BlAuditPool, i);
        if (bl_parts_have(&guest->next, BL_PART_NODES) &&
            !nodes_have(guest->next.values[BL_PART_NODES].text, pool->node))
            continue;
        g_autofree char *size = bl_audit_bytes(pool->page_bytes);
        gint64 pages = pages_of(guest, pool->page_bytes);
        g_string_append_printf(text,
                               "%s%" G_GINT64_FORMAT " page%s of %s (%" G_GINT64_FORMAT
                               " free on node %" G_GINT64_FORMAT ")",
                               separator, pages, pages == 1 ? "" : "s", size, pool->free,
                               pool->node);
        separator = " or ";
    }
}

static char *huge_evidence(const BlAudit *audit, const BlAuditGuest *guest)
{
    g_autofree char *size = bl_audit_bytes(guest->size);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "it has %s", size);
    if (guest->working_set >= 0) {
        g_autofree char *used = bl_audit_bytes(guest->working_set);
        g_string_append_printf(text, " and uses %s", used);
    }
    if (guest->huge >= 0) {
        g_autofree char *huge = bl_audit_bytes(guest->huge);
        g_string_append_printf(text, "; %s of it is in transparent huge pages", huge);
    }
    if (audit->facts->host.pools->len > 0) {
        g_string_append(text, "; it would take ");
        pages_append(text, audit, guest);
    }
    return g_string_free(text, FALSE);
}

/* Pages set aside on a node, or on all (-1). */
static gint64 pool_total(const BlAuditHost *host, gint64 node)
{
    gint64 total = 0;
    for (guint i = 0; i < host->pools->len; i++) {
        const BlAuditPool *pool = &g_array_index(host->pools, BlAuditPool, i);
        if (pool->page_bytes == host->huge_page_bytes && (node < 0 || pool->node == node))
            total += pool->total;
    }
    return total;
}

/* One line that sets aside what lacks: on the first of the guest's nodes, or wherever there is
 * memory. */
static char *pool_line(const BlAudit *audit, const BlAuditGuest *guest, gint64 lacking)
{
    const BlAuditHost *host = &audit->facts->host;
    if (!bl_parts_have(&guest->next, BL_PART_NODES))
        return g_strdup_printf("sysctl -w vm.nr_hugepages=%" G_GINT64_FORMAT,
                               pool_total(host, -1) + lacking);
    gint64 node = (gint64)g_ascii_strtoull(guest->next.values[BL_PART_NODES].text, NULL, 10);
    return g_strdup_printf("echo %" G_GINT64_FORMAT
                           " >/sys/devices/system/node/node%" G_GINT64_FORMAT
                           "/hugepages/hugepages-%" G_GINT64_FORMAT "kB/nr_hugepages",
                           pool_total(host, node) + lacking, node, host->huge_page_bytes / 1024);
}

/* libvirt looks for the mount when it starts. */
static void mount_tell(const BlAudit *audit, BlFinding *finding)
{
    static const char line[] = "mount -t hugetlbfs hugetlbfs /dev/hugepages and restart libvirtd";
    if (audit->facts->host.hugetlbfs != 0)
        return;
    g_autofree char *change = g_steal_pointer(&finding->change);
    finding->change = g_strdup_printf("first %s; then %s", line, change);
    if (finding->blocked == NULL)
        finding->blocked =
            g_strdup_printf("it would not start: no hugetlbfs is mounted; first %s", line);
}

/* A guest does not start when its pages are not there, so they come first. */
static void pool_tell(const BlAudit *audit, const BlAuditGuest *guest, BlFinding *finding)
{
    gint64 page_bytes = audit->facts->host.huge_page_bytes;
    if (page_bytes <= 0) {
        if (finding->blocked == NULL)
            finding->blocked = g_strdup("it is not known whether the host has huge pages for it");
        return;
    }
    gint64 needed = pages_of(guest, page_bytes), free = pool_free(audit, guest);
    if (free >= needed)
        return;
    g_autofree char *line = pool_line(audit, guest, needed - free);
    g_autofree char *change = g_steal_pointer(&finding->change);
    finding->change = g_strdup_printf("first %s; then %s", line, change);
    if (finding->blocked == NULL)
        finding->blocked =
            g_strdup_printf("it would not start: it needs %" G_GINT64_FORMAT
                            " huge pages and %" G_GINT64_FORMAT " are free and not promised; "
                            "first %s",
                            needed, free, line);
}

/* Large, busy, all its memory its own, and most of it not in huge pages already. */
static gboolean would_gain(const BlAuditGuest *guest)
{
    return guest->size >= BL_MIB * 1024 && guest->working_set >= guest->size / 2 &&
           guest->class->memory_reservation == BL_PERMYRIAD &&
           (guest->huge < 0 || guest->huge < guest->size / 10 * 9);
}

void bl_audit_huge_pages(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlClass *class = guest->class;
    guint wish = class->memory_huge_pages;
    if (!guest->next.known || class->memory_ballooning || guest->size <= 0)
        return;
    if (bl_parts_have(&guest->next, BL_PART_HUGE_PAGES)) {
        if (guest->now.known && !bl_parts_have(&guest->now, BL_PART_HUGE_PAGES))
            bl_audit_tell_set(audit, rule, guest, "memory of huge pages");
        return;
    }
    if (wish == BL_HUGE_PAGES_OFF && !would_gain(guest))
        return;
    BlFinding *finding = bl_audit_add(audit, rule, guest,
                                      wish == BL_HUGE_PAGES_REQUIRED    ? BL_SEVERITY_ERROR
                                      : wish == BL_HUGE_PAGES_PREFERRED ? BL_SEVERITY_WARNING
                                                                        : BL_SEVERITY_INFO);
    finding->text =
        wish == BL_HUGE_PAGES_OFF
            ? g_strdup("it is large, busy and keeps all its memory: huge pages would "
                       "make it faster")
            : g_strdup_printf("its class \"%s\" says huge_pages: %s, and it has none", class->name,
                              wish == BL_HUGE_PAGES_REQUIRED ? "required" : "preferred");
    finding->evidence = huge_evidence(audit, guest);
    finding->gain = g_strdup("faster translation of its addresses; none of its memory is split or "
                             "swapped");
    bl_audit_tell_change(finding, rule, guest, "<hugepages/> in <memoryBacking>");
    pool_tell(audit, guest, finding);
    mount_tell(audit, finding);
}
