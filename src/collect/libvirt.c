/* libvirt: see libvirt.h. */
#include "collect/libvirt.h"

#include <libvirt/virterror.h>
#include <string.h>

#include "base/threads.h"
#include "definition/metadata.h"
#include "definition/parts.h"
#include "definition/traits.h"

/* A libvirtd that does not answer for 3 x 5 s is given up; calls that wait for it fail then. */
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 3

G_DEFINE_QUARK(bl - libvirt - error - quark, bl_libvirt_error)

void bl_libvirt_set_error(GError **error, const char *doing, const char *object)
{
    virErrorPtr last = virGetLastError();
    BlLibvirtError code = BL_LIBVIRT_ERROR_FAILED;
    if (last != NULL &&
        (last->code == VIR_ERR_NO_DOMAIN || last->code == VIR_ERR_OPERATION_INVALID))
        code = BL_LIBVIRT_ERROR_GONE;
    g_set_error(error, BL_LIBVIRT_ERROR, code, "cannot %s \"%s\": %s", doing, object,
                last != NULL && last->message != NULL ? last->message : "libvirt gave no reason");
}

/* libvirt prints errors to stderr unless told otherwise; ours go where the program decides. */
static void error_quiet(void *user_data, virErrorPtr error)
{
}

static gpointer events_run(gpointer data)
{
    for (;;) {
        if (virEventRunDefaultImpl() < 0)
            g_usleep(100000);
    }
    return NULL;
}

void bl_libvirt_events_start(void)
{
    static gsize started = 0;
    if (g_once_init_enter(&started)) {
        virSetErrorFunc(NULL, error_quiet);
        virEventRegisterDefaultImpl();
        g_thread_unref(g_thread_new("libvirt-events", events_run, NULL));
        g_once_init_leave(&started, 1);
    }
}

/* What the callbacks need, shared by all of one connection. */
typedef struct {
    gatomicrefcount references;
    BlLibvirtEvent event;
    gpointer user_data;
    GDestroyNotify destroy;
} Subscription;

static void subscription_unref(void *data)
{
    Subscription *subscription = data;
    if (!g_atomic_ref_count_dec(&subscription->references))
        return;
    BL_HANDOVER_TAKE(subscription);
    subscription->destroy(subscription->user_data);
    g_free(subscription);
}

static void domain_event(virDomainPtr domain, Subscription *subscription)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    BL_HANDOVER_TAKE(subscription);
    if (virDomainGetUUIDString(domain, uuid) == 0)
        subscription->event(uuid, subscription->user_data);
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                        void *data)
{
    domain_event(domain, data);
    return 0;
}

static void on_metadata(virConnectPtr connection, virDomainPtr domain, int type, const char *uri,
                        void *data)
{
    domain_event(domain, data);
}

static void on_tunable(virConnectPtr connection, virDomainPtr domain, virTypedParameterPtr params,
                       int n_params, void *data)
{
    domain_event(domain, data);
}

static void on_close(virConnectPtr connection, int reason, void *data)
{
    Subscription *subscription = data;
    BL_HANDOVER_TAKE(subscription);
    subscription->event(NULL, subscription->user_data);
}

static void subscribe(virConnectPtr connection, int event,
                      virConnectDomainEventGenericCallback call, Subscription *subscription)
{
    g_atomic_ref_count_inc(&subscription->references);
    if (virConnectDomainEventRegisterAny(connection, NULL, event, call, subscription,
                                         subscription_unref) < 0)
        subscription_unref(subscription);
}

virConnectPtr bl_libvirt_connect(const char *uri, BlLibvirtEvent event, gpointer user_data,
                                 GDestroyNotify destroy, GError **error)
{
    virConnectPtr connection = virConnectOpen(uri);
    if (connection == NULL) {
        destroy(user_data);
        bl_libvirt_set_error(error, "connect to libvirt at", uri);
        return NULL;
    }
    Subscription *subscription = g_new0(Subscription, 1);
    g_atomic_ref_count_init(&subscription->references);
    subscription->event = event;
    subscription->user_data = user_data;
    subscription->destroy = destroy;
    BL_HANDOVER_GIVE(subscription);
    g_atomic_ref_count_inc(&subscription->references);
    if (virConnectRegisterCloseCallback(connection, on_close, subscription, subscription_unref) < 0)
        subscription_unref(subscription);
    virConnectSetKeepAlive(connection, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
    subscribe(connection, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle),
              subscription);
    subscribe(connection, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
              VIR_DOMAIN_EVENT_CALLBACK(on_metadata), subscription);
    subscribe(connection, VIR_DOMAIN_EVENT_ID_TUNABLE, VIR_DOMAIN_EVENT_CALLBACK(on_tunable),
              subscription);
    subscription_unref(subscription);
    return connection;
}

