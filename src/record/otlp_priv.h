/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by otlp*.c only. */
#pragma once

#include "record/otlp.h"

#define SKEP_OTLP_DEPTH_MAX 3 /* structs and arrays inside of each other; deeper ones are texts */

/* What the conventions called @name before they were stable; NULL: the same, or nothing. */
const char *skep_otlp_old_name(const char *name);
/* A FLOAT at @p. */
double skep_otlp_double(const struct skep_schema_field *field, const uint8_t *p);
/* The list "attributes", whose field has this number. */
void skep_otlp_attributes(struct skep_message *m, uint32_t number,
			  const struct skep_attribute *attributes, size_t n);
/* The keys (skep_otlp_key) of these fields one after the other, each with its NUL; kept, as one kind of items follows itself. */
const char *skep_otlp_keys(struct skep_otlp *otlp, const struct skep_schema_field *fields,
			   size_t n);
/* The same of fields, each with its key. */
void skep_otlp_fields(struct skep_otlp *otlp, uint32_t number,
		      const struct skep_schema_field *fields, size_t n, const void *payload,
		      const struct skep_resolver *resolver);
