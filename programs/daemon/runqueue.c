/* Who ran while the guests' threads waited for a CPU: what the kernel charged goes into the sample,
 * and a single wait that is too long is not waited for until the next tick. Where the kernel cannot
 * tell, Ballast does without, and says so. */
#include <glib-unix.h>

#include "daemon/daemon.h"

/* While nobody on the host waits, charges are read only at every so many ticks. */
#define CALM_EVERY 5
/* So long after the last guest that is to be protected was at work, or somebody asked, the hooks
 * go: they cost every switch of the host. */
#define REST_USEC (10 * (gint64)G_USEC_PER_SEC)
#define ASKED_USEC (30 * (gint64)G_USEC_PER_SEC)
/* At most one tick beside the regular ones in so much time. */
#define TOLD_EVERY_USEC 50000

static BlRecord *record_of(BlDaemon *daemon, gint64 pid)
{
    GHashTableIter iter;
    gpointer record;
    g_hash_table_iter_init(&iter, daemon->records);
    while (g_hash_table_iter_next(&iter, NULL, &record)) {
        if (((BlRecord *)record)->pid == pid)
            return record;
    }
    return NULL;
}

static void wait_told(gint64 pid, gint64 waited_nsec, gpointer user_data)
{
    BlRecord *record = record_of(user_data, pid);
    if (record != NULL)
        record->longest_wait_nsec = MAX(record->longest_wait_nsec, waited_nsec);
}

static gboolean on_told(gint fd, GIOCondition condition, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    gint64 now = g_get_monotonic_time();
    bl_runqueue_waits_take(daemon->runqueue.reader, wait_told, daemon);
    if (now - daemon->runqueue.told_usec < TOLD_EVERY_USEC)
        return G_SOURCE_CONTINUE;
    daemon->runqueue.told_usec = now;
    bl_daemon_tick(daemon);
    return G_SOURCE_CONTINUE;
}

void bl_daemon_runqueue_open(BlDaemon *daemon)
{
    BlRunqueueWatch *watch = &daemon->runqueue;
    g_autoptr(GError) error = NULL;
    watch->charges = g_array_new(FALSE, TRUE, sizeof(BlCharge));
    if (daemon->options->no_blame) {
        watch->lacking = g_strdup("switched off by --no-blame");
        return;
    }
    watch->reader = bl_runqueue_open(&error);
    if (watch->reader == NULL) {
        watch->lacking = g_strdup(error->message);
        bl_daemon_log(BL_LOG_INFO, "who ran while guests waited will not be known: %s",
                      watch->lacking);
        return;
    }
    GSource *told = g_unix_fd_source_new(bl_runqueue_fd(watch->reader), G_IO_IN);
    g_source_set_priority(told, G_PRIORITY_HIGH);
    g_source_set_callback(told, G_SOURCE_FUNC(on_told), daemon, NULL);
    g_source_attach(told, daemon->context);
    g_ptr_array_add(daemon->sources, told);
}

void bl_daemon_runqueue_close(BlDaemon *daemon)
{
    bl_runqueue_close(daemon->runqueue.reader);
    g_clear_pointer(&daemon->runqueue.charges, g_array_unref);
    g_free(daemon->runqueue.lacking);
}

void bl_daemon_runqueue_gone(BlDaemon *daemon, const BlRecord *record)
{
    if (daemon->runqueue.reader != NULL && record->pid > 0)
        bl_runqueue_forget(daemon->runqueue.reader, record->pid);
}

/* The class, and with it the objective, may have changed since. */
static void watch_update(BlDaemon *daemon, const char *uuid, BlRecord *record)
{
    gint64 wanted = bl_engine_wait_too_long(daemon->engine, uuid);
    if (record->pid > 0 && record->tell_nsec != wanted &&
        bl_runqueue_watch(daemon->runqueue.reader, record->pid, record->threads, wanted))
        record->tell_nsec = wanted;
}

/* What a QEMU did that is not (or no more) one of ours is not told apart. */
static BlBlame blame_of(GHashTable *uuids, const BlCharge *charge)
{
    BlBlame blame = {.kind = charge->kind, .waited_nsec = charge->waited_nsec};
    const char *culprit = charge->service;
    if (charge->kind == BL_CULPRIT_DOMAIN)
        culprit = g_hash_table_lookup(uuids, GSIZE_TO_POINTER((gsize)charge->culprit_pid));
    if (culprit == NULL)
        blame.kind = BL_CULPRIT_UNSEEN;
    else
        g_strlcpy(blame.culprit, culprit, sizeof blame.culprit);
    return blame;
}

static int blame_compare(gconstpointer left, gconstpointer right)
{
    return bl_blame_order(left, right);
}

