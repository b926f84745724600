/* Actuation: one step, compared, journalled, written, read back. */
#ifndef BL_ACTUATE_ACTUATE_H
#define BL_ACTUATE_ACTUATE_H

#include "actuate/control.h"
#include "actuate/journal.h"

#define BL_ACTUATE_ERROR (bl_actuate_error_quark())
GQuark bl_actuate_error_quark(void);

typedef enum { BL_ACTUATE_ERROR_NOT_TAKEN } BlActuateError;

/* Carries out one step on its domain. Blocking. Re-reads the field first: when it is not `from`
 * (give or take the step's slack) the step is refused as a conflict and the journal forgets the
 * field, which is now somebody else's. The journal holds the intent on disk before the write. The
 * outcome owns its message. */
BlOutcome bl_actuate_step(BlJournal *journal, const BlControls *controls, const BlStep *step);

#endif
