/* Random numbers of the simulator: the same from the same seed, on every machine.
 *
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
 * Every guest and every fault draws from a stream of its own, so that leaving one out of a run
 * does not move the others: that is what makes a failing run shrinkable.
 */
#ifndef BL_SIM_RANDOM_H
#define BL_SIM_RANDOM_H

#include <glib.h>

typedef struct {
    guint64 state;
} BlRandom;

static inline guint64 bl_random_next(BlRandom *random)
{
    guint64 z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A stream of its own for each pair of seed and number. */
static inline BlRandom bl_random_of(guint64 seed, guint64 number)
{
    BlRandom random = {seed};
    random.state = bl_random_next(&random) ^ (number * 0xd1342543de82ef95u);
    bl_random_next(&random);
    return random;
}

/* Between `low` and `high`, both included. */
static inline gint64 bl_random_between(BlRandom *random, gint64 low, gint64 high)
{
    return low + (gint64)(bl_random_next(random) % ((guint64)(high - low) + 1));
}

static inline gboolean bl_random_chance(BlRandom *random, guint percent)
{
    return bl_random_next(random) % 100 < percent;
}

#endif
