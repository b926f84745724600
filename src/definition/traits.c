/* The traits of a guest: see traits.h. A table of places in libvirt's XML drives the reading: what
 * an element's attributes tell, and its text where it has some. */
#include "definition/traits.h"

#include <string.h>

#include "base/units.h"
#include "definition/definition.h"
#include "definition/markup.h"

/* Deeper elements hold nothing that is read. */
#define DEPTH_MAX 8
/* Of a leaf; longer text is none that is read. */
#define TEXT_MAX 256
#define COUNT_MAX 65536
#define WINDOWS_PREFIX "http://microsoft.com/"

typedef struct {
    BlTraits *traits;
    guint depth;
    GString *path; /* of the open element, down to DEPTH_MAX */
    GString *text; /* of the open leaf */
    BlCpuSet cpus; /* of all vCPUs */
    BlCpuSet pins;
    guint pinned;
    gboolean disk, interface, scsi; /* the open device is the last of the list */
    const char **names, **values;   /* of the element that opens */
} Reading;

/* --- values ------------------------------------------------------------------------------------
 */

static const char *attribute(const Reading *reading, const char *name)
{
    return bl_markup_attribute(reading->names, reading->values, name);
}

/* Cut at a whole character. */
static void word_copy(char *to, gsize size, const char *from)
{
    const char *end;
    g_strlcpy(to, from, size);
    if (!g_utf8_validate(to, -1, &end))
        to[end - to] = '\0';
}

static void word_take(const Reading *reading, const char *name, char *to, gsize size)
{
    const char *value = attribute(reading, name);
    if (value != NULL)
        word_copy(to, size, value);
}
#define WORD_TAKE(reading, name, to) word_take(reading, name, to, sizeof(to))

/* A count, or `otherwise` where none is said that could be meant. */
static guint count_of(const char *text, guint otherwise)
{
    gint64 number;
    return text != NULL && bl_integer_parse(text, &number) && number >= 0 && number <= COUNT_MAX
               ? (guint)number
               : otherwise;
}

static BlSaid said_of(const char *text)
{
    if (text == NULL)
        return BL_SAID_NOTHING;
    return strcmp(text, "yes") == 0 || strcmp(text, "on") == 0   ? BL_SAID_YES
           : strcmp(text, "no") == 0 || strcmp(text, "off") == 0 ? BL_SAID_NO
                                                                 : BL_SAID_NOTHING;
}

/* --- the guest ---------------------------------------------------------------------------------
 */

static void domain_begin(Reading *reading)
{
    WORD_TAKE(reading, "type", reading->traits->hypervisor);
}

static void os_begin(Reading *reading)
{
    WORD_TAKE(reading, "arch", reading->traits->arch);
    WORD_TAKE(reading, "machine", reading->traits->machine);
}

/* libosinfo's note of what is installed, as virt-install and others leave it. */
static void osinfo_begin(Reading *reading)
{
    const char *id = attribute(reading, "id");
    if (id != NULL && g_str_has_prefix(id, WINDOWS_PREFIX))
        reading->traits->windows = TRUE;
}

static void hyperv_begin(Reading *reading)
{
    reading->traits->windows = TRUE;
}

static void timer_begin(Reading *reading)
{
    static const char *const names[BL_TIMERS] = {"kvmclock", "hpet", "hypervclock"};
    const char *name = attribute(reading, "name");
    for (guint i = 0; i < BL_TIMERS && name != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            reading->traits->timers[i] = said_of(attribute(reading, "present"));
    }
    if (g_strcmp0(name, "tsc") == 0)
        reading->traits->tsc_fixed = attribute(reading, "frequency") != NULL;
}

static gboolean is_auto(const Reading *reading)
{
    return g_strcmp0(attribute(reading, "placement"), "auto") == 0;
}

static void vcpu_begin(Reading *reading)
{
    const char *cpus = attribute(reading, "cpuset");
    reading->traits->vcpus = count_of(attribute(reading, "current"), 0);
    reading->traits->placed |= is_auto(reading);
    if (cpus != NULL)
        bl_cpu_set_parse(cpus, &reading->cpus);
}

static void vcpu_text(Reading *reading, const char *text)
{
    if (reading->traits->vcpus == 0)
        reading->traits->vcpus = count_of(text, 0);
}

static void pin_begin(Reading *reading)
{
    const char *cpus = attribute(reading, "cpuset");
    BlCpuSet set;
    if (cpus == NULL || !bl_cpu_set_parse(cpus, &set))
        return;
    bl_cpu_set_join(&reading->pins, &set);
    reading->pinned++;
}

static void numatune_begin(Reading *reading)
{
    reading->traits->placed |= is_auto(reading);
}

static void cell_begin(Reading *reading)
{
    reading->traits->cells++;
}

static void iothreads_text(Reading *reading, const char *text)
{
    reading->traits->iothreads = count_of(text, 0);
}

