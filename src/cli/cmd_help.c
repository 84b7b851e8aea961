/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "sys/explain.h"
#include "sys/feature.h"

static void print_commands(void)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_str_add(&out, "usage: skep COMMAND [options]\n\n");
	for (const struct skep_command *c = skep_commands; c->name; c++)
		skep_str_addf(&out, "  %-10s  %s\n", c->name, c->summary);
	skep_str_add(
		&out,
		"\nskep -e 'SCRIPT', skep FILE.bt and skep FILE.skep mean skep trace. Each command has "
		"--help and a manual: man skep-trace; the language is in man skep-lang\n");
	skep_cli_page(skep_str_text(&out));
}

/* Those list them by themselves. */
static bool has_options(const struct skep_command *c)
{
	return c->run != skep_cmd_version && c->run != skep_cmd_help;
}

/* Two tools of BCC are languages of their own: what they say, in ours. "trace" is a command here; this stands behind its help. */
static const char argdist[] =
	"What argdist and trace of BCC do is a line of the language (man skep-lang):\n"
	"\n"
	"argdist -C 'p::vfs_read(struct file *f, char *b, size_t n):size_t:n'\n"
	"  skep -e 'kprobe:vfs_read { @[arg2] = count(); }\n"
	"           interval:s:1 { print(@); clear(@); }'\n"
	"argdist -H 'r::vfs_read():ssize_t:$retval'\n"
	"  skep -e 'kretprobe:vfs_read { @ = hist(retval); }'\n"
	"argdist -H 'p:c:write(int fd, void *b, size_t n):size_t:n:fd==1'\n"
	"  skep -e 'uprobe:libc:write /arg0 == 1/ { @ = hist(arg2); }'\n"
	"argdist -C 'p:c:puts(char *s):char*:s'\n"
	"  skep -e 'uprobe:libc:puts { @[str(arg0)] = count(); }'\n"
	"argdist -C 'p::vfs_write(void *f, char *b, size_t n):int,size_t:$PID,n'\n"
	"  skep -e 'kprobe:vfs_write { @[pid, arg2] = count(); }'\n"
	"argdist -H 'r:c:malloc(size_t n):u64:$latency/$entry(n):$entry(n)>0'\n"
	"  skep -e 'uprobe:libc:malloc { @at[tid] = (nsecs, arg0); }\n"
	"           uretprobe:libc:malloc /@at[tid].1/ {\n"
	"             @ = hist((nsecs - @at[tid].0) / @at[tid].1); delete(@at, tid); }'\n"
	"argdist -C 'r::vfs_read():u32:$PID:$latency > 100000'\n"
	"  skep -e 'kprobe:vfs_read { @at[tid] = nsecs; }\n"
	"           kretprobe:vfs_read /@at[tid]/ {\n"
	"             if (nsecs - @at[tid] > 100us) { @[pid] = count(); }\n"
	"             delete(@at, tid); }'\n"
	"argdist -C 't:block:block_rq_issue():u32:args->nr_sector'\n"
	"  skep -e 'tracepoint:block:block_rq_issue { @[args.nr_sector] = count(); }'\n"
	"\n"
	"trace 'do_sys_openat2 \"%s\", arg2@user'\n"
	"  skep -e 'kprobe:do_sys_openat2 {\n"
	"           printf(\"%d %s %s\\n\", pid, comm, str(uptr(arg1))); }'\n"
	"trace 'sys_read (arg3 > 20000) \"read %d bytes\", arg3'\n"
	"  skep -e 'tracepoint:syscalls:sys_enter_read /args.count > 20000/ {\n"
	"           printf(\"%d %s read %d bytes\\n\", pid, comm, args.count); }'\n"
	"trace 'r::vfs_read (retval > 20000) \"%d bytes\", retval'\n"
	"  skep -e 'kretprobe:vfs_read /retval > 20000/ {\n"
	"           row read { pid, comm, size: retval } }'\n"
	"trace 'r:bash:readline \"%s\", retval'\n"
	"  skep -e 'uretprobe:bash:readline { printf(\"%d %s\\n\", pid, str(retval)); }'\n"
	"trace 'r:c:read ((int)retval < 0)' 'r:c:write ((int)retval < 0)'\n"
	"  skep -e 'uretprobe:libc:read, uretprobe:libc:write /(int32)retval < 0/ {\n"
	"           row failed { pid, comm, function: func, ret: (int32)retval } }'\n"
	"trace -K 'tcp_sendmsg'\n"
	"  skep -e 'kprobe:tcp_sendmsg { printf(\"%d %s%s\\n\", pid, comm, kstack); }'\n"
	"trace -U 'c:malloc (arg1 > 1000000)'\n"
	"  skep -e 'uprobe:libc:malloc /arg0 > 1000000/ { printf(\"%d %s%s\\n\", pid, comm, ustack); }'\n"
	"trace 'u:pthread:pthread_create'\n"
	"  skep -e 'uprobe:libc:pthread_create { printf(\"%d %s\\n\", pid, comm); }'\n"
	"\n"
	"Arguments count from 0: arg1 of BCC is arg0. -p PID is --pid PID, -d SECONDS is\n"
	"--duration SECONDS, -M N is head -n N, -T N of argdist is print(@, N); a row is a\n"
	"table, JSON or CSV: --format. The arguments there are: skep -lv PROBE\n";

