/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of probe, in the order in which -l shows them. */
#include "lang/provider.h"

extern const struct skep_provider skep_provider_begin, skep_provider_end, skep_provider_interval,
	skep_provider_profile, skep_provider_software, skep_provider_hardware,
	skep_provider_tracepoint, skep_provider_rawtracepoint, skep_provider_kprobe,
	skep_provider_kretprobe, skep_provider_fentry, skep_provider_fexit, skep_provider_uprobe,
	skep_provider_uretprobe, skep_provider_usdt, skep_provider_watchpoint, skep_provider_iter,
	skep_provider_self, skep_provider_test, skep_provider_bench, skep_provider_xdp,
	skep_provider_tc, skep_provider_cgroup, skep_provider_lsm, skep_provider_fmod_ret;

const struct skep_provider *const skep_providers[] = {
	&skep_provider_begin,	   &skep_provider_end,
	&skep_provider_interval,   &skep_provider_profile,
	&skep_provider_software,   &skep_provider_hardware,
	&skep_provider_tracepoint, &skep_provider_rawtracepoint,
	&skep_provider_kprobe,	   &skep_provider_kretprobe,
	&skep_provider_fentry,	   &skep_provider_fexit,
	&skep_provider_uprobe,	   &skep_provider_uretprobe,
	&skep_provider_usdt,	   &skep_provider_watchpoint,
	&skep_provider_iter,	   &skep_provider_self,
	&skep_provider_test,	   &skep_provider_bench,
	&skep_provider_xdp,	   &skep_provider_tc,
	&skep_provider_cgroup,	   &skep_provider_lsm,
	&skep_provider_fmod_ret,   NULL,
};
