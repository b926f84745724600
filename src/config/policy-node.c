/* YAML to nodes: see policy-node.h.
 *
 * The text is checked before the YAML library sees it: size, UTF-8, control characters,
 * directives, brackets, tabs. Then nodes are built from the library's stream of events, never from
 * its documents, which recurse and expand. Reading stops at the first syntax error and where
 * nesting is too deep.
 */
#include "config/policy-node.h"

#include <libfyaml.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
/* Open brackets at most: far above what a policy needs, far below what costs memory. */
#define BRACKETS_MAX 64
#define SYNTAX_HINT "look here and just before: indentation, quotes, brackets, a blank behind ':'"

typedef struct {
    const BlPolicySource *source;
    BlPolicyReport *report;
    struct fy_parser *parser;
    gsize skipped; /* bytes before what the parser was given */
    guint depth;
    gboolean failed; /* the tree is incomplete: an error is reported, reading has stopped */
} Loader;

typedef struct fy_parser FyParser;
typedef struct fy_diag FyDiag;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FyParser, fy_parser_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FyDiag, fy_diag_destroy)

static void node_free_data(gpointer data)
{
    bl_policy_node_free(data);
}

static BlPolicyNode *node_new(BlNodeKind kind, const BlPolicyPlace *place)
{
    BlPolicyNode *node = g_new0(BlPolicyNode, 1);
    node->kind = kind;
    node->place = *place;
    if (kind == BL_NODE_MAPPING || kind == BL_NODE_LIST)
        node->children = g_ptr_array_new_with_free_func(node_free_data);
    return node;
}

void bl_policy_node_free(BlPolicyNode *node)
{
    if (node == NULL)
        return;
    if (node->children != NULL)
        g_ptr_array_unref(node->children);
    g_free(node->text);
    g_free(node);
}

const char *bl_policy_node_noun(const BlPolicyNode *node)
{
    static const char *const nouns[] = {"a value", "nothing", "a mapping", "a list", "refused"};
    return nouns[node->kind];
}

static BlPolicyPlace place_at(const BlPolicySource *source, gsize offset)
{
    BlPolicyPlace place = {source, 1, offset};
    for (gsize i = 0; i < offset && i < source->length; i++)
        place.line += source->text[i] == '\n';
    return place;
}

/* Refuses what is not printable text. Besides protecting terminals this leaves LF and CR LF as the
 * only ends of lines, so that our lines and the library's are the same. */
static gboolean characters_check(const BlPolicySource *source, BlPolicyReport *report)
{
    const char *text = source->text, *end = text + source->length;
    for (const char *at = text; at < end; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        gboolean line_end = character == '\n' || (character == '\r' && at[1] == '\n');
        if (character == '\t' || line_end || !g_unichar_iscntrl(character))
            continue;
        BlPolicyPlace place = place_at(source, (gsize)(at - text));
        bl_policy_report(report, &place, "remove it", "control character U+%04X in the text",
                         character);
        return FALSE;
    }
    return TRUE;
}

static gboolean directives_check(const BlPolicySource *source, BlPolicyReport *report)
{
    const char *text = source->text;
    gsize first = g_str_has_prefix(text, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0;
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%')) {
        gsize offset = (gsize)(at - text);
        if (offset > first && at[-1] != '\n')
            continue;
        BlPolicyPlace place = place_at(source, offset);
        bl_policy_report(report, &place, "remove the line", "YAML directives are not allowed");
        return FALSE;
    }
    return TRUE;
}

/* The library queues all tokens of a flow collection before its first event, some 350 bytes each:
 * a megabyte of brackets took seconds. Counting brackets without regard to quotes is rough, but no
 * policy comes near the limit, and what slips through still meets BL_POLICY_DEPTH_MAX. */
