/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/doctor.h"

#include <errno.h>
#include <string.h>

#include "record/schema.h"
#include "sys/explain.h"
#include "trace/tool.h"

/* What has to be in a kernel's configuration, and what else to do. Features that are not here come with its version. */
static const struct {
	enum skep_feature feature;
	const char *configs, *also;
} wants[] = {
	{ SKEP_FEATURE_BPF, "CONFIG_BPF_SYSCALL", NULL },
	{ SKEP_FEATURE_BTF, "CONFIG_DEBUG_INFO_BTF", NULL },
	{ SKEP_FEATURE_JIT, "CONFIG_BPF_JIT", "sysctl net.core.bpf_jit_enable=1" },
	{ SKEP_FEATURE_RAW_TP, "CONFIG_BPF_EVENTS", NULL },
	{ SKEP_FEATURE_TRACEPOINT, "CONFIG_BPF_EVENTS", NULL },
	{ SKEP_FEATURE_TRACEFS, "CONFIG_TRACING", "mount -t tracefs none /sys/kernel/tracing" },
	{ SKEP_FEATURE_FENTRY, "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF",
	  NULL },
	{ SKEP_FEATURE_KPROBE, "CONFIG_KPROBE_EVENTS", NULL },
	{ SKEP_FEATURE_KPROBE_MULTI, "CONFIG_FPROBE", NULL },
	{ SKEP_FEATURE_UPROBE, "CONFIG_UPROBE_EVENTS", NULL },
	{ SKEP_FEATURE_PERF_SOFTWARE, "CONFIG_PERF_EVENTS", NULL },
	{ SKEP_FEATURE_PERF_HARDWARE, "CONFIG_PERF_EVENTS",
	  "a virtual machine must be given the counters of the processor" },
	{ SKEP_FEATURE_BREAKPOINT, "CONFIG_HAVE_HW_BREAKPOINT", NULL },
	{ SKEP_FEATURE_OVERRIDE, "CONFIG_BPF_KPROBE_OVERRIDE", NULL },
	{ SKEP_FEATURE_LSM, "CONFIG_BPF_LSM", "start the kernel with lsm=...,bpf" },
	{ SKEP_FEATURE_TC, "CONFIG_NET_CLS_BPF", NULL },
	{ SKEP_FEATURE_CGROUP, "CONFIG_CGROUP_BPF", NULL },
};

/* Probes of the language and what each stands on. */
static const struct {
	const char *probe;
	enum skep_feature needs, or_else;
} probes[] = {
	{ "BEGIN, END, interval, self", SKEP_FEATURE_TEST_RUN, SKEP_FEATURE_TEST_RUN },
	{ "tracepoint:syscalls", SKEP_FEATURE_RAW_TP, SKEP_FEATURE_TRACEPOINT },
	{ "tracepoint", SKEP_FEATURE_TRACEPOINT, SKEP_FEATURE_TRACEPOINT },
	{ "rawtracepoint", SKEP_FEATURE_RAW_TP, SKEP_FEATURE_RAW_TP },
	{ "uprobe, uretprobe, usdt", SKEP_FEATURE_UPROBE, SKEP_FEATURE_UPROBE_MULTI },
	{ "kprobe, kretprobe", SKEP_FEATURE_KPROBE, SKEP_FEATURE_KPROBE_MULTI },
	{ "fentry, fexit, fmod_ret", SKEP_FEATURE_FENTRY, SKEP_FEATURE_FENTRY },
	{ "iter", SKEP_FEATURE_BTF, SKEP_FEATURE_BTF },
	{ "profile, software", SKEP_FEATURE_PERF_SOFTWARE, SKEP_FEATURE_PERF_SOFTWARE },
	{ "xdp", SKEP_FEATURE_XDP, SKEP_FEATURE_XDP },
	{ "tc", SKEP_FEATURE_TC, SKEP_FEATURE_TC },
	{ "cgroup", SKEP_FEATURE_CGROUP, SKEP_FEATURE_CGROUP },
	{ "lsm", SKEP_FEATURE_LSM, SKEP_FEATURE_LSM },
	{ "watchpoint", SKEP_FEATURE_BREAKPOINT, SKEP_FEATURE_BREAKPOINT },
	{ "hardware", SKEP_FEATURE_PERF_HARDWARE, SKEP_FEATURE_PERF_HARDWARE },
};

