/* Scenario files: see scenario.h. One table a kind of mapping says what each key is and where its
 * value goes. */
#include "sim/scenario.h"

#include <string.h>

#include "base/units.h"
#include "config/policy-node.h"
#include "sim/points.h"

#define COUNT_MAX 100000
/* Of amounts and times: no host has more memory, and sums of as many do not overflow. */
#define NUMBER_MAX ((gint64)1 << 50)

typedef enum {
    KEY_TEXT,
    KEY_NUMBER,  /* whole, or with the unit of a share, a time or a size: in the base unit */
    KEY_SECONDS, /* a time, kept in whole seconds */
    KEY_COUNT,   /* guint */
    KEY_FLAG,
    KEY_LOAD,
    KEY_MODE,
    KEY_EVENT,
    KEY_EXPECT,
    KEY_FIELD,
    KEY_GUEST,
} KeyKind;

typedef struct {
    const char *name;
    KeyKind kind;
    gsize offset;
    gint64 least;     /* of a number or count */
    gboolean limited; /* a number of at most NUMBER_MAX */
} Key;

typedef struct {
    BlPolicyReport report;
    BlSimSpec *spec;
} Reader;

static void wrong(Reader *reader, const BlPolicyNode *node, const char *what)
{
    g_autofree char *quoted = bl_policy_quote(node->text != NULL ? node->text : "");
    bl_policy_report(&reader->report, &node->place, NULL, "%s is not %s", quoted, what);
}

static gboolean number_parse(const char *text, gint64 *ret_value)
{
    gboolean negative = text[0] == '-';
    const char *digits = negative ? text + 1 : text;
    if (!bl_integer_parse(digits, ret_value) && !bl_permyriad_parse(digits, ret_value) &&
        !bl_usec_parse(digits, ret_value) && !bl_bytes_parse(digits, ret_value))
        return FALSE;
    if (negative)
        *ret_value = -*ret_value;
    return TRUE;
}

static gint guest_find(const BlSimSpec *spec, const char *name)
{
    for (guint i = 0; i < spec->guests->len; i++) {
        if (g_str_equal(g_array_index(spec->guests, BlGuestSpec, i).name, name))
            return (gint)i;
    }
    return -1;
}

static int load_index(const char *name)
{
    for (int i = 0; i < BL_LOAD_KINDS; i++) {
        if (g_str_equal(bl_load_kind_name((BlLoadKind)i), name))
            return i;
    }
    return -1;
}

static int expect_index(const char *name)
{
    for (int i = 0; i < BL_EXPECT_KINDS; i++) {
        if (g_str_equal(bl_expect_name((BlExpectKind)i), name))
            return i;
    }
    return -1;
}

static void number_take(Reader *reader, const BlPolicyNode *value, const Key *key, char *at)
{
    gint64 number;
    if (!number_parse(value->text, &number) || number < key->least ||
        (key->limited && number > NUMBER_MAX))
        wrong(reader, value, "a number that fits here, such as 5, 10%, 300ms or 2GiB");
    else if (key->kind == KEY_SECONDS)
        *(gint64 *)(gpointer)at = number / BL_USEC_PER_SEC;
    else if (key->kind == KEY_NUMBER)
        memcpy(at, &number, sizeof number);
    else if (number > COUNT_MAX)
        wrong(reader, value, "a number of at most 100000");
    else
        *(guint *)(gpointer)at = (guint)number;
}

static void word_take(Reader *reader, const BlPolicyNode *value, const Key *key, char *at)
{
    int index = -1;
    guint field;
    BlMode mode;
    BlSimEventKind event;
    if (key->kind == KEY_LOAD)
        index = load_index(value->text);
    else if (key->kind == KEY_EXPECT)
        index = expect_index(value->text);
    else if (key->kind == KEY_MODE)
        index = bl_mode_parse(value->text, &mode) ? (int)mode : -1;
    else if (key->kind == KEY_EVENT)
        index = bl_sim_event_parse(value->text, &event) ? (int)event : -1;
    else if (key->kind == KEY_FIELD)
        index = bl_field_find(BL_SCOPE_DOMAIN, value->text, &field) ? (int)field : -1;
    else if (key->kind == KEY_GUEST)
        index = guest_find(reader->spec, value->text);
    else if (g_str_equal(value->text, "yes") || g_str_equal(value->text, "no"))
        index = value->text[0] == 'y';
    if (index < 0)
        wrong(reader, value, "known here");
    else
        memcpy(at, &index, sizeof index);
}

