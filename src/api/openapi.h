/* The OpenAPI description of the API, made from the route table. Private to src/api/. */
#ifndef BL_API_OPENAPI_H
#define BL_API_OPENAPI_H

#include <jansson.h>

/* A new reference. */
json_t *bl_api_openapi_new(void);

#endif
