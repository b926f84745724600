/* Parsing of what a client sent, without any I/O: request line, query, body.
 *
 * Private to src/api/. The server calls it for every request; the unit tests and the fuzzer call
 * it without a socket. All input is hostile. A function that returns FALSE (or NULL) has filled the
 * problem that the client is to be told; otherwise the problem is untouched.
 */
#ifndef BL_API_REQUEST_H
#define BL_API_REQUEST_H

#include "api/server.h"

/* A decoded path parameter and a decoded query value, in bytes. */
#define BL_API_ARGUMENT_MAX 1024
#define BL_API_QUERY_PAIRS_MAX 32

typedef struct {
    const BlRoute *route;
    char *argument;   /* NULL when the route has no parameter */
    GPtrArray *query; /* char *: key, value, key, value... */
    char *allow;      /* after a 405: the methods that the path has, for the Allow header */
} BlApiRequest;

void bl_api_request_clear(BlApiRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlApiRequest, bl_api_request_clear)

/* `target` as it stood in the request line: an absolute path, percent-encoded, with its query. */
gboolean bl_api_request_parse(BlApiRequest *request, const char *method, const char *target,
                              BlApiReply *ret_problem);
/* NULL when absent. The first one when a key is given twice. */
const char *bl_api_request_query(const BlApiRequest *request, const char *key);

/* Percent-decoded text, or NULL when an escape is broken, or the result is too long, is not UTF-8
 * or holds control characters. */
char *bl_api_text_decode(const char *text, gsize length);

/* An object; an empty one when nothing was sent. */
json_t *bl_api_body_parse(const char *data, gsize length, BlApiReply *ret_problem);

/* Whether the text can be an Idempotency-Key: 1 to 128 printable ASCII characters. */
gboolean bl_api_key_is_valid(const char *key);

#endif