static gboolean brackets_check(const BlPolicySource *source, BlPolicyReport *report)
{
    guint depth = 0;
    for (const char *at = source->text; *at != '\0'; at++) {
        if (*at == '#' && (at == source->text || g_ascii_isspace(at[-1])))
            at += strcspn(at, "\n");
        if (*at == '\0')
            break;
        if (*at == '[' || *at == '{')
            depth++;
        else if ((*at == ']' || *at == '}') && depth > 0)
            depth--;
        if (depth <= BRACKETS_MAX)
            continue;
        BlPolicyPlace place = place_at(source, (gsize)(at - source->text));
        bl_policy_report(report, &place, "a policy nests at most five levels",
                         "nested too deeply: more than %d open brackets", BRACKETS_MAX);
        return FALSE;
    }
    return TRUE;
}

/* libfyaml 0.7.12 frees a key twice, and crashes, over "? a:" and then a tab and one of ? : | > or
 * '-' (pantoniou/libfyaml#57). The tab is refused when any '?' that may begin such a key is before
 * it. Quotes and comments are not looked at: what looks like both in them is rare, and a blank for
 * the tab always helps. */
static gboolean tabs_check(const BlPolicySource *source, BlPolicyReport *report)
{
    gboolean asked = FALSE;
    for (const char *at = source->text; *at != '\0'; at++) {
        gboolean apart = at == source->text || !g_ascii_isgraph(at[-1]);
        if (*at == '?' && apart && !g_ascii_isgraph(at[1]))
            asked = TRUE;
        if (*at != ':' || !asked)
            continue;
        gsize blanks = strspn(at + 1, " \t");
        const char *tab = memchr(at + 1, '\t', blanks);
        char next = at[1 + blanks];
        if (tab == NULL || next == '\0' || strchr("?:|>-", next) == NULL)
            continue;
        BlPolicyPlace place = place_at(source, (gsize)(tab - source->text));
        bl_policy_report(report, &place, "write a blank instead", "a tab between ':' and '%c'",
                         next);
        return FALSE;
    }
    return TRUE;
}

static gboolean text_check(const BlPolicySource *source, BlPolicyReport *report)
{
    const char *invalid = NULL;
    if (source->length > BL_POLICY_FILE_LIMIT) {
        BlPolicyPlace file = {source, 0, 0};
        bl_policy_report(report, &file, "split it into files in policy.d",
                         "the file is larger than the limit of %d bytes", BL_POLICY_FILE_LIMIT);
        return FALSE;
    }
    if (!g_utf8_validate(source->text, (gssize)source->length, &invalid)) {
        BlPolicyPlace place = place_at(source, (gsize)(invalid - source->text));
        bl_policy_report(report, &place, "a policy is text in UTF-8",
                         "the file is not text: byte 0x%02x", (guint)(guchar)*invalid);
        return FALSE;
    }
    return characters_check(source, report) && directives_check(source, report) &&
           brackets_check(source, report) && tabs_check(source, report);
}

static BlPolicyPlace event_place(const Loader *loader, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark == NULL)
        return (BlPolicyPlace){loader->source, 1, loader->skipped};
    gsize offset = loader->skipped + mark->input_pos;
    /* The library points behind an opening quote; people look for the quote. */
    gboolean quoted = event->type == FYET_SCALAR && event->scalar.value != NULL &&
                      (fy_token_scalar_style(event->scalar.value) == FYSS_SINGLE_QUOTED ||
                       fy_token_scalar_style(event->scalar.value) == FYSS_DOUBLE_QUOTED);
    if (quoted && offset > 0)
        offset--;
    return (BlPolicyPlace){loader->source, (guint)mark->line + 1, offset};
}