void bl_libvirt_disconnect(virConnectPtr connection)
{
    if (connection == NULL)
        return;
    virConnectUnregisterCloseCallback(connection, on_close);
    virConnectClose(connection);
}

char *bl_libvirt_host_uuid(virConnectPtr connection, GError **error)
{
    g_autofree char *xml = virConnectGetCapabilities(connection);
    const char *start = xml != NULL ? strstr(xml, "<uuid>") : NULL;
    const char *end = start != NULL ? strstr(start, "</uuid>") : NULL;
    if (end == NULL) {
        bl_libvirt_set_error(error, "read the capabilities of", "the libvirt host");
        return NULL;
    }
    start += strlen("<uuid>");
    return g_strndup(start, (gsize)(end - start));
}

static void domains_free(virDomainPtr *domains, int count)
{
    for (int i = 0; i < count; i++)
        virDomainFree(domains[i]);
    free(domains);
}

char **bl_libvirt_list(virConnectPtr connection, GError **error)
{
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (count < 0) {
        bl_libvirt_set_error(error, "list the domains of", "the libvirt host");
        return NULL;
    }
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (int i = 0; i < count; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN];
        if (virDomainGetUUIDString(domains[i], uuid) == 0)
            g_ptr_array_add(list, g_strdup(uuid));
    }
    domains_free(domains, count);
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

void bl_domain_facts_free(BlDomainFacts *facts)
{
    if (facts == NULL)
        return;
    g_free(facts->name);
    g_strfreev(facts->metadata);
    g_free(facts);
}

static BlDomainState state_of(int state)
{
    switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
        return BL_STATE_RUNNING;
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
        return BL_STATE_PAUSED;
    default:
        return BL_STATE_UNKNOWN;
    }
}

BlDomainFacts *bl_libvirt_facts(virDomainPtr domain, GError **error)
{
    g_autoptr(BlDomainFacts) facts = g_new0(BlDomainFacts, 1);
    int state = 0;
    facts->name = g_strdup(virDomainGetName(domain));
    if (virDomainGetUUIDString(domain, facts->uuid) < 0 ||
        virDomainGetState(domain, &state, NULL, 0) < 0) {
        bl_libvirt_set_error(error, "read the state of domain", facts->name);
        return NULL;
    }
    if (state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED) {
        g_set_error(error, BL_LIBVIRT_ERROR, BL_LIBVIRT_ERROR_GONE, "domain \"%s\" does not run",
                    facts->name);
        return NULL;
    }
    facts->state = state_of(state);
    int vcpus = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE);
    if (vcpus < 0) {
        bl_libvirt_set_error(error, "count the vCPUs of domain", facts->name);
        return NULL;
    }
    facts->vcpus = (guint)vcpus;
    g_autofree char *metadata = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT,
                                                     BL_METADATA_URI, VIR_DOMAIN_AFFECT_LIVE);
    facts->metadata = bl_metadata_parse(metadata != NULL ? metadata : "");
    return g_steal_pointer(&facts);
}

void bl_libvirt_definition_read(virDomainPtr domain, gboolean next, BlParts *ret_parts,
                                BlTraits **ret_traits)
{
    char *xml = virDomainGetXMLDesc(domain, next ? VIR_DOMAIN_XML_INACTIVE : 0);
    *ret_parts = (BlParts){0};
    if (xml != NULL && !bl_parts_read(xml, strlen(xml), ret_parts, NULL))
        ret_parts->known = FALSE;
    if (ret_traits != NULL)
        *ret_traits = xml != NULL ? bl_traits_read(xml, strlen(xml), NULL) : NULL;
    free(xml);
}

gboolean bl_libvirt_memory(virDomainPtr domain, BlValues *ret_values, GError **error)
{
    static const struct {
        int tag;
        BlDomainField field;
        gint64 unit;
    } fields[] = {
        {VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON, BL_DOMAIN_BALLOON, 1024},
        {VIR_DOMAIN_MEMORY_STAT_USABLE, BL_DOMAIN_MEMORY_USABLE, 1024},
        {VIR_DOMAIN_MEMORY_STAT_UNUSED, BL_DOMAIN_MEMORY_FREE, 1024},
        {VIR_DOMAIN_MEMORY_STAT_DISK_CACHES, BL_DOMAIN_MEMORY_CACHE, 1024},
        {VIR_DOMAIN_MEMORY_STAT_SWAP_IN, BL_DOMAIN_SWAP_IN, 1024},
        {VIR_DOMAIN_MEMORY_STAT_SWAP_OUT, BL_DOMAIN_SWAP_OUT, 1024},
        {VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT, BL_DOMAIN_MAJOR_FAULTS, 1},
        {VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE, BL_DOMAIN_STATS_TIME, 1},
    };
    virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
    /* Before anything fails: to ask for the name forgets the error. */
    const char *name = virDomainGetName(domain);
    int count = virDomainMemoryStats(domain, stats, G_N_ELEMENTS(stats), 0);
    if (count < 0) {
        bl_libvirt_set_error(error, "read the memory of domain", name);
        return FALSE;
    }
    for (int i = 0; i < count; i++) {
        for (guint f = 0; f < G_N_ELEMENTS(fields); f++) {
            gboolean valid = stats[i].tag == fields[f].tag &&
                             stats[i].val <= (guint64)(G_MAXINT64 / fields[f].unit);
            /* A driver that never reported has reported at time 0. */
            if (valid && (fields[f].field != BL_DOMAIN_STATS_TIME || stats[i].val > 0))
                bl_values_set(ret_values, fields[f].field, (gint64)stats[i].val * fields[f].unit);
        }
    }
    /* With it: where memory is plugged in, both grow at once. */
    virDomainInfo info;
    if (virDomainGetInfo(domain, &info) == 0 && info.maxMem <= G_MAXINT64 / 1024)
        bl_values_set(ret_values, BL_DOMAIN_MEMORY_MAX, (gint64)info.maxMem * 1024);
    return TRUE;
}