static void value_take(Reader *reader, const BlPolicyNode *value, const Key *key, gpointer object)
{
    char *at = (char *)object + key->offset;
    if (value->kind != BL_NODE_SCALAR) {
        bl_policy_report(&reader->report, &value->place, NULL, "%s is one value, this is %s",
                         key->name, bl_policy_node_noun(value));
    } else if (key->kind == KEY_TEXT) {
        g_free(*(char **)(gpointer)at);
        *(char **)(gpointer)at = g_strdup(value->text);
    } else if (key->kind <= KEY_COUNT) {
        number_take(reader, value, key, at);
    } else {
        word_take(reader, value, key, at);
    }
}

static const BlPolicyNode *node_child(const BlPolicyNode *node, const char *name)
{
    for (guint i = 0; i + 1 < node->children->len; i += 2) {
        const BlPolicyNode *key = g_ptr_array_index(node->children, i);
        if (g_strcmp0(key->text, name) == 0)
            return g_ptr_array_index(node->children, i + 1);
    }
    return NULL;
}

/* Values of a mapping into an object. Keys in `others` are for somebody else. */
static void mapping_take(Reader *reader, const BlPolicyNode *node, const Key *keys,
                         const char *const *others, gpointer object)
{
    if (node->kind != BL_NODE_MAPPING) {
        bl_policy_report(&reader->report, &node->place, NULL, "a mapping is expected, this is %s",
                         bl_policy_node_noun(node));
        return;
    }
    for (guint i = 0; i + 1 < node->children->len; i += 2) {
        const BlPolicyNode *name = g_ptr_array_index(node->children, i);
        const Key *key = keys;
        while (key->name != NULL && g_strcmp0(key->name, name->text) != 0)
            key++;
        if (key->name != NULL)
            value_take(reader, g_ptr_array_index(node->children, i + 1), key, object);
        else if (others == NULL || name->text == NULL || !g_strv_contains(others, name->text))
            wrong(reader, name, "a key that is known here");
    }
}

/* --- the parts -----------------------------------------------------------------------------------
 */

/* A guest of a scenario may stand for many. */
typedef struct {
    BlGuestSpec spec;
    guint count;  /* 0: not said; as many as there are files, or one */
    gint64 shift; /* by which each is later than the one before */
    char *file;   /* a recorded load: see points.h */
    char *files;  /* a folder of those, one a guest */
} Guest;

static const Key guest_keys[] = {
    {"name", KEY_TEXT, G_STRUCT_OFFSET(Guest, spec.name), 0},
    {"class", KEY_TEXT, G_STRUCT_OFFSET(Guest, spec.class_name), 0},
    {"tenant", KEY_TEXT, G_STRUCT_OFFSET(Guest, spec.tenant), 0},
    {"vcpus", KEY_COUNT, G_STRUCT_OFFSET(Guest, spec.vcpus), 1},
    {"count", KEY_COUNT, G_STRUCT_OFFSET(Guest, count), 1},
    {"quota", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.quota), -1},
    {"later", KEY_FLAG, G_STRUCT_OFFSET(Guest, spec.born_later), 0},
    {"load", KEY_LOAD, G_STRUCT_OFFSET(Guest, spec.load.kind), 0},
    {"demand", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.demand), 0},
    {"connections", KEY_COUNT, G_STRUCT_OFFSET(Guest, spec.load.connections), 1},
    {"service", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.service_usec), 1},
    {"network", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.network_usec), 0},
    {"on", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.on_usec), 0, TRUE},
    {"off", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.off_usec), 0, TRUE},
    {"from", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.from_usec), 0, TRUE},
    {"shift", KEY_NUMBER, G_STRUCT_OFFSET(Guest, shift), 0, TRUE},
    {"point", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.point_usec), 1, TRUE},
    {"file", KEY_TEXT, G_STRUCT_OFFSET(Guest, file), 0},
    {"files", KEY_TEXT, G_STRUCT_OFFSET(Guest, files), 0},
    {"disk", KEY_COUNT, G_STRUCT_OFFSET(Guest, spec.load.disk), 0},
    {"depth", KEY_COUNT, G_STRUCT_OFFSET(Guest, spec.load.depth), 1},
    {"size", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.size_bytes), 1, TRUE},
    {"rate", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.load.rate), 0, TRUE},
    {"weight", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.weight), 1, TRUE},
    {"node", KEY_COUNT, G_STRUCT_OFFSET(Guest, spec.node), 0},
    {"memory", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.max_bytes), 0, TRUE},
    {"balloon", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.balloon_bytes), 0, TRUE},
    {"kernel", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.kernel_bytes), 0, TRUE},
    {"working-set", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.set_bytes), 0, TRUE},
    {"growth", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.growth), 1, TRUE},
    {"cache", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.cache_rate), 0, TRUE},
    {"swap", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.swap_bytes), 0},
    {"statistics", KEY_SECONDS, G_STRUCT_OFFSET(Guest, spec.memory.period_sec), 0},
    {"autodeflate", KEY_FLAG, G_STRUCT_OFFSET(Guest, spec.memory.autodeflate), 0},
    {"reporting", KEY_FLAG, G_STRUCT_OFFSET(Guest, spec.memory.reporting), 0},
    {"equal", KEY_NUMBER, G_STRUCT_OFFSET(Guest, spec.memory.equal_bytes), 0, TRUE},
    {"unshared", KEY_FLAG, G_STRUCT_OFFSET(Guest, spec.memory.unshared), 0},
    {0},
};

