/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe, uretprobe: functions of programs and libraries. What they pass is in user memory. All
 * targets of an attach point are in one binary and become one multi link where the kernel has
 * it.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "isa/arch.h"
#include "isa/progkind.h"
#include "lang/provider/function.h"
#include "lang/provider/uprobe.h"

/*
 * A multi link also for one target: it is closed in 20 to 30 ms, where a perf uprobe takes 100 ms
 * and keeps all others waiting. The kind is the world's: all of a point or none.
 */
static bool has_multi(const struct skep_compiler *c)
{
	return skep_world_has(c->world, SKEP_WORLD_UPROBE_MULTI) &&
	       (!skep_match_process(c) || skep_world_has(c->world, SKEP_WORLD_UPROBE_MULTI_PID));
}

/* Every build of a binary has its own. */
static int one_binary(struct skep_compiler *c, const struct skep_attach_point *point,
		      const struct skep_provider *provider)
{
	return skep_match_usage(c, point, provider,
				"addresses, offsets and lines are those of one binary, and this is "
				"a pattern of several");
}

static int match(struct skep_compiler *c, struct skep_probe_node *probe,
		 const struct skep_attach_point *point, bool is_return)
{
	const struct skep_provider *provider = skep_uprobe_provider(is_return);
	const char *binary = point->parts[1], *text = point->parts[point->n_parts - 1];
	struct skep_uprobe_search s = {
		.c = c, .probe = probe, .point = point, .is_return = is_return
	};
	const char *function = text;
	bool has_offset = false;

	if (!c->world->each_user_function || !skep_arch())
		return skep_match_unable(c, point, "skep doctor says what does",
					 "uprobes do not work on this machine");
	s.multi = has_multi(c);
	s.by_name = !s.multi && !skep_world_has(c->world, SKEP_WORLD_COOKIE) &&
		    skep_match_needs_probe(c, probe);
	s.many = skep_match_is_glob(binary);
	if (s.many && c->types.needs)
		return skep_match_unable(c, point, "name one binary",
					 "not supported ahead of time: a pattern of binaries");
	if (skep_streq(binary, "*"))
		return skep_match_usage(
			c, point, provider,
			"a pattern of binaries says more, as libssl* or /opt/*/bin/*");
	skep_match_used_args(probe, &s.used);
	if (strrchr(binary, '@') && isdigit((unsigned char)point->parts[2][0]) && s.many)
		return one_binary(c, point, provider);
	if (strrchr(binary, '@') && isdigit((unsigned char)point->parts[2][0]))
		return skep_uprobe_by_line(&s, strrchr(binary, '@'));
	s.demangled = point->n_parts == 4;
	if (s.demangled && !skep_streq(point->parts[2], "cpp"))
		return skep_match_usage(c, point, provider, "'%s' is not a language",
					point->parts[2]);
	if (s.many && isdigit((unsigned char)text[0]) && !s.demangled)
		return one_binary(c, point, provider);
	if (isdigit((unsigned char)text[0]) && !s.demangled)
		return skep_uprobe_by_address(&s, binary, text);
	if (!s.demangled && !strpbrk(text, ":(") &&
	    (!skep_split_offset(c->arena, text, &function, &s.offset, &has_offset) ||
	     (has_offset && (is_return || skep_match_is_glob(function)))))
		return skep_match_usage(c, point, provider, "'%s' is not a place in a function",
					text);
	if (s.many && has_offset)
		return one_binary(c, point, provider);
	return skep_uprobe_by_name(&s, binary, function);
}

static int uprobe_match(struct skep_compiler *c, struct skep_probe_node *probe,
			const struct skep_attach_point *point)
{
	return match(c, probe, point, false);
}

static int uretprobe_match(struct skep_compiler *c, struct skep_probe_node *probe,
			   const struct skep_attach_point *point)
{
	return match(c, probe, point, true);
}

struct listing {
	const struct skep_provider *provider;
	const struct skep_world *world;
	struct skep_arena *arena;
	bool demangled, verbose;
	size_t n_named; /* that have the name, where it is no pattern */
	struct skep_str *out;
};

static int count_function(void *data, const struct skep_world_symbol *symbol)
{
	((struct listing *)data)->n_named++;
	return 0;
}

