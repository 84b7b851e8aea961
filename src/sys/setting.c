/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/setting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "isa/mapkind.h"
#include "sys/bpf.h"
#include "sys/config.h"
#include "sys/explain.h"
#include "sys/feature.h"
#include "sys/file.h"

#define NOT_TOLD "not told"
#define NO_CAP 63 /* which nobody has */
#define TRIED_BYTES (16u << 20)

static bool can(int cap)
{
	return (skep_explain_capabilities() & SKEP_TAKES(cap)) != 0;
}

static void look_capabilities(struct skep_arena *arena, struct skep_setting *s)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	uint64_t caps = skep_explain_capabilities();

	skep_explain_name_caps(caps, &names);
	s->value = names.len ? skep_arena_strdup(arena, skep_str_text(&names)) : "none";
	skep_str_reset(&names);
	/* setcap replaces what the file has: all that is to be there then is named. */
	if (((SKEP_TAKES_TRACEFS | SKEP_TAKES_NET) & ~caps) &&
	    skep_explain_name_caps(SKEP_TAKES_TRACEFS | SKEP_TAKES_NET | caps, &names))
		s->change = skep_arena_printf(arena, "run skep with sudo, or setcap it %s+ep",
					      skep_str_text(&names));
	else if (skep_explain_in_user_namespace())
		s->change = "they do not count in a user namespace: run skep outside";
}

const char *skep_setting_lockdown(const char *config)
{
	static const char *const forced[][2] = {
		{ "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "integrity" },
		{ "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "confidentiality" },
	};
	const char *level = skep_explain_lockdown();

	for (size_t i = 0; i < ARRAY_SIZE(forced) && !level; i++)
		if (skep_config_is_set(config, forced[i][0], strlen(forced[i][0])))
			level = forced[i][1];
	return level;
}

static void look_lockdown(struct skep_arena *arena, const char *config, struct skep_setting *s)
{
	const char *level = skep_setting_lockdown(config);

	s->value = level ? level : NOT_TOLD " (no /sys/kernel/security/lockdown)";
	if (!level || level[0] == 'n') /* none, integrity or confidentiality */
		return;
	if (!skep_explain_lockdown())
		s->value = skep_arena_printf(arena, "%s (by its configuration)", level);
	s->change = level[0] == 'i' ? "no write_user: start the kernel without lockdown"
				    : "the kernel's memory is not read: start it without lockdown";
}

/* Kernels before 5.11 count maps against it, which only trying tells: a small one is made, a large one is not. */
static void look_memlock(struct skep_arena *arena, struct skep_setting *s)
{
	_cleanup_close_ int fd = -1;
	struct rlimit limit;

	s->value = "unlimited";
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return;
	s->value = skep_arena_printf(arena, "%llu kB", (unsigned long long)limit.rlim_cur >> 10);
	if (!skep_feature_has(SKEP_FEATURE_MMAP_ARRAY))
		return;
	fd = skep_bpf_map_create("skep_probe", SKEP_MAP_ARRAY, 4, 4096, TRIED_BYTES >> 12, 0);
	if (fd == -EPERM)
		s->change = "maps count against it: ulimit -l unlimited";
}

static const struct {
	const char *name, *path;
	int8_t from, to; /* in the way as one of these, */
	uint8_t unless;	 /* to who does not have this capability */
	const char *change;
} files[] = {
	{ "kernel.ftrace_enabled", "/proc/sys/kernel/ftrace_enabled", 0, 0, NO_CAP,
	  "no fentry, fexit, lsm: sysctl kernel.ftrace_enabled=1" },
	{ "security modules", "/sys/kernel/security/lsm", 1, 0, 0, NULL },
	{ "kernel.unprivileged_bpf_disabled", "/proc/sys/kernel/unprivileged_bpf_disabled", 1, 2,
	  CAP_BPF, "see capabilities" },
	{ "kernel.perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid", 2, 4, CAP_PERFMON,
	  "see capabilities" },
	{ "kernel.kptr_restrict", "/proc/sys/kernel/kptr_restrict", 0, 2, CAP_SYSLOG,
	  "stacks have no names of the kernel's functions: sysctl kernel.kptr_restrict=1, and "
	  "cap_syslog" },
	{ "net.core.bpf_jit_enable", "/proc/sys/net/core/bpf_jit_enable", 0, 0, NO_CAP,
	  "programs are interpreted: sysctl net.core.bpf_jit_enable=1" },
	/* Who has cap_bpf is not bound by it. */
	{ "net.core.bpf_jit_limit", "/proc/sys/net/core/bpf_jit_limit", 1, 0, 0, NULL },
};

_Static_assert(SKEP_SETTING_FILES + ARRAY_SIZE(files) == SKEP_N_SETTINGS, "one for each");

/* As 2 it hides symbols from all, and as 0 only from who may not look at the kernel with perf events either. */
static bool hides_symbols(int value, int paranoid)
{
	return value == 2 || (!can(CAP_SYSLOG) && (value || paranoid > 1));
}

static void look_file(struct skep_arena *arena, size_t i, struct skep_setting *s)
{
	_cleanup_free_ char *text = NULL;
	int value;

	s->name = files[i].name;
	s->value = NOT_TOLD;
	if (skep_file_read(files[i].path, 4096, &text, NULL) < 0)
		return;
	s->value = skep_arena_strndup(arena, text, strcspn(text, "\n"));
	value = atoi(text);
	if (value < files[i].from || value > files[i].to)
		return;
	if (files[i].unless == CAP_SYSLOG ? hides_symbols(value, atoi(s[-1].value))
					  : !can(files[i].unless))
		s->change = files[i].change;
}

void skep_settings(struct skep_arena *arena, const char *config,
		   struct skep_setting ret_all[SKEP_N_SETTINGS])
{
	memset(ret_all, 0, sizeof(*ret_all) * SKEP_N_SETTINGS);
	ret_all[SKEP_SETTING_CAPABILITIES].name = "capabilities";
	look_capabilities(arena, &ret_all[SKEP_SETTING_CAPABILITIES]);
	ret_all[SKEP_SETTING_LOCKDOWN].name = "lockdown";
	look_lockdown(arena, config, &ret_all[SKEP_SETTING_LOCKDOWN]);
	ret_all[SKEP_SETTING_MEMLOCK].name = "locked memory";
	look_memlock(arena, &ret_all[SKEP_SETTING_MEMLOCK]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		look_file(arena, i, &ret_all[SKEP_SETTING_FILES + i]);
}