/* "block.0.rd.reqs": of which field it is a part; FALSE: of none. */
static gboolean device_field(const char *name, BlDomainField *ret_field)
{
    static const struct {
        const char *first, *last;
        BlDomainField field;
    } names[] = {
        {"block.", ".rd.reqs", BL_DOMAIN_DISK_READS},
        {"block.", ".rd.bytes", BL_DOMAIN_DISK_READ_BYTES},
        {"block.", ".rd.times", BL_DOMAIN_DISK_READ_NSEC},
        {"block.", ".wr.reqs", BL_DOMAIN_DISK_WRITES},
        {"block.", ".wr.bytes", BL_DOMAIN_DISK_WRITE_BYTES},
        {"block.", ".wr.times", BL_DOMAIN_DISK_WRITE_NSEC},
        {"net.", ".rx.bytes", BL_DOMAIN_NETWORK_RECEIVED_BYTES},
        {"net.", ".rx.pkts", BL_DOMAIN_NETWORK_RECEIVED_PACKETS},
        {"net.", ".rx.drop", BL_DOMAIN_NETWORK_DROPPED},
        {"net.", ".tx.bytes", BL_DOMAIN_NETWORK_SENT_BYTES},
        {"net.", ".tx.pkts", BL_DOMAIN_NETWORK_SENT_PACKETS},
        {"net.", ".tx.drop", BL_DOMAIN_NETWORK_DROPPED},
    };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_has_prefix(name, names[i].first) && g_str_has_suffix(name, names[i].last)) {
            *ret_field = names[i].field;
            return TRUE;
        }
    }
    return FALSE;
}

void bl_libvirt_devices_sum(virTypedParameterPtr parameters, int count, BlValues *ret_values)
{
    for (int i = 0; i < count; i++) {
        BlDomainField field;
        if (parameters[i].type != VIR_TYPED_PARAM_ULLONG ||
            !device_field(parameters[i].field, &field))
            continue;
        gint64 sum = bl_values_get(ret_values, field, 0);
        guint64 more = parameters[i].value.ul;
        if (more <= (guint64)(G_MAXINT64 - sum))
            bl_values_set(ret_values, field, sum + (gint64)more);
    }
}

gboolean bl_libvirt_devices(virDomainPtr domain, BlValues *ret_values, GError **error)
{
    virDomainPtr one[] = {domain, NULL};
    virDomainStatsRecordPtr *records = NULL;
    const char *name = virDomainGetName(domain);
    int count = virDomainListGetStats(one, VIR_DOMAIN_STATS_BLOCK | VIR_DOMAIN_STATS_INTERFACE,
                                      &records, 0);
    if (count < 0) {
        bl_libvirt_set_error(error, "read the disks and interfaces of domain", name);
        return FALSE;
    }
    if (count > 0)
        bl_libvirt_devices_sum(records[0]->params, records[0]->nparams, ret_values);
    virDomainStatsRecordListFree(records);
    bl_values_set(ret_values, BL_DOMAIN_DEVICES_USEC, g_get_monotonic_time());
    return TRUE;
}

char *bl_libvirt_pid_file(const char *uri, const char *name)
{
    g_autofree char *folder = g_strdup("/run/libvirt");
    const char *socket = uri != NULL ? strstr(uri, "socket=") : NULL;
    if (socket != NULL) {
        g_autofree char *path = g_strndup(socket + 7, strcspn(socket + 7, "&#"));
        g_autofree char *plain = g_uri_unescape_string(path, NULL);
        g_free(folder);
        folder = g_path_get_dirname(plain != NULL ? plain : path);
    }
    return g_strdup_printf("%s/qemu/%s.pid", folder, name);
}
