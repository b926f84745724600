/* Controls: the fields of one domain that Ballast may change, as an actuator sees them. The daemon
 * reaches them through libvirt (libvirt-control.h), the simulator in its own world. */
#ifndef BL_ACTUATE_CONTROL_H
#define BL_ACTUATE_CONTROL_H

#include "model/sample.h"

typedef struct {
    /* Reads one control; FALSE when it is absent. */
    gboolean (*read)(gpointer target, BlDomainField field, gint64 *ret_value);
    /* Writes one control. */
    gboolean (*write)(gpointer target, BlDomainField field, gint64 value, GError **error);
    gpointer target; /* handed to all */
    /* Some controls are made of parts, such as the pins of each vCPU: TRUE when each part is at one
     * of the two values, as a change leaves them that was cut short. NULL: no control here has
     * parts. */
    gboolean (*is_between)(gpointer target, BlDomainField field, gint64 left, gint64 right);
} BlControls;

#endif