static void cpu_begin(Reading *reading)
{
    WORD_TAKE(reading, "mode", reading->traits->cpu_mode);
    reading->traits->migratable = said_of(attribute(reading, "migratable"));
    reading->traits->cpu_said = reading->traits->cpu_mode[0] != '\0';
}

static void model_text(Reading *reading, const char *text)
{
    word_copy(reading->traits->cpu_model, sizeof reading->traits->cpu_model, text);
    reading->traits->cpu_said |= text[0] != '\0';
}

static void feature_begin(Reading *reading)
{
    const char *name = attribute(reading, "name"), *policy = attribute(reading, "policy");
    if (g_strcmp0(name, "invtsc") != 0)
        return;
    reading->traits->invtsc = g_strcmp0(policy, "disable") == 0 || g_strcmp0(policy, "forbid") == 0
                                  ? BL_SAID_NO
                                  : BL_SAID_YES;
}

/* --- devices -----------------------------------------------------------------------------------
 */

#define LAST(array, Type) (&g_array_index(array, Type, (array)->len - 1))

static void disk_begin(Reading *reading)
{
    BlDisk disk = {.device = "disk"};
    WORD_TAKE(reading, "device", disk.device);
    WORD_TAKE(reading, "type", disk.source);
    g_array_append_val(reading->traits->disks, disk);
    reading->disk = TRUE;
}

static void disk_driver_begin(Reading *reading)
{
    if (!reading->disk)
        return;
    BlDisk *disk = LAST(reading->traits->disks, BlDisk);
    WORD_TAKE(reading, "cache", disk->cache);
    WORD_TAKE(reading, "io", disk->io);
    disk->queues = count_of(attribute(reading, "queues"), 0);
    disk->iothread |= attribute(reading, "iothread") != NULL;
}

/* libvirt 10 and later spread a disk over several. */
static void disk_iothreads_begin(Reading *reading)
{
    if (reading->disk)
        LAST(reading->traits->disks, BlDisk)->iothread = TRUE;
}

/* Where no bus is said libvirt takes it from the name. */
static void disk_target_begin(Reading *reading)
{
    static const struct {
        const char *prefix, *bus;
    } usual[] = {{"vd", "virtio"}, {"hd", "ide"}, {"sd", "scsi"}, {"fd", "fdc"}};
    if (!reading->disk)
        return;
    BlDisk *disk = LAST(reading->traits->disks, BlDisk);
    WORD_TAKE(reading, "dev", disk->target);
    WORD_TAKE(reading, "bus", disk->bus);
    for (guint i = 0; i < G_N_ELEMENTS(usual) && disk->bus[0] == '\0'; i++) {
        if (g_str_has_prefix(disk->target, usual[i].prefix))
            word_copy(disk->bus, sizeof disk->bus, usual[i].bus);
    }
}

static void disk_address_begin(Reading *reading)
{
    if (reading->disk && g_strcmp0(attribute(reading, "type"), "drive") == 0)
        LAST(reading->traits->disks, BlDisk)->controller =
            count_of(attribute(reading, "controller"), 0);
}

static void controller_begin(Reading *reading)
{
    BlScsi scsi = {0};
    if (g_strcmp0(attribute(reading, "type"), "scsi") != 0)
        return;
    WORD_TAKE(reading, "model", scsi.model);
    scsi.index = count_of(attribute(reading, "index"), 0);
    g_array_append_val(reading->traits->controllers, scsi);
    reading->scsi = TRUE;
}

static void controller_driver_begin(Reading *reading)
{
    if (!reading->scsi)
        return;
    BlScsi *scsi = LAST(reading->traits->controllers, BlScsi);
    scsi->queues = count_of(attribute(reading, "queues"), 0);
    scsi->iothread |= attribute(reading, "iothread") != NULL;
}

static void interface_begin(Reading *reading)
{
    BlInterface interface = {0};
    WORD_TAKE(reading, "type", interface.kind);
    g_array_append_val(reading->traits->interfaces, interface);
    reading->interface = TRUE;
}

static void interface_part_begin(Reading *reading)
{
    if (!reading->interface)
        return;
    BlInterface *interface = LAST(reading->traits->interfaces, BlInterface);
    if (g_str_has_suffix(reading->path->str, "/mac"))
        WORD_TAKE(reading, "address", interface->mac);
    else if (g_str_has_suffix(reading->path->str, "/model"))
        WORD_TAKE(reading, "type", interface->model);
    else {
        WORD_TAKE(reading, "name", interface->driver);
        interface->queues = count_of(attribute(reading, "queues"), 0);
    }
}

static void video_begin(Reading *reading)
{
    char model[BL_TRAIT_SHORT] = "";
    WORD_TAKE(reading, "type", model);
    g_array_append_vals(reading->traits->videos, model, 1);
}

static void input_begin(Reading *reading)
{
    reading->traits->usb_inputs += g_strcmp0(attribute(reading, "bus"), "usb") == 0;
}

