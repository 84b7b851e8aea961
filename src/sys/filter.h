/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter: a program in traffic control the way it was done before Linux 6.6, by a filter of kind "bpf" below the
 * queueing discipline "clsact". No descriptor holds such a filter: it stays until somebody removes it, so a process
 * that is killed leaves it behind (tc qdisc del dev INTERFACE clsact takes it away).
 *
 *	struct skep_filter_place place = { .ifindex = ifindex, .ingress = true };
 *
 *	r = skep_filter_add(&place, prog_fd, "ingress", &filter);
 *	skep_filter_remove(&filter);	// and clsact, if it is ours and nobody else uses it by now
 */
#pragma once

#include "base/macros.h"

struct skep_filter_place {
	uint32_t ifindex;
	bool ingress; /* or egress */
	bool last;    /* behind all other filters, not before them */
	bool is_action; /* the program is of kind SCHED_ACT: the action of a filter that matches everything */
};

struct skep_filter {
	uint32_t ifindex;
	uint32_t parent, info, handle; /* as rtnetlink has them */
	bool made_clsact, is_action;
};

/* -ENOENT: the kernel has no clsact or no such filters (modules sch_ingress, cls_bpf, cls_matchall, act_bpf). */
int skep_filter_add(const struct skep_filter_place *place, int prog_fd, const char *name,
		    struct skep_filter *ret_filter) _must_check_;
void skep_filter_remove(const struct skep_filter *filter);
