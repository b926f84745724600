/* Where things of Ballast are on a host, so that the daemon and its clients agree. */
#ifndef BL_BASE_PATHS_H
#define BL_BASE_PATHS_H

#include <glib.h>

#define BL_RUN_FOLDER "/run/ballast"
#define BL_DEFAULT_URI "qemu:///system"

/* The socket of the daemon that serves a libvirt URI (NULL: the default one). The default URI has
 * ballastd.sock; any other has a name made from its digest, so that several daemons can serve
 * several hypervisors on one host. */
char *bl_socket_path_for_uri(const char *uri);

#endif
