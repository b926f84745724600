/* Right-sizing judged on recorded loads: each guest's first half is what is known, its second half
 * is what comes. The rules of Ballast (core/size.h), plain percentiles, and the highest so far. */
#ifndef BL_SIM_SIZE_H
#define BL_SIM_SIZE_H

#include <glib.h>

typedef enum {
    BL_SIM_SIZE_P95, /* of all demand so far */
    BL_SIM_SIZE_P99,
    BL_SIM_SIZE_MOST,
    BL_SIM_SIZE_CAREFUL, /* Ballast's, by care */
    BL_SIM_SIZE_ORDINARY,
    BL_SIM_SIZE_THRIFTY,
    BL_SIM_SIZE_RULES,
} BlSimSizeRule;

const char *bl_sim_size_rule_name(BlSimSizeRule rule);

typedef struct {
    BlSimSizeRule rule;
    guint hold;  /* intervals after which a guest is sized again; 0: it is sized once */
    guint vcpus; /* it is sized in whole ones of so many; 0: to a hundredth of a percent */
} BlSimSizeTerms;

/* Sums over guests. Amounts are permyriad of what the owner allocated. */
typedef struct {
    guint64 guests;
    guint64 intervals;    /* judged */
    guint64 short_of;     /* those in which the demand was beyond the size */
    guint64 guests_short; /* guests that were short in more than one interval of a hundred */
    guint64 changes;      /* of the size, after the first */
    gint64 slack;         /* beyond the demand: of the size */
    gint64 owner_slack;   /* and of what the owner allocated */
} BlSimSizeFigures;

/* `points`: gint64, permyriad of what the guest has, an interval each. What is beyond a guest's
 * size is hidden from Ballast's rules, as it would be; the others see all of it. */
void bl_sim_size_judge(const GArray *points, const BlSimSizeTerms *terms, BlSimSizeFigures *sum);

#endif
