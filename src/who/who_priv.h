/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by who.c, stacks.c and times.c only: what a resolver keeps. */
#pragma once

#include <time.h>

#include "who/kept.h"
#include "who/ksyms.h"
#include "who/process.h"
#include "who/usyms.h"
#include "who/who.h"

/* The second that was shown last: times of rows come close behind each other. */
struct known_second {
	const char *format; /* NULL: none is known */
	time_t second;
	char before[64], after[64]; /* its text, but for the microseconds in between */
};

struct skep_who {
	struct skep_who_options options;
	struct skep_resolver resolver;
	struct skep_ksyms ksyms;
	struct skep_usyms *usyms;   /* made on first use */
	struct skep_tables *tables; /* NULL: the plan does not walk stacks itself */
	struct skep_kept *kept;	    /* NULL: no stack of it has a number of its own */
	uint64_t *stack;
	int64_t clock_offset_ns, monotonic_offset_ns; /* 0: not looked at yet */
	struct known_second second;
	struct skep_processes processes;
	struct skep_dns *dns; /* NULL: names of addresses are not wanted */
	int tap;
	struct skep_groups *groups; /* NULL: cgroups are not learnt */
};

/* Functions of the resolver, each with the struct skep_who as @data. */
void skep_who_ksym(void *data, uint64_t address, bool offset, struct skep_str *out);
void skep_who_usym(void *data, uint64_t address, uint32_t tgid, bool offset, struct skep_str *out);
void skep_who_kstack(void *data, int64_t id, uint32_t param, unsigned indent, struct skep_str *out);
void skep_who_ustack(void *data, int64_t id, uint32_t tgid, uint32_t param, unsigned indent,
		     struct skep_str *out);
void skep_who_timestamp(void *data, uint64_t boot_ns, uint32_t index, struct skep_str *out);
