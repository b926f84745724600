/* The access file: see access.h. */
#include "api/access.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX 64
/* Further errors are only counted. */
#define ERRORS_SHOWN 20

G_DEFINE_QUARK(bl - access - error - quark, bl_access_error)

typedef struct {
    char *name;
    BlAccessRole role;
    char *digest;      /* "sha256:HEX", lower case; NULL: by certificate */
    char *common_name; /* NULL: by token */
} Entry;

struct BlAccess {
    GArray *entries; /* Entry */
};

static const char *const role_names[BL_ROLES] = {"none", "viewer", "operator", "admin"};

const char *bl_access_role_name(BlAccessRole role)
{
    return role < BL_ROLES ? role_names[role] : "unknown";
}

gboolean bl_access_role_parse(const char *name, BlAccessRole *ret_role)
{
    for (guint i = BL_ROLE_VIEWER; i < BL_ROLES; i++) {
        if (g_str_equal(name, role_names[i])) {
            *ret_role = i;
            return TRUE;
        }
    }
    return FALSE;
}

static void entry_clear(gpointer data)
{
    Entry *entry = data;
    g_free(entry->name);
    g_free(entry->digest);
    g_free(entry->common_name);
}

char *bl_access_token_digest(const char *token)
{
    g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, token, -1);
    return g_strconcat(DIGEST_PREFIX, hex, NULL);
}

static gboolean is_digest(const char *text)
{
    if (!g_str_has_prefix(text, DIGEST_PREFIX))
        return FALSE;
    text += strlen(DIGEST_PREFIX);
    for (const char *at = text; *at != '\0'; at++) {
        if (!g_ascii_isxdigit(*at))
            return FALSE;
    }
    return strlen(text) == DIGEST_HEX;
}

/* What is wrong with a line; NULL: nothing, and the entry is filled. */
static const char *entry_parse(const char *line, Entry *entry)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    for (char **word = words; *word != NULL; word++) {
        if (**word != '\0')
            g_ptr_array_add(parts, *word);
    }
    const char *const *part = (const char *const *)parts->pdata;
    if (parts->len != 4)
        return "an entry is NAME ROLE token sha256:HEX, or NAME ROLE certificate COMMON-NAME";
    if (strlen(part[0]) > BL_ACCESS_NAME_MAX)
        return "the name has more than 64 bytes";
    if (!bl_access_role_parse(part[1], &entry->role))
        return "the role is viewer, operator or admin";
    gboolean token = g_str_equal(part[2], "token");
    if (!token && !g_str_equal(part[2], "certificate"))
        return "a \"token\" or a \"certificate\" shows who it is";
    if (token && !is_digest(part[3]))
        return "a token is known by sha256: and 64 hexadecimal digits; `ballast token` makes both";
    entry->name = g_strdup(part[0]);
    if (token)
        entry->digest = g_ascii_strdown(part[3], -1);
    else
        entry->common_name = g_strdup(part[3]);
    return NULL;
}

static gboolean is_same(const Entry *entry, const Entry *other)
{
    return g_strcmp0(entry->digest, other->digest) == 0 &&
           g_strcmp0(entry->common_name, other->common_name) == 0;
}

static const char *line_take(BlAccess *access, const char *line)
{
    Entry entry = {0};
    if (*line == '\0' || *line == '#')
        return NULL;
    if (!g_utf8_validate(line, -1, NULL))
        return "it is not UTF-8";
    const char *wrong = entry_parse(line, &entry);
    for (guint i = 0; wrong == NULL && i < access->entries->len; i++) {
        if (is_same(&entry, &g_array_index(access->entries, Entry, i)))
            wrong = "this token or certificate has an entry already";
    }
    if (wrong == NULL)
        g_array_append_val(access->entries, entry);
    else
        entry_clear(&entry);
    return wrong;
}

BlAccess *bl_access_parse(const char *name, const char *text, gsize length, GError **error)
{
    g_autoptr(BlAccess) access = g_new0(BlAccess, 1);
    g_autoptr(GString) errors = g_string_new(NULL);
    guint count = 0;
    access->entries = g_array_new(FALSE, TRUE, sizeof(Entry));
    g_array_set_clear_func(access->entries, entry_clear);
    /* A zero byte ends a line as any other control character would: in an error. */
    g_autofree char *copy = g_strndup(text, length);
    if (strlen(copy) != length) {
        g_set_error(error, BL_ACCESS_ERROR, BL_ACCESS_ERROR_SYNTAX, "\"%s\" is not text", name);
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        const char *wrong = line_take(access, g_strstrip(lines[i]));
        if (wrong != NULL && count++ < ERRORS_SHOWN)
            g_string_append_printf(errors, "%s%s:%u: %s", errors->len > 0 ? "\n" : "", name, i + 1,
                                   wrong);
    }
    if (count == 0)
        return g_steal_pointer(&access);
    if (count > ERRORS_SHOWN)
        g_string_append_printf(errors, "\n%s: %u further errors", name, count - ERRORS_SHOWN);
    g_set_error_literal(error, BL_ACCESS_ERROR, BL_ACCESS_ERROR_SYNTAX, errors->str);
    return NULL;
}

BlAccess *bl_access_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    struct stat found;
    if (stat(path, &found) == 0 && (found.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0) {
        g_set_error(error, BL_ACCESS_ERROR, BL_ACCESS_ERROR_IO,
                    "the access file \"%s\" is open to others (mode %04o): make it 0600", path,
                    (guint)found.st_mode & 07777);
        return NULL;
    }
    if (!bl_file_read_limited(path, BL_ACCESS_FILE_MAX, &text, &length, error))
        return NULL;
    return bl_access_parse(path, text, length, error);
}

void bl_access_free(BlAccess *access)
{
    if (access == NULL)
        return;
    g_array_unref(access->entries);
    g_free(access);
}

/* Looks at every byte of every entry, whatever it finds. */
static gboolean equal_slowly(const char *left, const char *right, gsize length)
{
    guint8 different = 0;
    for (gsize i = 0; i < length; i++)
        different |= (guint8)(left[i] ^ right[i]);
    return different == 0;
}

BlAccessRole bl_access_of_token(const BlAccess *access, const char *token, const char **ret_name)
{
    BlAccessRole role = BL_ROLE_NONE;
    gsize length = strlen(token);
    if (length < BL_ACCESS_TOKEN_MIN || length > BL_ACCESS_TOKEN_MAX)
        return BL_ROLE_NONE;
    g_autofree char *digest = bl_access_token_digest(token);
    for (guint i = 0; i < access->entries->len; i++) {
        const Entry *entry = &g_array_index(access->entries, Entry, i);
        if (entry->digest == NULL ||
            !equal_slowly(entry->digest, digest, strlen(DIGEST_PREFIX) + DIGEST_HEX))
            continue;
        role = entry->role;
        *ret_name = entry->name;
    }
    return role;
}

BlAccessRole bl_access_of_certificate(const BlAccess *access, const char *common_name,
                                      const char **ret_name)
{
    for (guint i = 0; i < access->entries->len; i++) {
        const Entry *entry = &g_array_index(access->entries, Entry, i);
        if (entry->common_name != NULL && strcmp(entry->common_name, common_name) == 0) {
            *ret_name = entry->name;
            return entry->role;
        }
    }
    return BL_ROLE_NONE;
}
