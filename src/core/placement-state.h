/* Where all guests of a placement are at a moment of the search, and what that costs.
 *
 * The search tries some ten thousand places of guests for a host, and has less than a millisecond:
 * what a change costs is found from the nodes that it touches alone. See placement.h for what the
 * cost is.
 */
#ifndef BL_CORE_PLACEMENT_STATE_H
#define BL_CORE_PLACEMENT_STATE_H

#include "core/placement.h"

/* Who waits for whom: those that are first in line among themselves, and all. */
enum { BL_TIER_FIRST, BL_TIER_ALL, BL_TIERS };

typedef gint64 BlLevels[BL_PLACEMENT_LEVELS];

/* The places that a guest has. */
typedef struct {
    BlPlacementOption *options;
    guint n_options;
    guint at; /* the one that is chosen */
    gboolean first;
} BlChoice;

/* An option that is to be added (1) or taken away (-1). */
typedef struct {
    const BlPlacementOption *option;
    gint64 sign;
    gboolean first;
} BlChange;

/* What is chosen takes of the nodes. Plain: to go back is to copy an older one. */
typedef struct {
    gint64 own_cost;
    gint64 overflow; /* MiB */
    gint64 memory[BL_PLACEMENT_NODES];
    gint64 load[BL_TIERS][BL_PLACEMENT_NODES];
    gint64 floating[BL_TIERS];
    BlLevels spent[BL_TIERS]; /* of each level, of all nodes */
    gint64 lost[BL_TIERS];
    gboolean stale[BL_TIERS]; /* `lost` is to be found anew */
} BlPlacementState;

typedef struct {
    const BlPlacement *placement;
    BlChoice *choices;
    BlLevels width[BL_PLACEMENT_NODES];
    BlLevels width_all;
    BlLevels slope;
    gint64 capacity[BL_PLACEMENT_NODES]; /* MiB */
    BlPlacementState state;
    guint work; /* that was done, in levels of a node that were filled */
} BlPlacementTable;

/* All guests as they are. The placement has to outlive it. */
void bl_placement_table_start(BlPlacementTable *table, const BlPlacement *placement);
void bl_placement_table_end(BlPlacementTable *table);

/* The cost of what is chosen. */
gint64 bl_placement_table_cost(BlPlacementTable *table);
/* The cost once the changes are made, where that is less than `limit`; else something that is not.
 */
gint64 bl_placement_table_cost_with(BlPlacementTable *table, const BlChange *changes,
                                    guint n_changes, gint64 limit);
/* The same for one guest more. */
gint64 bl_placement_table_cost_put(BlPlacementTable *table, guint guest, guint at, gint64 limit);

BlChange bl_placement_table_change(const BlPlacementTable *table, guint guest, guint at,
                                   gint64 sign);
void bl_placement_table_take(BlPlacementTable *table, guint guest);
void bl_placement_table_put(BlPlacementTable *table, guint guest, guint at);
/* Taken and put, where that is another place. */
void bl_placement_table_choose(BlPlacementTable *table, guint guest, guint at);

#endif
