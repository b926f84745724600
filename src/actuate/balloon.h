/* The balloon device of a libvirt domain: what it is, and its two controls; and whether the
 * domain's pages may be merged with others'.
 *
 * Its size goes through libvirt to QEMU, which asks the guest's driver, which takes its time: the
 * value read tells how far it has come. Blocking, longer than other controls when a QEMU does not
 * answer: memory has lanes of its own on the workers.
 */
#ifndef BL_ACTUATE_BALLOON_H
#define BL_ACTUATE_BALLOON_H

#include <libvirt/libvirt.h>

#include "model/field.h"

/* From the XML of a running domain: the statistics' period and the device's features, unless there
 * is no balloon device; and BL_DOMAIN_MEMORY_MERGEABLE. Nothing is set when the XML is damaged.
 * Pure. */
void bl_balloon_parse(const char *xml, BlValues *ret_values);

/* The same of a domain, and its maximum. Does not ask QEMU. */
void bl_balloon_facts(virDomainPtr domain, BlValues *ret_values);

/* BL_DOMAIN_BALLOON in bytes, BL_DOMAIN_STATS_PERIOD in seconds. */
gboolean bl_balloon_read(virDomainPtr domain, BlDomainField field, gint64 *ret_value);
/* 0, or -1 with libvirt's error of this thread. */
int bl_balloon_write(virDomainPtr domain, BlDomainField field, gint64 value);

#endif