static const Key disk_keys[] = {
    {"iops", KEY_NUMBER, G_STRUCT_OFFSET(BlDiskSpec, iops), 1, TRUE},
    {"latency", KEY_NUMBER, G_STRUCT_OFFSET(BlDiskSpec, latency_usec), 0, TRUE},
    {"bandwidth", KEY_NUMBER, G_STRUCT_OFFSET(BlDiskSpec, bandwidth), 0, TRUE},
    {0},
};

static const Key event_keys[] = {
    {"do", KEY_EVENT, G_STRUCT_OFFSET(BlSimEvent, kind), 0},
    {"at", KEY_NUMBER, G_STRUCT_OFFSET(BlSimEvent, at_usec), 0},
    {"for", KEY_NUMBER, G_STRUCT_OFFSET(BlSimEvent, for_usec), 0},
    {"guest", KEY_GUEST, G_STRUCT_OFFSET(BlSimEvent, guest), 0},
    {"field", KEY_FIELD, G_STRUCT_OFFSET(BlSimEvent, field), 0},
    {"value", KEY_NUMBER, G_STRUCT_OFFSET(BlSimEvent, value), G_MININT64},
    {"text", KEY_TEXT, G_STRUCT_OFFSET(BlSimEvent, text), 0},
    {0},
};

static const Key expect_keys[] = {
    {"what", KEY_EXPECT, G_STRUCT_OFFSET(BlExpect, kind), 0},
    {"guest", KEY_GUEST, G_STRUCT_OFFSET(BlExpect, guest), 0},
    {"text", KEY_TEXT, G_STRUCT_OFFSET(BlExpect, text), 0},
    {"least", KEY_NUMBER, G_STRUCT_OFFSET(BlExpect, least), 0},
    {"most", KEY_NUMBER, G_STRUCT_OFFSET(BlExpect, most), 0},
    {"from", KEY_NUMBER, G_STRUCT_OFFSET(BlExpect, from_usec), 0, TRUE},
    {"until", KEY_NUMBER, G_STRUCT_OFFSET(BlExpect, until_usec), 0},
    {0},
};

static const Key spec_keys[] = {
    {"scenario", KEY_TEXT, G_STRUCT_OFFSET(BlSimSpec, name), 0},
    {"seed", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, seed), 0},
    {"cpus", KEY_COUNT, G_STRUCT_OFFSET(BlSimSpec, cpus), 1},
    {"mode", KEY_MODE, G_STRUCT_OFFSET(BlSimSpec, mode), 0},
    {"duration", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, duration_usec), BL_SIM_TICK_USEC},
    {"noise", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, noise), 0},
    {"step", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, act_usec), 0},
    {"nodes", KEY_COUNT, G_STRUCT_OFFSET(BlSimSpec, nodes), 1},
    {"remote", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, remote_penalty), 0, TRUE},
    {"memory", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, memory_bytes), 0, TRUE},
    {"memory-own", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, memory_own_bytes), 0, TRUE},
    {"memory-hard", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, memory_hard), 1, TRUE},
    {"balloon-rate", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, balloon_rate), 1, TRUE},
    {"uplink", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, uplink), 0, TRUE},
    {"ksm", KEY_FLAG, G_STRUCT_OFFSET(BlSimSpec, ksm), 0},
    {"ksm-run", KEY_NUMBER, G_STRUCT_OFFSET(BlSimSpec, ksm_run), 0, TRUE},
    {0},
};

