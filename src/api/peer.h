/* Who is at the other end of a connection, and whether they may ask. Private to src/api/. */
#ifndef BL_API_PEER_H
#define BL_API_PEER_H

#include <glib.h>
#include <sys/types.h>

/* A group that does not exist. */
#define BL_GROUP_NONE ((gid_t)-1)

typedef struct {
    uid_t uid;
    pid_t pid;
    gboolean allowed;
} BlPeer;

/* The group's id, or BL_GROUP_NONE. May ask a directory service: call it once, at the start. */
gid_t bl_peer_group_find(const char *name);

/* Root, this process's own user and processes in `group` are allowed. */
BlPeer bl_peer_of_socket(int fd, gid_t group);

#endif
