/* Sharing memory out: see memory-share.h. */
#include "core/memory-share.h"

/* A level of the water is bytes per unit of weight in this fixed point. It is below zero when not
 * even what is used can be held; beyond the most, a weight of 1 holds 2^50 bytes four times. */
#define LEVEL_BITS 20
#define LEVEL_MOST ((__int128)1 << 74)
typedef __int128 Level;

/* What a claim holds when everybody's price is that of `level`: of w = weight, A = used and k = the
 * cost of an idle page, w / (A + k (P - A)) = 1 / level gives P = A (k - 1) / k + level w / k. */
static gint64 held_at(const BlMemoryClaim *claim, Level level)
{
    gint64 base = claim->used / BL_IDLE_TAX_COST * (BL_IDLE_TAX_COST - 1);
    __int128 part = level * claim->weight / BL_IDLE_TAX_COST >> LEVEL_BITS;
    __int128 held = base + part;
    if (held <= claim->low)
        return claim->low;
    return held >= claim->high ? claim->high : (gint64)held;
}

static gint64 sum_at(const BlMemoryClaim *claims, guint n_claims, Level level)
{
    gint64 sum = 0;
    for (guint i = 0; i < n_claims; i++)
        sum += held_at(&claims[i], level);
    return sum;
}

/* The highest level whose sum is within the capacity. */
static Level level_find(const BlMemoryClaim *claims, guint n_claims, gint64 capacity)
{
    Level low = -LEVEL_MOST, high = LEVEL_MOST;
    while (high - low > 1) {
        Level middle = low + (high - low) / 2;
        if (sum_at(claims, n_claims, middle) <= capacity)
            low = middle;
        else
            high = middle;
    }
    return low;
}

gint64 bl_memory_share(BlMemoryClaim *claims, guint n_claims, gint64 capacity)
{
    Level level = level_find(claims, n_claims, capacity);
    gint64 sum = 0;
    for (guint i = 0; i < n_claims; i++) {
        claims[i].got = held_at(&claims[i], level);
        sum += claims[i].got;
    }
    /* The next level would have been too much: less than a level's worth is left. */
    for (guint i = 0; i < n_claims && sum < capacity; i++) {
        gint64 more = MIN(held_at(&claims[i], level + 1) - claims[i].got, capacity - sum);
        claims[i].got += more;
        sum += more;
    }
    return sum;
}
