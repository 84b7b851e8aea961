/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/cli.h"
#include "sys/cpus.h"
#include "sys/explain.h"
#include "sys/feature.h"

static void add_feature(enum skep_feature f, struct skep_str *out)
{
	bool has = skep_feature_has(f);

	skep_str_addf(out, "  %-17s %-4s %s: %s", skep_feature_word(f), has ? "yes" : "no",
		      skep_feature_name(f), skep_feature_gives(f));
	if (!has && skep_feature_error(f) == -EPERM)
		skep_str_addf(
			out,
			" (refused to root as well: by this kernel's build, a lockdown or a container)");
	else if (!has)
		skep_str_addf(out, " (%s)", skep_explain_errno(skep_feature_error(f)));
	skep_str_addf(out, "\n");
}

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
	{ "fentry, fexit", SKEP_FEATURE_FENTRY, SKEP_FEATURE_FENTRY },
	{ "iter", SKEP_FEATURE_BTF, SKEP_FEATURE_BTF },
	{ "profile, software", SKEP_FEATURE_PERF_SOFTWARE, SKEP_FEATURE_PERF_SOFTWARE },
	{ "xdp", SKEP_FEATURE_XDP, SKEP_FEATURE_XDP },
	{ "tc", SKEP_FEATURE_TC, SKEP_FEATURE_TC },
	{ "cgroup", SKEP_FEATURE_CGROUP, SKEP_FEATURE_CGROUP },
	{ "lsm", SKEP_FEATURE_LSM, SKEP_FEATURE_LSM },
	{ "watchpoint", SKEP_FEATURE_BREAKPOINT, SKEP_FEATURE_BREAKPOINT },
	{ "hardware", SKEP_FEATURE_PERF_HARDWARE, SKEP_FEATURE_PERF_HARDWARE },
};

static void add_probes(bool working, struct skep_str *out)
{
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		bool works =
			skep_feature_has(probes[i].needs) || skep_feature_has(probes[i].or_else);

		if (works != working)
			continue;
		skep_str_addf(out, "%s%s", comma, probes[i].probe);
		comma = ", ";
	}
	skep_str_addf(out, "%s\n", *comma ? "" : "nothing");
}

int skep_cmd_doctor(int argc, char **argv)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct utsname u;

	if (skep_cli_no_words(argc, argv))
		return SKEP_EXIT_USAGE;
	if (uname(&u) < 0)
		memset(&u, 0, sizeof(u));
	if (!skep_explain_privileged()) {
		skep_cli_need_root();
		fprintf(stderr,
			"Without them the kernel refuses every test, and the answers would be wrong.\n");
		return SKEP_EXIT_CANNOT;
	}
	skep_str_addf(&out, "%s %s, %s, %u CPUs\n\nThis kernel:\n", u.sysname, u.release, u.machine,
		      skep_cpus_possible());
	for (int f = 0; f < SKEP_N_FEATURES; f++)
		add_feature((enum skep_feature)f, &out);
	skep_str_addf(&out, "\nskep trace works with: ");
	add_probes(true, &out);
	skep_str_addf(&out, "               not with: ");
	add_probes(false, &out);
	skep_cli_page(skep_str_text(&out));
	return skep_feature_has(SKEP_FEATURE_BPF) ? SKEP_EXIT_FINE : SKEP_EXIT_CANNOT;
}
