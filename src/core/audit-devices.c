/* The audit's rules about devices: virtio for each of them, queues, threads and caches of disks.
 * One finding tells of all devices of a guest that lack the same. See audit.h. */
#include "core/audit-private.h"

#include <string.h>

/* With fewer one queue is no bottleneck. */
#define NET_VCPUS_LEAST 4
/* As many as a tap device takes on any kernel that libvirt runs on. */
#define NET_QUEUES_MOST 8
/* From this machine type on QEMU gives disks a queue for each vCPU by itself. */
#define QUEUES_SINCE_MAJOR 5
#define QUEUES_SINCE_MINOR 2

static gboolean is_one_of(const char *word, const char *const *words)
{
    return g_strv_contains(words, word);
}

static void list_append(GString *list, const char *name)
{
    g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "",
                           name[0] != '\0' ? name : "(no name)");
}

/* "1 of its disks: vda", "2 of its disks: vda, vdb". */
static char *devices_text(guint count, const char *noun, const GString *list)
{
    return g_strdup_printf("%u of its %s: %s", count, noun, list->str);
}

/* --- disks -------------------------------------------------------------------------------------
 */

typedef gboolean (*DiskTest)(const BlTraits *traits, const BlDisk *disk);

static gboolean is_disk(const BlDisk *disk)
{
    return strcmp(disk->device, "disk") == 0 || strcmp(disk->device, "lun") == 0;
}

/* How many disks the test holds for; their names go to `list`. */
static guint disks_find(const BlTraits *traits, DiskTest test, GString *list)
{
    guint count = 0;
    for (guint i = 0; i < traits->disks->len; i++) {
        const BlDisk *disk = &g_array_index(traits->disks, BlDisk, i);
        if (!is_disk(disk) || !test(traits, disk))
            continue;
        list_append(list, disk->target);
        count++;
    }
    return count;
}

static gboolean any_disk(const BlTraits *traits, DiskTest test)
{
    g_autoptr(GString) list = g_string_new(NULL);
    return disks_find(traits, test, list) > 0;
}

/* NULL: its controller is not said. */
static const BlScsi *controller_of(const BlTraits *traits, const BlDisk *disk)
{
    for (guint i = 0; i < traits->controllers->len; i++) {
        const BlScsi *scsi = &g_array_index(traits->controllers, BlScsi, i);
        if (strcmp(disk->bus, "scsi") == 0 && scsi->index == disk->controller)
            return scsi;
    }
    return NULL;
}

static gboolean is_virtio_scsi(const BlScsi *scsi)
{
    return g_str_has_prefix(scsi->model, "virtio");
}

static gboolean is_virtio_disk(const BlTraits *traits, const BlDisk *disk)
{
    const BlScsi *scsi = controller_of(traits, disk);
    return strcmp(disk->bus, "virtio") == 0 || (scsi != NULL && is_virtio_scsi(scsi));
}

static gboolean is_emulated_disk(const BlTraits *traits, const BlDisk *disk)
{
    static const char *const buses[] = {"ide", "sata", "usb", "fdc", "sd", NULL};
    const BlScsi *scsi = controller_of(traits, disk);
    return is_one_of(disk->bus, buses) ||
           (scsi != NULL && scsi->model[0] != '\0' && strcmp(scsi->model, "auto") != 0 &&
            !is_virtio_scsi(scsi));
}

static gboolean has_emulated_disk(const BlTraits *traits)
{
    return any_disk(traits, is_emulated_disk);
}

/* The first one stands for all in the change. */
static const BlDisk *disk_first(const BlTraits *traits, DiskTest test)
{
    for (guint i = 0; i < traits->disks->len; i++) {
        const BlDisk *disk = &g_array_index(traits->disks, BlDisk, i);
        if (is_disk(disk) && test(traits, disk))
            return disk;
    }
    return NULL;
}

void bl_audit_disk_virtio(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, has_emulated_disk, "virtio for its disks");
    if (traits == NULL)
        return;
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = disks_find(traits, is_emulated_disk, list);
    const BlDisk *first = disk_first(traits, is_emulated_disk);
    gboolean scsi = strcmp(first->bus, "scsi") == 0;
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_WARNING);
    finding->text = g_strdup_printf("QEMU emulates hardware for %u of its disks", count);
    finding->evidence = devices_text(count, "disks", list);
    finding->gain = g_strdup("a request takes one exit of the guest instead of several, and many "
                             "requests at a time; measure with fio in the guest");
    g_autofree char *now =
        scsi ? g_strdup("<controller type='scsi' model='virtio-scsi'>")
             : g_strdup_printf("<target dev='vd%s' bus='virtio'/> in the <disk> of %s, without its "
                               "<address>, and the others alike",
                               first->target[0] != '\0' ? first->target + strlen(first->target) - 1
                                                        : "a",
                               first->target);
    g_autofree char *before =
        scsi
            ? g_strdup_printf("model='%s' of the <controller>", controller_of(traits, first)->model)
            : g_strdup_printf("<target dev='%s' bus='%s'/>, and the others alike", first->target,
                              first->bus);
    bl_audit_tell_edit(finding, guest, now, before);
}

