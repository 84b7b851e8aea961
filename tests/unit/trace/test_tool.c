/* SPDX-License-Identifier: Apache-2.0 */
/* Tools: what a head says, how a command line becomes one of skep trace, and that every tool's head is in order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "trace/tool.h"
#include "trace/tool_probe.h"

static const char head[] = "// SPDX-License-Identifier: Apache-2.0\n"
			   "// bees - which bees come home\n"
			   "// area: kernel\n"
			   "//\n"
			   "// All of them.\n"
			   "//\n"
			   "// arguments:\n"
			   "//   pattern  which hive\n"
			   "//   interval=1    seconds\n"
			   "// options:\n"
			   "//   -x, --failed       those that do not,\n"
			   "//                        too\n"
			   "//   -n, --name TEXT    only with this name\n"
			   "//   -p, --pid PID      only this process\n"
			   "//   -F, --often HZ=49  so often\n"
			   "// columns:\n"
			   "//   load    what it carries\n"
			   "// examples:\n"
			   "//   bees -x 3   hive 3\n"
			   "// bcc:\n"
			   "//   -i, --interval SECONDS  $interval\n"
			   "//   -x, --extended  --name=x --failed\n"
			   "//   -C  always\n"
			   "//   -r, --regexp  regexp\n"
			   "//   -Y, --journal  no: there is none\n"
			   "//   HIVE:-6?!x WIDE:-9?x\n"
			   "BEGIN { exit(); }\n";

static void test_head(void **state)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_tool t;
	const char *why;

	(void)state;
	assert_int_equal(skep_tool_parse(head, arena, &t, &why), 0);
	assert_string_equal(t.name, "bees");
	assert_string_equal(t.summary, "which bees come home");
	assert_string_equal(t.area, "kernel");
	assert_string_equal(t.about, "All of them.");
	assert_int_equal(t.n_arguments, 2);
	assert_null(t.arguments[0].preset);
	assert_string_equal(t.arguments[1].name, "interval");
	assert_string_equal(t.arguments[1].preset, "1");
	assert_int_equal(t.n_options, 4);
	assert_int_equal(t.options[0].letter, 'x');
	assert_null(t.options[0].value);
	assert_string_equal(t.options[0].text, "those that do not, too");
	assert_string_equal(t.options[1].name, "name");
	assert_string_equal(t.options[1].value, "TEXT");
	assert_null(t.options[2].preset);
	assert_string_equal(t.options[3].value, "HZ");
	assert_string_equal(t.options[3].preset, "49");
	assert_string_equal(t.columns[0].text, "what it carries");
	assert_string_equal(t.examples[0].term, "bees -x 3");
	skep_arena_free(arena);
}

static void test_bad_heads(void **state)
{
	static const char *const bad[] = {
		"",
		"BEGIN { }",
		"// bees\n// area: kernel\n",
		"// bees - which\n",
		"// bees - which\n//\n// area: kernel\n",
		"// bees - which\n// area: kernel\n// options:\n//   -x  one\n",
		"// bees - which\n// area: kernel\n// options:\n//   --x one\n",
		"// bees - which\n// area: kernel\n// options:\n// --x  one\n",
	};
	struct skep_arena *arena = skep_arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct skep_tool t;
		const char *why = NULL;

		assert_int_equal(skep_tool_parse(bad[i], arena, &t, &why), -EINVAL);
		assert_non_null(why);
	}
	skep_arena_free(arena);
}

static void joined(const struct skep_trace_options *o, struct skep_str *out)
{
	for (size_t i = 0; i < o->n_params; i++)
		skep_str_addf(out, "%s%s", i ? " " : "", o->params[i]);
}

/* @params: what getopt() and $1 see; NULL: it is wrong, and the message has @pid_or_why in it. */
static void check(const char *const *words, const char *params, const char *pid_or_why)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_trace_options o;
	struct skep_diag diag = {};
	struct skep_tool t;
	const char *why;
	char *argv[16] = { skep_arena_strdup(arena, "bees") };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = skep_arena_strdup(arena, words[argc - 1]);
	assert_int_equal(skep_tool_parse(head, arena, &t, &why), 0);
	assert_int_equal(skep_tool_options(&t, SKEP_TOOL_LINE_OWN, argc, argv, arena, &o, &diag),
			 params ? 0 : -EINVAL);
	if (params) {
		joined(&o, &text);
		assert_string_equal(skep_str_text(&text), params);
		assert_string_equal(o.name, "bees");
		assert_true(skep_streq(o.scope.pid ? o.scope.pid : "", pid_or_why));
	} else {
		skep_diag_format(&diag, false, false, &text);
		assert_non_null(strstr(skep_str_text(&text), pid_or_why));
	}
	skep_diag_fini(&diag);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static void test_command_line(void **state)
{
	(void)state;
	check(WORDS("3"), "3 1 49", "");
	check(WORDS("-x", "3", "5"), "--failed 3 5 49", "");
	check(WORDS("-xn", "queen", "3"), "--failed --name=queen 3 1 49", "");
	check(WORDS("-xnqueen", "3"), "--failed --name=queen 3 1 49", "");
	check(WORDS("--name=queen", "3", "-p77"), "--name=queen 3 1 49", "77");
	check(WORDS("--name", "queen", "--pid", "77", "3"), "--name=queen 3 1 49", "77");
	check(WORDS("--", "-x"), "-x 1 49", "");
	check(WORDS("-v", "-o", "file", "3", "--format=json"), "3 1 49", "");
	check(WORDS("-F99", "3"), "3 1 99", "");
	check(WORDS("3", "--often=7", "5"), "3 5 7", "");
	check(WORDS("-i", "7", "-C", "3"), "3 7 49", "");
	check(WORDS("-r", "^que.*n$"), "que*n 1 49", "");
	check(WORDS("-r", "a+"), NULL, "of regular expressions bees knows");
	check(WORDS("-Y", "3"), NULL, "bees has nothing like '--journal' of BCC");
	check(WORDS("--cgroupmap", "3"), NULL, "--cgroup PATH or --container NAME");
	check(WORDS("3", "-p77,78"), "3 1 49", "77,78");
	check(WORDS("3", "-F"), NULL, "option '-F' wants a value");
	check(WORDS(NULL), NULL, "bees wants to know: pattern");
	check(WORDS("3", "4", "5"), NULL, "'5' means nothing to bees");
	check(WORDS("3", "4", "5"), NULL,
	      "it takes no more than: skep bees [options] pattern [interval]; --help");
	check(WORDS("-y", "3"), NULL, "bees has no option '-y'");
	check(WORDS("--nmae=x", "3"), NULL, "did you mean --name?");
	check(WORDS("3", "-n"), NULL, "option '-n' wants a value");
	check(WORDS("3", "--failed=1"), NULL, "takes no value");
}

