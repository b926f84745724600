/* The checker: what must hold after every step of every run, whatever goes wrong.
 *
 * Watches from outside: the plans, each write to a control, the text of the journal. Knows for
 * every field what it was before Ballast, which no part of Ballast may lose.
 */
#ifndef BL_SIM_CHECKER_H
#define BL_SIM_CHECKER_H

#include "sim/agent.h"

typedef struct {
    guint64 generation;
    gint64 baseline;     /* as set by anybody but Ballast */
    gboolean ours;       /* written by Ballast and not given back */
    gint64 written;      /* by Ballast, last */
    gint64 stepped_usec; /* by the engine's clock: the last step that was planned */
    BlRule stepped_rule;
    gboolean stepped;
    guint changes;     /* writes since bl_sim_checker_count_anew() */
    gboolean doubtful; /* somebody else moved a balloon that was on its way: nobody can tell that */
} BlSimField;

typedef struct {
    BlSimAgent *agent;
    BlSimField (*fields)[BL_CONTROLS]; /* one row a guest, and one for the host */
    BlMemoryReport *heard;             /* of each guest, by the engine */
    GArray *step_times;                /* gint64, engine's clock */
    guint life;                        /* of the daemon, whose steps those are */
    BlView *view;
    char *violation;            /* the first; NULL: none */
    const char *violation_kind; /* static: the same for the same invariant */
    gint64 violated_usec;
} BlSimChecker;

/* Watches an agent, which must outlive it. */
BlSimChecker *bl_sim_checker_new(BlSimAgent *agent);
void bl_sim_checker_free(BlSimChecker *checker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSimChecker, bl_sim_checker_free)

/* An invariant is broken; only the first counts. */
void bl_sim_checker_violate(BlSimChecker *checker, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Before an event reaches the agent: who changes what. */
void bl_sim_checker_event(BlSimChecker *checker, const BlSimEvent *event);
/* After each tick of the agent in which the daemon lived. */
void bl_sim_checker_plan(BlSimChecker *checker);
void bl_sim_checker_count_anew(BlSimChecker *checker);

/* Liveness, at the end of a calm time. */
void bl_sim_checker_objectives(BlSimChecker *checker);
void bl_sim_checker_quiet(BlSimChecker *checker, guint changes_most);
/* After a release: everything is as it was before Ballast, and the journal is empty. */
void bl_sim_checker_restored(BlSimChecker *checker);

#endif
