/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by typed.c and typed_name.c only. */
#pragma once

#include "live/typed.h"

/* What is known of a member when its meaning is looked for. */
struct typed_member {
	const struct skep_btf *btf;
	uint32_t type;	  /* not stripped */
	const char *name; /* of the member, "" when it has none */
	const char *tag;  /* what a tag of ours says ("ipv4"), or NULL */
	const struct skep_typed_options *options;
};

/* Turns @field, made by its type alone, into what the member means. Only kinds that fit its size are given. */
void typed_name_apply(const struct typed_member *m, struct skep_schema_field *field);
/* Whether a field, called so, is a process that an address of a user or a stack may belong to: 0 no, more is better. */
unsigned typed_name_pid(const struct typed_member *m, const struct skep_schema_field *field);
