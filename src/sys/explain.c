/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the kernel refused maps and attachments, and what to do about missing privilege. Programs:
 * explain_verifier.c.
 */
#include "sys/explain.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "isa/mapkind.h"
#include "sys/file.h"

#define KERNEL_ENOTSUPP 524 /* leaks out of kernels, no C library knows it */

const char *skep_explain_errno(int error)
{
	int e = error < 0 ? -error : error;

	switch (e) {
	case EPERM:
		return "not permitted";
	case EACCES:
		return "permission denied";
	case ENOENT:
		return "not found";
	case ESRCH:
		return "no such process";
	case EINVAL:
		return "the kernel does not accept it";
	case ENOMEM:
		return "out of memory";
	case E2BIG:
		return "too large";
	case EBUSY:
		return "busy";
	case EEXIST:
		return "exists already";
	case EMFILE:
		return "too many open files";
	case EILSEQ:
		return "no instruction begins there";
	case EADDRNOTAVAIL:
		return "that place cannot be probed";
	case ENOSYS:
	case EOPNOTSUPP:
	case KERNEL_ENOTSUPP:
		return "not supported by this kernel";
	default:
		return strerror(e);
	}
}

uint64_t skep_explain_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};
	uint64_t caps;

	if (syscall(SYS_capget, &header, data) < 0)
		return geteuid() == 0 ? UINT64_MAX : 0;
	caps = data[0].effective | (uint64_t)data[1].effective << 32;
	return caps & SKEP_TAKES(CAP_SYS_ADMIN) ? caps | SKEP_TAKES_TRACE : caps;
}

bool skep_explain_privileged(void)
{
	return (skep_explain_capabilities() & SKEP_TAKES_TRACE) == SKEP_TAKES_TRACE;
}

static const struct {
	uint8_t cap;
	char name[20];
} cap_names[] = {
	{ CAP_BPF, "cap_bpf" },
	{ CAP_PERFMON, "cap_perfmon" },
	{ CAP_DAC_READ_SEARCH, "cap_dac_read_search" },
	{ CAP_NET_ADMIN, "cap_net_admin" },
	{ CAP_SYS_ADMIN, "cap_sys_admin" },
};

size_t skep_explain_name_caps(uint64_t caps, struct skep_str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cap_names); i++)
		if (caps & SKEP_TAKES(cap_names[i].cap))
			skep_str_addf(out, "%s%s", n++ ? "," : "", cap_names[i].name);
	return n;
}

static bool setcap_is_told;

bool skep_explain_told_setcap(void)
{
	return setcap_is_told;
}

/* The line is enough for tracing in any way, and for what this process could do already. */
static void hint_missing(uint64_t missing, uint64_t caps, struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str wants = {}, all = {};
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	size_t n_missing = skep_explain_name_caps(missing, &wants);

	exe[n > 0 ? n : 0] = 0;
	skep_explain_name_caps(missing | caps | SKEP_TAKES_TRACEFS, &all);
	skep_diag_hint(diag,
		       "%s %s missing for this: run the same command with sudo, or allow it once "
		       "and for all: sudo setcap %s+ep %s",
		       skep_str_text(&wants), n_missing > 1 ? "are" : "is", skep_str_text(&all),
		       n > 0 ? exe : "skep");
	setcap_is_told = true;
}

bool skep_explain_in_user_namespace(void)
{
	char link[64];
	ssize_t n = readlink("/proc/self/ns/user", link, sizeof(link) - 1);

	link[MAX(n, 0)] = 0;
	return n > 0 && !skep_streq(link, "user:[4026531837]");
}

