/* The definition of a libvirt domain, as it will start next time. Blocking. */
#ifndef BL_ACTUATE_LIBVIRT_DEFINITION_H
#define BL_ACTUATE_LIBVIRT_DEFINITION_H

#include <libvirt/libvirt.h>

#include "actuate/definition-change.h"

/* `domain` must stay as long as the access is used. A transient domain has no definition to be
 * changed: defining it would make it another one. */
BlDefinitionAccess bl_libvirt_definition(virDomainPtr domain);

/* Adds vCPUs to the guest as it runs, up to what its definition now starts it with; `ret_vcpus` is
 * what it has then. None are taken: a guest gives back only those that were added to it, and may
 * take long or refuse. Nor can it have more than it was started to have at most: then it keeps what
 * it has. */
gboolean bl_libvirt_vcpus_add(virDomainPtr domain, int *ret_vcpus,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