/* Several services may have one name. */
static void blames_merge(GArray *blames)
{
    g_array_sort(blames, blame_compare);
    guint kept = 0;
    for (guint i = 0; i < blames->len; i++) {
        const BlBlame *blame = &g_array_index(blames, BlBlame, i);
        BlBlame *last = kept > 0 ? &g_array_index(blames, BlBlame, kept - 1) : NULL;
        if (last != NULL && bl_blame_order(last, blame) == 0)
            last->waited_nsec += blame->waited_nsec;
        else
            g_array_index(blames, BlBlame, kept++) = *blame;
    }
    g_array_set_size(blames, kept);
}

static void charges_hand_out(BlDaemon *daemon)
{
    g_autoptr(GHashTable) uuids = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) records = g_hash_table_new(NULL, NULL);
    GHashTableIter iter;
    gpointer uuid, value;
    g_hash_table_iter_init(&iter, daemon->records);
    while (g_hash_table_iter_next(&iter, &uuid, &value)) {
        BlRecord *record = value;
        gpointer pid = GSIZE_TO_POINTER((gsize)record->pid);
        g_hash_table_insert(uuids, pid, uuid);
        g_hash_table_insert(records, pid, record);
        g_array_set_size(record->sample->blames, 0);
        record->sample->blame_known = record->tell_nsec >= 0;
    }
    for (guint i = 0; i < daemon->runqueue.charges->len; i++) {
        const BlCharge *charge = &g_array_index(daemon->runqueue.charges, BlCharge, i);
        BlRecord *record =
            g_hash_table_lookup(records, GSIZE_TO_POINTER((gsize)charge->victim_pid));
        BlBlame blame = blame_of(uuids, charge);
        if (record != NULL)
            g_array_append_val(record->sample->blames, blame);
    }
    g_hash_table_iter_init(&iter, daemon->records);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        blames_merge(((BlRecord *)value)->sample->blames);
}

/* A kernel that refuses to go on does so for good. */
static void begin(BlRunqueueWatch *watch)
{
    g_autoptr(GError) error = NULL;
    if (bl_runqueue_begin(watch->reader, &error))
        return;
    bl_daemon_log(BL_LOG_WARNING, "%s", error->message);
    g_free(watch->lacking);
    watch->lacking = g_strdup(error->message);
}

void bl_daemon_runqueue_asked(BlDaemon *daemon)
{
    daemon->runqueue.asked_usec = g_get_monotonic_time();
    if (daemon->runqueue.reader != NULL && bl_runqueue_rests(daemon->runqueue.reader))
        begin(&daemon->runqueue);
}

static void rest_or_begin(BlRunqueueWatch *watch, gboolean wanted)
{
    gint64 now = g_get_monotonic_time();
    if (wanted)
        watch->wanted_usec = now;
    gboolean rests = bl_runqueue_rests(watch->reader);
    gboolean asked = watch->asked_usec > 0 && now - watch->asked_usec < ASKED_USEC;
    if (wanted && rests && watch->lacking == NULL)
        begin(watch);
    else if (!rests && !asked && now - watch->wanted_usec >= REST_USEC)
        bl_runqueue_rest(watch->reader);
}

void bl_daemon_runqueue_sample(BlDaemon *daemon)
{
    GHashTableIter iter;
    gpointer uuid, record;
    gboolean watch = daemon->tick % CALM_EVERY == 0, skip = daemon->calm && !watch;
    if (daemon->runqueue.reader != NULL)
        rest_or_begin(&daemon->runqueue, bl_engine_wants_blame(daemon->engine));
    g_hash_table_iter_init(&iter, daemon->records);
    while (g_hash_table_iter_next(&iter, &uuid, &record)) {
        ((BlRecord *)record)->sample->blame_known = FALSE;
        if (daemon->runqueue.reader != NULL && watch)
            watch_update(daemon, uuid, record);
        skip = skip && ((BlRecord *)record)->longest_wait_nsec == 0;
    }
    if (daemon->runqueue.reader != NULL && !skip &&
        bl_runqueue_read(daemon->runqueue.reader, daemon->runqueue.charges))
        charges_hand_out(daemon);
}

json_t *bl_daemon_runqueue_lengths(BlDaemon *daemon, const char *uuid)
{
    json_t *threads = json_array();
    const BlRecord *record = g_hash_table_lookup(daemon->records, uuid);
    for (guint i = 0; daemon->runqueue.reader != NULL && record != NULL && i < record->threads->len;
         i++) {
        const BlThreadReader *thread = &g_array_index(record->threads, BlThreadReader, i);
        guint64 counts[BL_WAIT_LENGTHS];
        if (!bl_runqueue_lengths(daemon->runqueue.reader, thread->tid, counts))
            continue;
        json_t *list = json_array();
        for (guint j = 0; j < BL_WAIT_LENGTHS; j++)
            json_array_append_new(list, json_integer((json_int_t)counts[j]));
        json_array_append_new(threads, json_pack("{s:s, s:i, s:o}", "role",
                                                 bl_thread_role_name(thread->role), "index",
                                                 (int)thread->index, "counts", list));
    }
    return threads;
}
