/* Parts of a definition: see parts.h.
 *
 * GMarkup says whether the text is XML, but not where its parts stand, so tags are found by a walk
 * of our own over text that GMarkup has read to its end. libvirt writes no document type; text with
 * one is refused. */
#include "definition/parts.h"

#include <string.h>

#include "definition/definition.h"

typedef struct {
    const char *element;      /* path of the element that is the part, or has its attribute */
    const char *attribute;    /* NULL: the element itself is the part */
    gboolean whole;           /* the element comes and goes with the part */
    gboolean parent_optional; /* so does its parent */
} PartRow;

#define BALLOON "/domain/devices/memballoon"

static const PartRow rows[BL_PARTS] = {
    [BL_PART_BALLOON] = {BALLOON, "model"},
    [BL_PART_STATISTICS] = {BALLOON "/stats", "period", .whole = TRUE},
    [BL_PART_AUTODEFLATE] = {BALLOON, "autodeflate"},
    [BL_PART_REPORTING] = {BALLOON, "freePageReporting"},
    [BL_PART_HUGE_PAGES] = {"/domain/memoryBacking/hugepages", NULL, TRUE, TRUE},
    [BL_PART_LOCKED] = {"/domain/memoryBacking/locked", NULL, TRUE, TRUE},
    [BL_PART_NODES] = {"/domain/numatune/memory", "nodeset"},
    [BL_PART_VCPUS] = {"/domain/vcpu", "current"},
};

/* --- the walk ----------------------------------------------------------------------------------
 */

typedef enum { TAG_OPEN, TAG_CLOSE, TAG_EMPTY } TagKind;

typedef struct {
    TagKind kind;
    gsize start, end;
} Tag;

typedef struct {
    const char *text;
    gsize length, at;
    GString *path; /* of the tag found last: "/domain/name" */
    gboolean over; /* that element has ended with its tag */
    gboolean damaged;
} Walk;

/* An element by its tags: `close` is where its end tag stands. */
typedef struct {
    guint count;
    gboolean empty; /* one tag: "<a/>" */
    gsize start, tag_end, close, end;
} Place;

static gboolean is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

static gboolean is_at(const Walk *walk, const char *word)
{
    gsize length = strlen(word);
    return walk->length - walk->at >= length && memcmp(walk->text + walk->at, word, length) == 0;
}

/* Behind the next `word` from `from` on. */
static gboolean skip_past(Walk *walk, gsize from, const char *word)
{
    from = MIN(from, walk->length);
    const char *found = memmem(walk->text + from, walk->length - from, word, strlen(word));
    walk->damaged = found == NULL;
    if (found != NULL)
        walk->at = (gsize)(found - walk->text) + strlen(word);
    return found != NULL;
}

/* Comments and the like, which hold no tags. FALSE when a tag stands here. */
static gboolean skip_other(Walk *walk)
{
    if (is_at(walk, "<!--"))
        skip_past(walk, walk->at + 2, "-->");
    else if (is_at(walk, "<![CDATA["))
        skip_past(walk, walk->at, "]]>");
    else if (is_at(walk, "<?"))
        skip_past(walk, walk->at, "?>");
    else if (is_at(walk, "<!"))
        walk->damaged = TRUE;
    else
        return FALSE;
    return TRUE;
}

static gsize tag_end(const Walk *walk)
{
    char quote = '\0';
    for (gsize i = walk->at + 1; i < walk->length; i++) {
        char character = walk->text[i];
        if (quote != '\0')
            quote = character == quote ? '\0' : quote;
        else if (character == '\'' || character == '"')
            quote = character;
        else if (character == '>')
            return i + 1;
    }
    return 0;
}

static gsize name_end(const char *text, gsize at)
{
    while (!is_space(text[at]) && text[at] != '/' && text[at] != '>')
        at++;
    return at;
}

static void path_pop(Walk *walk)
{
    const char *slash = strrchr(walk->path->str, '/');
    g_string_truncate(walk->path, slash != NULL ? (gsize)(slash - walk->path->str) : 0);
    walk->over = FALSE;
}

