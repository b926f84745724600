/* Reporting what is wrong in a policy: places in the text, the collector of errors, hints.
 *
 * Private to src/config/. A report counts the errors of one parse and keeps the first
 * BL_POLICY_ERRORS_MAX; text that comes from a file passes through bl_policy_quote() before it
 * reaches a message, so a message is always one printable line of bounded length.
 */
#ifndef BL_CONFIG_POLICY_ERROR_H
#define BL_CONFIG_POLICY_ERROR_H

#include "config/policy-file.h"

/* Somewhere in a source. */
typedef struct {
    const BlPolicySource *source;
    guint line;   /* from 1; 0: the file as a whole */
    gsize offset; /* in bytes, into the source's text */
} BlPolicyPlace;

typedef struct {
    GPtrArray *sources; /* BlPolicySource *, in the order in which they are read */
    GPtrArray *errors;  /* BlPolicyError *, the caller's */
    guint before;       /* errors that were there already */
    guint dropped;      /* errors that were counted but not kept */
} BlPolicyReport;

void bl_policy_report_begin(BlPolicyReport *report, GPtrArray *sources, GPtrArray *errors);
/* Adds an error at `place`; `hint` may be NULL. */
void bl_policy_report(BlPolicyReport *report, const BlPolicyPlace *place, const char *hint,
                      const char *format, ...) G_GNUC_PRINTF(4, 5);
/* TRUE once further errors are only counted: hints need not be computed any more. */
gboolean bl_policy_report_is_full(const BlPolicyReport *report);
guint bl_policy_report_count(const BlPolicyReport *report);
/* Sorts by place and says how many errors were not kept. */
void bl_policy_report_end(BlPolicyReport *report);

/* The text in double quotes, printable and cut to a length that fits into a message. */
char *bl_policy_quote(const char *text);

/* The word nearest to `text`, or NULL when none is near enough to suggest. */
const char *bl_policy_nearest(const char *text, const char *const *words, guint n_words);

#endif