static void report_syntax(Loader *loader)
{
    loader->failed = TRUE;
    void *iterator = NULL;
    struct fy_diag *diag = fy_parser_get_diag(loader->parser);
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iterator);
    fy_diag_unref(diag);
    BlPolicyPlace place = {loader->source, 0, 0};
    if (first == NULL) {
        bl_policy_report(loader->report, &place, SYNTAX_HINT, "the file is not valid YAML");
        return;
    }
    const char *text = loader->source->text;
    const char *line = text + loader->skipped;
    place.line = (guint)MAX(first->line, 1);
    for (guint i = 1; i < place.line && strchr(line, '\n') != NULL; i++)
        line = strchr(line, '\n') + 1;
    const char *at = line;
    for (int i = 1; i < first->column && *at != '\0' && *at != '\n'; i++)
        at = g_utf8_next_char(at);
    place.offset = (gsize)(at - text);
    gboolean tab = line[strspn(line, " \t")] != '\0' && memchr(line, '\t', strspn(line, " \t"));
    g_autofree char *valid = g_utf8_make_valid(first->msg != NULL ? first->msg : "", -1);
    g_strdelimit(g_strstrip(valid), "\r\n\t", ' ');
    const char *hint = tab ? "indent with blanks, not with tabs" : SYNTAX_HINT;
    if (line[strspn(line, " \r\n\t")] == '\0')
        hint = "a bracket or a quote before this is not closed";
    bl_policy_report(loader->report, &place, hint, "not valid YAML: %.200s", valid);
}

/* The next event; NULL after an error, which is reported, and at the end of the stream. */
static struct fy_event *event_next(Loader *loader)
{
    if (loader->failed)
        return NULL;
    struct fy_event *event = fy_parser_parse(loader->parser);
    if (event == NULL) {
        struct fy_diag *diag = fy_parser_get_diag(loader->parser);
        gboolean wrong = fy_diag_got_error(diag);
        fy_diag_unref(diag);
        if (wrong)
            report_syntax(loader);
    }
    return event;
}

/* Anchors, aliases and tags bring nothing to a policy and are the ways in which YAML explodes. */
static gboolean decoration_refuse(Loader *loader, struct fy_event *event,
                                  const BlPolicyPlace *place)
{
    struct fy_token *anchor = NULL, *tag = NULL;
    if (event->type == FYET_ALIAS) {
        bl_policy_report(loader->report, place, "write the value out, or put it in quotes",
                         "YAML aliases (*) are not allowed");
        return TRUE;
    }
    if (event->type == FYET_SCALAR) {
        anchor = event->scalar.anchor;
        tag = event->scalar.tag;
    } else if (event->type == FYET_MAPPING_START) {
        anchor = event->mapping_start.anchor;
        tag = event->mapping_start.tag;
    } else if (event->type == FYET_SEQUENCE_START) {
        anchor = event->sequence_start.anchor;
        tag = event->sequence_start.tag;
    }
    if (anchor != NULL)
        bl_policy_report(loader->report, place, "remove it, or put the value in quotes",
                         "YAML anchors (&) are not allowed");
    if (tag != NULL)
        bl_policy_report(loader->report, place, "remove it, or put the value in quotes",
                         "YAML tags (!) are not allowed");
    return anchor != NULL || tag != NULL;
}

/* The text between single quotes, which the library leaks memory over when it holds more than a
 * few '' (0.7.12). All there is to decode is that; NULL when it spans lines. */
static char *single_quoted_text(const Loader *loader, struct fy_token *token)
{
    const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);
    const char *text = loader->source->text + loader->skipped;
    GString *out = g_string_new(NULL);
    for (gsize i = start->input_pos; i < end->input_pos; i++) {
        if (text[i] == '\n')
            return g_string_free(out, TRUE);
        g_string_append_c(out, text[i]);
        if (text[i] == '\'')
            i++; /* the second of a pair */
    }
    return g_string_free(out, FALSE);
}