static gboolean tag_take(Walk *walk, Tag *ret_tag)
{
    gsize start = walk->at, end = tag_end(walk);
    walk->damaged = end == 0;
    if (walk->damaged)
        return FALSE;
    *ret_tag = (Tag){TAG_OPEN, start, end};
    if (walk->text[start + 1] == '/')
        ret_tag->kind = TAG_CLOSE;
    else if (walk->text[end - 2] == '/')
        ret_tag->kind = TAG_EMPTY;
    if (ret_tag->kind != TAG_CLOSE) {
        g_string_append_c(walk->path, '/');
        g_string_append_len(walk->path, walk->text + start + 1,
                            (gssize)(name_end(walk->text, start + 1) - start - 1));
    }
    walk->over = ret_tag->kind != TAG_OPEN;
    walk->at = end;
    return TRUE;
}

/* The next tag; `path` then is that of its element. FALSE at the end, or when it is damaged. */
static gboolean walk_next(Walk *walk, Tag *ret_tag)
{
    if (walk->over)
        path_pop(walk);
    while (!walk->damaged && walk->at < walk->length) {
        const char *next = memchr(walk->text + walk->at, '<', walk->length - walk->at);
        if (next == NULL)
            return FALSE;
        walk->at = (gsize)(next - walk->text);
        if (!skip_other(walk))
            return tag_take(walk, ret_tag);
    }
    return FALSE;
}

/* FALSE when the text is damaged. Of several elements the first, with their count. */
static gboolean place_find(const char *text, gsize length, const char *path, Place *ret_place)
{
    g_autoptr(GString) walked = g_string_new(NULL);
    Walk walk = {.text = text, .length = length, .path = walked};
    Tag tag;
    *ret_place = (Place){0};
    while (walk_next(&walk, &tag)) {
        if (strcmp(walked->str, path) != 0)
            continue;
        if (tag.kind == TAG_CLOSE && ret_place->count == 1) {
            ret_place->close = tag.start;
            ret_place->end = tag.end;
        } else if (tag.kind != TAG_CLOSE && ret_place->count++ == 0) {
            ret_place->empty = tag.kind == TAG_EMPTY;
            ret_place->start = tag.start;
            ret_place->tag_end = ret_place->close = ret_place->end = tag.end;
        }
    }
    return !walk.damaged;
}

/* --- attributes --------------------------------------------------------------------------------
 */

typedef struct {
    gsize start; /* of the space before it */
    gsize value, value_end;
    gsize end;
} Attribute;

static gsize skip_space(const char *text, gsize at)
{
    while (is_space(text[at]))
        at++;
    return at;
}

static gboolean attribute_find(const char *text, const Place *place, const char *name,
                               Attribute *ret_attribute)
{
    gsize at = name_end(text, place->start + 1), length = strlen(name);
    while (at < place->tag_end) {
        Attribute found = {.start = at};
        gsize begin = skip_space(text, at), end = begin;
        while (end < place->tag_end && text[end] != '=' && !is_space(text[end]))
            end++;
        at = skip_space(text, end);
        if (at >= place->tag_end || text[at] != '=')
            return FALSE;
        found.value = skip_space(text, at + 1) + 1;
        const char *close =
            memchr(text + found.value, text[found.value - 1], place->tag_end - found.value);
        if (close == NULL)
            return FALSE;
        found.value_end = (gsize)(close - text);
        found.end = at = found.value_end + 1;
        if (end - begin == length && memcmp(text + begin, name, length) == 0) {
            *ret_attribute = found;
            return TRUE;
        }
    }
    return FALSE;
}

/* The text with `insert` in place of the bytes from `from` to `to`. */
static char *spliced(const char *text, gsize length, gsize from, gsize to, const char *insert)
{
    GString *result = g_string_sized_new(length + strlen(insert));
    g_string_append_len(result, text, (gssize)from);
    g_string_append(result, insert);
    g_string_append_len(result, text + to, (gssize)(length - to));
    return g_string_free(result, FALSE);
}

/* value NULL: without it. */
static char *attribute_edit(const char *text, gsize length, const Place *place, const char *name,
                            const char *value)
{
    Attribute attribute;
    gboolean there = attribute_find(text, place, name, &attribute);
    if (there && value != NULL)
        return spliced(text, length, attribute.value, attribute.value_end, value);
    if (there)
        return spliced(text, length, attribute.start, attribute.end, "");
    if (value == NULL)
        return g_strndup(text, length);
    gsize at = place->tag_end - (place->empty ? 2 : 1);
    while (is_space(text[at - 1]))
        at--;
    g_autofree char *added = g_strdup_printf(" %s='%s'", name, value);
    return spliced(text, length, at, at, added);
}