/* --- caches ------------------------------------------------------------------------------------
 */

static gboolean is_unsafe(const BlTraits *traits, const BlDisk *disk)
{
    return strcmp(disk->cache, "unsafe") == 0;
}

static gboolean is_slow_to_write(const BlTraits *traits, const BlDisk *disk)
{
    return strcmp(disk->cache, "writethrough") == 0 || strcmp(disk->cache, "directsync") == 0;
}

/* Of a disk that is kept on the host: by default QEMU writes through the host's page cache. */
static gboolean is_cached_twice(const BlTraits *traits, const BlDisk *disk)
{
    static const char *const sources[] = {"file", "block", "volume", NULL};
    static const char *const caches[] = {"", "default", "writeback", NULL};
    return is_one_of(disk->source, sources) && is_one_of(disk->cache, caches);
}

static gboolean has_bad_cache(const BlTraits *traits)
{
    return any_disk(traits, is_unsafe) || any_disk(traits, is_slow_to_write) ||
           any_disk(traits, is_cached_twice);
}

static void cache_tell(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                       DiskTest test, BlSeverity severity, const char *text, const char *gain)
{
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = disks_find(guest->starts, test, list);
    if (count == 0)
        return;
    const char *cache = disk_first(guest->starts, test)->cache;
    BlFinding *finding = bl_audit_add(audit, rule, guest, severity);
    finding->text = g_strdup(text);
    finding->evidence = devices_text(count, "disks", list);
    finding->gain = g_strdup(gain);
    g_autofree char *now =
        g_strdup_printf("cache='none' io='native' of <driver> in the <disk> of %s", list->str);
    g_autofree char *before =
        cache[0] != '\0' ? g_strdup_printf("cache='%s'", cache) : g_strdup("without cache and io");
    bl_audit_tell_edit(finding, guest, now, before);
}

void bl_audit_disk_cache(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    if (bl_audit_lacking(audit, rule, guest, has_bad_cache, "the cache mode of its disks") == NULL)
        return;
    cache_tell(audit, rule, guest, is_unsafe, BL_SEVERITY_ERROR,
               "what it flushes is not written: a host that dies takes its file systems along",
               "nothing that it was told is written is lost");
    cache_tell(audit, rule, guest, is_slow_to_write, BL_SEVERITY_WARNING,
               "each of its writes waits for the disk, also where it did not ask to",
               "writes that it does not flush come back at once; a guest's file system flushes "
               "where it has to");
    cache_tell(audit, rule, guest, is_cached_twice, BL_SEVERITY_INFO,
               "the host caches what the guest caches already",
               "memory of the host; and it can move to another host safely while it runs");
}

/* --- threads and queues of disks ---------------------------------------------------------------
 */

static gboolean lacks_iothread(const BlTraits *traits, const BlDisk *disk)
{
    const BlScsi *scsi = controller_of(traits, disk);
    return is_virtio_disk(traits, disk) && !disk->iothread && (scsi == NULL || !scsi->iothread);
}

static gboolean has_slow_disk(const BlTraits *traits)
{
    return any_disk(traits, lacks_iothread);
}

void bl_audit_disk_iothread(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, has_slow_disk, "a thread for its disks");
    if (traits == NULL)
        return;
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = disks_find(traits, lacks_iothread, list);
    const BlDisk *first = disk_first(traits, lacks_iothread);
    g_autofree char *threads =
        traits->iothreads == 0 ? g_strdup("<iothreads>1</iothreads>, and ") : g_strdup("");
    g_autofree char *now =
        g_strdup_printf("%siothread='1' of <driver> in the <%s> of %s", threads,
                        strcmp(first->bus, "scsi") == 0 ? "controller" : "disk", list->str);
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_INFO);
    finding->text = g_strdup_printf("%u of its disks share QEMU's main thread", count);
    finding->evidence = devices_text(count, "disks", list);
    finding->gain = g_strdup("requests do not wait for whatever else QEMU does; worth it for disks "
                             "that are busy: measure with fio in the guest");
    bl_audit_tell_edit(finding, guest, now, "without iothread, and <iothreads> as before");
}

