/* Fuzz target: the access file, a listening address, and a token that somebody shows. Whatever the
 * file says, a token that it has no digest of is nobody's. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/remote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlAccess) access = bl_access_parse("access", (const char *)data, size, &error);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *host = NULL;
    guint16 port = 0;
    const char *name = NULL;
    if ((access == NULL) != (error != NULL))
        abort();
    if (access != NULL) {
        g_autofree char *digest = bl_access_token_digest(text);
        BlAccessRole role = bl_access_of_token(access, text, &name);
        if (role != BL_ROLE_NONE && (name == NULL || strstr(text, digest) == NULL))
            abort();
        if (role == BL_ROLE_NONE && name != NULL)
            abort();
    }
    if (bl_remote_address_parse(text, &host, &port) && (host == NULL || port == 0))
        abort();
    return 0;
}
