/* Ballast's own element in a guest's <metadata>. */
#ifndef BL_DEFINITION_METADATA_H
#define BL_DEFINITION_METADATA_H

#include <glib.h>

#define BL_METADATA_URI "urn:ballast:domain:1"

/* "key=value", sorted, from the text of that element or parts of it: every leaf with text in it.
 * Pure; damaged XML gives what was whole before. */
char **bl_metadata_parse(const char *xml);

/* The same for a parser of more than that element, which passes on what it finds inside. */
typedef struct BlMetadataReader BlMetadataReader;

BlMetadataReader *bl_metadata_reader_new(void);
/* An element begins; `name` with its prefix, if it has one. */
void bl_metadata_reader_begin(BlMetadataReader *reader, const char *name);
void bl_metadata_reader_text(BlMetadataReader *reader, const char *text, gsize length);
void bl_metadata_reader_end(BlMetadataReader *reader);
/* The entries; frees the reader. */
char **bl_metadata_reader_finish(BlMetadataReader *reader);

#endif
