/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of the tracing language.
 *
 * A type is an immutable record in the compilation's arena; two types are the same when skep_type_equal says so. Kernel
 * structs are described by BTF and looked into lazily: a script that reads one field of task_struct never copies the other 250.
 *
 * How a value of a type lives in a program:
 *	scalar	INT, PTR, and everything that is a number for the program and gets its meaning in user space
 *		(KSYM, USYM, PROBE, CGROUP_PATH, USERNAME, TIMESTAMP, KSTACK, USTACK ids)
 *	memory	STRING, BUFFER, ARRAY, STRUCT, TUPLE, INET, MAC: an address and `size` bytes
 *	map	COUNT ... TSERIES: only as the value of a map
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "obj/btf.h"

struct skep_world;

enum skep_type_kind {
	SKEP_TYPE_VOID,
	SKEP_TYPE_INT,
	SKEP_TYPE_STRING, /* size bytes, terminated by a zero byte unless full */
	SKEP_TYPE_BUFFER, /* 4 bytes of length, then up to size - 4 bytes (buf) */
	SKEP_TYPE_PTR,
	SKEP_TYPE_STRUCT, /* struct or union */
	SKEP_TYPE_ARRAY,
	SKEP_TYPE_TUPLE, /* the fields in order, named "0", "1"...; laid out without holes that hold garbage */
	SKEP_TYPE_KSTACK, /* 8 bytes: id in the stack map; negative is an error */
	SKEP_TYPE_USTACK, /* 16 bytes in memory: id, then tgid and 4 zero bytes */
	SKEP_TYPE_KSYM,
	SKEP_TYPE_USYM,	 /* 16 bytes in memory: address, then tgid and 4 zero bytes */
	SKEP_TYPE_PROBE, /* index of a probe name in the plan */
	SKEP_TYPE_USERNAME,
	SKEP_TYPE_TIMESTAMP, /* nanoseconds with a strftime format: the format's index is in `param` */
	SKEP_TYPE_CGROUP_PATH,
	SKEP_TYPE_INET, /* 20 bytes: address family (u32), then 4 or 16 bytes of address */
	SKEP_TYPE_MAC,	/* 6 bytes */
	SKEP_TYPE_FLOAT, /* 4, 8 or 16 bytes that no program computes with: shown as part of a struct */
	SKEP_TYPE_COUNT,
	SKEP_TYPE_SUM,
	SKEP_TYPE_MIN,
	SKEP_TYPE_MAX,
	SKEP_TYPE_AVG,
	SKEP_TYPE_STATS,
	SKEP_TYPE_HIST,	 /* param: bits of linear steps per power of two, 0 to 5 */
	SKEP_TYPE_LHIST, /* lhist_min, lhist_max, lhist_step */
	SKEP_TYPE_TSERIES, /* param: slots; lhist_step: ns of an interval; lhist_min: enum skep_series */
	SKEP_TYPE_KIND_MAX,
};

/* Where a pointer points, which decides how it is read. */
enum skep_space {
	SKEP_SPACE_KERNEL, /* bpf_probe_read_kernel */
	SKEP_SPACE_USER,   /* bpf_probe_read_user */
	SKEP_SPACE_BTF,	   /* the verifier knows its type: direct loads are allowed */
	SKEP_SPACE_BPF,	   /* map values, stack, ring records: the program's own memory */
	SKEP_SPACE_CTX,	   /* the context: direct loads at constant offsets */
	SKEP_SPACE_ANY,	   /* kernel or user, as the address itself says; never in a type */
};

struct skep_type;

struct skep_field {
	const char *name;
	const struct skep_type *type;
	uint32_t offset;   /* bytes; for a bit-field of the storage unit that is read */
	uint16_t bit_off;  /* within the storage unit, from the lowest bit */
	uint16_t bit_size; /* 0: not a bit-field */
	uint32_t
		need_plus1; /* made ahead of time: 1 + what it takes for granted (need.h); 0: offset is final */
	bool data_loc; /* tracepoint __data_loc: a u32 (length << 16 | offset) stands here, the bytes elsewhere */
	bool rel_loc; /* like data_loc, with the offset counted from behind the u32 */
};

/*
 * A struct or union: from BTF (btf and id set, fields looked up on demand) or with a list of its own (tracepoints,
 * definitions in the script).
 */
struct skep_struct {
	const char *name; /* without "struct"; may be empty for anonymous ones */
	uint32_t size;
	uint32_t align; /* of a definition in the script; else 0 */
	bool is_union;
	bool is_script; /* defined in the script: its pointers lead where the struct itself is */
	const struct skep_btf *btf;
	uint32_t btf_id;
	const struct skep_field *fields;
	size_t n_fields;
	/*
	 * Where another machine finds it, when it has no name there: @path, with dots, from the type or the probe called
	 * @origin on; NULL: by its name.
	 */
	const char *origin, *path;
};

/* An enum that the script defines. */
struct skep_enum {
	const char *name; /* may be empty */
	const char *const *names;
	const int64_t *values;
	size_t n;
};

struct skep_type {
	enum skep_type_kind kind;
	uint32_t size;	/* bytes of a value in memory */
	bool is_signed; /* INT */
	bool is_bool;
	bool is_path; /* STRING read whole for being a path by its name: in maps as long as other texts */
	uint8_t narrow;	       /* INT of 8 bytes: what is in it came from that few bytes; else 0 */
	enum skep_space space; /* PTR */
	const struct skep_type
		*elem;	/* PTR (NULL: void), ARRAY, and the INT behind SUM, MIN, MAX, AVG, STATS */
	uint32_t count; /* ARRAY */
	const struct skep_struct *str;	 /* STRUCT */
	const struct skep_field *fields; /* TUPLE */
	size_t n_fields;
	bool is_record; /* TUPLE whose fields have names of their own; their order is that of the first value */
	const struct skep_btf *enum_btf; /* INT that is an enum: printed by name */
	uint32_t enum_id;
	const struct skep_enum *enum_own; /* likewise, of the script */
	uint32_t param;
	int64_t lhist_min, lhist_max, lhist_step;
};