static int list_function(void *data, const struct skep_world_symbol *symbol)
{
	struct listing *l = data;
	bool is_return = l->provider == &skep_provider_uretprobe;
	struct skep_proto_regs f = {};
	const char *why;

	skep_str_addf(l->out, l->demangled ? "%s:%s:cpp:\"%s\"\n" : "%s:%s:%s\n", l->provider->name,
		      symbol->module, symbol->name);
	if (l->n_named > 1)
		skep_str_addf(l->out, "    // at 0x%llx\n", (unsigned long long)symbol->address);
	if (!l->verbose || !l->world->user_proto ||
	    skep_uprobe_params(l->world, symbol, is_return, &f, &why) < 0)
		return 0;
	if (is_return)
		skep_result_list(&f, l->out);
	else
		skep_proto_list_registers(l->arena, &f, l->out);
	return 0;
}

/* What stands behind "cpp:", with its own colons and without quotes. */
static const char *unquoted(struct skep_arena *arena, const struct skep_attach_point *pattern)
{
	const char *text = strstr(pattern->text, ":cpp:") + strlen(":cpp:");
	size_t len = strlen(text);

	if (len > 1 && text[0] == '"' && text[len - 1] == '"')
		return skep_arena_strndup(arena, text + 1, len - 2);
	return len ? text : "*";
}

/* Only of binaries that are named, or by a pattern that is a path: there is no list of all programs. */
static int list(const struct skep_world *world, const struct skep_attach_point *pattern,
		bool verbose, int pid, bool is_return, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct listing l = {
		.provider = skep_uprobe_provider(is_return),
		.world = world,
		.arena = arena,
		.verbose = verbose,
		.out = out,
	};
	bool all_kinds = skep_match_is_glob(pattern->parts[0]);
	size_t before = out->len;
	int r;

	if (!world->each_user_function)
		return 0;
	if (pattern->n_parts < 2 || skep_streq(pattern->parts[1], "*")) {
		if (all_kinds)
			return 0;
		skep_diag_error(diag, SKEP_NO_LOC,
				"functions are listed of programs or libraries that are named");
		skep_diag_hint(diag, "name it: skep trace -l 'uprobe:/usr/bin/bash:*', or "
				     "'uprobe:libc:str*'");
		return -EINVAL;
	}
	if (pattern->n_parts > 3 && skep_streq(pattern->parts[2], "cpp") &&
	    world->each_user_demangled) {
		l.demangled = true;
		r = world->each_user_demangled(world, pattern->parts[1], pid,
					       unquoted(arena, pattern), all_kinds ? NULL : diag,
					       list_function, &l);
	} else {
		const char *name =
			pattern->n_parts > 2 ? pattern->parts[pattern->n_parts - 1] : "*";

		/* Static functions of one name are told apart. */
		if (!skep_match_is_glob(name))
			(void)!world->each_user_function(world, pattern->parts[1], pid, name, NULL,
							 count_function, &l);
		r = world->each_user_function(world, pattern->parts[1], pid, name,
					      all_kinds ? NULL : diag, list_function, &l);
	}
	skep_list_sort(out, before);
	return all_kinds ? 0 : r;
}

static int uprobe_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		       bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(world, pattern, verbose, pid, false, diag, out);
}

static int uretprobe_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			  bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(world, pattern, verbose, pid, true, diag, out);
}

static const char *const uprobe_aliases[] = { "u", NULL };
static const char *const uretprobe_aliases[] = { "ur", NULL };

const struct skep_provider skep_provider_uprobe = {
	.name = "uprobe",
	.aliases = uprobe_aliases,
	.usage = "uprobe:/path/of/binary:function (or function+offset, an address, or "
		 "cpp:\"ns::function(int)\")",
	.min_parts = 3,
	.max_parts = 4,
	.match = uprobe_match,
	.arg = skep_regs_arg,
	.lower_arg = skep_regs_lower_arg,
	.lower_args = skep_regs_lower_args_at,
	.lower_probe = skep_provider_cookie,
	.list = uprobe_list,
};

const struct skep_provider skep_provider_uretprobe = {
	.name = "uretprobe",
	.aliases = uretprobe_aliases,
	.usage = "uretprobe:/path/of/binary:function",
	.min_parts = 3,
	.max_parts = 4,
	.match = uretprobe_match,
	.retval = skep_regs_retval,
	.lower_retval = skep_regs_lower_retval,
	.lower_probe = skep_provider_cookie,
	.list = uretprobe_list,
};
