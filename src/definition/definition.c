/* A guest's definition: see definition.h. */
#include "definition/definition.h"

#include <string.h>

#include "base/units.h"
#include "definition/markup.h"
#include "definition/metadata.h"

/* Of a leaf that is read; longer text is none of ours. */
#define TEXT_MAX 1024
#define BYTES_MAX ((gint64)1 << 50)
#define VCPUS_MAX 65536

G_DEFINE_QUARK(bl - definition - error - quark, bl_definition_error)

/* The leaves that are read. */
typedef enum {
    LEAF_NAME,
    LEAF_UUID,
    LEAF_MEMORY,
    LEAF_CURRENT,
    LEAF_VCPU,
    LEAVES,
} Leaf;

static const char *const leaf_paths[LEAVES] = {"/domain/name", "/domain/uuid", "/domain/memory",
                                               "/domain/currentMemory", "/domain/vcpu"};

typedef struct {
    GString *path; /* of the open element: "/domain/memory" */
    guint depth;
    guint ours;          /* depth of the open element of Ballast's; 0: none */
    GPtrArray *prefixes; /* char *: of Ballast's namespace, declared further out */
    BlMetadataReader *metadata;
    GString *text; /* of the open leaf */
    char *unit;    /* of its amount of memory */
    char *texts[LEAVES];
    char *units[LEAVES];
    char *online;       /* vCPUs at the start, when fewer than all */
    gboolean balloon;   /* there is one */
    gboolean committed; /* memory is locked, or all taken at the start */
} Reading;

static Leaf leaf_of(const Reading *reading)
{
    Leaf leaf = 0;
    while (leaf < LEAVES && strcmp(reading->path->str, leaf_paths[leaf]) != 0)
        leaf++;
    return leaf;
}

/* --- Ballast's metadata ------------------------------------------------------------------------
 */

static void prefixes_note(Reading *reading, const char **names, const char **values)
{
    for (guint i = 0; names[i] != NULL; i++) {
        gboolean plain = strcmp(names[i], "xmlns") == 0;
        if ((plain || g_str_has_prefix(names[i], "xmlns:")) &&
            strcmp(values[i], BL_METADATA_URI) == 0)
            g_ptr_array_add(reading->prefixes, g_strdup(plain ? "" : names[i] + strlen("xmlns:")));
    }
}

/* An element's namespace is declared on itself, or further out. */
static gboolean is_ours(const Reading *reading, const char *name, const char **names,
                        const char **values)
{
    const char *colon = strchr(name, ':');
    g_autofree char *prefix = colon != NULL ? g_strndup(name, (gsize)(colon - name)) : g_strdup("");
    g_autofree char *declaration =
        colon != NULL ? g_strconcat("xmlns:", prefix, NULL) : g_strdup("xmlns");
    const char *uri = bl_markup_attribute(names, values, declaration);
    if (uri != NULL)
        return strcmp(uri, BL_METADATA_URI) == 0;
    return g_ptr_array_find_with_equal_func(reading->prefixes, prefix, g_str_equal, NULL);
}

/* --- elements ----------------------------------------------------------------------------------
 */

static void other_begin(Reading *reading, const char **names, const char **values)
{
    const char *path = reading->path->str;
    g_string_truncate(reading->text, 0);
    g_clear_pointer(&reading->unit, g_free);
    reading->unit = g_strdup(bl_markup_attribute(names, values, "unit"));
    if (strcmp(path, leaf_paths[LEAF_VCPU]) == 0 &&
        bl_markup_attribute(names, values, "current") != NULL) {
        g_free(reading->online);
        reading->online = g_strdup(bl_markup_attribute(names, values, "current"));
    }
    if (strcmp(path, "/domain/devices/memballoon") == 0)
        reading->balloon = g_str_has_prefix(bl_markup_attribute(names, values, "model") != NULL
                                                ? bl_markup_attribute(names, values, "model")
                                                : "",
                                            "virtio");
    if (strcmp(path, "/domain/memoryBacking/locked") == 0 ||
        (strcmp(path, "/domain/memoryBacking/allocation") == 0 &&
         g_strcmp0(bl_markup_attribute(names, values, "mode"), "immediate") == 0))
        reading->committed = TRUE;
    if (reading->depth <= 2)
        prefixes_note(reading, names, values);
}

static void element_start(GMarkupParseContext *context, const char *name, const char **names,
                          const char **values, gpointer data, GError **error)
{
    Reading *reading = data;
    gboolean in_metadata = strcmp(reading->path->str, "/domain/metadata") == 0;
    reading->depth++;
    g_string_append_printf(reading->path, "/%s", name);
    if (reading->ours == 0 && in_metadata && is_ours(reading, name, names, values))
        reading->ours = reading->depth;
    if (reading->ours > 0)
        bl_metadata_reader_begin(reading->metadata, name);
    else
        other_begin(reading, names, values);
}

static void element_text(GMarkupParseContext *context, const char *text, gsize length,
                         gpointer data, GError **error)
{
    Reading *reading = data;
    if (reading->ours > 0)
        bl_metadata_reader_text(reading->metadata, text, length);
    else if (reading->text->len + length <= TEXT_MAX && leaf_of(reading) < LEAVES)
        g_string_append_len(reading->text, text, (gssize)length);
}