/* Where types come from: the arena and the kernel's BTF (NULL when there is none). */
struct skep_types {
	struct skep_arena *arena;
	const struct skep_btf *btf;
	uint32_t max_strlen; /* bytes of str() and of comparisons without an own length */
	struct skep_needs *
		needs; /* what is made is for other machines, too: what it relies on is noted here; else NULL */
	struct skep_hash defs; /* types that the script defines, by name: "struct foo", "foo_t" */
	/* The binary whose probe is looked at: its own types come before the kernel's of the same name. NULL: none. */
	const char *binary;
	const struct skep_world *world;
};

extern const struct skep_type skep_type_void;
/* size 1, 2, 4, 8 */
const struct skep_type *skep_type_int(unsigned size, bool is_signed);
/* A number of 64 bits that came from @bytes, fewer than 8. */
const struct skep_type *skep_type_narrow(struct skep_arena *arena, unsigned bytes, bool is_signed);
/* What such a number was before it was put into a variable or a map; other types as they are. */
const struct skep_type *skep_type_given(struct skep_arena *arena, const struct skep_type *type);
const struct skep_type *skep_type_bool(void);
/* size 4, 8, 16 */
const struct skep_type *skep_type_float(struct skep_types *types, uint32_t size);
const struct skep_type *skep_type_string(struct skep_types *types, uint32_t size);
const struct skep_type *skep_type_buffer(struct skep_types *types, uint32_t capacity);
const struct skep_type *skep_type_ptr(struct skep_types *types, const struct skep_type *to,
				      enum skep_space space);
const struct skep_type *skep_type_array(struct skep_types *types, const struct skep_type *elem,
					uint32_t count);
const struct skep_type *skep_type_tuple(struct skep_types *types,
					const struct skep_type *const *elems, size_t n);
/* A tuple whose elements have names: (x = 1, y = 2). */
const struct skep_type *skep_type_record(struct skep_types *types, const char *const *names,
					 const struct skep_type *const *elems, size_t n);
/* A tuple or record as @like, of other types. */
const struct skep_type *skep_type_tuple_like(struct skep_types *types, const struct skep_type *like,
					     const struct skep_type *const *elems);
/*
 * Which element of the tuple @of is the @i-th of @as, which has as many: records go by their names. SIZE_MAX: none.
 */
size_t skep_type_element(const struct skep_type *of, const struct skep_type *as, size_t i);
/* The element that .name means: a number, or the name in a record. SIZE_MAX: there is none. */
size_t skep_type_element_named(const struct skep_type *type, const char *name);
/* A type with only kind and size: KSTACK, KSYM, COUNT, INET... */
const struct skep_type *skep_type_simple(struct skep_types *types, enum skep_type_kind kind);
const struct skep_type *skep_type_agg(struct skep_types *types, enum skep_type_kind kind,
				      const struct skep_type *of);
/* The language's view of a BTF type; modifiers and typedefs are stripped. @space is for pointers inside it. */
const struct skep_type *skep_type_from_btf(struct skep_types *types, const struct skep_btf *btf,
					   uint32_t id, enum skep_space space);
/*
 * By its C name, as casts write it: "uint32_t", "int8", "struct sock", "sock", "string[16]", "enum x", "char *".
 * NULL when there is no such type.
 */
const struct skep_type *skep_type_by_name(struct skep_types *types, const char *name);
/* The same, never one of the program that is probed: what we ourselves need of the kernel. */
const struct skep_type *skep_type_of_kernel(struct skep_types *types, const char *name);
/* Bytes at whose multiples a member of this type stands in C. */
uint32_t skep_type_align(const struct skep_type *type);
/* Finds the storage unit of a bit-field that begins at @bit_offset; f->type is as declared. False: there is none. */
bool skep_type_bit_field(uint64_t bit_offset, uint32_t bit_size, struct skep_field *f);
/* Member @name of a struct, through anonymous members. False when there is none. @space: of pointers in it. */
bool skep_type_field(struct skep_types *types, const struct skep_type *type, const char *name,
		     enum skep_space space, struct skep_field *ret_field);
/* Comma-separated names of a struct's fields, the nearest to @wanted first, at most @max of them: for hints. */
char *skep_type_field_names(struct skep_types *types, const struct skep_type *type,
			    const char *wanted, size_t max);

bool skep_type_equal(const struct skep_type *a, const struct skep_type *b);
/* The same, and numbers in it came from equally many bytes. */
bool skep_type_same(const struct skep_type *a, const struct skep_type *b);
bool skep_type_is_scalar(const struct skep_type *type); /* lives in a register */
bool skep_type_is_agg(const struct skep_type *type);	/* lives only in maps */
/* What an aggregation is when a program reads it; NULL for histograms, which are no number. */
const struct skep_type *skep_type_agg_number(const struct skep_type *type);
/* As people write it: "uint64", "struct task_struct *", "string[64]", "(int64,string[16])". */
void skep_type_format(const struct skep_type *type, struct skep_str *out);
char *skep_type_text(struct skep_types *types, const struct skep_type *type);