/* --- elements ----------------------------------------------------------------------------------
 *
 * The white space around what is put in tells how to take it out again: an element of its own line
 * where others are; directly behind the tag of a parent with nothing in it; behind a space in a
 * parent that was one tag; between white space in a parent that was put in with it.
 */

static gboolean is_blank(const char *text, gsize from, gsize to)
{
    while (from < to && is_space(text[from]))
        from++;
    return from == to;
}

static char *parent_path(const char *path)
{
    return g_strndup(path, (gsize)(strrchr(path, '/') - path));
}

static const char *last_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

static char *with_parent_inserted(const char *text, gsize length, const Place *root,
                                  const char *parent, const char *child)
{
    gsize first = skip_space(text, root->tag_end);
    g_autofree char *space = g_strndup(text + root->tag_end, first - root->tag_end);
    const char *outer = space[0] != '\0' ? space : " ";
    g_autofree char *added =
        g_strdup_printf("%s<%s>%s%s%s%s</%s>", space, last_name(parent), outer,
                        space[0] != '\0' ? "  " : "", child, outer, last_name(parent));
    return spliced(text, length, root->tag_end, root->tag_end, added);
}

static char *child_inserted(const char *text, gsize length, const Place *parent, const char *name,
                            const char *child)
{
    if (parent->empty) {
        g_autofree char *opened = g_strdup_printf("> %s</%s>", child, name);
        return spliced(text, length, parent->tag_end - 2, parent->tag_end, opened);
    }
    gsize first = skip_space(text, parent->tag_end);
    g_autofree char *space = first >= parent->close
                                 ? g_strdup("")
                                 : g_strndup(text + parent->tag_end, first - parent->tag_end);
    g_autofree char *added = g_strconcat(space, child, NULL);
    return spliced(text, length, parent->tag_end, parent->tag_end, added);
}

static char *element_inserted(const char *text, gsize length, const PartRow *row, const char *value)
{
    g_autofree char *parent = parent_path(row->element);
    g_autofree char *child =
        value[0] != '\0' && row->attribute != NULL
            ? g_strdup_printf("<%s %s='%s'/>", last_name(row->element), row->attribute, value)
            : g_strdup_printf("<%s/>", last_name(row->element));
    Place place, root;
    if (!place_find(text, length, parent, &place) || place.count > 1)
        return NULL;
    if (place.count == 1)
        return child_inserted(text, length, &place, last_name(parent), child);
    if (!row->parent_optional || !place_find(text, length, "/domain", &root) || root.count != 1 ||
        root.empty)
        return NULL;
    return with_parent_inserted(text, length, &root, parent, child);
}

static gsize space_before(const char *text, gsize at, gsize least)
{
    while (at > least && is_space(text[at - 1]))
        at--;
    return at;
}

static char *element_removed(const char *text, gsize length, const PartRow *row, const Place *place)
{
    g_autofree char *path = parent_path(row->element);
    Place parent;
    if (!place_find(text, length, path, &parent) || parent.count != 1)
        return NULL;
    gsize from = space_before(text, place->start, parent.tag_end);
    gboolean alone =
        is_blank(text, parent.tag_end, place->start) && is_blank(text, place->end, parent.close);
    gboolean before = from < place->start, after = is_space(text[place->end]);
    if (alone && before && after && row->parent_optional)
        return spliced(text, length, space_before(text, parent.start, 0), parent.end, "");
    if (alone && before && !after)
        return spliced(text, length, parent.tag_end - 1, parent.end, "/>");
    return spliced(text, length, from, place->end, "");
}

/* --- parts -------------------------------------------------------------------------------------
 */

static gboolean markup_check(const char *xml, gsize length, GError **error)
{
    static const GMarkupParser parser = {0};
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, NULL, NULL);
    if (length <= BL_DEFINITION_MAX && memchr(xml, '\0', length) == NULL &&
        g_markup_parse_context_parse(context, xml, (gssize)length, &wrong) &&
        g_markup_parse_context_end_parse(context, &wrong))
        return TRUE;
    g_set_error(error, BL_DEFINITION_ERROR, BL_DEFINITION_ERROR_DAMAGED,
                "the guest's definition cannot be read: %s",
                wrong != NULL ? wrong->message : "it is too large, or no text");
    return FALSE;
}

