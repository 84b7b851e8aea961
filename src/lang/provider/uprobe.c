/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe, uretprobe: functions of programs and libraries. What they pass is in user memory. All
 * targets of an attach point are in one binary and become one multi link where the kernel has
 * it.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "isa/progkind.h"
#include "lang/provider/arch.h"
#include "lang/provider/function.h"

extern const struct skep_provider skep_provider_uprobe, skep_provider_uretprobe;

static const struct skep_provider *provider_of(bool is_return)
{
	return is_return ? &skep_provider_uretprobe : &skep_provider_uprobe;
}

struct search {
	struct skep_compiler *c;
	struct skep_probe_node *probe;
	const struct skep_attach_point *point;
	bool is_return, by_name, glob, multi;
	bool demangled; /* functions go by their demangled names, of which one may be several functions' */
	bool by_instruction; /* returns are probed where they happen: attached as entries are */
	bool elsewhere;	     /* another point of the probe has it: see names_libc */
	bool by_line;	     /* somewhere inside: not where arguments are in their registers */
	struct skep_used_args used;
	uint64_t offset; /* in the function */
	size_t found, beyond;
	size_t left_out; /* functions whose returns cannot be found, and why not of the first */
	const char *left_out_why;
	struct skep_hash seen; /* offsets: aliases of one function count once for a pattern */
};

/* Copies that the compiler made for itself take other arguments than the source says. */
static bool is_clone(const char *name)
{
	return strstr(name, ".isra.") || strstr(name, ".constprop.") || strstr(name, ".part.");
}

/*
 * args by name, of a function that debugging information describes. Those that are used make a signature: functions that
 * have them alike share a program.
 */
static const char *load_args(struct search *s, const struct skep_world_symbol *symbol,
			     const struct skep_struct **ret_args, const char **ret_why)
{
	const struct skep_world *w = s->c->world;
	const struct skep_btf *btf;
	struct skep_struct *args;
	uint32_t proto;

	if (s->is_return || s->offset || s->by_line || !w->user_proto || !symbol->name ||
	    (!s->used.n && !s->used.whole))
		return "";
	if (is_clone(symbol->linkage ? symbol->linkage : symbol->name)) {
		*ret_why = "the compiler changed what this copy of the function takes";
		return "";
	}
	if (w->user_proto(w, symbol, &btf, &proto, ret_why) < 0)
		return "";
	args = skep_arena_memdup(s->c->arena,
				 skep_proto_args(&s->c->types, btf, proto, 0, SKEP_SPACE_USER,
						 symbol->name, NULL),
				 sizeof(*args));
	args->n_fields = MIN(args->n_fields, (size_t)skep_arch()->n_args);
	*ret_args = args;
	return skep_match_signature(s->c, args, &s->used);
}

/* What `probe` shows. A line keeps the words of the script behind the binary. */
static const char *name_of(const struct search *s, const char *path, const char *function)
{
	const char *kind = provider_of(s->is_return)->name;
	const char *text = s->point->text;

	if (s->by_line)
		return skep_arena_printf(s->c->arena, "%s:%s%s", kind, path, strchr(text, '@'));
	return skep_arena_printf(s->c->arena, s->demangled ? "%s:%s:cpp:\"%s\"" : "%s:%s:%s", kind,
				 path, function);
}

static void add_target(struct search *s, const struct skep_world_symbol *symbol,
		       const char *function)
{
	struct skep_compiler *c = s->c;
	const struct skep_provider *provider = provider_of(s->is_return);
	const struct skep_struct *args = NULL;
	const char *no_args = NULL;
	const char *signature = load_args(s, symbol, &args, &no_args);
	struct skep_instance *inst = skep_match_group(c, s->probe, s->point, provider, 0,
						      s->by_name ? function : signature);
	const char *path = skep_arena_strdup(c->arena, symbol->module);
	struct skep_match *m;

	if (!inst->n_matches) {
		inst->args_space = SKEP_SPACE_USER;
		inst->args = args;
		inst->no_args = no_args;
		inst->open = c->types.needs && s->glob;
		inst->preemptible = true;
		inst->can_wait = true;
		inst->proto.type = SKEP_PROG_KPROBE;
		if (s->multi)
			inst->proto.attach_type = SKEP_ATTACH_TYPE_UPROBE_MULTI;
		inst->attach.kind = s->is_return && !s->by_instruction ? SKEP_ATTACH_URETPROBE
								       : SKEP_ATTACH_UPROBE;
		inst->on_call = !s->offset && !s->by_line && (!s->is_return || s->by_instruction);
		inst->attach.pid = c->options->pid;
	}
	m = skep_instance_add(c, inst, name_of(s, path, function));
	m->func = skep_arena_strdup(c->arena, function);
	m->target.name = symbol->container ? skep_arena_strdup(c->arena, symbol->container) : path;
	m->target.symbol = m->func;
	m->target.offset = symbol->base + symbol->offset + s->offset;
	m->target.optional = s->glob;
	s->found++;
}

