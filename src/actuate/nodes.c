/* NUMA nodes of a libvirt domain: see nodes.h. */
#include "actuate/nodes.h"

#include <gio/gio.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "model/field.h"

/* Both, as libvirt's protocol goes. */
#define PARAMS_MAX 4
#define VCPUS_MAX 1024
/* Masks have a bit for each. */
#define NODES_MAX 62

/* A set of host CPUs as libvirt takes it. */
typedef struct {
    guint cpus; /* of the host */
    int length;
    unsigned char *bits;
} CpuMap;

static void cpu_map_clear(CpuMap *map)
{
    g_free(map->bits);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CpuMap, cpu_map_clear)

static gboolean is_in(gint64 nodes, const BlNode *node)
{
    return nodes == 0 || (node->id <= NODES_MAX && ((nodes >> node->id) & 1) != 0);
}

/* The CPUs of the nodes; of 0 all. */
static gboolean cpu_map_make(virDomainPtr domain, const BlTopology *topology, gint64 nodes,
                             CpuMap *ret_map)
{
    int cpus = virNodeGetCPUMap(virDomainGetConnect(domain), NULL, NULL, 0);
    if (cpus <= 0 || cpus > BL_CPU_SET_MAX)
        return FALSE;
    ret_map->cpus = (guint)cpus;
    ret_map->length = VIR_CPU_MAPLEN(cpus);
    ret_map->bits = g_malloc0((gsize)ret_map->length);
    for (guint cpu = 0; cpu < ret_map->cpus; cpu++) {
        gboolean used = nodes == 0;
        for (guint i = 0; !used && i < bl_topology_count(topology); i++) {
            const BlNode *node = bl_topology_node(topology, i);
            used = is_in(nodes, node) && bl_cpu_set_has(&node->cpus, cpu);
        }
        if (used)
            VIR_USE_CPU(ret_map->bits, cpu);
    }
    return TRUE;
}

static BlCpuSet nodes_set(const BlTopology *topology, gint64 nodes)
{
    BlCpuSet set = {0};
    for (guint i = 0; i < bl_topology_count(topology); i++) {
        if (is_in(nodes, bl_topology_node(topology, i)))
            bl_cpu_set_add(&set, bl_topology_node(topology, i)->id);
    }
    return set;
}

/* The set of its memory as a mask; 0: all, or none is said. */
static gboolean memory_read(virDomainPtr domain, const BlTopology *topology, gint64 *ret_nodes)
{
    virTypedParameter params[PARAMS_MAX] = {0};
    int count = PARAMS_MAX;
    if (virDomainGetNumaParameters(domain, params, &count, VIR_DOMAIN_AFFECT_LIVE) < 0)
        return FALSE;
    int mode = -1;
    g_autofree char *said = NULL;
    for (int i = 0; i < count; i++) {
        if (strcmp(params[i].field, VIR_DOMAIN_NUMA_MODE) == 0)
            mode = params[i].value.i;
        else if (strcmp(params[i].field, VIR_DOMAIN_NUMA_NODESET) == 0)
            said = g_strdup(params[i].value.s);
    }
    virTypedParamsClear(params, count);
    *ret_nodes = 0;
    if (said == NULL || said[0] == '\0')
        return TRUE;
    BlCpuSet set, all = nodes_set(topology, 0);
    *ret_nodes = BL_NODES_OWN;
    if (mode != VIR_DOMAIN_NUMATUNE_MEM_RESTRICTIVE || !bl_cpu_set_parse(said, &set))
        return TRUE;
    *ret_nodes = 0;
    if (memcmp(&set, &all, sizeof set) == 0)
        return TRUE;
    for (guint i = 0; i <= NODES_MAX; i++)
        *ret_nodes |= (gint64)bl_cpu_set_has(&set, i) << i;
    return TRUE;
}

