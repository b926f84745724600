/* A thread that answers: see source.h. */
#include "top/source.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/threads.h"

struct BlTopSource {
    BlTopAnswerFunc answer;
    gpointer user_data;
    GThread *thread;
    GAsyncQueue *asks;    /* BlTopAsk *, or the source itself: the end */
    GAsyncQueue *answers; /* BlTopAnswer * */
    int fd;
};

static void signal_answer(const BlTopSource *source)
{
    guint64 one = 1;
    /* It fails only when 2^64 signals were not taken. */
    while (write(source->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static gpointer source_run(gpointer user_data)
{
    BlTopSource *source = user_data;
    for (;;) {
        gpointer item = g_async_queue_pop(source->asks);
        BL_HANDOVER_TAKE(item);
        if (item == source)
            return NULL;
        g_autoptr(BlTopAsk) ask = item;
        BlTopAnswer *answer = source->answer(ask, source->user_data);
        BL_HANDOVER_GIVE(answer);
        g_async_queue_push(source->answers, answer);
        signal_answer(source);
    }
}

BlTopSource *bl_top_source_new(BlTopAnswerFunc answer, gpointer user_data)
{
    BlTopSource *source = g_new0(BlTopSource, 1);
    source->answer = answer;
    source->user_data = user_data;
    source->asks = g_async_queue_new();
    source->answers = g_async_queue_new();
    source->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (source->fd < 0)
        g_error("no descriptor for an event is left: %s", g_strerror(errno));
    source->thread = g_thread_new("source", source_run, source);
    return source;
}

void bl_top_source_free(BlTopSource *source)
{
    if (source == NULL)
        return;
    BlTopAnswer *answer;
    BL_HANDOVER_GIVE(source);
    g_async_queue_push_front(source->asks, source);
    g_thread_join(source->thread);
    while ((answer = bl_top_source_take(source)) != NULL)
        bl_top_answer_free(answer);
    for (gpointer ask; (ask = g_async_queue_try_pop(source->asks)) != NULL;)
        bl_top_ask_free(ask);
    g_async_queue_unref(source->asks);
    g_async_queue_unref(source->answers);
    close(source->fd);
    g_free(source);
}

void bl_top_source_ask(BlTopSource *source, BlTopAsk *ask)
{
    BL_HANDOVER_GIVE(ask);
    g_async_queue_push(source->asks, ask);
}

BlTopAnswer *bl_top_source_take(BlTopSource *source)
{
    guint64 signals;
    BlTopAnswer *answer = g_async_queue_try_pop(source->answers);
    if (answer != NULL) {
        BL_HANDOVER_TAKE(answer);
        return answer;
    }
    /* Drained first, then looked again: an answer that comes between is not overlooked. */
    if (read(source->fd, &signals, sizeof signals) < 0)
        return NULL;
    answer = g_async_queue_try_pop(source->answers);
    if (answer != NULL) {
        BL_HANDOVER_TAKE(answer);
        signal_answer(source);
    }
    return answer;
}

int bl_top_source_fd(const BlTopSource *source)
{
    return source->fd;
}

BlTopAsk *bl_top_ask_new(BlTopAskKind kind, const char *argument)
{
    BlTopAsk *ask = g_new0(BlTopAsk, 1);
    ask->kind = kind;
    ask->argument = g_strdup(argument);
    return ask;
}

void bl_top_ask_free(BlTopAsk *ask)
{
    if (ask == NULL)
        return;
    g_free(ask->argument);
    g_free(ask);
}

BlTopAnswer *bl_top_answer_new(const BlTopAsk *ask)
{
    BlTopAnswer *answer = g_new0(BlTopAnswer, 1);
    answer->kind = ask->kind;
    answer->when = ask->when;
    return answer;
}

void bl_top_answer_free(BlTopAnswer *answer)
{
    if (answer == NULL)
        return;
    bl_top_shot_free(answer->shot);
    g_free(answer->text);
    g_free(answer->error);
    g_free(answer);
}