/*
 * The kernel writes a breakpoint wherever it is told. In the midst of an instruction the program
 * would crash, or go on with something else.
 */
static int check_place(struct search *s, const struct skep_world_symbol *function, uint64_t inside)
{
	const struct skep_world *w = s->c->world;
	int r = -ENOTSUP;

	if (!w->is_user_instruction || (!inside && function->name))
		return 0;
	if (function->name)
		r = w->is_user_instruction(w, function, inside);
	if (r > 0 || (r < 0 && s->c->options->unsafe))
		return 0;
	if (r == 0) {
		skep_diag_error(s->c->diag, s->point->loc,
				"no instruction begins %llu bytes behind the beginning of %s",
				(unsigned long long)inside, function->name);
		skep_diag_hint(s->c->diag, "a probe there would crash the program; objdump -d "
					   "shows where instructions begin");
		return -ERANGE;
	}
	skep_diag_error(s->c->diag, s->point->loc,
			"it is not known whether an instruction begins there");
	skep_diag_hint(s->c->diag, "if none does, the program crashes; --unsafe says that you are "
				   "sure");
	return -ERANGE;
}

/* A pattern takes each place once, one name the first place that has it. */
static bool is_wanted(struct search *s, const struct skep_world_symbol *symbol)
{
	uint64_t *offset;

	if (!s->glob && !s->demangled)
		return !s->found;
	/* Past the limit only how many there are is of interest. */
	if (s->found > s->c->config.max_probes) {
		s->beyond++;
		return false;
	}
	if (skep_hash_get(&s->seen, &symbol->offset, sizeof(symbol->offset)))
		return false;
	offset = skep_arena_memdup(s->c->arena, &symbol->offset, sizeof(symbol->offset));
	skep_hash_set(&s->seen, offset, sizeof(*offset), s);
	return true;
}

/*
 * Go's functions: a probe at each return instruction, under the one name. 1: done; 0: another
 * language's.
 */
static int add_returns(struct search *s, const struct skep_world_symbol *function, const char *name)
{
	const struct skep_world *w = s->c->world;
	struct skep_world_symbol place = *function;
	const uint64_t *offsets;
	const char *why;
	int n;

	if (!s->is_return || !w->user_returns)
		return 0;
	n = w->user_returns(w, function, &offsets, &why);
	if (n == 0)
		return 0;
	s->by_instruction = true;
	if (function->inside) {
		n = -EINVAL;
		why = "this address is not where it begins";
	}
	if (n < 0) {
		if (!s->left_out++)
			s->left_out_why = skep_arena_printf(s->c->arena, "%s: %s", name, why);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		place.offset = offsets[i];
		add_target(s, &place, name);
	}
	return 1;
}

/* Tells what add_returns left out: of a pattern a warning, of one function an error. */
static int tell_left_out(struct search *s)
{
	if (!s->left_out)
		return 0;
	skep_diag_add(s->c->diag, s->found ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR, s->point->loc,
		      "returns of %zu Go function%s cannot be probed; %s", s->left_out,
		      s->left_out == 1 ? "" : "s", s->left_out_why);
	skep_diag_hint(s->c->diag, "a uretprobe would end the program: Go finds its return address "
				   "changed when it moves the stack; a uprobe on entry works");
	return s->found ? 0 : -ENOTSUP;
}

static int on_function(void *data, const struct skep_world_symbol *symbol)
{
	struct search *s = data;
	const char *name;

	if (!is_wanted(s, symbol))
		return 0;
	name = skep_arena_strdup(s->c->arena, symbol->name);
	if (s->offset && symbol->size && s->offset >= symbol->size) {
		skep_diag_error(s->c->diag, s->point->loc, "%s ends before that: it has %llu bytes",
				name, (unsigned long long)symbol->size);
		return -ERANGE;
	}
	if (add_returns(s, symbol, name))
		return 0;
	if (check_place(s, symbol, s->offset) < 0)
		return -ERANGE;
	if (s->offset)
		name = skep_arena_printf(s->c->arena, "%s+%llu", name,
					 (unsigned long long)s->offset);
	add_target(s, symbol, name);
	return 0;
}

