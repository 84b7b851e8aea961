/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trying: a program runs once, or a few times, in the machine of our own, on input that is given, and what it did is told.
 * Any kind of program runs, those as well that a kernel runs only when something happens.
 *
 *	struct skep_try_input input = { .packet = bytes, .packet_size = n };
 *	r = skep_try(&input_file, prog, &input, arena, diag, &out);	// "r0: 2 (0x2)", maps, output
 */
#pragma once

#include "workbench/input.h"

struct skep_try_input {
	const void
		*bytes; /* the packet of kinds that have one, else the context; or NULL: zeroes */
	size_t size;
	const void *ctx; /* the context of kinds that have a packet, or NULL */
	size_t ctx_size;
	unsigned repeat; /* runs, on the same maps; 0: 1 */
	uint32_t pid;	 /* what the helpers say of the process */
	const char *comm;
};

/* Kinds that get a packet. */
bool skep_try_has_packet(uint32_t prog_type);

/*
 * Appends what came out: the result, lines printed, records of rings, contents of maps. -EFAULT: the program did something
 * wrong, @ret_text says what and where. Other errors have the diag.
 */
int skep_try(const struct skep_input *input, size_t prog, const struct skep_try_input *with,
	     struct skep_diag *diag, struct skep_str *ret_text) _must_check_;
