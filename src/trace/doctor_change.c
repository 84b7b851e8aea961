/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a feature is missing and what would give it. An option of the configuration is named only when the kernel lacks it: when
 * all are set, something else refuses, and that is looked for.
 */
#include <errno.h>
#include <string.h>

#include "sys/config.h"
#include "sys/explain.h"
#include "trace/doctor_priv.h"

#define TRACEFS "mount -t tracefs none /sys/kernel/tracing"

/* What has to be in a kernel's configuration, and what else to do. Features that are not here come with its version. */
static const struct want {
	enum skep_feature feature;
	bool hangs_on_machine; /* the configuration alone does not give it */
	const char *configs, *also;
} wants[] = {
	{ SKEP_FEATURE_BPF, false, "CONFIG_BPF_SYSCALL" },
	{ SKEP_FEATURE_BTF, false, "CONFIG_DEBUG_INFO_BTF" },
	{ SKEP_FEATURE_JIT, false, "CONFIG_BPF_JIT", "sysctl net.core.bpf_jit_enable=1" },
	{ SKEP_FEATURE_RAW_TP, false, "CONFIG_BPF_EVENTS" },
	{ SKEP_FEATURE_TP_BTF, false, "CONFIG_BPF_EVENTS CONFIG_DEBUG_INFO_BTF" },
	{ SKEP_FEATURE_TRACEPOINT, false, "CONFIG_BPF_EVENTS", TRACEFS },
	{ SKEP_FEATURE_TRACEFS, false, "CONFIG_TRACING", TRACEFS },
	{ SKEP_FEATURE_FENTRY, false,
	  "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF" },
	{ SKEP_FEATURE_KPROBE, false, "CONFIG_KPROBE_EVENTS" },
	{ SKEP_FEATURE_KPROBE_MULTI, false, "CONFIG_FPROBE" },
	{ SKEP_FEATURE_KPROBE_SESSION, true, "CONFIG_FPROBE", "a newer kernel" },
	{ SKEP_FEATURE_UPROBE, false, "CONFIG_UPROBE_EVENTS" },
	{ SKEP_FEATURE_UPROBE_MULTI, true, "CONFIG_UPROBES", "a newer kernel" },
	{ SKEP_FEATURE_PERF_SOFTWARE, false, "CONFIG_PERF_EVENTS" },
	{ SKEP_FEATURE_PERF_HARDWARE, true, "CONFIG_PERF_EVENTS",
	  "the processor's counters given to this virtual machine" },
	{ SKEP_FEATURE_BREAKPOINT, false, "CONFIG_HAVE_HW_BREAKPOINT" },
	{ SKEP_FEATURE_OVERRIDE, false, "CONFIG_BPF_KPROBE_OVERRIDE" },
	{ SKEP_FEATURE_LSM, false, "CONFIG_BPF_LSM CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS" },
	{ SKEP_FEATURE_TC, false, "CONFIG_NET_CLS_BPF" },
	{ SKEP_FEATURE_CGROUP, false, "CONFIG_CGROUP_BPF" },
};

static const struct want *want_of(enum skep_feature feature)
{
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++)
		if (wants[i].feature == feature)
			return &wants[i];
	return NULL;
}

/* Adds those of @names that are not set. False: all are. */
static bool add_unset(const char *config, const char *names, struct skep_str *out)
{
	size_t before = out->len;

	for (size_t len; *names; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		if (skep_config_is_set(config, names, len))
			continue;
		if (out->len > before)
			skep_str_addc(out, ' ');
		skep_str_addn(out, names, len);
	}
	return out->len > before;
}

/* Whether the list of modules that a kernel starts with, unless its command line has another, holds bpf. */
static bool starts_lsm(const char *config)
{
	const char *list = strstr(config, "\nCONFIG_LSM=\"");
	const char *bpf = list ? strstr(list, "bpf") : NULL;

	return bpf && bpf < strchr(list + 1, '\n');
}