static BlPolicyNode *scalar_load(Loader *loader, struct fy_event *event, const BlPolicyPlace *place)
{
    struct fy_token *token = event->scalar.value;
    enum fy_scalar_style style = token != NULL ? fy_token_scalar_style(token) : FYSS_PLAIN;
    g_autofree char *text = NULL;
    if (token != NULL && style == FYSS_SINGLE_QUOTED) {
        text = single_quoted_text(loader, token);
    } else {
        gsize length = 0;
        const char *found = token != NULL ? fy_token_get_text(token, &length) : NULL;
        if (found == NULL || length == 0)
            text = g_strdup("");
        else if (memchr(found, '\0', length) == NULL)
            text = g_strndup(found, length);
    }
    if (style == FYSS_PLAIN && text != NULL &&
        (*text == '\0' || g_str_equal(text, "~") || g_str_equal(text, "null")))
        return node_new(BL_NODE_EMPTY, place);
    /* Escapes in double quotes can hold what the file itself may not. */
    gboolean printable = text != NULL && g_utf8_validate(text, -1, NULL);
    for (const char *at = text; printable && *at != '\0'; at = g_utf8_next_char(at))
        printable = !g_unichar_iscntrl(g_utf8_get_char(at));
    if (!printable) {
        bl_policy_report(loader->report, place, "write it on one line, without escapes",
                         "the value holds a line end or another control character");
        return node_new(BL_NODE_REFUSED, place);
    }
    BlPolicyNode *node = node_new(BL_NODE_SCALAR, place);
    node->text = g_steal_pointer(&text);
    return node;
}

/* Whether a key may be added; reports why not. `seen`: text -> BlPolicyNode of earlier keys. */
static gboolean key_check(Loader *loader, GHashTable *seen, const BlPolicyNode *key)
{
    if (key->kind == BL_NODE_REFUSED)
        return FALSE;
    if (key->kind != BL_NODE_SCALAR) {
        bl_policy_report(loader->report, &key->place, "a key is one word, followed by a colon",
                         "a key cannot be %s", bl_policy_node_noun(key));
        return FALSE;
    }
    if (g_str_equal(key->text, "<<")) {
        bl_policy_report(loader->report, &key->place, "write the keys out",
                         "YAML merge keys (<<) are not allowed");
        return FALSE;
    }
    const BlPolicyNode *first = g_hash_table_lookup(seen, key->text);
    if (first != NULL) {
        g_autofree char *hint =
            g_strdup_printf("it stands on line %u already; remove one of them", first->place.line);
        g_autofree char *name = bl_policy_quote(key->text);
        bl_policy_report(loader->report, &key->place, hint, "%s is given twice", name);
        return FALSE;
    }
    return TRUE;
}

static BlPolicyNode *node_load(Loader *loader, struct fy_event *event);

/* Nodes up to the end event. Of a mapping, keys and values in turn. */
static void children_load(Loader *loader, BlPolicyNode *node, enum fy_event_type end)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(BlPolicyNode) key = NULL;
    for (;;) {
        struct fy_event *event = event_next(loader);
        if (event == NULL || event->type == end) {
            fy_parser_event_free(loader->parser, event);
            return;
        }
        g_autoptr(BlPolicyNode) child = node_load(loader, event);
        if (child == NULL)
            return;
        if (node->kind == BL_NODE_LIST) {
            g_ptr_array_add(node->children, g_steal_pointer(&child));
        } else if (key == NULL) {
            key = g_steal_pointer(&child);
        } else if (key_check(loader, seen, key)) {
            if (child->kind == BL_NODE_EMPTY)
                child->place = key->place; /* nothing stands nowhere: the key is what people see */
            g_hash_table_insert(seen, key->text, key);
            g_ptr_array_add(node->children, g_steal_pointer(&key));
            g_ptr_array_add(node->children, g_steal_pointer(&child));
        } else {
            g_clear_pointer(&key, bl_policy_node_free);
        }
    }
}

