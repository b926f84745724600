/* libvirt: the connection, its events, and what it knows of a domain.
 *
 * Every function that talks to libvirt may block for seconds and belongs on a worker thread. Events
 * come on libvirt's own thread, which runs libvirt's default event loop (GLib's default main
 * context); the callback must only pass them on.
 */
#ifndef BL_COLLECT_LIBVIRT_H
#define BL_COLLECT_LIBVIRT_H

#include <libvirt/libvirt.h>

#include "model/parts.h"
#include "model/sample.h"
#include "model/traits.h"

#define BL_LIBVIRT_ERROR (bl_libvirt_error_quark())
GQuark bl_libvirt_error_quark(void);

typedef enum {
    BL_LIBVIRT_ERROR_FAILED,
    BL_LIBVIRT_ERROR_GONE, /* the domain does not exist or does not run */
} BlLibvirtError;

/* Sets `error` from libvirt's last error of this thread. */
void bl_libvirt_set_error(GError **error, const char *doing, const char *object);

/* Starts the thread of libvirt's event loop, once a process. */
void bl_libvirt_events_start(void);

/* `uuid` is NULL when the connection itself was lost. */
typedef void (*BlLibvirtEvent)(const char *uuid, gpointer user_data);

/* Connects, watches the connection with keepalive, and subscribes to everything that can change
 * a domain's inventory. `user_data` is released with `destroy` when no callback can come any more,
 * also on failure. Blocks. */
virConnectPtr bl_libvirt_connect(const char *uri, BlLibvirtEvent event, gpointer user_data,
                                 GDestroyNotify destroy, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_libvirt_disconnect(virConnectPtr connection);

/* The UUID of the host that the connection leads to, from its capabilities. */
char *bl_libvirt_host_uuid(virConnectPtr connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* UUIDs of all active domains, as a NULL-terminated list. */
char **bl_libvirt_list(virConnectPtr connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What libvirt knows of one active domain. */
typedef struct {
    char uuid[BL_UUID_SIZE];
    char *name;
    BlDomainState state;
    guint vcpus;
    char **metadata; /* sorted "key=value" */
} BlDomainFacts;

void bl_domain_facts_free(BlDomainFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlDomainFacts, bl_domain_facts_free)

BlDomainFacts *bl_libvirt_facts(virDomainPtr domain, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The parts and the traits of a domain's definition: as it runs, or as it will start. Unknown, and
 * NULL, when it cannot be read. ret_traits NULL: not wanted. */
void bl_libvirt_definition_read(virDomainPtr domain, gboolean next, BlParts *ret_parts,
                                BlTraits **ret_traits);

/* What QEMU and the guest's balloon driver tell of a domain's memory: the balloon's size, and the
 * figures of the driver's last report. Blocks until QEMU answers. */
gboolean bl_libvirt_memory(virDomainPtr domain, BlValues *ret_values,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The counters of a domain's disks and interfaces, each summed up; without disks there are none of
 * disks. Blocks until QEMU answers. */
gboolean bl_libvirt_devices(virDomainPtr domain, BlValues *ret_values,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The sums, from what libvirt lists: private to that, and its test. */
void bl_libvirt_devices_sum(virTypedParameterPtr parameters, int count, BlValues *ret_values);

/* Where libvirt's QEMU driver keeps the pid file of a domain, from the URI's socket. */
char *bl_libvirt_pid_file(const char *uri, const char *name);

#endif