/* Names of BCC for what is no tool here, each with where it is. */
static const struct {
	const char *name, *text;
} others[] = {
	{ "argdist", argdist },
	{ "trace", argdist }, /* as BCC's, under its name: trace-bpfcc */
	{ "bpflist",
	  "What bpflist of BCC lists is a command:\n"
	  "\n"
	  "  skep ps             programs: whose they are, where attached, what they cost\n"
	  "  skep ps --maps      maps; --links what holds programs in place\n" },
	{ "bpfstats", "How long programs of BPF run is a column of a command:\n"
		      "\n"
		      "  skep ps --watch 1 --sort cpu\n" },
	{ "tplist", "What tplist of BCC lists are probes of the language:\n"
		    "\n"
		    "tplist 'net:*'\n"
		    "  skep trace -l 'tracepoint:net:*'\n"
		    "tplist -v net:netif_rx\n"
		    "  skep trace -lv tracepoint:net:netif_rx\n"
		    "tplist -l /usr/bin/python3\n"
		    "  skep trace -lv 'usdt:/usr/bin/python3:*'\n"
		    "tplist -p PID\n"
		    "  skep trace -p PID -l 'usdt:*'\n" },
	{ "reset-trace",
	  "There is nothing to reset: what skep attaches is gone when it ends, however it ends.\n"
	  "What others have left in ftrace is in the files below /sys/kernel/tracing: kprobe_events\n"
	  "and uprobe_events, set_ftrace_filter, set_event, current_tracer, tracing_on.\n" },
	{ "ppchcalls",
	  "ppchcalls counts calls from a guest to the hypervisor of POWER machines:\n"
	  "\n"
	  "  skep -e 'tracepoint:powerpc:hcall_entry { @[args.opcode] = count(); }'\n" },
};

const char *skep_cli_elsewhere(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (skep_streq(name, others[i].name))
			return others[i].text;
	return NULL;
}

int skep_cmd_help(int argc, char **argv)
{
	if (argc < 2) {
		print_commands();
		return SKEP_EXIT_FINE;
	}
	for (const struct skep_command *c = skep_commands; c->name; c++) {
		if (!skep_streq(c->name, argv[1]))
			continue;
		if (!has_options(c))
			printf("usage: %s\n\n%s\n", c->usage, c->summary);
		else if (c->run(2, (char *[]){ argv[1], "--help", NULL }) != SKEP_EXIT_FINE)
			return SKEP_EXIT_FAILED;
		if (c->run == skep_cmd_trace) {
			putchar('\n');
			skep_cli_page(argdist);
		}
		return SKEP_EXIT_FINE;
	}
	if (skep_cli_is_tool(argv[1]))
		return skep_cmd_tool(argv[1], false, 2, (char *[]){ argv[1], "--help", NULL });
	if (skep_cli_elsewhere(argv[1])) {
		skep_cli_page(skep_cli_elsewhere(argv[1]));
		return SKEP_EXIT_FINE;
	}
	return skep_cli_unknown(argv[1]);
}

enum {
	NEEDS_RIGHTS = -1, /* but no feature */
	NEEDS_NOTHING = -2,
};

/* Commands to start with, best first; each with what it needs of the kernel. */
static const struct {
	const char *what, *line;
	int needs; /* enum skep_feature, or one of these */
} samples[] = {
	{ "which programs are started",
	  "-e 'tracepoint:sched:sched_process_exec { print(str(args.filename)); }'",
	  SKEP_FEATURE_RAW_TP },
	{ "how many system calls each program makes (Ctrl-C shows it)",
	  "-e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'", SKEP_FEATURE_RAW_TP },
	{ "which kernel functions of the file layer run how often",
	  "-e 'kprobe:vfs_* { @[func] = count(); }'", SKEP_FEATURE_KPROBE },
	{ "how much memory a program asks for at a time",
	  "-e 'uprobe:libc:malloc /pid == cpid/ { @bytes = hist(arg0); }' -c 'ls /'",
	  SKEP_FEATURE_UPROBE },
	{ "where the CPUs spend their time", "-e 'profile:hz:99 { @[comm] = count(); }'",
	  SKEP_FEATURE_PERF_SOFTWARE },
	{ "which probes there are", "trace -l 'tracepoint:*open*'", SKEP_FEATURE_TRACEFS },
	{ "what this kernel can do", "doctor", NEEDS_RIGHTS },
	{ "all commands", "help", NEEDS_NOTHING },
	{ "which version this is", "version", NEEDS_NOTHING },
};

int skep_cmd_front(void)
{
	bool root = skep_explain_privileged();
	unsigned shown = 0;

	printf("skep asks the running kernel. Try%s:\n\n", root ? "" : ", as root");
	for (size_t i = 0; i < ARRAY_SIZE(samples) && shown < 5; i++) {
		/* Without rights nothing can be tested: then only what works everywhere is shown. */
		if (samples[i].needs >= 0 &&
		    (root ? !skep_feature_has((enum skep_feature)samples[i].needs)
			  : samples[i].needs == SKEP_FEATURE_KPROBE))
			continue;
		if (shown == 4 && samples[i].needs >= 0) /* the last is the way to more */
			continue;
		printf("  # %s\n  %sskep %s\n\n", samples[i].what,
		       root || samples[i].needs == NEEDS_NOTHING ? "" : "sudo ", samples[i].line);
		shown++;
	}
	printf("skep help lists the commands, skep COMMAND --help tells of one.\n");
	return SKEP_EXIT_FINE;
}
