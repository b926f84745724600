/* The listening socket's file: made, guarded, removed. Private to src/api/. */
#ifndef BL_API_SOCKET_H
#define BL_API_SOCKET_H

#include <glib.h>
#include <sys/types.h>

#include "base/fd.h"

typedef struct {
    char *path;
    BlFd lock; /* held while the server lives, so that two starting at once cannot both win */
    dev_t device;
    ino_t inode;
} BlApiSocket;

/* Returns a listening, non-blocking descriptor, or -1. `group` may be BL_GROUP_NONE. */
int bl_api_socket_open(BlApiSocket *sock, const char *path, gid_t group, GError **error);
/* Removes the socket's file unless another server has put its own there. */
void bl_api_socket_clear(BlApiSocket *sock);

#endif