static const char *const answers[] = {
	[SKEP_DOCTOR_NO] = "no",
	[SKEP_DOCTOR_PARTLY] = "partly",
	[SKEP_DOCTOR_YES] = "yes",
	[SKEP_DOCTOR_UNKNOWN] = "?",
};

/* Commands, and what of the kernel they stand on; nothing: they work anywhere. */
static const struct {
	const char *names;
	enum skep_feature needs;
	bool anywhere;
} commands[] = {
	{ "verify, try, dis, asm, build, explain, new, fmt", 0, true },
	{ "trace, tools, schema, dashboards", SKEP_FEATURE_TRACEPOINT, false },
	{ "run, map, ps", SKEP_FEATURE_BPF, false },
	{ "top", SKEP_FEATURE_TP_BTF, false },
};

static void add_tool(struct skep_arena *arena, struct skep_doctor *d, const char *name,
		     enum skep_doctor_answer works, const char *why)
{
	struct skep_doctor_tool *tool = skep_arena_alloc(arena, sizeof(*tool)), **last = &d->tools;

	*tool = (struct skep_doctor_tool){ .name = name, .why = why, .works = works };
	while (*last)
		last = &(*last)->next;
	*last = tool;
}

void skep_doctor_here(struct skep_arena *arena, const struct skep_world *world,
		      struct skep_doctor *ret)
{
	static const enum skep_doctor_answer as[] = {
		[SKEP_TOOL_WORKS] = SKEP_DOCTOR_YES,
		[SKEP_TOOL_PARTLY] = SKEP_DOCTOR_PARTLY,
		[SKEP_TOOL_NOT] = SKEP_DOCTOR_NO,
	};
	const struct skep_tool *tool;

	ret->here = true;
	for (int f = 0; f < SKEP_N_FEATURES; f++)
		ret->features[f] =
			skep_feature_has((enum skep_feature)f) ? SKEP_DOCTOR_YES : SKEP_DOCTOR_NO;
	for (size_t i = 0; world && (tool = skep_tool_at(i, arena)); i++) {
		const char *why;
		enum skep_tool_works works = skep_tool_judge(tool, world, arena, &why);

		add_tool(arena, ret, tool->name, as[works], why);
	}
}

/* Whether "CONFIG_X=y", or =m, is a line of it. */
static bool is_set(const char *config, const char *name, size_t len)
{
	for (const char *line = config; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == '=' &&
		    (line[len + 1] == 'y' || line[len + 1] == 'm'))
			return true;
	}
	return false;
}

static enum skep_doctor_answer has_all(const char *config, const char *names)
{
	for (size_t len; *names; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		if (!is_set(config, names, len))
			return SKEP_DOCTOR_NO;
	}
	return SKEP_DOCTOR_YES;
}

/* The kinds of probes at the beginning of a script's lines; what the first that is missing stands on. */
static enum skep_doctor_answer judge_script(const struct skep_doctor *d, const char *script,
					    const char **ret_kind)
{
	static const struct {
		const char *word;
		enum skep_feature needs;
	} kinds[] = {
		{ "kprobe:", SKEP_FEATURE_KPROBE },
		{ "kretprobe:", SKEP_FEATURE_KPROBE },
		{ "fentry:", SKEP_FEATURE_FENTRY },
		{ "fexit:", SKEP_FEATURE_FENTRY },
		{ "uprobe:", SKEP_FEATURE_UPROBE },
		{ "uretprobe:", SKEP_FEATURE_UPROBE },
		{ "tracepoint:", SKEP_FEATURE_TRACEPOINT },
		{ "rawtracepoint:", SKEP_FEATURE_RAW_TP },
		{ "profile:", SKEP_FEATURE_PERF_SOFTWARE },
		{ "software:", SKEP_FEATURE_PERF_SOFTWARE },
		{ "hardware:", SKEP_FEATURE_PERF_HARDWARE },
	};
	bool works = false, lacks = false;

	for (const char *line = script; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (!skep_has_prefix(line, kinds[i].word))
				continue;
			if (d->features[kinds[i].needs] != SKEP_DOCTOR_NO) {
				works = true;
			} else {
				lacks = true;
				*ret_kind = skep_feature_name(kinds[i].needs);
			}
		}
	}
	if (!lacks)
		return SKEP_DOCTOR_YES;
	return works && strstr(script, "missing_probes") ? SKEP_DOCTOR_PARTLY : SKEP_DOCTOR_NO;
}

