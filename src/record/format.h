/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format: a printf format, parsed once, applied to many rows.
 *
 * Conversions: d i u o x X c s p %, flags - + space # 0, width and precision (also *), length modifiers, %r %rx %rh
 * for buffers. %s shows any kind as skep_field_text does; numbers are shown by %d and friends whatever their kind, as C's
 * printf shows them: an int of 32 bits, 8 and 16 of them with hh and h, all 64 with any other length, %p, and %s.
 *
 *	r = skep_format_parse(text, len, &format, &error_offset, &why);
 *	skep_format_text(&format, schema->fields, schema->n_fields, payload, resolver, &out);
 */
#pragma once

#include "record/schema.h"

struct skep_format_part {
	const char *literal; /* text before the conversion, not terminated */
	size_t literal_len;
	char conv;			    /* 0: only text (the last part) */
	char variant;			    /* 'x' or 'h' behind %r; 0 otherwise */
	char flags[8];			    /* as written, terminated */
	unsigned bits;			    /* that the length modifier leaves of a number */
	int width, precision;		    /* -1: none */
	bool width_arg, precision_arg;	    /* taken from the fields, before the value */
	size_t at;			    /* offset of the '%' in the format text */
	const struct skep_enum_name *names; /* %gr: of the flags, several bits first; or NULL */
	size_t n_names;
};

struct skep_format {
	struct skep_format_part *parts; /* owned */
	size_t n_parts;
	size_t n_fields; /* fields it consumes, those for * included */
};

/* @text is borrowed and must outlive the format. -EINVAL: *ret_at and *ret_why (static text) say where and why. */
int skep_format_parse(const char *text, size_t len, struct skep_format *ret_format, size_t *ret_at,
		      const char **ret_why) _must_check_;
void skep_format_fini(struct skep_format *format);
void skep_format_text(const struct skep_format *format, const struct skep_schema_field *fields,
		      size_t n_fields, const void *payload, const struct skep_resolver *resolver,
		      struct skep_str *out);
