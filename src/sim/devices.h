/* Disks and the uplink of the simulated host: what each guest got of them, by weight.
 *
 * A disk answers so many requests a second and moves so many bytes; its guests keep a number of
 * requests under way each and ask again as soon as one is answered, so what they get and how long
 * a request takes follow from one another (Little's law). The uplink is shared like a CPU.
 */
#ifndef BL_SIM_DEVICES_H
#define BL_SIM_DEVICES_H

#include "sim/world.h"

void bl_sim_devices_tick(BlSimWorld *world, gint64 usec);

#endif