static void leaf_end(Reading *reading)
{
    Leaf leaf = leaf_of(reading);
    if (leaf == LEAVES)
        return;
    g_free(reading->texts[leaf]);
    g_free(reading->units[leaf]);
    reading->texts[leaf] = g_strdup(reading->text->str);
    reading->units[leaf] = g_steal_pointer(&reading->unit);
}

static void element_end(GMarkupParseContext *context, const char *name, gpointer data,
                        GError **error)
{
    Reading *reading = data;
    if (reading->ours > 0)
        bl_metadata_reader_end(reading->metadata);
    else
        leaf_end(reading);
    if (reading->ours == reading->depth)
        reading->ours = 0;
    reading->depth--;
    g_string_truncate(reading->path, reading->path->len - strlen(name) - 1);
}

/* --- values ------------------------------------------------------------------------------------
 */

/* An amount with libvirt's units; without one it is KiB. */
static gboolean amount_parse(const char *text, const char *unit, gint64 *ret_bytes)
{
    static const struct {
        const char *name;
        gint64 scale;
    } units[] = {
        {"b", 1},           {"bytes", 1},       {"KB", 1000},       {"k", 1LL << 10},
        {"KiB", 1LL << 10}, {"MB", 1000000},    {"M", 1LL << 20},   {"MiB", 1LL << 20},
        {"GB", 1000000000}, {"G", 1LL << 30},   {"GiB", 1LL << 30}, {"TB", 1000000000000LL},
        {"T", 1LL << 40},   {"TiB", 1LL << 40},
    };
    gint64 amount;
    if (text == NULL || !bl_integer_parse(text, &amount))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_ascii_strcasecmp(unit != NULL ? unit : "KiB", units[i].name) != 0)
            continue;
        if (amount > BYTES_MAX / units[i].scale)
            return FALSE;
        *ret_bytes = amount * units[i].scale;
        return TRUE;
    }
    return FALSE;
}

static gboolean lacks(GError **error, const char *what)
{
    g_set_error(error, BL_DEFINITION_ERROR, BL_DEFINITION_ERROR_LACKING,
                "the guest's definition has no valid <%s>", what);
    return FALSE;
}

static gboolean values_take(const Reading *reading, BlDomainSample *domain, GError **error)
{
    gint64 memory, current, vcpus;
    if (!amount_parse(reading->texts[LEAF_MEMORY], reading->units[LEAF_MEMORY], &memory) ||
        memory == 0)
        return lacks(error, "memory");
    const char *online = reading->online != NULL ? reading->online : reading->texts[LEAF_VCPU];
    if (online == NULL || !bl_integer_parse(online, &vcpus) || vcpus < 1 || vcpus > VCPUS_MAX)
        return lacks(error, "vcpu");
    domain->vcpus = (guint)vcpus;
    bl_values_set(&domain->values, BL_DOMAIN_MEMORY_MAX, memory);
    if (!amount_parse(reading->texts[LEAF_CURRENT], reading->units[LEAF_CURRENT], &current))
        current = memory;
    if (reading->balloon && !reading->committed)
        bl_values_set(&domain->values, BL_DOMAIN_BALLOON, MIN(current, memory));
    return TRUE;
}

static BlDomainSample *domain_make(const Reading *reading, GError **error)
{
    const char *name = reading->texts[LEAF_NAME], *uuid = reading->texts[LEAF_UUID];
    if (name == NULL || name[0] == '\0') {
        lacks(error, "name");
        return NULL;
    }
    g_autofree char *lower = g_ascii_strdown(uuid != NULL ? g_strstrip((char *)uuid) : "", -1);
    if (!g_uuid_string_is_valid(lower)) {
        lacks(error, "uuid");
        return NULL;
    }
    BlDomainSample *domain = bl_domain_sample_new(lower, name);
    if (values_take(reading, domain, error))
        return domain;
    bl_domain_sample_free(domain);
    return NULL;
}

static void reading_clear(Reading *reading)
{
    for (guint i = 0; i < LEAVES; i++) {
        g_free(reading->texts[i]);
        g_free(reading->units[i]);
    }
    g_string_free(reading->path, TRUE);
    g_string_free(reading->text, TRUE);
    g_ptr_array_unref(reading->prefixes);
    g_free(reading->unit);
    g_free(reading->online);
}

BlDomainSample *bl_definition_parse(const char *xml, gsize length, GError **error)
{
    static const GMarkupParser parser = {
        .start_element = element_start, .end_element = element_end, .text = element_text};
    Reading reading = {.path = g_string_new(NULL),
                       .text = g_string_new(NULL),
                       .prefixes = g_ptr_array_new_with_free_func(g_free),
                       .metadata = bl_metadata_reader_new()};
    BlDomainSample *domain = NULL;
    if (bl_markup_read(&parser, &reading, xml, length, error))
        domain = domain_make(&reading, error);
    g_auto(GStrv) metadata = bl_metadata_reader_finish(reading.metadata);
    if (domain != NULL && metadata[0] != NULL)
        domain->metadata = g_steal_pointer(&metadata);
    reading_clear(&reading);
    return domain;
}