static gboolean points_take(Reader *reader, const BlPolicyNode *node, BlGuestSpec *guest,
                            const char *path)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&guest->load.points, g_array_unref);
    g_clear_pointer(&guest->memory.points, g_array_unref);
    if (bl_sim_points_read(path, &guest->load.points, &guest->memory.points, &error))
        return TRUE;
    bl_policy_report(&reader->report, &node->place, "paths begin where the program was started",
                     "%s", error->message);
    return FALSE;
}

/* One of those that a mapping stands for; number 0: the only one. */
static void guest_add(Reader *reader, const BlPolicyNode *node, const Guest *guest, guint number)
{
    BlGuestSpec copy = guest->spec;
    g_autofree char *name =
        number > 0 ? g_strdup_printf("%s-%u", copy.name, number) : g_strdup(copy.name);
    copy.name = name;
    copy.load.from_usec += guest->shift * MAX((gint64)number - 1, 0);
    if (number == 0 && guest_find(reader->spec, name) >= 0)
        wrong(reader, node, "a guest of its own: the name is taken");
    bl_sim_spec_add_guest(reader->spec, &copy);
}

static void files_add(Reader *reader, const BlPolicyNode *node, Guest *guest)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) paths = bl_sim_points_list(guest->files, guest->count, &error);
    if (paths == NULL) {
        bl_policy_report(&reader->report, &node->place, "paths begin where the program was started",
                         "%s", error->message);
        return;
    }
    for (guint i = 0; i < paths->len; i++) {
        if (!points_take(reader, node, &guest->spec, g_ptr_array_index(paths, i)))
            return;
        guest_add(reader, node, guest, i + 1);
    }
}

static void guests_add(Reader *reader, const BlPolicyNode *node, Guest *guest)
{
    if (guest->spec.name == NULL) {
        bl_policy_report(&reader->report, &node->place, NULL, "a guest without a name");
    } else if (guest->files != NULL) {
        files_add(reader, node, guest);
    } else if (guest->file == NULL || points_take(reader, node, &guest->spec, guest->file)) {
        for (guint i = 0; i < MAX(guest->count, 1); i++)
            guest_add(reader, node, guest, guest->count > 1 ? i + 1 : 0);
    }
}

static void guest_read(Reader *reader, const BlPolicyNode *node)
{
    Guest guest = {.spec = bl_sim_guest_spec_default()};
    mapping_take(reader, node, guest_keys, NULL, &guest);
    const BlMemorySpec *memory = &guest.spec.memory;
    if (memory->max_bytes > 0 &&
        (memory->kernel_bytes > memory->max_bytes || memory->balloon_bytes > memory->max_bytes))
        bl_policy_report(&reader->report, &node->place, NULL,
                         "neither kernel nor balloon may be above the guest's memory");
    guests_add(reader, node, &guest);
    g_free(guest.spec.name);
    g_free(guest.spec.class_name);
    g_free(guest.spec.tenant);
    g_clear_pointer(&guest.spec.load.points, g_array_unref);
    g_clear_pointer(&guest.spec.memory.points, g_array_unref);
    g_free(guest.file);
    g_free(guest.files);
}

static void disk_read(Reader *reader, const BlPolicyNode *node)
{
    BlDiskSpec disk = {.iops = 10000, .latency_usec = 100};
    mapping_take(reader, node, disk_keys, NULL, &disk);
    g_array_append_val(reader->spec->disks, disk);
}