enum skep_doctor_answer skep_doctor_configured(const char *config, enum skep_feature feature)
{
	_cleanup_(skep_str_fini)
	struct skep_str unset = {};
	const struct want *want = want_of(feature);

	if (!want)
		return SKEP_DOCTOR_UNKNOWN;
	if (add_unset(config, want->configs, &unset))
		return SKEP_DOCTOR_NO;
	if (want->hangs_on_machine || (feature == SKEP_FEATURE_LSM && !starts_lsm(config)))
		return SKEP_DOCTOR_UNKNOWN;
	return SKEP_DOCTOR_YES;
}

/* A kernel that is locked down as far as this refuses what it would let others do. */
static const char *const unlocked = "a kernel that is started without lockdown";

const char *skep_doctor_refusal(const struct skep_doctor *d, int error, const char **ret_why)
{
	const char *level = skep_setting_lockdown(d->config);
	const char *caps = d->settings[SKEP_SETTING_CAPABILITIES].change;

	*ret_why = skep_explain_errno(error);
	if (error != -EPERM && error != -EACCES)
		return NULL;
	/* none, integrity or confidentiality */
	if (level && level[0] == 'c') {
		*ret_why = "the kernel is locked down";
		return unlocked;
	}
	/* cap_net_admin alone, which it may name as well, opens no tracepoint. */
	if (caps && (skep_explain_capabilities() & SKEP_TAKES_TRACEFS) != SKEP_TAKES_TRACEFS)
		return caps;
	if (!(skep_explain_capabilities() & SKEP_TAKES(CAP_SYS_ADMIN)))
		return "cap_sys_admin is missing: ask again with sudo";
	*ret_why = "refused with all rights";
	return "another build of the kernel, or no container or virtual machine";
}

/* Nothing of the configuration is missing, or it is not told: why the kernel refuses @f and what would help. */
static const char *refusal(const struct skep_doctor *d, enum skep_feature f, const char **ret_why)
{
	const char *level = skep_setting_lockdown(d->config);
	int error = skep_feature_error(f);
	const struct want *want = want_of(f);
	const char *change = skep_doctor_refusal(d, error, ret_why);

	if (f == SKEP_FEATURE_WRITE_USER && level && level[0] != 'n') {
		*ret_why = "the kernel is locked down";
		return unlocked;
	}
	if (f == SKEP_FEATURE_KPROBE_SESSION && d->features[SKEP_FEATURE_JIT] == SKEP_DOCTOR_NO)
		return "see jit";
	if (f == SKEP_FEATURE_LSM && error == -EOPNOTSUPP)
		return d->settings[SKEP_SETTING_FTRACE].change
			       ? "see kernel.ftrace_enabled"
			       : "start the kernel with lsm=...,bpf";
	if (change && f != SKEP_FEATURE_TRACEFS)
		return change;
	*ret_why = skep_explain_errno(error);
	return want && want->also ? want->also : "a newer kernel";
}

void skep_doctor_why(const struct skep_doctor *d, enum skep_feature f, struct skep_str *out)
{
	const char *why = "not in this configuration";
	const struct want *want = want_of(f);

	if (d->config && want && add_unset(d->config, want->configs, out))
		skep_str_add(out, ": ");
	else
		refusal(d, f, &why);
	skep_str_add(out, why);
}

void skep_doctor_change(const struct skep_doctor *d, enum skep_feature f, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str unset = {};
	const struct want *want = want_of(f);
	const char *why, *change;

	/* Where the configuration is not told, none of it is taken for set: it may be that. */
	if (want && add_unset(d->config, want->configs, &unset))
		skep_str_addf(out, "a kernel with %s", skep_str_text(&unset));
	if (d->config && unset.len)
		return;
	change = refusal(d, f, &why);
	if (unset.len && skep_streq(change, "a newer kernel"))
		return;
	skep_str_addf(out, "%s%s", unset.len ? ", or " : "", change);
	if (d->config && want)
		skep_str_addf(out, " (%s: set here)", want->configs);
}
