/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who: names for numbers. Fills in the resolver of record/schema.h for one running plan.
 *
 *	address ──► function+offset        the kernel's symbols; a process's mappings and the binaries behind them
 *	stack id ──► addresses ──► frames  the plan's stack map
 *	uid, cgroup id, probe index, time, process
 *	address of a network ──► name	answers of the domain name system that pass by (who/dns.h)
 *
 * Nothing is read before somebody asks. What was read is kept: the mappings of a process as they were when it was first
 * seen, so that names survive the process, and one symbol table for each binary however many processes use it.
 * At most SKEP_WHO_PROCS_MAX processes are kept; the one that was asked for longest ago makes room.
 *
 *	r = skep_who_new(&options, &who);
 *	skep_field_text(field, payload, skep_who_resolver(who), &out);
 *	skep_who_free(who);
 */
#pragma once

#include "obj/engine.h"
#include "obj/unwind.h"
#include "record/schema.h"

#define SKEP_WHO_PROCS_MAX 256

struct skep_who;

/* Everything is borrowed and must outlive the object. -EPERM: it may not tap packets, which only dns wants. */
struct skep_who_options {
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	const struct skep_stack_map *stack_maps;
	size_t n_stack_maps;
	const struct skep_unwind_maps *unwind; /* of the plan's own walk, or NULL */
	const struct skep_kept_maps *kept;     /* where its stacks are, or NULL */
	const char *const *probe_names;
	size_t n_probe_names;
	const char *const
		*probe_funcs; /* of each, when its last part is not its function; NULL: of none */
	const char *const *time_formats; /* for strftime, and %f for microseconds */
	size_t n_time_formats;
	uint32_t
		monotonic_format; /* times of this one count from the start without sleep; 0: none do */
	bool dns;		  /* names of addresses are learnt, see skep_who_dns_fd */
	bool groups; /* cgroups are learnt as they are made, where the kernel tells: skep_who_groups_fd */
	bool mangled;	      /* names of user functions are shown as the linker has them */
	bool bpftrace_shapes; /* stacks of the styles perf and raw as that program shows them */
};

int skep_who_new(const struct skep_who_options *options, struct skep_who **ret_who) _must_check_;
void skep_who_free(struct skep_who *who);
SKEP_DEFINE_CLEANUP(struct skep_who, skep_who_free)

const struct skep_resolver *skep_who_resolver(const struct skep_who *who);

struct skep_kept;
/* The stacks of the plan that have numbers of their own, for who/kept.h; NULL: it has none. */
struct skep_kept *skep_who_kept(struct skep_who *who);

/* Readable when cgroups were made or removed; -1: nobody wants to know, or the kernel does not tell. */
int skep_who_groups_fd(const struct skep_who *who);
/* Learns from what waits, while the files of runtimes are there. */
void skep_who_groups_read(struct skep_who *who);

/* Readable when packets wait that may tell names; -1: nobody wants them. */
int skep_who_dns_fd(const struct skep_who *who);
/* Learns from what waits. */
void skep_who_dns_read(struct skep_who *who);
/* What was learnt, and how many packets were lost before they were read. False: nobody wanted it. */
struct skep_dns_counts;
bool skep_who_dns_counts(struct skep_who *who, struct skep_dns_counts *ret_counts,
			 uint64_t *ret_lost);

/*
 * When there is nothing else to do: gives back memory that was of no use lately. In how many ms to ask again; -1: there is
 * no need to.
 */
int skep_who_rest(struct skep_who *who);
/*
 * Looks at the mappings of a process now, while it is there. For processes whose end is near or expected; others are
 * looked at when their first address is shown.
 */
void skep_who_observe(struct skep_who *who, uint32_t pid);

/*
 * For the walk of user stacks (obj/unwind.h): the binary @path will be met; and what the plan's ring of news holds, each
 * record a process whose mappings programs want to know. Without such a walk these do nothing.
 */
void skep_who_preload(struct skep_who *who, const char *path);
/* The end of preloading; before the maps are closed at the latest. Accepts NULL. */
void skep_who_settle(struct skep_who *who);
int skep_who_news(void *who, const void *bytes, size_t len);
