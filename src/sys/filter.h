/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter: a program in traffic control the way it was done before Linux 6.6, by a filter of kind "bpf" below the
 * queueing discipline "clsact". No descriptor holds such a filter: it stays until somebody removes it, so a process
 * that is killed leaves it behind (tc qdisc del dev INTERFACE clsact takes it away).
 *
 *	r = skep_filter_add(ifindex, false, prog_fd, "egress", &filter);
 *	skep_filter_remove(&filter);	// and clsact, if it is ours and nobody else uses it by now
 */
#pragma once

#include "base/macros.h"

struct skep_filter {
	uint32_t ifindex;
	uint32_t parent, info, handle; /* as rtnetlink has them */
	bool made_clsact;
};

/* -ENOENT: the kernel has no clsact or no such filters (modules sch_ingress, cls_bpf). */
int skep_filter_add(uint32_t ifindex, bool ingress, int prog_fd, const char *name,
		    struct skep_filter *ret_filter) _must_check_;
void skep_filter_remove(const struct skep_filter *filter);
