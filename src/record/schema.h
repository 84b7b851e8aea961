/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema: what the bytes of a row or of a map's keys and values mean.
 *
 * Everything skep reports (a printf of a script, a tool's event, a map) is bytes with a schema; text, JSON and
 * every later encoding are made from the two. Kinds such as address, stack or user id need somebody who knows names:
 * a resolver, which `who` fills in.
 *
 *	row bytes ──schema──► fields ──resolver──► names ──encoder──► text, JSON
 *
 * Layout: integers are in the machine's byte order, unless a field says otherwise, at field->offset from the start of the
 * payload.
 */
#pragma once

#include "base/macros.h"
#include "base/str.h"
#include "record/row.h"

enum skep_field_kind {
	SKEP_FIELD_INT, /* size 1, 2, 4, 8 */
	SKEP_FIELD_BOOL,
	SKEP_FIELD_PTR,	      /* an address shown in hex */
	SKEP_FIELD_ENUM,      /* an integer with names */
	SKEP_FIELD_STRING,    /* size bytes, ends at the first zero byte */
	SKEP_FIELD_BUFFER,    /* u32 length, then the bytes: size includes the length word */
	SKEP_FIELD_KSTACK,    /* id in the stack map, size 4 or 8 */
	SKEP_FIELD_USTACK,    /* likewise, and u32 tgid: behind 8 bytes, or where pid_at says */
	SKEP_FIELD_KSYM,      /* u64 address */
	SKEP_FIELD_USYM,      /* u64 address, and u32 tgid as for USTACK */
	SKEP_FIELD_PROBE,     /* u32 or u64 index of a probe's name */
	SKEP_FIELD_USERNAME,  /* uid */
	SKEP_FIELD_TIMESTAMP, /* u64 nanoseconds since boot, `param`: index of the strftime format */
	SKEP_FIELD_CGROUP_PATH, /* u64 cgroup id */
	SKEP_FIELD_INET,   /* size 20: u32 address family, 16 bytes of address; 4: IPv4; 16: IPv6 */
	SKEP_FIELD_MAC,	   /* 6 bytes */
	SKEP_FIELD_STRUCT, /* children by name */
	SKEP_FIELD_TUPLE,  /* children by position */
	SKEP_FIELD_ARRAY,  /* children[0] `count` times */
	SKEP_FIELD_FLOAT,  /* 4, 8 or 16 bytes, as C has it on this machine */
	SKEP_FIELD_BYTES,  /* size bytes that nothing is known of: hex digits */
	/* Made where a plan runs (live/extend.h), never by the compiler. */
	SKEP_FIELD_HOST,    /* bytes as of INET: the name that the address was looked up by */
	SKEP_FIELD_PROCESS, /* struct skep_process; `param`: enum skep_process_what */
	SKEP_FIELD_KIND_MAX,
};

/* Set in the value of a PROBE field: only the last part of the name, the function, is meant. */
#define SKEP_PROBE_FUNC (1u << 31)

/* param of a BUFFER: hex digits alone; else what is printable is shown as it is, the rest as "\\x0a". */
#define SKEP_BUFFER_HEX 1

/* param of a CGROUP_PATH: "unified:" stands in front, the name of version 2 among hierarchies. */
#define SKEP_CGROUP_UNIFIED 1
/* Behind it: what people call the group: its name, its image, its id. */
#define SKEP_CGROUP_LABEL 2

/* param of a HOST: where no name is known it is the address. */
#define SKEP_HOST_OR_ADDRESS 1

/* What is known of a process beside its number, where a row was made; the rest /proc tells, if it still lives. */
struct skep_process {
	uint64_t group; /* its cgroup, of version 1 with the highest bit set; 0: not known */
	uint32_t pid;
	uint32_t uid, ppid;
	uint32_t is_known;		      /* 1: the line above is */
	char group_name[SKEP_GROUP_NAME_MAX]; /* the last component of its path, or "" */
};

enum skep_process_what {
	SKEP_PROCESS_USER,
	SKEP_PROCESS_PARENTS,
	SKEP_PROCESS_CONTAINER,
	SKEP_PROCESS_CONTAINER_ID,
	SKEP_PROCESS_IMAGE,
	SKEP_PROCESS_POD,
	SKEP_PROCESS_NAMESPACE, /* that the pod is in */
	SKEP_PROCESS_UNIT,	/* of systemd */
	SKEP_PROCESS_UID,
	SKEP_N_PROCESS_WHATS,
};

struct skep_enum_name {
	int64_t value;
	const char *name;
};

/* What a number of a row that an interval makes is to those who look only now and then. */
enum skep_field_role {
	SKEP_ROLE_MEASURE, /* what there is now */
	SKEP_ROLE_KEY,	   /* it tells things apart, as texts do */
	SKEP_ROLE_TOTAL,   /* what has come since the last interval: they add up */
	SKEP_N_ROLES,
};

struct skep_schema_field {
	const char *name; /* as the user knows it: "comm", "args.filename", "$1 * 2" */
	enum skep_field_kind kind;
	uint32_t offset, size; /* bytes */
	bool is_signed;
	uint8_t role;	    /* enum skep_field_role */
	bool is_big_endian; /* INT, whatever this machine is: what networks carry */
	int32_t pid_at;	    /* USYM, USTACK: where the tgid is, from this field on; 0: behind it */
	uint32_t count;	    /* ARRAY */
	uint32_t param;
	uint8_t bit_off, bit_size; /* bit-field inside the integer; bit_size 0: not one */
	const char *
		trailer; /* STRING: shown behind a text that fills its room, as it may be cut off; or NULL */
	const char *unit; /* UCUM unit such as "ns", "By"; or NULL */
	const char *
		enum_type; /* ENUM whose names another kernel may have differently: "enum foo"; or NULL */
	const struct skep_enum_name *enum_names;
	size_t n_enum_names;
	const struct skep_schema_field *children; /* offsets count from the start of this field */
	size_t n_children;
};

/*
 * A row that lasts is a span: it has a begin, an end, which is the row's own time, and perhaps a place in a tree. The numbers
 * are OpenTelemetry's.
 */
enum skep_span_kind {
	SKEP_SPAN_NONE, /* rows are moments */
	SKEP_SPAN_INTERNAL,
	SKEP_SPAN_SERVER,
	SKEP_SPAN_CLIENT,
	SKEP_SPAN_PRODUCER,
	SKEP_SPAN_CONSUMER,
	SKEP_SPAN_KIND_MAX,
};

/* What a field says of the span. */
enum skep_span_role {
	SKEP_SPAN_NAME,	    /* what it is called; without it the row's name */
	SKEP_SPAN_DURATION, /* INT, in its unit: ns, us, ms or s */
	SKEP_SPAN_START,    /* INT, nanoseconds since boot; goes before DURATION */
	SKEP_SPAN_FAILED,   /* anything but 0, or but an empty text */
	SKEP_SPAN_ID, /* no two spans of a session have the same; zeroes: it is not of the tree */
	SKEP_SPAN_PARENT, /* what ID is of the span that this one is a part of; zeroes: of none */
	SKEP_N_SPAN_ROLES,
};

struct skep_span_shape {
	enum skep_span_kind kind;
	const char *name; /* of all of them, before SKEP_SPAN_NAME; or NULL */
	/* By role: 1 + the index among fields and, behind these, hidden; 0: nothing says it. */
	uint32_t at[SKEP_N_SPAN_ROLES];
	const struct skep_schema_field *hidden; /* of the same payload, for the span only */
	size_t n_hidden;
};

struct skep_schema {
	const char *name;
	uint32_t version;
	uint32_t size; /* bytes of the payload */
	const struct skep_schema_field *fields;
	size_t n_fields;
	bool is_level; /* an interval makes it: what there is at that moment, not an event */
	struct skep_span_shape span;
};

/* Turns ids into names. Any function may be NULL: then the number itself is shown. Each writes text to @out. */
struct skep_resolver {
	void *data;
	/* @offset: show "+0x10" behind the name. Unknown addresses are shown in hex. */
	void (*ksym)(void *data, uint64_t address, bool offset, struct skep_str *out);
	void (*usym)(void *data, uint64_t address, uint32_t tgid, bool offset,
		     struct skep_str *out);
	/* One frame a line, each behind @indent spaces; @param: style (skep_stack_style) and depth. */
	void (*kstack)(void *data, int64_t id, uint32_t param, unsigned indent,
		       struct skep_str *out);
	void (*ustack)(void *data, int64_t id, uint32_t tgid, uint32_t param, unsigned indent,
		       struct skep_str *out);
	void (*probe)(void *data, uint64_t index, struct skep_str *out);
	void (*username)(void *data, uint32_t uid, struct skep_str *out);
	void (*timestamp)(void *data, uint64_t boot_ns, uint32_t format, struct skep_str *out);
	void (*cgroup_path)(void *data, uint64_t id, struct skep_str *out);
	/* @what: 0 the name, 1 the image, 2 the id of the container that it is. */
	void (*cgroup_label)(void *data, uint64_t id, unsigned what, struct skep_str *out);
	/* @address: 16 bytes, IPv4 as ::ffff:a.b.c.d. False: no name is known. */
	bool (*host)(void *data, const uint8_t *address, struct skep_str *out);
	/* Nothing when it is not known, or there is none. */
	void (*process)(void *data, const struct skep_process *process, enum skep_process_what what,
			struct skep_str *out);
};

/* param of a stack: depth in the low 16 bits, style above. */
enum skep_stack_style {
	SKEP_STACK_BPFTRACE, /* "function+12" */
	SKEP_STACK_PERF,     /* "\tffffffff81 function+0xc ([kernel.kallsyms])" */
	SKEP_STACK_RAW,	     /* addresses only */
	SKEP_STACK_BUILD_ID, /* of the user: "0123...ef 0x4d2", the binary by its build id and the place in its file */
};
#define SKEP_STACK_PARAM(style, depth) ((uint32_t)(style) << 16 | (depth))
#define SKEP_STACK_DEPTH 0xffffu
#define SKEP_STACK_FRAMES_MAX 127 /* the kernel walks no further */

/*
 * Where stacks of at most @depth frames are kept: stacks that are the same as far as they are shown must have one id. A
 * stack's field tells its depth.
 */
struct skep_stack_map {
	uint32_t depth;
	unsigned map; /* index in the spec's maps */
};

/* Whether skep_field_int has a number to give: all kinds but texts, bytes, addresses, floats and what is made of others. */
bool skep_field_has_int(const struct skep_schema_field *field);
/* An integer field's value, sign- or zero-extended; also of BOOL, PTR, ENUM, and the leading number of id kinds. */
uint64_t skep_field_int(const struct skep_schema_field *field, const void *payload);
/*
 * A part of a whole (of unit "%", 8 bytes) may have no value, as nobody keeps it: INT64_MIN of a signed INT, anything below zero of
 * a FLOAT. In JSON that is null, in a table "-", in CSV nothing, and no attribute, tag or sample for sinks.
 */
bool skep_field_may_be_none(const struct skep_schema_field *field);
bool skep_field_is_none(const struct skep_schema_field *field, const void *payload);
/* A value as print() and map keys show it. @payload points to the start of what field->offset counts from. */
void skep_field_text(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out);
/* A value as one line of text; a stack's frames are joined by ';'. */
void skep_field_cell(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out);
/* A value as a JSON value (number, string, object, array). Strings are valid UTF-8: other bytes become U+FFFD. */
void skep_field_json(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out);
/* What field @index is called as a member of an object: a name that comes again is numbered, "pid#2". */
void skep_field_member(const struct skep_schema_field *fields, size_t index, struct skep_str *out);
/* The field of this role, or NULL. */
const struct skep_schema_field *skep_span_field(const struct skep_schema *schema,
						enum skep_span_role role);
const char *skep_span_kind_name(enum skep_span_kind kind);
const char *skep_span_role_name(enum skep_span_role role);

/*
 * {"type": "schema", "name": ..., "version": ..., "fields": [{"name", "type", "unit"}...]} and a newline; of spans also "span":
 * {"kind", "called": what all of them are called, and by role the name of a field, or true when it is none that is shown}.
 */
/* @at: where in the script rows of this schema are made, "line:column"; NULL: it has a name of its own. */
void skep_schema_json(const struct skep_schema *schema, const char *at, struct skep_str *out);
/* Adds @len bytes as a quoted JSON string; each byte that is not of valid UTF-8 is the escape of U+FFFD. */
void skep_json_string(const char *s, size_t len, struct skep_str *out);
/* How many bytes were so replaced in this JSON of ours. */
size_t skep_json_replaced(const char *json, size_t len);
/* Adds nanoseconds since 1970 as a quoted time in UTC: "2026-01-31T12:00:00.123456789Z" (RFC 3339). */
void skep_json_time(uint64_t realtime_ns, struct skep_str *out);
