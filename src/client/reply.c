/* Replies of the daemon: see reply.h. */
#include "client/reply.h"

#include "client/client.h"

static BlClientError error_of_status(long status)
{
    switch (status) {
    case 403:
        return BL_CLIENT_ERROR_ACCESS;
    case 404:
        return BL_CLIENT_ERROR_NOT_FOUND;
    case 409:
        return BL_CLIENT_ERROR_CONFLICT;
    case 422:
        return BL_CLIENT_ERROR_REFUSED;
    default:
        return BL_CLIENT_ERROR_FAILED;
    }
}

json_t *bl_reply_parse(long status, const GString *text, GError **error)
{
    json_error_t wrong;
    json_t *body = json_loadb(text->str, text->len, 0, &wrong);
    if (status == 200 && json_is_object(body))
        return body;
    const char *detail = json_string_value(json_object_get(body, "detail"));
    const char *errors = json_string_value(json_object_get(body, "errors"));
    if (status == 200)
        g_set_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_FAILED,
                    "the daemon's answer is not understood: %s",
                    body == NULL ? wrong.text : "it is not an object");
    else if (detail == NULL || detail[0] == '\0')
        g_set_error(error, BL_CLIENT_ERROR, error_of_status(status),
                    "the daemon answered with status %ld", status);
    else
        g_set_error(error, BL_CLIENT_ERROR, error_of_status(status), "%s%s%s", detail,
                    errors != NULL ? "\n" : "", errors != NULL ? errors : "");
    json_decref(body);
    return NULL;
}
