/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts: what lies behind R1 when a program starts, field by field, as one table.
 *
 * The structures are the kernel's UAPI. Who may read or write a field depends on the kind of program: struct
 * __sk_buff is the context of ten kinds, and each sees other fields of it. How wide an access may be is the field's
 * affair: some give only the whole, some any aligned part, some two neighbours at once. All of it was asked of Linux
 * 6.18 by loading a program for each kind, place, size and direction; tests/unit/isa/test_context.c asks again.
 *
 *	const struct skep_ctx_field *field;
 *
 *	if (skep_context_access(SKEP_PROG_XDP, 0, 0, 4, false, &field) < 0)
 *		... the kernel would refuse it
 *	if (field && field->kind == SKEP_CTX_PACKET) ... R0 points into the packet
 *
 * Contexts without structure (registers, arguments, records of tracepoints) are ranges of bytes: no field, and
 * `field` is NULL. Offsets and sizes are those of a 64-bit kernel.
 */
#pragma once

#include "isa/progkind.h"

/* What a load from a field gives. */
enum skep_ctx_kind {
	SKEP_CTX_SCALAR,
	SKEP_CTX_PACKET, /* pointer to the first byte */
	SKEP_CTX_PACKET_END,
	SKEP_CTX_PACKET_META, /* pointer to the metadata in front of the packet */
	SKEP_CTX_FLOW_KEYS,   /* pointer to struct bpf_flow_keys */
	SKEP_CTX_SOCK,	      /* pointer to struct bpf_sock */
	SKEP_CTX_SOCK_OR_NULL,
	SKEP_CTX_SOCK_COMMON_OR_NULL, /* likewise, of which only the first part is sure to be there */
	SKEP_CTX_BUFFER,	      /* pointer to a tracepoint's buffer that may be written */
	SKEP_CTX_OBJECT,	      /* pointer to a structure of the kernel */
};

enum skep_ctx_flag {
	SKEP_CTX_NARROW = 1 << 0, /* any aligned part of it may be read */
	SKEP_CTX_PAIR =
		1 << 1, /* two neighbours may be read (and, if writable, written) as 8 bytes */
	SKEP_CTX_NARROW_WRITE = 1 << 2, /* any aligned part of it may be written */
	SKEP_CTX_WIDE = 1 << 3,		/* twice the width may be read, padding included */
	SKEP_CTX_HEAD = 1 << 4,		/* a part that begins with its first byte may be read */
	SKEP_CTX_TAIL = 1 << 5,		/* a part that does not may be read, as a number */
	SKEP_CTX_HALF = 1 << 6,		/* a part of at least 2 bytes may be read */
};

struct skep_ctx_field {
	const char *name;
	uint16_t offset;
	uint8_t size;		   /* of one element */
	uint8_t count;		   /* of an array; else 1 */
	uint8_t kind;		   /* of enum skep_ctx_kind */
	uint8_t flags;		   /* of enum skep_ctx_flag */
	uint64_t readers, writers; /* SKEP_KIND() of the kinds of programs that may */
};

/* A part of a context without fields. */
struct skep_ctx_range {
	uint16_t offset, end;
	uint8_t sizes; /* the widths allowed, or-ed: 1 | 2 | 4 | 8; each aligned to itself */
	bool writable;
};

struct skep_context {
	const char *type; /* "struct __sk_buff" */
	uint16_t
		size; /* bytes of it that a run has to provide; of ranges: the most that a program may reach */
	const struct skep_ctx_field *fields; /* by offset, or NULL */
	size_t n_fields;
	struct skep_ctx_range range; /* when there are no fields, or in front of them */
};

/* The context of a kind of program, or NULL (it depends on what the program stands for: ext, struct_ops). */
const struct skep_context *skep_context_find(uint32_t prog_kind);

/* The field that covers byte @offset, or NULL. */
const struct skep_ctx_field *skep_context_field(const struct skep_context *context,
						uint32_t offset);

/*
 * Whether a program of that kind may access @size bytes at @offset of its context. @attach_type is the program's
 * expected_attach_type, which widens or narrows some contexts. 0 with the field (NULL in a range); -EACCES: never;
 * -EINVAL: not so (size or alignment).
 */
int skep_context_access(uint32_t prog_kind, uint32_t attach_type, int64_t offset, unsigned size,
			bool write, const struct skep_ctx_field **ret_field) _must_check_;
