/* Guests that are to start: answers to those who ask whether one fits, and the bookings of those
 * that were admitted. A booking counts as if its guest were there, from the answer until the guest
 * is there and has had time to take its memory, so that of guests that start together not each is
 * promised the same memory. Kept by the daemon, not by the engine: bookings decide nothing but the
 * next answer. Knows nothing of libvirt. */
#ifndef BL_DAEMON_ADMISSIONS_H
#define BL_DAEMON_ADMISSIONS_H

#include "api/server.h"
#include "core/engine.h"

typedef struct BlAdmissions BlAdmissions;

/* What an answer is made of. */
typedef struct {
    const BlEngine *engine;
    const BlPolicy *policy;
    const BlSample *sample;      /* the last one */
    GHashTable *class_overrides; /* uuid -> class */
} BlAdmissionFacts;

BlAdmissions *bl_admissions_new(void);
void bl_admissions_free(BlAdmissions *admissions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlAdmissions, bl_admissions_free)

/* After every sample: bookings end. */
void bl_admissions_update(BlAdmissions *admissions, const BlSample *sample);

/* GET /api/v1/fit: would a guest of this size fit? Changes nothing. */
BlApiReply bl_admissions_fit(const BlAdmissions *admissions, const BlAdmissionFacts *facts,
                             const BlApiCall *call);

/* POST /api/v1/admissions: a guest is about to start. What the policy says becomes of it; when it
 * may start, it has a booking. */
BlApiReply bl_admissions_admit(BlAdmissions *admissions, const BlAdmissionFacts *facts,
                               const BlApiCall *call);

/* What became of the last guest that did not fit; NULL when that is long ago. */
const char *bl_admissions_notice(const BlAdmissions *admissions, const BlSample *sample);

#endif