/* FALSE when the machine type does not tell a version. */
static gboolean machine_version(const char *machine, guint64 *ret_major, guint64 *ret_minor)
{
    const char *dash = strrchr(machine, '-');
    char *end;
    if (dash == NULL || !g_ascii_isdigit(dash[1]))
        return FALSE;
    *ret_major = g_ascii_strtoull(dash + 1, &end, 10);
    if (end[0] != '.' || !g_ascii_isdigit(end[1]))
        return FALSE;
    *ret_minor = g_ascii_strtoull(end + 1, NULL, 10);
    return TRUE;
}

/* What is not said is one queue, on machine types from before QEMU chose better. */
static gboolean is_single_by_age(const BlTraits *traits)
{
    guint64 major, minor;
    return machine_version(traits->machine, &major, &minor) &&
           (major < QUEUES_SINCE_MAJOR ||
            (major == QUEUES_SINCE_MAJOR && minor < QUEUES_SINCE_MINOR));
}

/* Of the device that has them: the disk, or its controller. */
static guint queues_of(const BlTraits *traits, const BlDisk *disk)
{
    const BlScsi *scsi = controller_of(traits, disk);
    return scsi != NULL ? scsi->queues : disk->queues;
}

static gboolean has_one_queue(const BlTraits *traits, const BlDisk *disk)
{
    guint queues = queues_of(traits, disk);
    return is_virtio_disk(traits, disk) &&
           (queues == 1 || (queues == 0 && is_single_by_age(traits)));
}

static gboolean has_narrow_disk(const BlTraits *traits)
{
    return traits->vcpus > 1 && any_disk(traits, has_one_queue);
}

void bl_audit_disk_multiqueue(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, has_narrow_disk, "a queue for each vCPU");
    if (traits == NULL)
        return;
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = disks_find(traits, has_one_queue, list);
    const BlDisk *first = disk_first(traits, has_one_queue);
    g_autofree char *devices = devices_text(count, "disks", list);
    g_autofree char *now =
        g_strdup_printf("queues='%u' of <driver> in the <%s> of %s", traits->vcpus,
                        strcmp(first->bus, "scsi") == 0 ? "controller" : "disk", list->str);
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_INFO);
    finding->text = g_strdup_printf("its %u vCPUs share one queue of a disk", traits->vcpus);
    finding->evidence = g_strdup_printf("%s; machine type %s", devices,
                                        traits->machine[0] != '\0' ? traits->machine : "not said");
    finding->gain = g_strdup("vCPUs do not wait for one another to give a request; worth it for "
                             "fast disks: measure with fio, several jobs, in the guest");
    bl_audit_tell_edit(finding, guest, now,
                       queues_of(traits, first) == 1 ? "queues='1'" : "without queues");
}

/* --- network -----------------------------------------------------------------------------------
 */

typedef gboolean (*InterfaceTest)(const BlTraits *traits, const BlInterface *interface);

static guint interfaces_find(const BlTraits *traits, InterfaceTest test, GString *list)
{
    guint count = 0;
    for (guint i = 0; i < traits->interfaces->len; i++) {
        const BlInterface *interface = &g_array_index(traits->interfaces, BlInterface, i);
        if (!test(traits, interface))
            continue;
        list_append(list, interface->mac);
        count++;
    }
    return count;
}

static gboolean is_virtio_net(const BlInterface *interface)
{
    return g_str_has_prefix(interface->model, "virtio");
}

/* Of a kind that the kernel's vhost moves packets for. */
static gboolean is_tap(const BlInterface *interface)
{
    static const char *const kinds[] = {"network", "bridge", "direct", "ethernet", NULL};
    return is_one_of(interface->kind, kinds);
}

/* One that is passed through has no model. */
static gboolean is_slow_net(const BlTraits *traits, const BlInterface *interface)
{
    return (interface->model[0] != '\0' && !is_virtio_net(interface)) ||
           (is_virtio_net(interface) && is_tap(interface) &&
            strcmp(interface->driver, "qemu") == 0);
}

static gboolean has_slow_net(const BlTraits *traits)
{
    g_autoptr(GString) list = g_string_new(NULL);
    return interfaces_find(traits, is_slow_net, list) > 0;
}

static const BlInterface *interface_first(const BlTraits *traits, InterfaceTest test)
{
    for (guint i = 0; i < traits->interfaces->len; i++) {
        const BlInterface *interface = &g_array_index(traits->interfaces, BlInterface, i);
        if (test(traits, interface))
            return interface;
    }
    return NULL;
}

