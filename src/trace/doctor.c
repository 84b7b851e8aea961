/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "record/schema.h"
#include "sys/explain.h"
#include "trace/doctor_priv.h"
#include "trace/tool.h"

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

/* Commands, what of the kernel they stand on, and whether tools, of which not all may work, are what they are about. */
static const struct {
	const char *names;
	enum skep_feature needs;
	bool anywhere, of_tools;
} commands[] = {
	{ "verify, try, dis, asm, build, explain, new, fmt", 0, true, false },
	{ "schema, dashboards", 0, true, true },
	{ "trace, tools", SKEP_FEATURE_BPF, false, true },
	{ "run, map, ps", SKEP_FEATURE_BPF, false, false },
	{ "top", SKEP_FEATURE_TP_BTF, false, false },
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

void skep_doctor_here(struct skep_arena *arena, const struct skep_world *world, bool pairs,
		      struct skep_doctor *ret)
{
	static const enum skep_doctor_answer as[] = {
		[SKEP_TOOL_WORKS] = SKEP_DOCTOR_YES,
		[SKEP_TOOL_PARTLY] = SKEP_DOCTOR_PARTLY,
		[SKEP_TOOL_NOT] = SKEP_DOCTOR_NO,
	};
	const struct skep_tool *tool;
	bool tries = skep_explain_privileged();

	ret->here = true;
	skep_settings(arena, ret->config, ret->settings);
	for (int f = 0; f < SKEP_N_FEATURES; f++)
		ret->features[f] = !tries				    ? SKEP_DOCTOR_UNKNOWN
				   : skep_feature_has((enum skep_feature)f) ? SKEP_DOCTOR_YES
									    : SKEP_DOCTOR_NO;
	if (tries)
		skep_doctor_offers_here(arena, pairs, &ret->offers);
	for (size_t i = 0; world && (tool = skep_tool_at(i, arena)); i++) {
		const char *why;
		enum skep_tool_works works = skep_tool_judge(tool, world, arena, &why);

		add_tool(arena, ret, tool->name, as[works], why);
	}
}

/* The kinds of probes at the beginning of a script's lines; what the first that is missing stands on. */
static enum skep_doctor_answer judge_script(const struct skep_doctor *d, const char *script,
					    const char **ret_kind, bool *ret_is_no)
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
		{ "usdt:", SKEP_FEATURE_UPROBE },
		{ "iter:", SKEP_FEATURE_BTF },
		{ "fmod_ret:", SKEP_FEATURE_FENTRY },
		{ "lsm:", SKEP_FEATURE_LSM },
	};
	/* Inside a script: fields of the kernel's own structures. */
	static const char *const of_types[] = { "curtask.se.", "(struct rq *)" };
	bool seen[SKEP_DOCTOR_UNKNOWN + 1] = {};

	for (size_t i = 0; i < ARRAY_SIZE(of_types); i++)
		if (d->features[SKEP_FEATURE_BTF] == SKEP_DOCTOR_NO &&
		    strstr(script, of_types[i])) {
			*ret_kind = skep_feature_name(SKEP_FEATURE_BTF);
			return SKEP_DOCTOR_NO;
		}
	for (const char *line = script; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			enum skep_doctor_answer is = d->features[kinds[i].needs];

			if (!skep_has_prefix(line, kinds[i].word))
				continue;
			seen[is] = true;
			if (is == SKEP_DOCTOR_NO ||
			    (is == SKEP_DOCTOR_UNKNOWN && !seen[SKEP_DOCTOR_NO]))
				*ret_kind = skep_feature_name(kinds[i].needs);
		}
	}
	*ret_is_no = seen[SKEP_DOCTOR_NO];
	if (!seen[SKEP_DOCTOR_NO])
		return seen[SKEP_DOCTOR_UNKNOWN] ? SKEP_DOCTOR_UNKNOWN : SKEP_DOCTOR_YES;
	/* Whether the others take its place is known only where the script is compiled. */
	return seen[SKEP_DOCTOR_YES] && strstr(script, "missing_probes") ? SKEP_DOCTOR_UNKNOWN
									 : SKEP_DOCTOR_NO;
}