/* BCC's names for one kind of file system or language. */
static void test_families(void **state)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_tool *t = skep_tool_find("ext4slower", arena);

	(void)state;
	assert_non_null(t);
	assert_string_equal(t->name, "ext4slower");
	assert_string_equal(t->given, "--system=ext4");
	t = skep_tool_find("xfsdist", arena);
	assert_non_null(t);
	assert_string_equal(t->given, "--system=xfs");
	assert_null(skep_tool_find("fsdist", arena)->given);
	assert_null(skep_tool_find("ext5slower", arena));
	assert_null(skep_tool_find("ext4", arena));
	t = skep_tool_find("rubycalls", arena);
	assert_non_null(t);
	assert_string_equal(t->name, "rubycalls");
	assert_string_equal(t->given, "--language=ruby");
	assert_string_equal(skep_tool_find("cobjnew", arena)->given, "--language=c");
	assert_null(skep_tool_find("javagc", arena)->given); /* a tool of its own */
	assert_null(skep_tool_find("rubyslower", arena));
	assert_null(skep_tool_find("ruby", arena));
	assert_null(skep_tool_find("rubyflow stat", arena));
}

static void test_every_tool(void **state)
{
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str list = {};
	const char *script, *name;

	(void)state;
	skep_tool_list(NULL, NULL, &list);
	for (size_t i = 0; (script = skep_tool_file(i, &name)); i++) {
		const char *why = "it has a head";
		struct skep_tool t;
		char line[64];

		if (skep_tool_parse(script, arena, &t, &why) < 0)
			fail_msg("%s: %s", name, why);
		snprintf(line, sizeof(line), "%s.bt", t.name);
		assert_string_equal(line, name);
		/* Its area is one that is listed. */
		snprintf(line, sizeof(line), "\n  %s ", t.name);
		assert_non_null(strstr(skep_str_text(&list), line));
	}
	skep_arena_free(arena);
}

