/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of programs and maps, helpers and functions: what of them a kernel has, and which kind may call which. */
#include <stdlib.h>
#include <string.h>

#include "isa/progkind.h"
#include "sys/config.h"
#include "sys/offer.h"
#include "sys/vmlinux.h"
#include "trace/doctor_priv.h"

/* What has to be in a kernel's configuration besides bpf(2), by the beginning of a kind's name: the first that fits counts. */
struct need {
	const char *begins, *config;
};

/* clang-format off */
static const struct need prog_needs[] = {
	{ "lirc", "CONFIG_BPF_LIRC_MODE2" },
	{ "lsm", "CONFIG_BPF_LSM" },
	{ "netfilter", "CONFIG_NETFILTER_BPF_LINK" },
	{ "cgroup", "CONFIG_CGROUP_BPF" },
	{ "sk_reuse", "CONFIG_INET" },
	{ "sk_lookup", "CONFIG_INET" },
	{ "struct_ops", "CONFIG_BPF_JIT" },
	{ "ext", "CONFIG_BPF_JIT" },
	{ "kprobe", "CONFIG_BPF_EVENTS" },
	{ "trac", "CONFIG_BPF_EVENTS" },
	{ "perf", "CONFIG_BPF_EVENTS" },
	{ "raw", "CONFIG_BPF_EVENTS" },
	{ "syscall", NULL },
	{ "", "CONFIG_NET" },
};

static const struct need map_needs[] = {
	{ "perf", "CONFIG_PERF_EVENTS" },
	{ "stack_trace", "CONFIG_PERF_EVENTS" },
	{ "cgroup_array", "CONFIG_CGROUPS" },
	{ "cgrp", "CONFIG_CGROUPS" },
	{ "cgroup", "CONFIG_CGROUP_BPF" },
	{ "percpu_cgroup", "CONFIG_CGROUP_BPF" },
	{ "sock", "CONFIG_NET_SOCK_MSG" },
	{ "xsk", "CONFIG_XDP_SOCKETS" },
	{ "reuse", "CONFIG_INET" },
	{ "inode", "CONFIG_BPF_LSM" },
	{ "struct_ops", "CONFIG_BPF_JIT" },
	{ "dev", "CONFIG_NET" },
	{ "sk_", "CONFIG_NET" },
	{ "", NULL },
};
/* clang-format on */

static const char *needed(const struct need *needs, const char *name)
{
	while (!skep_has_prefix(name, needs->begins))
		needs++;
	return needs->config;
}

const char *skep_doctor_prog_needs(uint32_t kind)
{
	return needed(prog_needs, skep_prog_kind_find(kind)->name);
}

const char *skep_doctor_map_needs(uint32_t kind)
{
	return needed(map_needs, skep_map_kind_find(kind)->name);
}

static enum skep_doctor_answer configured(const char *config, const char *option)
{
	return option && !skep_config_is_set(config, option, strlen(option)) ? SKEP_DOCTOR_NO
									     : SKEP_DOCTOR_UNKNOWN;
}

void skep_doctor_offers_config(const char *config, struct skep_doctor_offers *ret)
{
	for (uint32_t k = 1; k < ARRAY_SIZE(ret->progs); k++)
		ret->progs[k].works = configured(config, skep_doctor_prog_needs(k));
	for (uint32_t k = 1; k < ARRAY_SIZE(ret->maps); k++)
		ret->maps[k].works = configured(config, skep_doctor_map_needs(k));
}

static struct skep_doctor_kind kind(int error)
{
	return (struct skep_doctor_kind){ error == 0 ? SKEP_DOCTOR_YES : SKEP_DOCTOR_NO, error };
}

/* Of @asked, the kinds that may call it. */
static uint64_t kinds_that_call(uint64_t asked, int (*may)(uint32_t kind, uint32_t id), uint32_t id)
{
	uint64_t kinds = 0;

	for (uint32_t k = 1; k <= SKEP_PROG_NETFILTER; k++)
		if (asked & SKEP_KIND(k) && may(k, id) == 0)
			kinds |= SKEP_KIND(k);
	return kinds;
}

