/* A simulated host behind a real socket: see serving.h. */
#include "serving.h"

#include <curl/curl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define START_USEC (60 * G_USEC_PER_SEC)

/* Between fork and exec: a test that fails in the middle leaves nothing behind. */
static void end_with_test(gpointer nothing)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void serving_start(Serving *serving, const char *const *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) command = g_ptr_array_new();
    const char *program = g_getenv("BALLAST_SIM");
    if (program == NULL)
        g_error("BALLAST_SIM is not set: it is the path of ballast-sim");
    serving->folder = g_dir_make_tmp("ballast-serving-XXXXXX", &error);
    g_assert_no_error(error);
    serving->socket = g_build_filename(serving->folder, "api.sock", NULL);
    g_autofree char *state = g_build_filename(serving->folder, "state", NULL);
    const char *const always[] = {program, "serve", "--socket", serving->socket, "--state", state};
    for (guint i = 0; i < G_N_ELEMENTS(always); i++)
        g_ptr_array_add(command, (gpointer)always[i]);
    for (; *arguments != NULL; arguments++)
        g_ptr_array_add(command, (gpointer)*arguments);
    g_ptr_array_add(command, NULL);
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDERR_SILENCE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
    g_subprocess_launcher_set_child_setup(launcher, end_with_test, NULL, NULL);
    serving->process =
        g_subprocess_launcher_spawnv(launcher, (const char *const *)command->pdata, &error);
    g_assert_no_error(error);
    gint64 until = g_get_monotonic_time() + START_USEC;
    for (;;) {
        g_auto(ServingReply) reply = serving_ask(serving, "GET", "/api/v1/status", NULL);
        if (reply.status == 200)
            return;
        if (g_get_monotonic_time() > until)
            g_error("%s does not answer", program);
        g_usleep(20000);
    }
}

static void folder_remove(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        folder_remove(below);
    }
    g_remove(path);
}

void serving_stop(Serving *serving)
{
    g_autoptr(GError) error = NULL;
    g_subprocess_send_signal(serving->process, SIGTERM);
    g_subprocess_wait_check(serving->process, NULL, &error);
    g_assert_no_error(error);
    g_object_unref(serving->process);
    folder_remove(serving->folder);
    g_free(serving->folder);
    g_free(serving->socket);
}

/* A stream never ends: its beginning is enough. */
static size_t body_take(char *data, size_t size, size_t count, void *user_data)
{
    ServingReply *reply = user_data;
    g_string_append_len(reply->body, data, (gssize)(size * count));
    gboolean stream =
        reply->content_type != NULL && g_str_has_prefix(reply->content_type, "text/event-stream");
    return stream ? CURL_WRITEFUNC_ERROR : count;
}

static size_t header_take(char *data, size_t size, size_t count, void *user_data)
{
    ServingReply *reply = user_data;
    g_autofree char *line = g_strstrip(g_strndup(data, size * count));
    if (g_ascii_strncasecmp(line, "Content-Type:", 13) == 0) {
        g_free(reply->content_type);
        reply->content_type = g_strdup(g_strchug(line + 13));
    }
    if (g_ascii_strncasecmp(line, "Allow:", 6) == 0) {
        g_free(reply->allow);
        reply->allow = g_strdup(g_strchug(line + 6));
    }
    return count;
}

ServingReply serving_ask(const Serving *serving, const char *method, const char *target,
                         const char *body)
{
    ServingReply reply = {.body = g_string_new(NULL)};
    g_autofree char *url = g_strconcat("http://localhost", target, NULL);
    CURL *curl = curl_easy_init();
    gint64 begun = g_get_monotonic_time();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, serving->socket);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 40L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply);
    if (g_str_equal(method, "POST"))
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body != NULL ? body : "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_easy_cleanup(curl);
    reply.seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
    return reply;
}

void serving_reply_clear(ServingReply *reply)
{
    g_free(reply->content_type);
    g_free(reply->allow);
    g_string_free(reply->body, TRUE);
}

json_t *serving_get(const Serving *serving, const char *target)
{
    g_auto(ServingReply) reply = serving_ask(serving, "GET", target, NULL);
    if (reply.status != 200)
        g_error("GET %s: %ld %s", target, reply.status, reply.body->str);
    json_t *object = json_loads(reply.body->str, 0, NULL);
    g_assert_true(json_is_object(object));
    return object;
}