void bl_audit_net_virtio(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, has_slow_net, "virtio for its network cards");
    if (traits == NULL)
        return;
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = interfaces_find(traits, is_slow_net, list);
    const BlInterface *first = interface_first(traits, is_slow_net);
    gboolean emulated = !is_virtio_net(first);
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_WARNING);
    finding->text =
        emulated ? g_strdup_printf("QEMU emulates a network card: %s", first->model)
                 : g_strdup("QEMU moves each packet itself: vhost is off (driver name='qemu')");
    finding->evidence = devices_text(count, "network cards", list);
    finding->gain = g_strdup("fewer exits of the guest for each packet, and less of the host's CPU "
                             "time; measure with iperf3 in the guest");
    g_autofree char *now =
        g_strdup_printf("%s in the <interface> of %s",
                        emulated ? "<model type='virtio'/>" : "<driver name='vhost'/>", list->str);
    g_autofree char *before = emulated ? g_strdup_printf("<model type='%s'/>", first->model)
                                       : g_strdup("<driver name='qemu'/>");
    bl_audit_tell_edit(finding, guest, now, before);
}

static gboolean has_one_net_queue(const BlTraits *traits, const BlInterface *interface)
{
    return is_virtio_net(interface) && is_tap(interface) && interface->queues <= 1;
}

static gboolean has_narrow_net(const BlTraits *traits)
{
    g_autoptr(GString) list = g_string_new(NULL);
    return traits->vcpus >= NET_VCPUS_LEAST && interfaces_find(traits, has_one_net_queue, list) > 0;
}

void bl_audit_net_multiqueue(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, has_narrow_net, "queues of its network cards");
    if (traits == NULL)
        return;
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = interfaces_find(traits, has_one_net_queue, list);
    g_autofree char *now =
        g_strdup_printf("<driver name='vhost' queues='%u'/> in the <interface> of %s",
                        MIN(traits->vcpus, NET_QUEUES_MOST), list->str);
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_INFO);
    finding->text =
        g_strdup_printf("its %u vCPUs share one queue of a network card", traits->vcpus);
    finding->evidence = devices_text(count, "network cards", list);
    finding->gain = g_strdup("packets are handled on several vCPUs at once; worth it for many "
                             "connections: measure with iperf3 -P in the guest");
    bl_audit_tell_edit(finding, guest, now, "without queues");
}

/* --- what is left ------------------------------------------------------------------------------
 */

static gboolean is_emulated_video(const char *model)
{
    static const char *const models[] = {"vga", "cirrus", "vmvga", "qxl", "bochs", NULL};
    return is_one_of(model, models);
}

static const char *video_first(const BlTraits *traits)
{
    for (guint i = 0; i < traits->videos->len; i++) {
        const char *model = traits->videos->data + (gsize)i * BL_TRAIT_SHORT;
        if (is_emulated_video(model))
            return model;
    }
    return NULL;
}

static gboolean has_emulated_device(const BlTraits *traits)
{
    return traits->usb_inputs > 0 || video_first(traits) != NULL;
}

void bl_audit_device_virtio(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, has_emulated_device, "virtio for its other devices");
    if (traits == NULL)
        return;
    const char *video = video_first(traits);
    g_autoptr(GString) evidence = g_string_new(NULL);
    g_autoptr(GString) edits = g_string_new(NULL);
    if (traits->usb_inputs > 0) {
        g_string_append_printf(evidence, "%u <input>s on USB, which the guest polls",
                               traits->usb_inputs);
        g_string_append(edits, "bus='virtio' of its <input>s");
    }
    if (video != NULL) {
        g_string_append_printf(evidence, "%sa graphics card of type %s",
                               evidence->len > 0 ? "; " : "", video);
        g_string_append_printf(edits, "%s<model type='virtio'/> in <video>, or 'none'",
                               edits->len > 0 ? " and " : "");
    }
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_INFO);
    finding->text = g_strdup("QEMU emulates hardware for its input or graphics");
    finding->evidence = g_strdup(evidence->str);
    finding->gain = g_strdup("an idle guest wakes its QEMU less often");
    bl_audit_tell_edit(finding, guest, edits->str, "the types and buses of before");
}

static gboolean lacks_generator(const BlTraits *traits)
{
    return traits->generators == 0;
}

void bl_audit_device_random(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, lacks_generator, "a generator of random numbers");
    if (traits == NULL)
        return;
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_INFO);
    finding->text = g_strdup("it has no virtio generator of random numbers");
    finding->gain = g_strdup("programs that need random numbers need not wait for them after a "
                             "start");
    bl_audit_tell_edit(finding, guest,
                       "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng> "
                       "in <devices>",
                       "without <rng>");
}