/* Takes the event. NULL when reading has stopped. Recurses at most BL_POLICY_DEPTH_MAX deep. */
static BlPolicyNode *node_load(Loader *loader, struct fy_event *event)
{
    BlPolicyPlace place = event_place(loader, event);
    enum fy_event_type type = event->type;
    gboolean refused = decoration_refuse(loader, event, &place);
    g_autoptr(BlPolicyNode) node = NULL;
    if (type == FYET_SCALAR && !refused)
        node = scalar_load(loader, event, &place);
    fy_parser_event_free(loader->parser, event);
    if (type == FYET_MAPPING_START || type == FYET_SEQUENCE_START) {
        if (loader->depth == BL_POLICY_DEPTH_MAX) {
            bl_policy_report(loader->report, &place, "a policy nests at most five levels",
                             "nested too deeply: more than %d levels", BL_POLICY_DEPTH_MAX);
            loader->failed = TRUE;
            return NULL;
        }
        gboolean mapping = type == FYET_MAPPING_START;
        node = node_new(mapping ? BL_NODE_MAPPING : BL_NODE_LIST, &place);
        loader->depth++;
        children_load(loader, node, mapping ? FYET_MAPPING_END : FYET_SEQUENCE_END);
        loader->depth--;
    }
    if (loader->failed)
        return NULL;
    if (refused) {
        g_clear_pointer(&node, bl_policy_node_free);
        node = node_new(BL_NODE_REFUSED, &place);
    }
    return g_steal_pointer(&node);
}

/* The one document of the stream. */
static BlPolicyNode *stream_load(Loader *loader)
{
    g_autoptr(BlPolicyNode) root = NULL;
    guint documents = 0;
    for (;;) {
        struct fy_event *event = event_next(loader);
        if (event == NULL)
            break;
        if (event->type == FYET_DOCUMENT_START && ++documents > 1) {
            BlPolicyPlace place = event_place(loader, event);
            bl_policy_report(loader->report, &place,
                             "one file holds one policy; remove the \"---\"",
                             "a second YAML document begins here");
            loader->failed = TRUE;
        }
        gboolean structure = event->type < FYET_MAPPING_START;
        if (structure || loader->failed) {
            fy_parser_event_free(loader->parser, event);
            continue;
        }
        bl_policy_node_free(root);
        root = node_load(loader, event);
    }
    if (loader->failed)
        return NULL;
    return g_steal_pointer(&root);
}

/* Collected errors are not printed; this swallows whatever the library prints in spite of that. */
static void output_discard(struct fy_diag *diag, void *user, const char *text, size_t length)
{
}

BlPolicyNode *bl_policy_node_load(const BlPolicySource *source, BlPolicyReport *report)
{
    if (!text_check(source, report))
        return NULL;
    struct fy_diag_cfg diag_options;
    fy_diag_cfg_default(&diag_options);
    diag_options.fp = NULL;
    diag_options.output_fn = output_discard;
    diag_options.level = FYET_ERROR;
    diag_options.colorize = false;
    g_autoptr(FyDiag) diag = fy_diag_create(&diag_options);
    if (diag == NULL)
        g_error("out of memory");
    fy_diag_set_collect_errors(diag, true);
    const struct fy_parse_cfg options = {
        .search_path = "",
        .flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = diag,
    };
    g_autoptr(FyParser) parser = fy_parser_create(&options);
    Loader loader = {.source = source, .report = report, .parser = parser};
    if (g_str_has_prefix(source->text, BYTE_ORDER_MARK))
        loader.skipped = strlen(BYTE_ORDER_MARK);
    if (parser == NULL || fy_parser_set_string(parser, source->text + loader.skipped,
                                               source->length - loader.skipped) != 0)
        g_error("out of memory");
    guint before = bl_policy_report_count(report);
    BlPolicyNode *root = stream_load(&loader);
    if ((root == NULL || root->kind == BL_NODE_EMPTY) && bl_policy_report_count(report) == before) {
        BlPolicyPlace place = {source, 0, 0};
        bl_policy_report(report, &place, "begin with \"version: 1\"", "the file is empty");
        g_clear_pointer(&root, bl_policy_node_free);
    }
    return root;
}