int skep_doctor_config(struct skep_arena *arena, const char *config, struct skep_doctor *ret)
{
	const struct skep_tool *tool;

	if (!strstr(config, "CONFIG_"))
		return -EINVAL;
	ret->here = false;
	for (int f = 0; f < SKEP_N_FEATURES; f++)
		ret->features[f] = SKEP_DOCTOR_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++)
		ret->features[wants[i].feature] = has_all(config, wants[i].configs);
	for (size_t i = 0; (tool = skep_tool_at(i, arena)); i++) {
		const char *kind = NULL;
		enum skep_doctor_answer works = judge_script(ret, tool->script, &kind);

		add_tool(arena, ret, tool->name, works,
			 kind ? skep_arena_printf(arena, "this kernel has no %s", kind) : "");
	}
	return 0;
}

/* What would give a kernel the feature. */
static void add_change(const struct skep_doctor *d, enum skep_feature f, struct skep_str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++) {
		if (wants[i].feature != f)
			continue;
		skep_str_addf(out, "a kernel with %s", wants[i].configs);
		if (wants[i].also)
			skep_str_addf(out, "; %s", wants[i].also);
		return;
	}
	skep_str_add(out, d->here && skep_feature_error(f) == -EPERM
				  ? "no lockdown, or outside of the container"
				  : "a newer kernel");
}

static void add_why(const struct skep_doctor *d, enum skep_feature f, struct skep_str *out)
{
	if (d->here && skep_feature_error(f) == -EPERM)
		skep_str_add(
			out,
			"refused to root as well: by this kernel's build, a lockdown or a container");
	else if (d->here)
		skep_str_add(out, skep_explain_errno(skep_feature_error(f)));
	else
		skep_str_add(out, "not in this configuration");
}

static enum skep_doctor_answer command_works(const struct skep_doctor *d, size_t i)
{
	if (commands[i].anywhere)
		return SKEP_DOCTOR_YES;
	if (d->features[commands[i].needs] == SKEP_DOCTOR_NO)
		return SKEP_DOCTOR_NO;
	for (const struct skep_doctor_tool *t = d->tools; t; t = t->next)
		if (commands[i].needs == SKEP_FEATURE_TRACEPOINT && t->works != SKEP_DOCTOR_YES)
			return SKEP_DOCTOR_PARTLY;
	return SKEP_DOCTOR_YES;
}

static void add_tools(const struct skep_doctor *d, struct skep_str *out)
{
	size_t n = 0, works = 0;

	for (const struct skep_doctor_tool *t = d->tools; t; t = t->next, n++)
		works += t->works == SKEP_DOCTOR_YES;
	skep_str_addf(out, "\nTools: %zu of %zu work.\n", works, n);
	for (const struct skep_doctor_tool *t = d->tools; t; t = t->next)
		if (t->works != SKEP_DOCTOR_YES)
			skep_str_addf(out, "  %-17s %-6s  %s\n", t->name, answers[t->works],
				      t->why);
}

static enum skep_doctor_answer probe_works(const struct skep_doctor *d, size_t i)
{
	enum skep_doctor_answer one = d->features[probes[i].needs];
	enum skep_doctor_answer other = d->features[probes[i].or_else];

	return one == SKEP_DOCTOR_NO ? other : one;
}

