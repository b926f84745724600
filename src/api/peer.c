/* Peer credentials: see peer.h.
 *
 * The kernel's own view of the peer is used, taken when it connected: its user, its group and its
 * supplementary groups (SO_PEERGROUPS, Linux 4.13). Looking the user up in the group database
 * instead could block on a directory service for every connection, would miss `sg ballast`, and
 * would disagree with the permission check that the kernel makes on the socket file.
 */
#include "api/peer.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

/* A process may have that many groups (NGROUPS_MAX). */
#define GROUPS_MAX 65536

gid_t bl_peer_group_find(const char *name)
{
    struct group group, *found = NULL;
    g_autofree char *buffer = NULL;
    gsize size = 1024;
    int status;
    do {
        size *= 4;
        g_free(buffer);
        buffer = g_malloc(size);
        status = getgrnam_r(name, &group, buffer, size, &found);
    } while (status == ERANGE && size < 16 * 1024 * 1024);
    return status == 0 && found != NULL ? found->gr_gid : BL_GROUP_NONE;
}

static gboolean has_group(const gid_t *groups, gsize count, gid_t group)
{
    for (gsize i = 0; i < count; i++) {
        if (groups[i] == group)
            return TRUE;
    }
    return FALSE;
}

static gboolean in_supplementary_group(int fd, gid_t group)
{
    gid_t few[64];
    socklen_t size = sizeof few;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &size) == 0)
        return has_group(few, size / sizeof few[0], group);
    /* On ERANGE the kernel has told how much room it wants. */
    if (errno != ERANGE || size > GROUPS_MAX * sizeof(gid_t))
        return FALSE;
    g_autofree gid_t *many = g_malloc(size);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, many, &size) != 0)
        return FALSE;
    return has_group(many, size / sizeof many[0], group);
}

BlPeer bl_peer_of_socket(int fd, gid_t group)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    BlPeer peer = {.role = BL_ROLE_NONE};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return peer;
    g_snprintf(peer.who, sizeof peer.who, "uid %u (process %d)", (guint)credentials.uid,
               (int)credentials.pid);
    if (credentials.uid == 0 || credentials.uid == geteuid() ||
        (group != BL_GROUP_NONE && (credentials.gid == group || in_supplementary_group(fd, group))))
        peer.role = BL_ROLE_ADMIN;
    return peer;
}