/* The world mostly says itself what is wrong, but not where in the script. */
static int no_binary(struct search *s, const char *binary, int error, const struct skep_diag *said)
{
	int missing_probes = error == -ENOENT ? s->c->config.missing_probes : 0;
	struct skep_diag *diag = s->c->diag;
	enum skep_diag_level level;

	s->c->left_out |= missing_probes != 0;
	if (missing_probes == 2)
		return 0;
	level = missing_probes ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR;
	for (size_t i = 0; i < said->n_items; i++) {
		skep_diag_add(diag, level, s->point->loc, "%s", said->items[i].what);
		if (said->items[i].hint)
			skep_diag_hint(diag, "%s", said->items[i].hint);
	}
	if (!said->n_items && error == -ENOEXEC) {
		skep_diag_error(diag, s->point->loc, "%s is not a program or library (ELF file)",
				binary);
		skep_diag_hint(diag, "scripts are run by an interpreter: probe that one");
	} else if (!said->n_items) {
		skep_diag_add(diag, level, s->point->loc, "cannot find the program or library %s",
			      binary);
		skep_diag_hint(diag, "give its path, such as /usr/bin/bash, or a library's name, "
				     "such as libc");
	}
	if (missing_probes)
		return 0;
	return error == -ENOENT ? -ENOENT : -EINVAL;
}

static int each(const struct search *s, const char *binary, const char *function,
		struct skep_diag *diag, skep_world_symbol_fn fn, void *data)
{
	const struct skep_world *w = s->c->world;
	int pid = s->c->options->pid;

	if (!s->demangled)
		return w->each_user_function(w, binary, pid, function, diag, fn, data);
	return w->each_user_demangled
		       ? w->each_user_demangled(w, binary, pid, function, diag, fn, data)
		       : 0;
}

struct near_demangled {
	struct skep_arena *arena;
	struct skep_nearest *near;
};

/* Parameters count when somebody wrote some. */
static int collect_demangled(void *data, const struct skep_world_symbol *symbol)
{
	struct near_demangled *n = data;
	size_t len =
		strchr(n->near->wanted, '(') ? strlen(symbol->name) : strcspn(symbol->name, "(");

	skep_nearest_add(n->near, skep_arena_strndup(n->arena, symbol->name, len));
	return 0;
}

static int no_function(struct search *s, const char *binary, const char *function)
{
	struct skep_nearest near = { .wanted = function };
	struct near_demangled demangled = { s->c->arena, &near };
	int r;

	if (s->demangled)
		(void)!each(s, binary, "*", NULL, collect_demangled, &demangled);
	else
		(void)!each(s, binary, "*", NULL, skep_nearest_collect_symbol, &near);
	r = skep_match_missing(s->c, s->point, &near,
			       s->glob ? "no function of %s matches %s"
				       : "%s has no function %s (or its symbols were stripped)",
			       binary, function);
	if (!near.n && s->c->config.missing_probes != 2)
		skep_diag_hint(s->c->diag, "list what there is: skep trace -l '%s:%s:%s*'",
			       s->point->parts[0], binary, s->demangled ? "cpp:" : "");
	skep_nearest_fini(&near);
	return r;
}

static int by_address(struct search *s, const char *binary, const char *text)
{
	const struct skep_world *w = s->c->world;
	struct skep_world_symbol symbol = {}, function;
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	char *end;
	uint64_t address;
	int r;

	errno = 0;
	address = strtoull(text, &end, 0);
	if (errno || *end)
		return skep_match_usage(s->c, s->point, provider_of(s->is_return),
					"'%s' is neither a function nor an address", text);
	r = w->user_offset ? w->user_offset(w, binary, s->c->options->pid, address, &said, &symbol)
			   : -ERANGE;
	if (r == -ERANGE)
		return skep_match_missing(s->c, s->point, NULL, "%s has no code at %s", binary,
					  text);
	if (r < 0)
		return no_binary(s, binary, r, &said);
	if (!symbol.module)
		symbol.module = binary;
	function = symbol;
	function.offset -= symbol.inside;
	if (add_returns(s, &function, text))
		return tell_left_out(s);
	if (check_place(s, &function, symbol.inside) < 0)
		return -EINVAL;
	s->offset = symbol.inside;
	symbol.offset -= symbol.inside;
	add_target(s, &symbol, text);
	return 0;
}

