/* Controls of the host itself: the settings of page sharing below /sys/kernel/mm/ksm, each a file
 * of its name without "ksm.". Nothing here waits.
 */
#ifndef BL_ACTUATE_KSM_CONTROL_H
#define BL_ACTUATE_KSM_CONTROL_H

#include "actuate/control.h"

/* Reads every control of the host that the kernel has. A `run` of 2 reads as 0: nothing scans
 * either way, and to write it back would take apart what is merged. */
void bl_ksm_controls_read(int ksm_fd, BlValues *ret_values);

/* The controls below the folder that `*ksm_fd` holds open, which must stay as long as they are
 * used. */
BlControls bl_ksm_controls(int *ksm_fd);

#endif