int skep_doctor_config(struct skep_arena *arena, const char *config, struct skep_doctor *ret)
{
	const struct skep_tool *tool;

	if (!strstr(config, "CONFIG_"))
		return -EINVAL;
	ret->here = false;
	ret->config = config;
	for (int f = 0; f < SKEP_N_FEATURES; f++)
		ret->features[f] = skep_doctor_configured(config, (enum skep_feature)f);
	skep_doctor_offers_config(config, &ret->offers);
	for (size_t i = 0; (tool = skep_tool_at(i, arena)); i++) {
		const char *kind = NULL;
		bool is_no = false;
		enum skep_doctor_answer works = judge_script(ret, tool->script, &kind, &is_no);
		const char *form = works == SKEP_DOCTOR_NO ? "this kernel has no %s"
				   : is_no		   ? "no %s: its other probes may do"
							   : "hangs on %s";

		add_tool(arena, ret, tool->name, works,
			 kind ? skep_arena_printf(arena, form, kind) : "");
	}
	return 0;
}

static enum skep_doctor_answer command_works(const struct skep_doctor *d, size_t i)
{
	if (!commands[i].anywhere && d->features[commands[i].needs] != SKEP_DOCTOR_YES)
		return d->features[commands[i].needs];
	for (const struct skep_doctor_tool *t = d->tools; commands[i].of_tools && t; t = t->next)
		if (t->works != SKEP_DOCTOR_YES)
			return SKEP_DOCTOR_PARTLY;
	return SKEP_DOCTOR_YES;
}

/* Of commands that do not work fully, what is in the way. */
static const char *command_why(const struct skep_doctor *d, size_t i)
{
	switch (command_works(d, i)) {
	case SKEP_DOCTOR_YES:
		return "";
	case SKEP_DOCTOR_PARTLY:
		return "not with all tools and probes";
	default:
		return skep_feature_word(commands[i].needs);
	}
}

static void add_commands(const struct skep_doctor *d, struct skep_str *out)
{
	static const enum skep_doctor_answer order[] = { SKEP_DOCTOR_YES, SKEP_DOCTOR_PARTLY,
							 SKEP_DOCTOR_NO, SKEP_DOCTOR_UNKNOWN };

	skep_str_add(out, "\nCommands:\n");
	for (size_t a = 0; a < ARRAY_SIZE(order); a++) {
		bool any = false;

		for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
			if (command_works(d, i) != order[a])
				continue;
			if (any)
				skep_str_add(out, ", ");
			else
				skep_str_addf(out, "  %-6s  ", answers[order[a]]);
			any = true;
			skep_str_add(out, commands[i].names);
			if (order[a] != SKEP_DOCTOR_YES)
				skep_str_addf(out, " (%s)", command_why(d, i));
		}
		if (any)
			skep_str_addc(out, '\n');
	}
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

static void add_settings(const struct skep_doctor *d, struct skep_str *out)
{
	skep_str_add(out, "\nSettings, and rights that skep has now:\n");
	for (size_t i = 0; i < SKEP_N_SETTINGS; i++) {
		const struct skep_setting *s = &d->settings[i];

		skep_str_addf(out, "  %-33s %s%s%s\n", s->name, s->value, s->change ? ": " : "",
			      s->change ? s->change : "");
	}
}

static const char limits[] =
	"A configuration tells what is built in, not what a lockdown, a container or "
	"virtual machine refuses, nor which functions tools find: skep doctor "
	"tries it there.";

void skep_doctor_text(const struct skep_doctor *d, struct skep_str *out)
{
	bool lacks = false;

	skep_str_addf(out, "%s\n", d->machine);
	if (d->here && d->features[SKEP_FEATURE_BPF] == SKEP_DOCTOR_UNKNOWN) {
		add_settings(d, out);
		return;
	}
	skep_str_addf(out, "\n%s:\n", d->here ? "This kernel" : "A kernel of this configuration");
	for (int f = 0; f < SKEP_N_FEATURES; f++) {
		bool no = d->features[f] == SKEP_DOCTOR_NO;

		lacks |= no;
		skep_str_addf(out, "  %-17s %-4s %s: %s%s", skep_feature_word((enum skep_feature)f),
			      answers[d->features[f]], skep_feature_name((enum skep_feature)f),
			      skep_feature_gives((enum skep_feature)f), no ? " (" : "");
		if (no) {
			skep_doctor_why(d, (enum skep_feature)f, out);
			skep_str_addc(out, ')');
		}
		skep_str_addc(out, '\n');
	}
	skep_str_add(out, "\nskep trace works with: ");
	add_probes(d, true, out);
	skep_str_add(out, "               not with: ");
	add_probes(d, false, out);
	skep_doctor_offers_text(d, out);
	add_commands(d, out);
	add_tools(d, out);
	if (lacks)
		skep_str_add(out, "\nWhat would give the rest:\n");
	for (int f = 0; f < SKEP_N_FEATURES; f++) {
		if (d->features[f] != SKEP_DOCTOR_NO)
			continue;
		skep_str_addf(out, "  %-17s ", skep_feature_word((enum skep_feature)f));
		skep_doctor_change(d, (enum skep_feature)f, out);
		skep_str_addc(out, '\n');
	}
	if (d->here) {
		add_settings(d, out);
		return;
	}
	skep_str_addf(out, "\n%s\n", limits);
}