/*
 * A multi link also for one target: it is closed in 20 to 30 ms, where a perf uprobe takes 100 ms
 * and keeps all others waiting. The kind is the world's: all of a point or none.
 */
static bool has_multi(const struct skep_compiler *c)
{
	return skep_world_has(c->world, SKEP_WORLD_UPROBE_MULTI) &&
	       (!c->options->pid || skep_world_has(c->world, SKEP_WORLD_UPROBE_MULTI_PID));
}

/*
 * Since glibc 2.34 the C library has these in it, and what stands under their names is an empty shell: also under
 * /lib/x86_64-linux-gnu/libpthread.so.0.
 */
static bool is_in_libc(const char *binary)
{
	static const char *const merged[] = { "libpthread", "libdl", "librt", "libutil", "libanl" };
	const char *slash = strrchr(binary, '/'), *name = slash ? slash + 1 : binary;

	for (size_t i = 0; i < ARRAY_SIZE(merged); i++) {
		const char *behind = name + strlen(merged[i]);

		if (skep_has_prefix(name, merged[i]) &&
		    (!*behind || skep_has_prefix(behind, ".so.")))
			return true;
	}
	return false;
}

static int on_line(void *data, const struct skep_world_symbol *symbol)
{
	struct search *s = data;

	/* Debugging information may be wrong; what nobody can tell is believed. */
	if (s->c->world->is_user_instruction && symbol->name && symbol->inside) {
		struct skep_world_symbol function = *symbol;

		function.offset -= symbol->inside;
		if (s->c->world->is_user_instruction(s->c->world, &function, symbol->inside) == 0)
			return check_place(s, &function, symbol->inside);
	}
	add_target(s, symbol, symbol->name ? symbol->name : "?");
	return 0;
}

static bool read_number(const char *text, unsigned *ret_number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || !value || value > INT32_MAX)
		return false;
	*ret_number = (unsigned)value;
	return true;
}

/* BINARY@FILE:LINE[:COLUMN] */
static int by_line(struct search *s, const char *at)
{
	const struct skep_attach_point *point = s->point;
	const struct skep_provider *provider = provider_of(s->is_return);
	struct skep_compiler *c = s->c;
	const char *binary =
		skep_arena_strndup(c->arena, point->parts[1], (size_t)(at - point->parts[1]));
	unsigned line, column = 0, nearest = 0;
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	int r;

	if (s->is_return)
		return skep_match_usage(c, point, provider, "a line has no return");
	if (!read_number(point->parts[2], &line) || !at[1] ||
	    (point->n_parts == 4 && !read_number(point->parts[3], &column)))
		return skep_match_usage(c, point, provider, "'%s' is not a line of a file",
					strchr(point->text, '@') + 1);
	if (c->types.needs)
		return skep_match_unable(c, point, "name a function",
					 "not supported ahead of time: lines of a source file");
	if (!c->world->user_line)
		return skep_match_unable(c, point, "name a function", "lines are not known here");
	s->by_line = true;
	r = c->world->user_line(c->world, binary, c->options->pid, at + 1, line, column, &said,
				on_line, s, &nearest);
	if (r < 0 && said.n_items)
		return no_binary(s, binary, r, &said);
	if (r < 0 && r != -ENOENT)
		return -EINVAL;
	if (s->found)
		return 0;
	r = skep_match_missing(c, point, NULL, "%s has no code at line %u%s of %s", binary, line,
			       column ? " and that column" : "", at + 1);
	if (nearest)
		skep_diag_hint(c->diag, "the next line that has some is %u", nearest);
	else
		skep_diag_hint(c->diag, "no file of that name has code behind it, either");
	return r;
}

/* Whether the same probe names this function of the C library itself: then it must not run twice. */
static bool names_libc(const struct search *s, const char *function)
{
	for (size_t i = 0; i < s->probe->n_points; i++) {
		const struct skep_attach_point *other = &s->probe->points[i];

		if (other->n_parts == 3 && skep_streq(other->parts[0], s->point->parts[0]) &&
		    skep_streq(other->parts[1], "libc") && skep_streq(other->parts[2], function))
			return true;
	}
	return false;
}

/* Functions by name, in the library that has them by now. */
static int search(struct search *s, const char *binary, const char *function,
		  struct skep_diag *diag)
{
	int r = each(s, binary, function, diag, on_function, s);

