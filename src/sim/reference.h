/* Two other ways to move balloons, from their published rules, to compare with. They live in the
 * simulator only, see what a daemon on the host would see, and write balloons at once.
 *
 * MOM: oVirt's Memory Overcommitment Manager with its balloon.rules. Every 10 s, when less than
 * 20 % of the host's memory is free, every guest's balloon shrinks by 5 %, but never below what
 * the guest uses and 5 % of its size; when more is free, it grows by 5 %. What a guest uses is
 * what is not free in it: page cache counts as used.
 *
 * Proxmox: the automatic balloons of pvestatd. Every 10 s what is missing to 80 % use of the
 * host's memory, or is above, is divided among the guests by their shares; each moves by at most
 * 100 MiB, and stays above its minimum. Guests with much free memory give first and get last.
 */
#ifndef BL_SIM_REFERENCE_H
#define BL_SIM_REFERENCE_H

#include "sim/world.h"

typedef enum {
    BL_REFERENCE_NONE, /* balloons stay where they are */
    BL_REFERENCE_MOM,
    BL_REFERENCE_PROXMOX,
    BL_REFERENCE_BALLAST, /* the engine, which somebody else calls */
    BL_REFERENCE_KINDS,
} BlReferenceKind;

const char *bl_reference_name(BlReferenceKind kind);

/* After each tick of the world. */
void bl_sim_reference_tick(BlReferenceKind kind, BlSimWorld *world);

#endif