void skep_doctor_member(const char *name, const char *value, struct skep_str *out)
{
	if (!value || !*value)
		return;
	skep_str_addf(out, "%s\"%s\": ", out->data[out->len - 1] == '{' ? "" : ", ", name);
	skep_json_string(value, strlen(value), out);
}

void skep_doctor_item(const char *name, const char *key, const char *value, const char *why,
		      const char *change, struct skep_str *out)
{
	skep_str_add(out, out->data[out->len - 1] == '[' ? "{" : ", {");
	skep_doctor_member("name", name, out);
	skep_doctor_member(key, value, out);
	skep_doctor_member("why", why, out);
	skep_doctor_member("change", change, out);
	skep_str_addc(out, '}');
}

const char *skep_doctor_word(enum skep_doctor_answer works)
{
	return works == SKEP_DOCTOR_UNKNOWN ? "unknown" : answers[works];
}

static void features_json(const struct skep_doctor *d, struct skep_str *out)
{
	for (int f = 0; f < SKEP_N_FEATURES; f++) {
		_cleanup_(skep_str_fini)
		struct skep_str why = {}, change = {};

		if (d->features[f] == SKEP_DOCTOR_NO) {
			skep_doctor_why(d, (enum skep_feature)f, &why);
			skep_doctor_change(d, (enum skep_feature)f, &change);
		}
		skep_doctor_item(skep_feature_word((enum skep_feature)f), "works",
				 skep_doctor_word(d->features[f]), skep_str_text(&why),
				 skep_str_text(&change), out);
	}
}

/* Each by its own name. */
static void command_json(const struct skep_doctor *d, size_t i, struct skep_str *out)
{
	char name[32];

	for (const char *p = commands[i].names; *p; p += strspn(p, ", ")) {
		size_t len = strcspn(p, ",");

		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		skep_doctor_item(name, "works", skep_doctor_word(command_works(d, i)),
				 command_why(d, i), NULL, out);
		p += len;
	}
}

void skep_doctor_json(const struct skep_doctor *d, struct skep_str *out)
{
	skep_str_addc(out, '{');
	skep_doctor_member("machine", d->machine, out);
	skep_doctor_member("release", d->release, out);
	skep_doctor_member("arch", d->arch, out);
	if (d->n_cpus)
		skep_str_addf(out, ", \"cpus\": %u", d->n_cpus);
	skep_str_add(out, ", \"features\": [");
	features_json(d, out);
	skep_str_add(out, "], \"probes\": [");
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
		skep_doctor_item(probes[i].probe, "works", skep_doctor_word(probe_works(d, i)),
				 NULL, NULL, out);
	skep_str_add(out, "], \"commands\": [");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		command_json(d, i, out);
	skep_str_add(out, "], \"tools\": [");
	for (const struct skep_doctor_tool *t = d->tools; t; t = t->next)
		skep_doctor_item(t->name, "works", skep_doctor_word(t->works), t->why, NULL, out);
	skep_str_addc(out, ']');
	skep_doctor_offers_json(d, out);
	skep_str_add(out, ", \"settings\": [");
	for (size_t i = 0; d->here && i < SKEP_N_SETTINGS; i++)
		skep_doctor_item(d->settings[i].name, "value", d->settings[i].value, NULL,
				 d->settings[i].change, out);
	skep_str_addc(out, ']');
	skep_doctor_member("note", d->here ? NULL : limits, out);
	skep_str_add(out, "}\n");
}