const char *skep_explain_lockdown(void)
{
	static const char *const levels[] = { "none", "integrity", "confidentiality" };
	_cleanup_free_ char *text = NULL;

	if (skep_file_read("/sys/kernel/security/lockdown", 4096, &text, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		const char *bracket = strchr(text, '[');

		if (bracket && skep_has_prefix(bracket + 1, levels[i]))
			return levels[i];
	}
	return NULL;
}

void skep_explain_privilege(uint64_t takes, struct skep_diag *diag)
{
	const char *lockdown = skep_explain_lockdown();
	uint64_t caps = skep_explain_capabilities();

	if (takes & ~caps) {
		hint_missing(takes & ~caps, caps, diag);
		return;
	}
	if (skep_explain_in_user_namespace()) {
		skep_diag_hint(diag, "capabilities of a user namespace do not count here");
		return;
	}
	if (lockdown && !skep_streq(lockdown, "none")) {
		skep_diag_hint(diag, "the kernel is locked down (%s), which forbids this",
			       lockdown);
		return;
	}
	skep_diag_hint(diag,
		       "no capability is missing, so something else forbids it: a container's "
		       "seccomp filter, a security module, or on kernels before 5.11 the limit of "
		       "locked memory (ulimit -l unlimited)");
}

static bool about_privilege(int error)
{
	return error == -EPERM || error == -EACCES;
}

static uint64_t takes_map(uint32_t type)
{
	switch (type) {
	case SKEP_MAP_DEVMAP:
	case SKEP_MAP_DEVMAP_HASH:
	case SKEP_MAP_SOCKMAP:
	case SKEP_MAP_SOCKHASH:
	case SKEP_MAP_XSKMAP:
		return SKEP_TAKES_NET;
	default:
		return SKEP_TAKES_MAP;
	}
}

/* Kinds whose max_entries is 0: storage that hangs on other things. */
static bool holds_no_entries(uint32_t type)
{
	return type == SKEP_MAP_SK_STORAGE || type == SKEP_MAP_INODE_STORAGE ||
	       type == SKEP_MAP_TASK_STORAGE || type == SKEP_MAP_CGRP_STORAGE ||
	       type == SKEP_MAP_CGROUP_STORAGE || type == SKEP_MAP_PERCPU_CGROUP_STORAGE;
}

void skep_explain_map(const struct skep_spec_map *map, int error, struct skep_diag *diag)
{
	uint64_t bytes = ((uint64_t)map->key_size + map->value_size) * map->max_entries;

	skep_diag_error(diag, SKEP_NO_LOC, "cannot make map '%s': %s", map->name,
			skep_explain_errno(error));
	if (about_privilege(error))
		skep_explain_privilege(takes_map(map->type), diag);
	else if (error == -E2BIG || error == -ENOMEM)
		skep_diag_hint(diag,
			       "it would hold %u entries, at least %llu kB: make it or its values "
			       "smaller",
			       map->max_entries, (unsigned long long)(bytes >> 10));
	else if (error == -EINVAL && !map->max_entries && !holds_no_entries(map->type))
		skep_diag_hint(diag, "its max_entries is 0: say how many it can hold");
	else if (error == -EINVAL)
		skep_diag_hint(diag, "this kernel may not know this kind of map: see skep doctor");
}

/* What is missing, by kind of attachment, when the kernel finds no such thing. */
static void explain_missing(const struct skep_spec_attach *a, const char *what,
			    struct skep_str *out)
{
	switch (a->kind) {
	case SKEP_ATTACH_RAW_TP:
	case SKEP_ATTACH_TP:
		skep_str_addf(out, "there is no tracepoint %s", what);
		break;
	case SKEP_ATTACH_KPROBE:
	case SKEP_ATTACH_KRETPROBE:
		skep_str_addf(out, "there is no function %s that can be probed", what);
		break;
	case SKEP_ATTACH_UPROBE:
	case SKEP_ATTACH_URETPROBE:
		skep_str_addf(out, "%s: no such file", what);
		break;
	case SKEP_ATTACH_PERF:
		skep_str_add(out, "this machine does not have that counter");
		break;
	case SKEP_ATTACH_TC_INGRESS:
	case SKEP_ATTACH_TC_EGRESS:
	case SKEP_ATTACH_TC_ACTION:
		skep_str_add(out, "this kernel has no filters that are programs");
		break;
	case SKEP_ATTACH_NETNS:
		skep_str_addf(out, "there is no network namespace %s", what);
		break;
	case SKEP_ATTACH_CGROUP:
		skep_str_addf(out, "there is no cgroup %s", what);
		break;
	case SKEP_ATTACH_LIRC:
		skep_str_addf(out, "there is no device %s", what);
		break;
	default:
		skep_str_addf(out, "%s is not there", what);
	}
}

static const char *hint_unsupported(const struct skep_spec_attach *a)
{
	switch (a->kind) {
	case SKEP_ATTACH_KPROBE:
	case SKEP_ATTACH_KRETPROBE:
		return "this kernel is built without kprobes; tracepoints and uprobes may do: "
		       "see skep doctor";
	case SKEP_ATTACH_TRACING:
		return "this kernel cannot attach to function entries; kprobes or tracepoints "
		       "may do: see skep doctor";
	case SKEP_ATTACH_UPROBE:
	case SKEP_ATTACH_URETPROBE:
		return "this kernel is built without uprobes: see skep doctor";
	case SKEP_ATTACH_PERF:
		return "virtual machines often have no hardware counters; profile and software "
		       "events work everywhere";
	case SKEP_ATTACH_NETFILTER:
		return "programs at hooks of netfilter came with Linux 6.4, where the kernel is built "
		       "with them";
	default:
		return "see skep doctor for what this kernel can do";
	}
}

static uint64_t takes_attach(enum skep_attach_kind kind)
{
	switch (kind) {
	case SKEP_ATTACH_TP: /* its number is in tracefs */
		return SKEP_TAKES_TRACEFS;
	case SKEP_ATTACH_XDP:
	case SKEP_ATTACH_TC_INGRESS:
	case SKEP_ATTACH_TC_EGRESS:
	case SKEP_ATTACH_TC_ACTION:
	case SKEP_ATTACH_NETKIT:
	case SKEP_ATTACH_NETFILTER:
	case SKEP_ATTACH_NETNS:
	case SKEP_ATTACH_CGROUP:
	case SKEP_ATTACH_SOCKMAP:
	case SKEP_ATTACH_LWT:
		return SKEP_TAKES_NET;
	default:
		return SKEP_TAKES_TRACE;
	}
}

static void hint_attach(const struct skep_spec_attach *a, int error, struct skep_diag *diag)
{
	bool kernel_function = a->kind == SKEP_ATTACH_KPROBE || a->kind == SKEP_ATTACH_KRETPROBE;

	switch (-error) {
	case EPERM:
	case EACCES:
		skep_explain_privilege(takes_attach(a->kind), diag);
		break;
	case EMFILE:
		skep_diag_hint(diag,
			       "each probe holds an open file: raise the limit (ulimit -n) or "
			       "attach fewer");
		break;
	case EOPNOTSUPP:
	case ENOSYS:
	case ENODEV:
	case KERNEL_ENOTSUPP:
		skep_diag_hint(diag, "%s", hint_unsupported(a));
		break;
	case ENOENT:
		if (a->kind == SKEP_ATTACH_PERF)
			skep_diag_hint(diag, "%s", hint_unsupported(a));
		else if (a->kind == SKEP_ATTACH_TP || a->kind == SKEP_ATTACH_RAW_TP ||
			 kernel_function)
			skep_diag_hint(diag, "skep trace -l PATTERN lists what there is");
		break;
	case EBUSY:
		if (a->kind == SKEP_ATTACH_TRACING)
			skep_diag_hint(
				diag,
				"the kernel keeps some functions out of tracing: try a caller");
		break;
	case EADDRNOTAVAIL:
	case EILSEQ:
		skep_diag_hint(diag, "the place is not the beginning of an instruction, or is one "
				     "that the kernel does not probe");
		break;
	case EINVAL:
		if (kernel_function)
			skep_diag_hint(
				diag,
				"some functions are kept out of probing, and an offset has to "
				"lie inside: skep trace -l 'kprobe:PATTERN' lists what there "
				"is");
		break;
	}
}

void skep_explain_attach(enum skep_diag_level level, const struct skep_spec_attach *attach,
			 const char *what, int error, struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str why = {};

	what = what ? what : "the event";
	if (error == -ENOENT)
		explain_missing(attach, what, &why);
	else if (error == -ESRCH && attach->pid > 0)
		skep_str_addf(&why, "there is no process %d", attach->pid);
	else
		skep_str_addf(&why, "%s: %s", what, skep_explain_errno(error));
	skep_diag_add(diag, level, attach->loc, "cannot attach %s: %s",
		      attach->probe ? attach->probe : "the probe", skep_str_text(&why));
	hint_attach(attach, error, diag);
}
