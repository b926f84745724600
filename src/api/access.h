/* Who may ask over TCP, and how far: the access file.
 *
 * One entry a line: NAME ROLE token sha256:HEX, or NAME ROLE certificate COMMON-NAME. Tokens
 * themselves are nowhere on the host; the file has their digests. On the unix socket the peer's
 * credentials decide, and this file plays no part.
 */
#ifndef BL_API_ACCESS_H
#define BL_API_ACCESS_H

#include <glib.h>

/* Each may do what those before it may. */
typedef enum {
    BL_ROLE_NONE,
    BL_ROLE_VIEWER,   /* looks */
    BL_ROLE_OPERATOR, /* approves, undoes, gives classes and modes */
    BL_ROLE_ADMIN,    /* changes definitions, reloads the policy */
    BL_ROLES,
} BlAccessRole;

#define BL_ACCESS_FILE_MAX (256 * 1024)
#define BL_ACCESS_NAME_MAX 64
/* A token as text: what `ballast token` makes has 43 characters. */
#define BL_ACCESS_TOKEN_MIN 32
#define BL_ACCESS_TOKEN_MAX 256

typedef struct BlAccess BlAccess;

/* NULL with an error that names every line that is wrong. `name` is what the text is of. */
BlAccess *bl_access_parse(const char *name, const char *text, gsize length,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of a file, which only its owner may write, and others not read. */
BlAccess *bl_access_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_access_free(BlAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlAccess, bl_access_free)

/* BL_ROLE_NONE for a token or a name that no entry has; ret_name is the entry's, or untouched.
 * Takes the same time for every token of a length. */
BlAccessRole bl_access_of_token(const BlAccess *access, const char *token, const char **ret_name);
BlAccessRole bl_access_of_certificate(const BlAccess *access, const char *common_name,
                                      const char **ret_name);

/* "sha256:HEX" of a token. */
char *bl_access_token_digest(const char *token);

const char *bl_access_role_name(BlAccessRole role);
gboolean bl_access_role_parse(const char *name, BlAccessRole *ret_role);

#define BL_ACCESS_ERROR (bl_access_error_quark())
GQuark bl_access_error_quark(void);
typedef enum { BL_ACCESS_ERROR_IO, BL_ACCESS_ERROR_SYNTAX } BlAccessError;

#endif
