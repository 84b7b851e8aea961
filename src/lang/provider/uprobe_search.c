/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a uprobe by their names, or by what they are called when demangled. */
#include "lang/provider/uprobe.h"

#include <errno.h>
#include <string.h>

#define TWINS_SHOWN 8

/* A place: the world has one text for the path of a binary. */
struct seen {
	const char *module;
	uint64_t offset;
};
_Static_assert(sizeof(struct seen) == sizeof(const char *) + sizeof(uint64_t), "compared by bytes");

/* Static functions may have one name. A place inside of one is not that of another; 0.27.1 takes the first. */
static bool is_twin_wanted(struct skep_uprobe_search *s, const struct skep_world_symbol *symbol)
{
	if (s->twins++ < TWINS_SHOWN)
		skep_str_addf(&s->twin_text, "%s0x%llx", s->twins > 1 ? ", " : "",
			      (unsigned long long)symbol->address);
	return s->twins == 1 || (!s->offset && !s->c->options->as_bpftrace);
}

/* Each place counts once. */
static bool is_wanted(struct skep_uprobe_search *s, const struct skep_world_symbol *symbol)
{
	struct seen place = { symbol->module, symbol->offset };

	/* Past the limit only how many there are is of interest. */
	if (s->found > s->c->config.max_probes) {
		s->beyond++;
		return false;
	}
	if (skep_hash_get(&s->seen, &place, sizeof(place)))
		return false;
	skep_hash_set(&s->seen, skep_arena_memdup(s->c->arena, &place, sizeof(place)),
		      sizeof(place), s);
	return s->glob || s->demangled || is_twin_wanted(s, symbol);
}

static int on_function(void *data, const struct skep_world_symbol *symbol)
{
	struct skep_uprobe_search *s = data;
	const char *name;

	if (!is_wanted(s, symbol))
		return 0;
	name = skep_arena_strdup(s->c->arena, symbol->name);
	if (s->offset && symbol->size && s->offset >= symbol->size) {
		skep_diag_error(s->c->diag, s->point->loc, "%s ends before that: it has %llu bytes",
				name, (unsigned long long)symbol->size);
		return -ERANGE;
	}
	if (skep_uprobe_add_returns(s, symbol, name))
		return 0;
	if (skep_uprobe_check_place(s, symbol, s->offset) < 0)
		return -ERANGE;
	if (s->offset)
		name = skep_arena_printf(s->c->arena, "%s+%llu", name,
					 (unsigned long long)s->offset);
	skep_uprobe_add(s, symbol, name);
	return 0;
}

/* The world mostly says itself what is wrong, but not where in the script. */
int skep_uprobe_no_binary(struct skep_uprobe_search *s, const char *binary, int error,
			  const struct skep_diag *said)
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

static int each(const struct skep_uprobe_search *s, const char *binary, const char *function,
		struct skep_diag *diag, skep_world_symbol_fn fn, void *data)
{
	const struct skep_world *w = s->c->world;
	int pid = skep_match_files_of(s->c);

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

/* What a binary has instead. Walking all of its names takes a while, and a script asks for entry and return of a function. */
static const struct skep_nearest *near_functions(struct skep_uprobe_search *s, const char *binary,
						 const char *function)
{
	struct skep_nearest near = { .wanted = function }, *kept;
	struct near_demangled demangled = { s->c->arena, &near };
	const char *key = skep_arena_printf(s->c->arena, "%s:%s", binary, function);

	kept = skep_hash_get_str(&s->c->near_functions, key);
	if (kept)
		return kept;
	/* Of many binaries that would be all that they have. */
	if (s->many || s->c->config.missing_probes == 2)
		;
	else if (s->demangled)
		(void)!each(s, binary, "*", NULL, collect_demangled, &demangled);
	else
		(void)!each(s, binary, "*", NULL, skep_nearest_collect_symbol, &near);
	kept = skep_arena_memdup(s->c->arena, &near, sizeof(near));
	for (size_t i = 0; i < near.n; i++)
		kept->best[i].name = skep_arena_strdup(s->c->arena, near.best[i].name);
	skep_nearest_fini(&near);
	skep_hash_set_str(&s->c->near_functions, key, kept);
	return kept;
}

static int no_function(struct skep_uprobe_search *s, const char *binary, const char *function)
{
	const struct skep_nearest *near = near_functions(s, binary, function);
	int r;

	r = skep_match_missing(s->c, s->point, near,
			       s->many	 ? "no binary of %s has a function %s"
			       : s->glob ? "no function of %s matches %s"
					 : "%s has no function %s (or its symbols were stripped)",
			       binary, function);
	if (s->c->config.missing_probes == 2)
		return r;
	if (!near->n_seen && !s->many)
		skep_diag_hint(s->c->diag,
			       "it has no symbols at all: install its debug symbols, or "
			       "give an address: %s:%s:0x1234",
			       s->point->parts[0], s->point->parts[1]);
	else if (!near->n)
		skep_diag_hint(s->c->diag, "list what there is: skep trace -l '%s:%s:%s*'",
			       s->point->parts[0], binary, s->demangled ? "cpp:" : "");
	return r;
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

/* Whether the same probe names this function of the C library itself: then it must not run twice. */
static bool names_libc(const struct skep_uprobe_search *s, const char *function)
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
static int search(struct skep_uprobe_search *s, const char *binary, const char *function,
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

/* Which of several functions of one name is meant, nobody but the user can know. */
static void tell_twins(struct skep_uprobe_search *s, const char *binary, const char *function)
{
	bool all = !s->offset && !s->c->options->as_bpftrace;

	if (s->twins > 1)
		skep_diag_warn(s->c->diag, s->point->loc,
			       "%s has %zu functions %s, at %s%s: %s traced", binary, s->twins,
			       function, skep_str_text(&s->twin_text),
			       s->twins > TWINS_SHOWN ? ", ..." : "",
			       all ? "all are" : "only the first is");
	if (s->twins > 1)
		skep_diag_hint(s->c->diag, "one of them alone is named by its address: %s:%s:%.*s",
			       s->point->parts[0], s->point->parts[1],
			       (int)strcspn(s->twin_text.data, ","), s->twin_text.data);
	skep_str_fini(&s->twin_text);
}

int skep_uprobe_by_name(struct skep_uprobe_search *s, const char *binary, const char *function)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag said = {};
	int r;

	s->glob = s->many || skep_match_is_glob(function);
	r = search(s, binary, function, &said);
	/* A name as C++ has it says so itself: in quotes, as it has colons in it. */
	if (r >= 0 && !s->found && !s->left_out && strpbrk(function, ":(")) {
		s->demangled = true;
		r = search(s, binary, function, &said);
	}
	skep_hash_fini(&s->seen);
	tell_twins(s, binary, function);
	if (r == -ERANGE)
		return -EINVAL;
	if (r < 0)
		return skep_uprobe_no_binary(s, binary, r, &said);
	if (s->beyond)
		return skep_match_room(s->c, s->point, s->beyond);
	r = skep_uprobe_tell_left_out(s);
	if (r < 0)
		return r;
	return s->found || s->elsewhere ? 0 : no_function(s, binary, function);
}
