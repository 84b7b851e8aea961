/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program may return: some kinds' results are verdicts, and only the known ones are allowed.
 */
#include <errno.h>

#include "isa/attachtype.h"
#include "verify/walk.h"

struct allowed {
	int64_t min, max;
};

static bool must_be_one(uint32_t attach_type)
{
	switch (attach_type) {
	case SKEP_AT_CGROUP_UDP4_RECVMSG:
	case SKEP_AT_CGROUP_UDP6_RECVMSG:
	case SKEP_AT_CGROUP_INET4_GETPEERNAME:
	case SKEP_AT_CGROUP_INET6_GETPEERNAME:
	case SKEP_AT_CGROUP_INET4_GETSOCKNAME:
	case SKEP_AT_CGROUP_INET6_GETSOCKNAME:
	case SKEP_AT_CGROUP_UNIX_RECVMSG:
	case SKEP_AT_CGROUP_UNIX_GETPEERNAME:
	case SKEP_AT_CGROUP_UNIX_GETSOCKNAME:
		return true;
	default:
		return false;
	}
}

static bool find_allowed(const struct skep_spec_prog *prog, struct allowed *ret_allowed)
{
	*ret_allowed = (struct allowed){ 0, 1 };
	switch (prog->type) {
	case SKEP_PROG_CGROUP_SKB:
		if (prog->attach_type == SKEP_AT_CGROUP_INET_EGRESS)
			ret_allowed->max = 3;
		return true;
	case SKEP_PROG_CGROUP_SOCK_ADDR:
		if (must_be_one(prog->attach_type))
			ret_allowed->min = 1;
		if (prog->attach_type == SKEP_AT_CGROUP_INET4_BIND ||
		    prog->attach_type == SKEP_AT_CGROUP_INET6_BIND)
			ret_allowed->max = 3;
		return true;
	case SKEP_PROG_CGROUP_SOCK:
	case SKEP_PROG_SOCK_OPS:
	case SKEP_PROG_CGROUP_DEVICE:
	case SKEP_PROG_CGROUP_SYSCTL:
	case SKEP_PROG_CGROUP_SOCKOPT:
	case SKEP_PROG_SK_LOOKUP:
	case SKEP_PROG_NETFILTER:
		return true;
	case SKEP_PROG_KPROBE: /* sessions say whether the end of the function is watched, too */
		return prog->attach_type == SKEP_AT_TRACE_KPROBE_SESSION ||
		       prog->attach_type == SKEP_AT_TRACE_UPROBE_SESSION;
	case SKEP_PROG_TRACING:
		if (prog->attach_type == SKEP_AT_TRACE_ITER)
			return true;
		ret_allowed->max = 0;
		return prog->attach_type == SKEP_AT_TRACE_FENTRY ||
		       prog->attach_type == SKEP_AT_TRACE_FEXIT;
	default:
		return false;
	}
}

int skep_walk_check_return(struct skep_walk *walk, const char *who)
{
	const struct skep_value *r0 = skep_walk_reg(walk, SKEP_R0);
	struct allowed allowed;

	if (!find_allowed(walk->prog, &allowed))
		return 0;
	if (r0->kind == SKEP_VALUE_NUMBER && r0->num.r64.smin >= allowed.min &&
	    r0->num.r64.smax <= allowed.max)
		return skep_need_precise(walk, SKEP_R0);
	if (allowed.min == allowed.max)
		skep_report(walk, SKEP_REASON_RETURN, SKEP_R0,
			    "%s has to return %lld, but may return something else", who,
			    (long long)allowed.min);
	else
		skep_report(walk, SKEP_REASON_RETURN, SKEP_R0,
			    "%s has to return %lld to %lld, but may return something else", who,
			    (long long)allowed.min, (long long)allowed.max);
	return -EINVAL;
}