	if (is_in_libc(binary) && (r == -ENOENT || (r >= 0 && !s->found && !s->left_out))) {
		int again;

		s->elsewhere = names_libc(s, function);
		if (s->elsewhere)
			return r;
		again = each(s, "libc", function, NULL, on_function, s);

		if (s->found || s->left_out || again == -ERANGE)
			r = again;
	}
	return r;
}

static int by_name(struct search *s, const char *binary, const char *function)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	int r;

	s->glob = skep_match_is_glob(function);
	r = search(s, binary, function, &said);
	/* A name as C++ has it says so itself: in quotes, as it has colons in it. */
	if (r >= 0 && !s->found && !s->left_out && strpbrk(function, ":(")) {
		s->demangled = true;
		r = search(s, binary, function, &said);
	}
	skep_hash_fini(&s->seen);
	if (r == -ERANGE)
		return -EINVAL;
	if (r < 0)
		return no_binary(s, binary, r, &said);
	if (s->beyond)
		return skep_match_room(s->c, s->point, s->beyond);
	r = tell_left_out(s);
	if (r < 0)
		return r;
	return s->found || s->elsewhere ? 0 : no_function(s, binary, function);
}

static int match(struct skep_compiler *c, struct skep_probe_node *probe,
		 const struct skep_attach_point *point, bool is_return)
{
	const struct skep_provider *provider = provider_of(is_return);
	const char *binary = point->parts[1], *text = point->parts[point->n_parts - 1];
	struct search s = { .c = c, .probe = probe, .point = point, .is_return = is_return };
	const char *function = text;
	bool has_offset;

	if (!c->world->each_user_function || !skep_arch())
		return skep_match_unable(c, point, "skep doctor says what does",
					 "uprobes do not work on this machine");
	s.multi = has_multi(c);
	s.by_name = !s.multi && !skep_world_has(c->world, SKEP_WORLD_COOKIE) &&
		    skep_match_needs_probe(c, probe);
	if (strrchr(binary, '@') && isdigit((unsigned char)point->parts[2][0]))
		return by_line(&s, strrchr(binary, '@'));
	skep_match_used_args(probe, &s.used);
	s.demangled = point->n_parts == 4;
	if (s.demangled && !skep_streq(point->parts[2], "cpp"))
		return skep_match_usage(c, point, provider, "'%s' is not a language",
					point->parts[2]);
	if (skep_match_is_glob(binary))
		return skep_match_usage(c, point, provider,
					"a pattern of binaries is not supported");
	if (isdigit((unsigned char)text[0]) && !s.demangled)
		return by_address(&s, binary, text);
	if (!s.demangled && !strpbrk(text, ":(") &&
	    (!skep_split_offset(c->arena, text, &function, &s.offset, &has_offset) ||
	     (has_offset && (is_return || skep_match_is_glob(function)))))
		return skep_match_usage(c, point, provider, "'%s' is not a place in a function",
					text);
	return by_name(&s, binary, function);
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
	struct skep_str *out;
};

static int list_function(void *data, const struct skep_world_symbol *symbol)
{
	struct listing *l = data;
	const struct skep_btf *btf;
	const char *why;
	uint32_t proto;

	skep_str_addf(l->out, l->demangled ? "%s:%s:cpp:\"%s\"\n" : "%s:%s:%s\n", l->provider->name,
		      symbol->module, symbol->name);
	if (l->verbose && l->world->user_proto &&
	    l->world->user_proto(l->world, symbol, &btf, &proto, &why) == 0)
		skep_proto_list(l->arena, btf, proto, 0, false, l->out);
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

/* Only of a binary that is named: there is no list of all programs. */
static int list(const struct skep_world *world, const struct skep_attach_point *pattern,
		bool verbose, int pid, bool is_return, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct listing l = {
		.provider = provider_of(is_return),
		.world = world,
		.arena = arena,
		.verbose = verbose && !is_return,
		.out = out,
	};
	bool all_kinds = skep_match_is_glob(pattern->parts[0]);
	int r;

	if (!world->each_user_function)
		return 0;
	if (pattern->n_parts < 2 || skep_match_is_glob(pattern->parts[1])) {
		if (all_kinds)
			return 0;
		skep_diag_error(diag, SKEP_NO_LOC,
				"functions can be listed of one program or library at a time");
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
		r = world->each_user_function(
			world, pattern->parts[1], pid,
			pattern->n_parts > 2 ? pattern->parts[pattern->n_parts - 1] : "*",
			all_kinds ? NULL : diag, list_function, &l);
	}
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
	.lower_args = skep_regs_lower_args,
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
