/* Who is at the other end of a connection, and whether they may ask. Private to src/api/. */
#ifndef BL_API_PEER_H
#define BL_API_PEER_H

#include <glib.h>
#include <sys/types.h>

#include "api/access.h"

/* A group that does not exist. */
#define BL_GROUP_NONE ((gid_t)-1)

/* Room for how somebody is named in the log: "uid 0 (process 15)", "ci-runner at 10.0.0.7". */
#define BL_PEER_WHO 160

typedef struct {
    gboolean remote; /* over TCP: who it is, each request has to show anew */
    BlAccessRole role;
    char who[BL_PEER_WHO];
    char address[64]; /* of a remote one */
} BlPeer;

/* The group's id, or BL_GROUP_NONE. May ask a directory service: call it once, at the start. */
gid_t bl_peer_group_find(const char *name);

/* Root, this process's own user and processes in `group` may do everything, others nothing. */
BlPeer bl_peer_of_socket(int fd, gid_t group);

#endif
