/* The loop: keys, answers and the clock go in, the screen comes out. See run.h. */
#include "top/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "client/figure-text.h"
#include "top/batch.h"
#include "top/screen.h"
#include "top/terminal.h"

typedef struct {
    BlTop *top;
    BlTopSource *source;
    BlTerminal *terminal;
    BlGrid *grid;
    sigset_t waiting;  /* signals that are held back while the loop waits */
    gboolean asked;    /* a shot is on its way */
    gint64 asked_usec; /* since when */
} Loop;

static void paint(Loop *loop)
{
    int width, height;
    bl_terminal_size(loop->terminal, &width, &height);
    if (loop->grid == NULL || loop->grid->width != width || loop->grid->height != height) {
        bl_grid_free(loop->grid);
        loop->grid = bl_grid_new(width, height);
        loop->top->redraw = TRUE;
    }
    bl_screen_draw(loop->top, loop->grid);
    bl_terminal_paint(loop->terminal, loop->grid, loop->top->redraw);
    loop->top->redraw = FALSE;
}

static void send_asks(Loop *loop)
{
    BlTopAsk *ask;
    gint64 now = g_get_monotonic_time();
    if (bl_top_is_live(loop->top) && !loop->asked &&
        now >= loop->asked_usec + loop->top->interval_usec)
        bl_top_ask_shot(loop->top, BL_WHEN_NEXT, 0);
    while ((ask = bl_top_next_ask(loop->top)) != NULL) {
        if (ask->kind == BL_ASK_SHOT) {
            loop->asked = TRUE;
            loop->asked_usec = now;
        }
        bl_top_source_ask(loop->source, ask);
    }
}

/* Until a key, an answer, another size, or the next shot is due. FALSE: the terminal is gone. */
static gboolean wait_for_something(Loop *loop)
{
    struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {bl_top_source_fd(loop->source), POLLIN, 0}};
    struct timespec timeout = {0};
    gboolean timed = bl_top_is_live(loop->top) && !loop->asked;
    gint64 left = MAX(loop->asked_usec + loop->top->interval_usec - g_get_monotonic_time(), 0);
    timeout.tv_sec = left / BL_USEC_PER_SEC;
    timeout.tv_nsec = left % BL_USEC_PER_SEC * BL_NSEC_PER_USEC;
    /* A change of size that comes between the painting and here is not lost: it is held back. */
    if (ppoll(fds, G_N_ELEMENTS(fds), timed ? &timeout : NULL, &loop->waiting) < 0)
        return errno == EINTR;
    return (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

static void take_all(Loop *loop)
{
    gunichar key;
    BlTopAnswer *answer;
    while (!loop->top->quit && bl_terminal_key(loop->terminal, &key)) {
        if (key != 0)
            bl_top_key(loop->top, key);
    }
    while ((answer = bl_top_source_take(loop->source)) != NULL) {
        if (answer->kind == BL_ASK_SHOT)
            loop->asked = FALSE;
        bl_top_take(loop->top, answer);
    }
}

gboolean bl_top_run(const BlTopRun *run, GError **error)
{
    Loop loop = {0};
    sigset_t resize;
    loop.terminal = bl_terminal_open(run->colour, error);
    if (loop.terminal == NULL)
        return FALSE;
    /* Before the source's thread is made, so that the signal comes here. */
    sigemptyset(&resize);
    sigaddset(&resize, SIGWINCH);
    pthread_sigmask(SIG_BLOCK, &resize, &loop.waiting);
    loop.top = bl_top_new(run->name, run->trace, run->interval_usec);
    loop.source = bl_top_source_new(run->answer, run->user_data);
    loop.top->paused = loop.top->past = run->when != BL_WHEN_NEXT;
    bl_top_ask_shot(loop.top, run->when, run->wall_usec);
    do {
        send_asks(&loop);
        paint(&loop);
        if (!wait_for_something(&loop))
            break;
        take_all(&loop);
    } while (!loop.top->quit);
    /* First, so that nobody waits before an old screen for an answer that comes late. */
    bl_terminal_close(loop.terminal);
    bl_top_source_free(loop.source);
    bl_top_free(loop.top);
    bl_grid_free(loop.grid);
    pthread_sigmask(SIG_SETMASK, &loop.waiting, NULL);
    return TRUE;
}

/* --- batch mode --------------------------------------------------------------------------------
 */

static void left_out_tell(const BlBatch *batch, const BlTopShot *shot, FILE *err, guint *told)
{
    guint count = bl_batch_left_out(batch, shot);
    if (count > *told)
        fprintf(err,
                "ballast: %u guests that were not there at the start have no columns; start again "
                "to have them\n",
                count);
    *told = MAX(count, *told);
}

static BlTopShot *batch_shot(const BlTopRun *run, gboolean first, GError **error)
{
    g_autoptr(BlTopAsk) ask = bl_top_ask_new(BL_ASK_SHOT, NULL);
    ask->when = first ? run->when : BL_WHEN_NEXT;
    ask->wall_usec = run->wall_usec;
    ask->interval_usec = run->interval_usec;
    g_autoptr(BlTopAnswer) answer = run->answer(ask, run->user_data);
    if (answer->error != NULL)
        g_set_error_literal(error, BL_TERMINAL_ERROR, 0, answer->error);
    return g_steal_pointer(&answer->shot);
}

gboolean bl_top_run_batch(const BlTopRun *run, FILE *out, FILE *err, GError **error)
{
    g_autoptr(BlBatch) batch = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    guint told = 0;
    gint64 due = g_get_monotonic_time();
    for (guint64 i = 0; run->count == 0 || i < run->count; i++) {
        g_autoptr(BlTopShot) shot = batch_shot(run, i == 0, error);
        if (shot == NULL)
            return FALSE;
        g_string_truncate(text, 0);
        if (batch == NULL) {
            const char *host = bl_text_of(shot->facts.status, "host");
            batch = bl_batch_new(shot, host != NULL ? host : run->trace ? "trace" : "host");
            bl_batch_head(batch, text);
        }
        bl_batch_row(batch, shot, text);
        left_out_tell(batch, shot, err, &told);
        fputs(text->str, out);
        /* A reader sees each row as it comes; one that went away ends it. */
        if (fflush(out) != 0 || shot->facts.end)
            break;
        due += run->interval_usec;
        gint64 left = due - g_get_monotonic_time();
        if (!run->trace && left > 0 && (run->count == 0 || i + 1 < run->count))
            g_usleep((gulong)left);
    }
    return TRUE;
}
