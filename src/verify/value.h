/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value: what is known of a register, or of a stack slot that a register was saved in.
 *
 *	kind	what it is: a number, or a pointer and to what
 *	off	pointers: the known distance from where the object begins
 *	num	numbers: the number; pointers: what was added that is not known exactly
 *	id	values with the same id (not 0) are equal, or differ by `delta` (numbers), are NULL together (maybe-null
 *		pointers), or share what is known of their range (packet pointers)
 *	ref	not 0: the acquired reference that this pointer holds
 *
 * A pointer that may be NULL has SKEP_VALUE_MAYBE_NULL and must be compared with 0 before use. A value that is all zero
 * is SKEP_VALUE_NOTHING: never written, not readable.
 */
#pragma once

#include "base/str.h"
#include "verify/scalar.h"

enum skep_value_kind {
	SKEP_VALUE_NOTHING, /* not written, or lost in a call */
	SKEP_VALUE_NUMBER,
	SKEP_VALUE_CTX,	      /* the program's context */
	SKEP_VALUE_MAP,	      /* a map itself, for helpers */
	SKEP_VALUE_MAP_VALUE, /* an element's value */
	SKEP_VALUE_MAP_KEY,   /* an element's key, in callbacks */
	SKEP_VALUE_STACK, /* of frame `frame`; off counts from its frame pointer, so it is negative */
	SKEP_VALUE_PACKET, /* `range` bytes from off on are proven to exist */
	SKEP_VALUE_PACKET_META,
	SKEP_VALUE_PACKET_END,
	SKEP_VALUE_MEM,	   /* `size` bytes */
	SKEP_VALUE_BUF,	   /* a buffer whose size user space knows: bounds are noted, not judged */
	SKEP_VALUE_OBJECT, /* a kernel object of BTF type `type`; reads are checked by the type */
	SKEP_VALUE_SOCK, /* sockets in the stable view of programs: struct bpf_sock and the like */
	SKEP_VALUE_SOCK_COMMON,
	SKEP_VALUE_TCP_SOCK,
	SKEP_VALUE_XDP_SOCK,
	SKEP_VALUE_FLOW_KEYS,
	SKEP_VALUE_TP_BUFFER, /* the buffer of a writable raw tracepoint */
	SKEP_VALUE_FUNC,      /* a function of the program, for callbacks */
	SKEP_VALUE_ITER,      /* in slots only: an iterator (iter.c) */
	SKEP_N_VALUE_KINDS,
};

enum skep_value_flag {
	SKEP_VALUE_MAYBE_NULL = 1 << 0,
	SKEP_VALUE_READ_ONLY = 1 << 1,
	SKEP_VALUE_RINGBUF = 1 << 2, /* MEM: a reserved record, exactly as returned */
	SKEP_VALUE_USER =
		1 << 3, /* OBJECT: an address of user space, only for helpers that read there */
	SKEP_VALUE_PERCPU = 1 << 4,  /* OBJECT: one for each CPU */
	SKEP_VALUE_TRUSTED = 1 << 5, /* OBJECT: alive while the program runs */
	SKEP_VALUE_RCU = 1 << 6,     /* OBJECT: alive inside the read section */
	SKEP_VALUE_UNTRUSTED =
		1 << 7, /* OBJECT: may dangle; loads are allowed, passing it on is not */
	SKEP_VALUE_AT_END = 1 << 9,	 /* PACKET: the packet's end or behind it; `range` is 0 */
	SKEP_VALUE_BEYOND_END = 1 << 10, /* PACKET: behind the packet's end */
	SKEP_VALUE_LOCKABLE = 1 << 11,	 /* MAP_VALUE with a lock in it: its id tells whose */
	SKEP_VALUE_STALE =
		1
		<< 8, /* NUMBER: was a pointer, until what it pointed to was given back or moved */
};

struct skep_value {
	uint8_t kind;	/* enum skep_value_kind */
	uint8_t frame;	/* STACK */
	uint16_t flags; /* of enum skep_value_flag */
	int32_t off;
	union {
		uint32_t map;  /* MAP, MAP_VALUE, MAP_KEY: index in the spec */
		uint32_t size; /* MEM, TP_BUFFER: bytes; BUF: which one */
		uint32_t type; /* OBJECT: BTF id */
		uint32_t func; /* FUNC: number of the function */
	};
	uint32_t range; /* PACKET, PACKET_META: bytes proven; their own beginning is off 0 */
	uint32_t id;
	int32_t delta; /* number with id and has_delta: this is the id's base plus delta */
	bool has_delta;
	bool delta_wraps; /* at 32 bits: base and this fit into so many */
	uint32_t
		inner_map; /* MAP_VALUE of a map of maps, MAP: which inner map, 0 if the spec's own */
	uint32_t ref;
	uint32_t born; /* the instruction that made it, for explanations */
	struct skep_scalar num;
};

static inline bool skep_value_is_pointer(const struct skep_value *v)
{
	return v->kind > SKEP_VALUE_NUMBER;
}

/* Says no longer what other values it is related to. */
static inline void skep_value_unlink(struct skep_value *v)
{
	v->id = 0;
	v->delta = 0;
	v->has_delta = false;
}

/* What it differs by wraps at 32 bits. */
static inline bool skep_value_wraps(const struct skep_value *v)
{
	return v->has_delta && v->delta_wraps;
}

static inline bool skep_value_is_packet(const struct skep_value *v)
{
	return v->kind == SKEP_VALUE_PACKET || v->kind == SKEP_VALUE_PACKET_META;
}

static inline bool skep_value_may_be_null(const struct skep_value *v)
{
	return v->flags & SKEP_VALUE_MAYBE_NULL;
}

/* A known number. */
static inline bool skep_value_is_const(const struct skep_value *v)
{
	return v->kind == SKEP_VALUE_NUMBER && skep_scalar_is_const(&v->num);
}

struct skep_value skep_value_number(void);
struct skep_value skep_value_const(uint64_t x);
/* What is left of a pointer whose object is gone: some number. */
struct skep_value skep_value_stale(void);
/* A pointer with nothing unknown added. */
struct skep_value skep_value_pointer(enum skep_value_kind kind, unsigned flags);

/* "a number", "a map value", "a packet pointer": with article, for sentences. */
const char *skep_value_kind_text(const struct skep_value *v);
/* As states are shown: "fp-16", "map_value(counts,off=8)", "[0, 255]", "pkt(r=14)+12". */
void skep_value_format(const struct skep_value *v, struct skep_str *out);