static void event_read(Reader *reader, const BlPolicyNode *node)
{
    BlSimEvent event = {.kind = BL_EVENT_KINDS, .guest = -1};
    mapping_take(reader, node, event_keys, NULL, &event);
    if (event.kind == BL_EVENT_KINDS)
        bl_policy_report(&reader->report, &node->place, NULL, "an event that does nothing");
    else if (event.guest < 0 && bl_sim_event_needs_guest(event.kind) &&
             !bl_sim_event_is_host(&event))
        bl_policy_report(&reader->report, &node->place, NULL, "\"%s\" needs a guest",
                         bl_sim_event_name(event.kind));
    else if (event.guest >= 0 && event.kind == BL_EVENT_FOREIGN && bl_control_is_host(event.field))
        bl_policy_report(&reader->report, &node->place, NULL, "a guest has no such control");
    else if (event.kind == BL_EVENT_CLASS && event.text == NULL)
        bl_policy_report(&reader->report, &node->place, NULL, "\"class\" needs a text");
    else
        bl_sim_spec_add_event(reader->spec, &event);
    g_free(event.text);
}

static void expect_read(Reader *reader, const BlPolicyNode *node)
{
    BlExpect expect = {.kind = BL_EXPECT_KINDS, .guest = -1, .most = G_MAXINT64};
    mapping_take(reader, node, expect_keys, NULL, &expect);
    gboolean whole = bl_expect_is_whole(expect.kind);
    if (expect.kind == BL_EXPECT_KINDS)
        bl_policy_report(&reader->report, &node->place, NULL, "an expectation of nothing");
    else if ((expect.guest < 0) != whole)
        bl_policy_report(&reader->report, &node->place, NULL, "\"%s\" needs %s guest",
                         bl_expect_name(expect.kind), whole ? "no" : "a");
    else if (expect.kind == BL_EXPECT_SENTENCE && expect.text == NULL)
        bl_policy_report(&reader->report, &node->place, NULL, "a sentence without its text");
    else
        bl_sim_spec_add_expect(reader->spec, &expect);
    g_free(expect.text);
}

/* A policy is a list of its lines. */
static void policy_read(Reader *reader, const BlPolicyNode *node)
{
    if (node->kind != BL_NODE_LIST) {
        bl_policy_report(&reader->report, &node->place, NULL, "a policy is a list of its lines");
        return;
    }
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < node->children->len; i++) {
        const BlPolicyNode *line = g_ptr_array_index(node->children, i);
        g_string_append_printf(text, "%s\n", line->text != NULL ? line->text : "");
    }
    g_ptr_array_add(reader->spec->policy_texts, g_string_free(text, FALSE));
}

static void list_read(Reader *reader, const BlPolicyNode *root, const char *name,
                      void (*read_one)(Reader *, const BlPolicyNode *))
{
    const BlPolicyNode *list = node_child(root, name);
    if (list == NULL || list->kind == BL_NODE_EMPTY)
        return;
    if (list->kind != BL_NODE_LIST) {
        bl_policy_report(&reader->report, &list->place, NULL, "%s is a list, this is %s", name,
                         bl_policy_node_noun(list));
        return;
    }
    for (guint i = 0; i < list->children->len; i++)
        read_one(reader, g_ptr_array_index(list->children, i));
}

static void scenario_read(Reader *reader, const BlPolicySource *source)
{
    static const char *const lists[] = {"policies", "disks", "guests", "events", "expect", NULL};
    g_autoptr(BlPolicyNode) root = bl_policy_node_load(source, &reader->report);
    if (root == NULL)
        return;
    mapping_take(reader, root, spec_keys, lists, reader->spec);
    if (root->kind != BL_NODE_MAPPING)
        return;
    list_read(reader, root, "policies", policy_read);
    list_read(reader, root, "disks", disk_read);
    list_read(reader, root, "guests", guest_read);
    list_read(reader, root, "events", event_read);
    list_read(reader, root, "expect", expect_read);
    bl_sim_spec_sort(reader->spec);
}

BlSimSpec *bl_sim_scenario_parse(const char *name, const char *text, gsize length, GError **error)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    g_autoptr(BlSimSpec) spec = bl_sim_spec_new();
    Reader reader = {.spec = spec};
    bl_policy_sources_add(sources, name, text, length);
    bl_policy_report_begin(&reader.report, sources, errors);
    scenario_read(&reader, g_ptr_array_index(sources, 0));
    bl_policy_report_end(&reader.report);
    if (errors->len == 0)
        return g_steal_pointer(&spec);
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < errors->len; i++)
        bl_policy_error_append(out, g_ptr_array_index(errors, i));
    g_set_error_literal(error, BL_SIM_ERROR, BL_SIM_ERROR_SCENARIO, out->str);
    return NULL;
}
