/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed: types of BTF as schemas, so that what a program in C writes is shown by the encoders that show everything else.
 *
 *	struct event {				pid	int32
 *		pid_t pid;			uid	username
 *		uid_t uid;		  ──►	saddr	inet
 *		__be32 saddr;			dport	uint16, big endian
 *		__be16 dport;			lat	uint64, unit ns
 *		skep_ns_t lat;			comm	string
 *		char comm[16];
 *	};
 *
 * What a member means beyond its type is said by, in this order:
 *
 *	a tag		__attribute__((btf_decl_tag("skep:ipv4"))), any word of the table in typed_name.c
 *	a typedef	skep_ipv4_t (bpf/row.bpf.h has all of them), uid_t, __be16, struct in6_addr...
 *			and of a __be32 its name: daddr is an address, seq a number
 *	its name	only where a plain number or array could hardly be anything else: uid, cgroup_id, saddr, lat_ns
 *
 * Members of anonymous structs and unions stand among the others. Arrays of char are texts. What cannot be shown any other
 * way (128-bit numbers, structs inside of structs beyond SKEP_TYPED_DEPTH_MAX, members beyond SKEP_TYPED_FIELDS_MAX) is
 * shown as the bytes it is: nothing is left out.
 *
 * Guarantee: no field that is made reaches beyond the size of the type, however hostile the BTF is. The flexible array at
 * the end of a record is its last field, with size and count 0: who knows how long a record is may set them.
 *
 *	r = skep_typed_schema(btf, id, &options, arena, &schema);
 *	for (size_t i = 0; i < schema.n_fields; i++)
 *		skep_field_json(&schema.fields[i], record, resolver, &out);
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "record/schema.h"

#define SKEP_TYPED_DEPTH_MAX 8
#define SKEP_TYPED_FIELDS_MAX 1024 /* of one type, those inside of others included */

struct skep_typed_options {
	uint32_t
		stack_depth; /* frames of the map of stacks that ids belong to; 0: ids stay numbers */
};

/* What times are shown as: indices for skep_who_options.time_formats, which must have both. */
enum skep_typed_time {
	SKEP_TYPED_TIME_BOOT, /* of bpf_ktime_get_boot_ns */
	SKEP_TYPED_TIME_MONOTONIC, /* of bpf_ktime_get_ns: `who` is told by this number to add the difference */
};

/*
 * How a member @name of type @type and @size bytes is shown, but for tags: AF_INET or AF_INET6 as an address, 1 as a number in
 * the network's order, 0 neither.
 */
int skep_typed_network(const struct skep_btf *btf, uint32_t type, const char *name, uint32_t size);
/*
 * A value of type @id, at offset 0, under @name (NULL: its own). Everything is in @arena, names included. @options may be
 * NULL. -EINVAL: a type without a size.
 */
int skep_typed_field(const struct skep_btf *btf, uint32_t id, const char *name,
		     const struct skep_typed_options *options, struct skep_arena *arena,
		     struct skep_schema_field *ret_field) _must_check_;
/*
 * A record of type @id: the members of a struct or union, else one field called "value". Its name is that of the struct
 * or typedef, or @name when it has none.
 */
int skep_typed_schema(const struct skep_btf *btf, uint32_t id, const char *name,
		      const struct skep_typed_options *options, struct skep_arena *arena,
		      struct skep_schema *ret_schema) _must_check_;
/* One field of @size bytes, for what has no type. */
struct skep_schema_field skep_typed_bytes(const char *name, uint32_t size);
