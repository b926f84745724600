/* Where things of Ballast are: see paths.h. */
#include "base/paths.h"

/* Of the digest, in hexadecimal digits: short enough for a socket's path, long enough for a host.
 */
#define DIGEST_DIGITS 12

char *bl_socket_path_for_uri(const char *uri)
{
    if (uri == NULL || g_str_equal(uri, BL_DEFAULT_URI))
        return g_strdup(BL_RUN_FOLDER "/ballastd.sock");
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, uri, -1);
    return g_strdup_printf(BL_RUN_FOLDER "/ballastd-%.*s.sock", DIGEST_DIGITS, digest);
}
