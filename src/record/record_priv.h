/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the encoders of this folder only. */
#pragma once

#include "record/csv.h"
#include "record/schema.h"
#include "record/snapshot.h"

#define SKEP_FIELD_DEPTH_MAX 16 /* nesting of structs, tuples and arrays that encoders follow */

/* Columns before a stack's frames: in the key of a map, and everywhere else. */
#define SKEP_STACK_INDENT_KEY 4
#define SKEP_STACK_INDENT 8

enum skep_json_shape {
	SKEP_JSON_OWN,	    /* stacks are arrays of frames */
	SKEP_JSON_BPFTRACE, /* stacks are one text */
};

/* As skep_field_text, with the columns before a stack's frames. */
void skep_field_text_indent(const struct skep_schema_field *field, const void *payload,
			    const struct skep_resolver *resolver, unsigned indent,
			    struct skep_str *out);
void skep_field_json_shape(const struct skep_schema_field *field, const void *payload,
			   const struct skep_resolver *resolver, enum skep_json_shape shape,
			   struct skep_str *out);
/* A stack as text: "\n", then one frame a line. */
void skep_field_stack(const struct skep_schema_field *field, const void *payload,
		      const struct skep_resolver *resolver, unsigned indent, struct skep_str *out);

/* Of a role that is not SKEP_ROLE_MEASURE. */
const char *skep_field_role_name(unsigned role);
/* Whether it is a number that metrics are made of, not one that stands for something. */
bool skep_field_is_measure(const struct skep_schema_field *field);
/* Whether there is nothing to say: an empty text, or a number that nobody keeps. Attributes without a value are left out. */
bool skep_field_is_blank(const struct skep_schema_field *field, const void *payload,
			 const struct skep_resolver *resolver);
/* The bytes of a STRING or BUFFER that count. */
size_t skep_field_bytes(const struct skep_schema_field *field, const void *payload,
			const uint8_t **ret_bytes);
/* Bytes with everything that is not printable as \xNN. */
void skep_bytes_text(const uint8_t *bytes, size_t len, struct skep_str *out);

/* Total of all buckets of an entry, as far as it fits. */
uint64_t skep_snapshot_total(const struct skep_snapshot *snapshot,
			     const struct skep_snapshot_entry *entry);
/* AVG and STATS: total by count, 0 when there is none. Bits of an int64_t when the snapshot is signed. */
uint64_t skep_snapshot_average(const struct skep_snapshot *snapshot,
			       const struct skep_snapshot_entry *entry);
/* First and last bucket to show; false when all are empty. */
bool skep_snapshot_span(const struct skep_snapshot *snapshot,
			const struct skep_snapshot_entry *entry, size_t *ret_first,
			size_t *ret_last);
/* The first entry of the @top highest. */
size_t skep_snapshot_start(const struct skep_snapshot *snapshot, size_t top);
/*
 * The range of a bucket of HIST or LHIST; *ret_has_low, *ret_has_high: whether it is open at that end. The numbers of HIST
 * have no sign, see skep_hist_range.
 */
void skep_snapshot_range(const struct skep_snapshot *snapshot, size_t bucket, bool *ret_has_low,
			 int64_t *ret_low, bool *ret_has_high, int64_t *ret_high);
/* The largest value of a bucket that ends at @high. */
uint64_t skep_snapshot_largest(const struct skep_snapshot *snapshot, int64_t high);
/*
 * The same as the bound that a receiver is told: what was divided by its unit before it was counted, and so has lost what is behind
 * the point, is below @high and not below or at @high - 1: 3.9 us are of [2, 4).
 */
uint64_t skep_snapshot_bound(const struct skep_snapshot *snapshot, int64_t high);
/* @value / @divide in the snapshot's signedness, as decimal text. */
void skep_snapshot_number(uint64_t value, uint64_t divide, bool is_signed, struct skep_str *out);

/* A number that is shown as one: right-aligned, divided. */
bool skep_field_is_number(const struct skep_schema_field *field);
/* A unit as people write it: "By" is "bytes". */
/* Text for one line of a terminal: line breaks are blanks, bytes that steer it U+FFFD. */
void skep_cell_shown(const char *text, size_t len, struct skep_str *out);
/* How many bytes the first @width columns of it are; *ret_width is how many they really are: no character is cut in two. */
size_t skep_cell_cut(const char *text, size_t len, unsigned width, unsigned *ret_width);
const char *skep_unit_text(const char *unit);
/* A name that says its unit, where nothing else does: "took_ms", "rate_bytes_per_s"; @unit may be NULL. */
void skep_unit_name(const char *name, const char *unit, struct skep_str *out);
/* The keys as columns: those of a key that is one tuple are its elements. Their offsets count from key + *ret_base. */
size_t skep_snapshot_keys(const struct skep_snapshot *snapshot,
			  const struct skep_schema_field **ret_keys, size_t *ret_base);
/* Of VALUE: what makes columns of its value, one field or several. */
size_t skep_snapshot_values(const struct skep_snapshot *snapshot,
			    const struct skep_schema_field **ret_values);
const char *skep_snapshot_kind_name(enum skep_snapshot_kind kind);
const char *skep_field_kind_name(enum skep_field_kind kind);
/* schema_json.c: "uint32", "string", ... */
void skep_field_type(const struct skep_schema_field *field, struct skep_str *out);
/* What keys and values are, in the words of fields: "keys": [{"name", "type"}...], "value": {"type"...} */
void skep_snapshot_types(const struct skep_snapshot *snapshot, struct skep_str *out);
void skep_snapshot_key_types(const struct skep_snapshot *snapshot, struct skep_str *out);
void skep_snapshot_value_type(const struct skep_snapshot *snapshot, struct skep_str *out);

/* csv.c: a line is begun, filled with the fields of its kind, in their order, and ended. */
void skep_csv_begin(struct skep_csv *csv, size_t kind);
void skep_csv_field(struct skep_csv *csv, const char *s, size_t len);
void skep_csv_end(struct skep_csv *csv, struct skep_str *out);