/*
 * A kernel warns in its log of each program that asks for this one, so that is not asked again: it is the same for all kinds
 * that trace.
 */
static uint64_t kinds_that_write_user(void)
{
	return skep_feature_has(SKEP_FEATURE_WRITE_USER)
		       ? skep_helper_find(SKEP_HELPER_PROBE_WRITE_USER)->prog_kinds
		       : 0;
}

/*
 * Functions that are not marked are a few of many: those that none of these kinds may call, which have the most of them, are
 * taken for none.
 */
static uint64_t kinds_that_call_unmarked(uint64_t asked, uint32_t func)
{
	const uint64_t first =
		asked & (SKEP_KIND(SKEP_PROG_TRACING) | SKEP_KIND(SKEP_PROG_XDP) |
			 SKEP_KIND(SKEP_PROG_SCHED_CLS) | SKEP_KIND(SKEP_PROG_STRUCT_OPS) |
			 SKEP_KIND(SKEP_PROG_CGROUP_SKB) | SKEP_KIND(SKEP_PROG_SYSCALL));
	uint64_t kinds = kinds_that_call(first, skep_offer_function, func);

	return kinds ? kinds | kinds_that_call(asked & ~first, skep_offer_function, func) : 0;
}

uint64_t skep_doctor_offers_asked(const struct skep_doctor_offers *o)
{
	uint64_t kinds = 0;

	for (uint32_t k = 1; k < ARRAY_SIZE(o->progs); k++)
		if (o->progs[k].works == SKEP_DOCTOR_YES && k != SKEP_PROG_EXT)
			kinds |= SKEP_KIND(k);
	return kinds;
}

static int by_name(const void *a, const void *b)
{
	const struct skep_doctor_function *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Those that are not marked are told by that some kind may call them. */
static void find_functions(struct skep_arena *arena, struct skep_doctor_offers *o)
{
	const uint64_t asked = skep_doctor_offers_asked(o);
	const struct skep_btf *btf;
	uint32_t at, func;
	size_t n = 0;

	if (skep_vmlinux_btf(NULL, &btf) < 0)
		return;
	o->marks = skep_offer_marks(btf);
	if (!o->marks && !o->pairs)
		return;
	for (at = 0; (at = skep_offer_next(btf, o->marks, at, &func));)
		n++;
	o->functions = skep_arena_alloc(arena, n * sizeof(*o->functions));
	for (at = 0; (at = skep_offer_next(btf, o->marks, at, &func));) {
		struct skep_doctor_function f = { .name = skep_btf_name(btf, func) };

		if (o->pairs)
			f.kinds = o->marks ? kinds_that_call(asked, skep_offer_function, func)
					   : kinds_that_call_unmarked(asked, func);
		if (o->marks || f.kinds)
			o->functions[o->n_functions++] = f;
	}
	qsort(o->functions, o->n_functions, sizeof(*o->functions), by_name);
}

void skep_doctor_offers_here(struct skep_arena *arena, bool pairs, struct skep_doctor_offers *ret)
{
	uint64_t asked;

	ret->tried = true;
	ret->pairs = pairs;
	for (uint32_t k = 1; k < ARRAY_SIZE(ret->progs); k++)
		ret->progs[k] = kind(skep_offer_prog(k));
	for (uint32_t k = 1; k < ARRAY_SIZE(ret->maps); k++)
		ret->maps[k] = kind(skep_offer_map(k));
	ret->last_helper = skep_offer_last_helper();
	asked = skep_doctor_offers_asked(ret);
	for (int32_t h = 1; pairs && h <= ret->last_helper && h < SKEP_HELPER_END; h++)
		ret->helpers[h] = h == SKEP_HELPER_PROBE_WRITE_USER
					  ? asked & kinds_that_write_user()
					  : kinds_that_call(asked, skep_offer_helper, (uint32_t)h);
	find_functions(arena, ret);
}
