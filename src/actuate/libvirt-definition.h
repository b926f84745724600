/* The definition of a libvirt domain, as it will start next time. Blocking. */
#ifndef BL_ACTUATE_LIBVIRT_DEFINITION_H
#define BL_ACTUATE_LIBVIRT_DEFINITION_H

#include <libvirt/libvirt.h>

#include "actuate/definition-change.h"

/* `domain` must stay as long as the access is used. A transient domain has no definition to be
 * changed: defining it would make it another one. */
BlDefinitionAccess bl_libvirt_definition(virDomainPtr domain);

#endif