static gboolean damaged(GError **error)
{
    g_set_error(error, BL_DEFINITION_ERROR, BL_DEFINITION_ERROR_DAMAGED,
                "the guest's definition cannot be read: its tags are not understood");
    return FALSE;
}

static gboolean part_read(const char *xml, gsize length, const PartRow *row, BlPartValue *ret_value,
                          Place *ret_place)
{
    Attribute attribute;
    *ret_value = (BlPartValue){0};
    if (!place_find(xml, length, row->element, ret_place))
        return FALSE;
    gboolean there = ret_place->count > 0;
    gboolean says = there && row->attribute != NULL &&
                    attribute_find(xml, ret_place, row->attribute, &attribute);
    ret_value->present = row->whole ? there : says;
    if (says)
        g_strlcpy(ret_value->text, xml + attribute.value,
                  MIN(sizeof ret_value->text, attribute.value_end - attribute.value + 1));
    return TRUE;
}

gboolean bl_parts_read(const char *xml, gsize length, BlParts *ret_parts, GError **error)
{
    Place place;
    *ret_parts = (BlParts){0};
    if (!markup_check(xml, length, error))
        return FALSE;
    for (guint i = 0; i < BL_PARTS; i++) {
        if (!part_read(xml, length, &rows[i], &ret_parts->values[i], &place))
            return damaged(error);
    }
    ret_parts->known = TRUE;
    return TRUE;
}

/* What is put between quotes, and what could be put back: words and numbers that were not cut,
 * nothing that would end the quotes. */
static gboolean is_word(const char *text)
{
    gsize length = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._,");
    return text[length] == '\0' && length < BL_PART_SIZE - 1;
}

static char *edited(const char *xml, gsize length, const PartRow *row, const BlPartValue *value,
                    const Place *place)
{
    const char *text =
        value->present && (value->text[0] != '\0' || !row->whole) ? value->text : NULL;
    if (place->count > 1 || !is_word(value->text) || (place->count == 0 && !row->whole))
        return NULL;
    if (row->whole && !value->present)
        return place->count > 0 ? element_removed(xml, length, row, place) : g_strndup(xml, length);
    if (place->count == 0)
        return element_inserted(xml, length, row, value->text);
    return row->attribute != NULL ? attribute_edit(xml, length, place, row->attribute, text)
                                  : g_strndup(xml, length);
}

char *bl_part_edit(const char *xml, gsize length, BlPart part, const BlPartValue *value,
                   GError **error)
{
    const PartRow *row = &rows[part];
    BlPartValue now;
    Place place;
    if (!markup_check(xml, length, error))
        return NULL;
    if (!part_read(xml, length, row, &now, &place)) {
        damaged(error);
        return NULL;
    }
    g_autofree char *result = is_word(now.text) ? edited(xml, length, row, value, &place) : NULL;
    if (result == NULL || !part_read(result, strlen(result), row, &now, &place) ||
        !bl_part_value_equal(&now, value)) {
        g_set_error(error, BL_DEFINITION_ERROR, BL_DEFINITION_ERROR_LACKING,
                    "the guest's definition has no single place for %s", row->element);
        return NULL;
    }
    return g_steal_pointer(&result);
}

char *bl_definition_difference(const char *before, const char *after)
{
    g_auto(GStrv) old = g_strsplit(before, "\n", -1);
    g_auto(GStrv) new = g_strsplit(after, "\n", -1);
    guint first = 0, n_old = g_strv_length(old), n_new = g_strv_length(new);
    GString *text = g_string_new(NULL);
    while (first < n_old && first < n_new && strcmp(old[first], new[first]) == 0)
        first++;
    while (n_old > first && n_new > first && strcmp(old[n_old - 1], new[n_new - 1]) == 0) {
        n_old--;
        n_new--;
    }
    for (guint i = first; i < n_old; i++)
        g_string_append_printf(text, "-%s\n", old[i]);
    for (guint i = first; i < n_new; i++)
        g_string_append_printf(text, "+%s\n", new[i]);
    return g_string_free(text, FALSE);
}