/* Whether each of its vCPUs and its emulator may run on exactly these CPUs, or exactly those. */
static gboolean pins_are(virDomainPtr domain, const CpuMap *these, const CpuMap *those,
                         gboolean *ret_are)
{
    int vcpus = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE);
    if (vcpus <= 0 || vcpus > VCPUS_MAX)
        return FALSE;
    gsize length = (gsize)these->length;
    g_autofree unsigned char *pins = g_malloc0(((gsize)vcpus + 1) * length);
    int got = virDomainGetVcpuPinInfo(domain, vcpus, pins, these->length, VIR_DOMAIN_AFFECT_LIVE);
    if (got <= 0 || virDomainGetEmulatorPinInfo(domain, pins + (gsize)got * length, these->length,
                                                VIR_DOMAIN_AFFECT_LIVE) < 0)
        return FALSE;
    *ret_are = TRUE;
    for (gsize i = 0; i <= (gsize)got; i++)
        *ret_are &= memcmp(pins + i * length, these->bits, length) == 0 ||
                    memcmp(pins + i * length, those->bits, length) == 0;
    return TRUE;
}

gboolean bl_nodes_read(virDomainPtr domain, const BlTopology *topology, gint64 *ret_nodes)
{
    g_auto(CpuMap) map = {0};
    gboolean are;
    if (!memory_read(domain, topology, ret_nodes))
        return FALSE;
    if (*ret_nodes == BL_NODES_OWN)
        return TRUE;
    if (!cpu_map_make(domain, topology, *ret_nodes, &map) || !pins_are(domain, &map, &map, &are))
        return FALSE;
    if (!are)
        *ret_nodes = BL_NODES_OWN;
    return TRUE;
}

gboolean bl_nodes_are_between(virDomainPtr domain, const BlTopology *topology, gint64 left,
                              gint64 right)
{
    g_auto(CpuMap) these = {0}, those = {0};
    gint64 memory;
    gboolean are;
    return memory_read(domain, topology, &memory) && (memory == left || memory == right) &&
           cpu_map_make(domain, topology, left, &these) &&
           cpu_map_make(domain, topology, right, &those) &&
           pins_are(domain, &these, &those, &are) && are;
}

static int pins_write(virDomainPtr domain, const CpuMap *map)
{
    int vcpus = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE);
    if (vcpus <= 0)
        return -1;
    for (int i = 0; i < vcpus; i++) {
        if (virDomainPinVcpuFlags(domain, (unsigned)i, map->bits, map->length,
                                  VIR_DOMAIN_AFFECT_LIVE) != 0)
            return -1;
    }
    return virDomainPinEmulator(domain, map->bits, map->length, VIR_DOMAIN_AFFECT_LIVE);
}

static int memory_write(virDomainPtr domain, const BlTopology *topology, gint64 nodes)
{
    BlCpuSet set = nodes_set(topology, nodes);
    g_autofree char *text = bl_cpu_set_text(&set);
    virTypedParameterPtr params = NULL;
    int count = 0, room = 0, done = -1;
    if (virTypedParamsAddInt(&params, &count, &room, VIR_DOMAIN_NUMA_MODE,
                             VIR_DOMAIN_NUMATUNE_MEM_RESTRICTIVE) == 0 &&
        virTypedParamsAddString(&params, &count, &room, VIR_DOMAIN_NUMA_NODESET, text) == 0)
        done = virDomainSetNumaParameters(domain, params, count, VIR_DOMAIN_AFFECT_LIVE);
    virTypedParamsFree(params, count);
    return done;
}

/* CPUs first: what the guest touches while its memory moves is then touched on its new nodes. */
static int both_write(virDomainPtr domain, const BlTopology *topology, gint64 nodes)
{
    g_auto(CpuMap) map = {0};
    if (!cpu_map_make(domain, topology, nodes, &map) || pins_write(domain, &map) != 0)
        return -1;
    return memory_write(domain, topology, nodes);
}

gboolean bl_nodes_write(virDomainPtr domain, const BlTopology *topology, gint64 nodes,
                        GError **error)
{
    gint64 before;
    gboolean known = bl_nodes_read(domain, topology, &before) && before != BL_NODES_OWN;
    if (both_write(domain, topology, nodes) == 0)
        return TRUE;
    /* A copy: to ask for the name forgets the error. */
    virErrorPtr last = virGetLastError();
    g_autofree char *reason = last != NULL ? g_strdup(last->message) : NULL;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                "libvirt could not confine \"%s\" to NUMA nodes: %s", virDomainGetName(domain),
                reason != NULL ? reason : "no reason given");
    if (known && before != nodes)
        both_write(domain, topology, before);
    return FALSE;
}
