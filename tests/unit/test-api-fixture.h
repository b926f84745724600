/* A server on a temporary socket, on a thread of its own, with canned answers. Shared by the tests
 * of the API and of the command line. */
#ifndef TEST_API_FIXTURE_H
#define TEST_API_FIXTURE_H

#include "api/server.h"

typedef struct {
    char *folder, *path;
    const char *group;
    const BlApiRemoteConfig *remote; /* NULL: the socket alone */
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    BlApiServer *server;
} Fixture;

void fixture_make(Fixture *fixture);
void fixture_start(Fixture *fixture);
void fixture_stop(Fixture *fixture);
void fixture_free(Fixture *fixture);
/* Has the server publish decisions first..last, each with `padding` more bytes, in one go. */
void fixture_publish(Fixture *fixture, guint64 first, guint64 last, gsize padding);
/* Has the server read its access file again. */
gboolean fixture_access_reload(Fixture *fixture, GError **error);
/* How often the handler of POST /mode ran. */
int fixture_mode_calls(void);

#endif
