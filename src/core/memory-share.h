/* Sharing memory out: who gets how much of what there is. Pure arithmetic over claims.
 *
 * The price that a guest pays for a page is its shares through what it holds, where memory that it
 * does not use counts more (idle memory tax; Waldspurger, "Memory Resource Management in VMware ESX
 * Server", OSDI 2002, sections 5.2-5.4). Min-funding revocation takes from the cheapest until the
 * need is met; where that ends, everybody who is not at a bound pays the same price. This finds
 * that end directly, as one water-filling over all claims.
 */
#ifndef BL_CORE_MEMORY_SHARE_H
#define BL_CORE_MEMORY_SHARE_H

#include <glib.h>

/* A page that is not used costs so many times what a used one costs: the tax of ESX, 75 %. */
#define BL_IDLE_TAX_COST 4

typedef struct {
    gint64 low, high; /* bounds of `got`, bytes; low <= high */
    gint64 used;      /* what it really uses, bytes */
    gint64 weight;    /* shares; at least 1 */
    gint64 got;       /* result */
} BlMemoryClaim;

/* Shares `capacity` out. Every claim gets its `low`, also when that is more than there is. What is
 * left goes by equal price, up to `high`. The sum is exactly `capacity` unless the lows exceed it
 * or the highs do not reach it. Amounts are below 2^50 bytes, weights below 2^40. The order of the
 * claims decides about less than a step of the water's level: a byte, and one more for each 2^22 of
 * weight. Returns the sum of what was given. */
gint64 bl_memory_share(BlMemoryClaim *claims, guint n_claims, gint64 capacity);

#endif