static void add_probes(const struct skep_doctor *d, bool working, struct skep_str *out)
{
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		if ((probe_works(d, i) != SKEP_DOCTOR_NO) != working)
			continue;
		skep_str_addf(out, "%s%s", comma, probes[i].probe);
		comma = ", ";
	}
	skep_str_addf(out, "%s\n", *comma ? "" : "nothing");
}

void skep_doctor_text(const struct skep_doctor *d, struct skep_str *out)
{
	bool lacks = false;

	skep_str_addf(out, "%s\n\n%s:\n", d->machine,
		      d->here ? "This kernel" : "A kernel of this configuration");
	for (int f = 0; f < SKEP_N_FEATURES; f++) {
		bool no = d->features[f] == SKEP_DOCTOR_NO;

		lacks |= no;
		skep_str_addf(out, "  %-17s %-4s %s: %s%s", skep_feature_word((enum skep_feature)f),
			      answers[d->features[f]], skep_feature_name((enum skep_feature)f),
			      skep_feature_gives((enum skep_feature)f), no ? " (" : "");
		if (no) {
			add_why(d, (enum skep_feature)f, out);
			skep_str_addc(out, ')');
		}
		skep_str_addc(out, '\n');
	}
	skep_str_add(out, "\nskep trace works with: ");
	add_probes(d, true, out);
	skep_str_add(out, "               not with: ");
	add_probes(d, false, out);
	skep_str_add(out, "\nCommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		skep_str_addf(out, "  %-6s  %s\n", answers[command_works(d, i)], commands[i].names);
	add_tools(d, out);
	if (lacks)
		skep_str_add(out, "\nWhat would give the rest:\n");
	for (int f = 0; f < SKEP_N_FEATURES; f++) {
		if (d->features[f] != SKEP_DOCTOR_NO)
			continue;
		skep_str_addf(out, "  %-17s ", skep_feature_word((enum skep_feature)f));
		add_change(d, (enum skep_feature)f, out);
		skep_str_addc(out, '\n');
	}
}

static void member(const char *name, const char *value, struct skep_str *out)
{
	skep_str_addf(out, "\"%s\": ", name);
	skep_json_string(value, strlen(value), out);
}

static void item(const char *name, enum skep_doctor_answer works, const char *why, bool first,
		 struct skep_str *out)
{
	skep_str_add(out, first ? "{" : ", {");
	member("name", name, out);
	skep_str_add(out, ", ");
	member("works", works == SKEP_DOCTOR_UNKNOWN ? "unknown" : answers[works], out);
	if (*why) {
		skep_str_add(out, ", ");
		member("why", why, out);
	}
}

void skep_doctor_json(const struct skep_doctor *d, struct skep_str *out)
{
	skep_str_addc(out, '{');
	member("machine", d->machine, out);
	skep_str_add(out, ", \"features\": [");
	for (int f = 0; f < SKEP_N_FEATURES; f++) {
		_cleanup_(skep_str_fini)
		struct skep_str why = {}, change = {};
		bool no = d->features[f] == SKEP_DOCTOR_NO;

		if (no) {
			add_why(d, (enum skep_feature)f, &why);
			add_change(d, (enum skep_feature)f, &change);
		}
		item(skep_feature_word((enum skep_feature)f), d->features[f], skep_str_text(&why),
		     f == 0, out);
		if (no) {
			skep_str_add(out, ", ");
			member("change", skep_str_text(&change), out);
		}
		skep_str_addc(out, '}');
	}
	skep_str_add(out, "], \"probes\": [");
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		item(probes[i].probe, probe_works(d, i), "", i == 0, out);
		skep_str_addc(out, '}');
	}
	skep_str_add(out, "], \"commands\": [");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		item(commands[i].names, command_works(d, i), "", i == 0, out);
		skep_str_addc(out, '}');
	}
	skep_str_add(out, "], \"tools\": [");
	for (const struct skep_doctor_tool *t = d->tools; t; t = t->next) {
		item(t->name, t->works, t->why, t == d->tools, out);
		skep_str_addc(out, '}');
	}
	skep_str_add(out, "]}\n");
}