static void generator_begin(Reading *reading)
{
    const char *model = attribute(reading, "model");
    reading->traits->generators += model != NULL && g_str_has_prefix(model, "virtio");
}

/* --- places ------------------------------------------------------------------------------------
 */

#define DEVICES "/domain/devices"

static const struct {
    const char *path;
    void (*begin)(Reading *reading);
    void (*text)(Reading *reading, const char *text);
} places[] = {
    {"/domain", domain_begin, NULL},
    {"/domain/vcpu", vcpu_begin, vcpu_text},
    {"/domain/iothreads", NULL, iothreads_text},
    {"/domain/os/type", os_begin, NULL},
    {"/domain/metadata/libosinfo:libosinfo/libosinfo:os", osinfo_begin, NULL},
    {"/domain/features/hyperv", hyperv_begin, NULL},
    {"/domain/clock/timer", timer_begin, NULL},
    {"/domain/cputune/vcpupin", pin_begin, NULL},
    {"/domain/numatune/memory", numatune_begin, NULL},
    {"/domain/cpu", cpu_begin, NULL},
    {"/domain/cpu/model", NULL, model_text},
    {"/domain/cpu/feature", feature_begin, NULL},
    {"/domain/cpu/numa/cell", cell_begin, NULL},
    {DEVICES "/disk", disk_begin, NULL},
    {DEVICES "/disk/driver", disk_driver_begin, NULL},
    {DEVICES "/disk/driver/iothreads/iothread", disk_iothreads_begin, NULL},
    {DEVICES "/disk/target", disk_target_begin, NULL},
    {DEVICES "/disk/address", disk_address_begin, NULL},
    {DEVICES "/controller", controller_begin, NULL},
    {DEVICES "/controller/driver", controller_driver_begin, NULL},
    {DEVICES "/interface", interface_begin, NULL},
    {DEVICES "/interface/mac", interface_part_begin, NULL},
    {DEVICES "/interface/model", interface_part_begin, NULL},
    {DEVICES "/interface/driver", interface_part_begin, NULL},
    {DEVICES "/video/model", video_begin, NULL},
    {DEVICES "/input", input_begin, NULL},
    {DEVICES "/rng", generator_begin, NULL},
};

static guint place_of(const Reading *reading)
{
    guint i = 0;
    while (i < G_N_ELEMENTS(places) && strcmp(places[i].path, reading->path->str) != 0)
        i++;
    return reading->depth <= DEPTH_MAX ? i : G_N_ELEMENTS(places);
}

static void element_start(GMarkupParseContext *context, const char *name, const char **names,
                          const char **values, gpointer data, GError **error)
{
    Reading *reading = data;
    if (++reading->depth > DEPTH_MAX)
        return;
    g_string_append_printf(reading->path, "/%s", name);
    g_string_truncate(reading->text, 0);
    if (reading->depth == 1 && strcmp(name, "domain") != 0) {
        g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
                    "it is of a <%s>, not of a <domain>", name);
        return;
    }
    if (reading->depth == 3)
        reading->disk = reading->interface = reading->scsi = FALSE;
    reading->names = names;
    reading->values = values;
    guint place = place_of(reading);
    if (place < G_N_ELEMENTS(places) && places[place].begin != NULL)
        places[place].begin(reading);
}

static void element_text(GMarkupParseContext *context, const char *text, gsize length,
                         gpointer data, GError **error)
{
    Reading *reading = data;
    if (reading->depth <= DEPTH_MAX && reading->text->len + length <= TEXT_MAX)
        g_string_append_len(reading->text, text, (gssize)length);
}

static void element_end(GMarkupParseContext *context, const char *name, gpointer data,
                        GError **error)
{
    Reading *reading = data;
    guint place = place_of(reading);
    if (place < G_N_ELEMENTS(places) && places[place].text != NULL)
        places[place].text(reading, g_strstrip(reading->text->str));
    if (reading->depth-- <= DEPTH_MAX)
        g_string_truncate(reading->path, reading->path->len - strlen(name) - 1);
    g_string_truncate(reading->text, 0);
}

/* All vCPUs are bound when each of them is, or they are together. */
static void binding_take(Reading *reading)
{
    BlTraits *traits = reading->traits;
    gboolean together = !bl_cpu_set_is_empty(&reading->cpus);
    gboolean each = traits->vcpus > 0 && reading->pinned >= traits->vcpus;
    if (together && !each)
        traits->cpus = reading->cpus;
    if (together || each)
        bl_cpu_set_join(&traits->cpus, &reading->pins);
}

BlTraits *bl_traits_read(const char *xml, gsize length, GError **error)
{
    static const GMarkupParser parser = {
        .start_element = element_start, .end_element = element_end, .text = element_text};
    g_autoptr(BlTraits) traits = bl_traits_new();
    g_autoptr(GString) path = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    Reading reading = {.traits = traits, .path = path, .text = text};
    if (!bl_markup_read(&parser, &reading, xml, length, error))
        return NULL;
    binding_take(&reading);
    return g_steal_pointer(&traits);
}