static void check_probe(const char *text, bool regexp, const char *script)
{
	static const char *const scripts[] = { "kprobe:$1 { }", "kprobe:$1 { } kretprobe:$1 { }" };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str said = {};
	struct skep_diag diag = {};
	struct skep_tool tool = { .name = "bees",
				  .script = scripts[strstr(script, " } ") || !*script] };
	struct skep_tool_probe probe;

	if (skep_tool_probe(&tool, text, regexp, 0, false, arena, &diag, &probe) < 0) {
		skep_diag_format(&diag, false, false, &said);
		assert_non_null(strstr(skep_str_text(&said), script));
		skep_diag_fini(&diag);
		return;
	}
	if (probe.script == tool.script)
		assert_string_equal(probe.pattern, script);
	else
		assert_string_equal(probe.script, script);
}

/* What BCC's users write. */
static void test_probes(void **state)
{
	(void)state;
	check_probe("vfs_*", false, "vfs_*");
	check_probe("p::vfs_read", false, "vfs_read");
	check_probe("c:malloc", false, "uprobe:c:malloc { }");
	check_probe("p:c:str*", false, "uprobe:c:str* { } uretprobe:c:str* { }");
	check_probe("./test:read*", false, "uprobe:./test:read* { }");
	check_probe("a b:std::sort<int>(int*)", false,
		    "uprobe:\"a b\":\"std::sort<int>(int*)\" { }");
	check_probe("t:block:*", false, "tracepoint:block:* { }");
	check_probe("u:node:gc*", false, "usdt:node:*:gc* { }");
	check_probe("u:/bin/x:shop:sale", false, "usdt:/bin/x:shop:sale { }");
	check_probe("t:me", false, "uprobe:t:me { }"); /* of libt */
	/* regular expressions */
	check_probe("^vfs_.*", true, "vfs_*");
	check_probe("vfs_read", true, "vfs_read");
	check_probe("^vfs_(read|write)$", true, "kprobe:vfs_read,\nkprobe:vfs_write { }");
	check_probe("c:(write|read)$", true, "uprobe:c:write,\nuprobe:c:read { }");
	check_probe("c:mem", true, "uprobe:c:mem* { }");
	check_probe("t:sched:sched_(switch|wakeup)$", true,
		    "tracepoint:sched:sched_switch,\ntracepoint:sched:sched_wakeup { }");
	check_probe("go:os\\..*", true, "uprobe:go:os.* { }");
	check_probe(
		"a(b|c(d|e))?[x-z]", true,
		"kprobe:abx,\nkprobe:aby,\nkprobe:abz,\nkprobe:acdx,\nkprobe:acdy,\nkprobe:acdz,\n"
		"kprobe:acex,\nkprobe:acey,\nkprobe:acez,\nkprobe:ax,\nkprobe:ay,\nkprobe:az { }");
	check_probe("a|b", true, "kprobe:a,\nkprobe:b { } kretprobe:a,\nkretprobe:b { }");
	/* what cannot be */
	check_probe("", false, "the pattern is empty");
	check_probe("t:sched:", false, "the pattern is empty");
	check_probe("r::vfs_read", false, "returns alone");
	check_probe("vfs_.", true, "not '.'");
	check_probe("vfs_+", true, "not '+'");
	check_probe("(vfs", true, "( without )");
	check_probe("vfs)", true, "not ')'");
	check_probe("[ab", true, "[ without ]");
	check_probe("[^ab]", true, "not '[^'");
	check_probe("a{2}", true, "not '{'");
	check_probe("\\d", true, "not '\\'");
	check_probe("[a-z][a-z]", true, "more than 64 patterns");
	check_probe("[~-\x7f]", true, "kprobe:\"~\",\nkprobe:\"\x7f\" { }");
	check_probe("((((((((((((((((((((a", true, "groups so deep");
}

/* An event does not return. */
static void test_event_with_return(void **state)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_tool tool = { .name = "bees", .script = "kretprobe:$1 { }" };
	struct skep_diag diag = {};
	struct skep_tool_probe probe;

	(void)state;
	assert_int_equal(skep_tool_probe(&tool, "t:block:*", false, 0, false, arena, &diag, &probe),
			 -EINVAL);
	assert_non_null(strstr(diag.items[0].what, "'t:block:*' is none"));
	skep_diag_fini(&diag);
	skep_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),	     cmocka_unit_test(test_bad_heads),
		cmocka_unit_test(test_command_line), cmocka_unit_test(test_families),
		cmocka_unit_test(test_probes),	     cmocka_unit_test(test_event_with_return),
		cmocka_unit_test(test_every_tool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
