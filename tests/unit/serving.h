/* `ballast-sim serve` for a test: the daemon's own API over a simulated host, as a process of its
 * own, and plain HTTP with it. The program is $BALLAST_SIM. */
#ifndef TEST_SERVING_H
#define TEST_SERVING_H

#include <gio/gio.h>
#include <jansson.h>

typedef struct {
    char *folder, *socket;
    GSubprocess *process;
} Serving;

/* With these arguments besides socket and state (NULL-terminated); waits until it answers. */
void serving_start(Serving *serving, const char *const *arguments);
/* Ends it, and fails unless it ends well. */
void serving_stop(Serving *serving);

typedef struct {
    long status;
    char *content_type; /* NULL: none */
    char *allow;        /* NULL: none */
    GString *body;      /* of a stream its beginning */
    double seconds;
} ServingReply;

/* One request; `body` NULL sends none. */
ServingReply serving_ask(const Serving *serving, const char *method, const char *target,
                         const char *body);
void serving_reply_clear(ServingReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ServingReply, serving_reply_clear)
/* The object of a GET that has to answer with 200. */
json_t *serving_get(const Serving *serving, const char *target);

#endif
