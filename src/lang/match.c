/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attach points to instances: finds each one's provider and lets it match. What providers share
 * is in match_util.c.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "lang/match.h"

static const struct skep_provider *find(const char *name,
					int (*compare)(const char *a, const char *b))
{
	for (size_t i = 0; skep_providers[i]; i++) {
		const struct skep_provider *p = skep_providers[i];

		if (compare(p->name, name) == 0)
			return p;
		for (size_t a = 0; p->aliases && p->aliases[a]; a++)
			if (compare(p->aliases[a], name) == 0)
				return p;
	}
	return NULL;
}

/* U is usdt, u is uprobe; else the case of letters does not matter. */
const struct skep_provider *skep_provider_find(const char *name)
{
	const struct skep_provider *p = find(name, strcmp);

	return p ? p : find(name, strcasecmp);
}

struct skep_instance *skep_instance_new(struct skep_compiler *c, struct skep_probe_node *probe,
					const struct skep_attach_point *point,
					const struct skep_provider *provider)
{
	struct skep_instance *inst = skep_arena_alloc(c->arena, sizeof(*inst));

	inst->probe = probe;
	inst->point = point;
	inst->provider = provider;
	inst->proto.loc = point->loc;
	inst->attach.probe = point->text;
	inst->attach.loc = point->loc;
	skep_vec_add(&c->instances, inst);
	return inst;
}

struct skep_match *skep_instance_add(struct skep_compiler *c, struct skep_instance *inst,
				     const char *name)
{
	size_t n = inst->n_matches;
	struct skep_match *m;

	/* Grown when full: at every power of two. */
	if ((n & (n - 1)) == 0) {
		struct skep_match *more = skep_arena_calloc(c->arena, n ? n * 2 : 1, sizeof(*more));

		if (n)
			memcpy(more, inst->matches, n * sizeof(*more));
		inst->matches = more;
	}
	m = &inst->matches[inst->n_matches++];
	m->name = name;
	m->number = -1;
	m->probe_index = skep_compiler_probe(c, name);
	m->target.cookie = m->probe_index;
	return m;
}

/* Old names, other tools' names, and the most frequent slips. */
static const char *provider_hint(const char *name)
{
	static const struct {
		const char *name, *hint;
	} known[] = {
		{ "asyncwatchpoint", "not supported: asyncwatchpoint; use watchpoint" },
		{ "aw", "not supported: asyncwatchpoint; use watchpoint" },
		{ "syscall", "system calls are tracepoint:syscalls:sys_enter_NAME" },
		{ "syscalls", "system calls are tracepoint:syscalls:sys_enter_NAME" },
		{ "usyscall", "system calls are tracepoint:syscalls:sys_enter_NAME" },
		{ "timer",
		  "every second is interval:s:1; on every CPU 99 times a second: profile:hz:99" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (skep_streq(known[i].name, name))
			return known[i].hint;
	return NULL;
}

static const char *lower_case(struct skep_arena *arena, const char *name)
{
	char *copy = skep_arena_strdup(arena, name);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

/* tracepoint.sched.sched_switch: with colons; NULL when it does not begin with a kind of probe. */
static char *dotted(struct skep_arena *arena, const char *name)
{
	size_t len = strcspn(name, ".");
	char *copy = skep_arena_strdup(arena, name);

	if (!name[len] || !skep_provider_find(skep_arena_strndup(arena, name, len)))
		return NULL;
	for (char *p = copy; *p; p++)
		if (*p == '.')
			*p = ':';
	return copy;
}

static int unknown_provider(struct skep_compiler *c, const struct skep_attach_point *point)
{
	const char *name = point->parts[0], *hint = provider_hint(name);
	struct skep_nearest near = { .wanted = name };
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	for (size_t i = 0; skep_providers[i]; i++) {
		/* BEGIN and begin are the same: a slip in either is near to one of them. */
		skep_nearest_add(&near, skep_providers[i]->name);
		skep_nearest_add(&near, lower_case(c->arena, skep_providers[i]->name));
		for (size_t a = 0; skep_providers[i]->aliases && skep_providers[i]->aliases[a]; a++)
			if (strlen(skep_providers[i]->aliases[a]) > 2)
				skep_nearest_add(&near, skep_providers[i]->aliases[a]);
		skep_str_addf(&all, "%s%s", i ? ", " : "", skep_providers[i]->name);
	}
	skep_diag_error(c->diag, point->loc, "there is no kind of probe called '%s'", name);
	if (dotted(c->arena, name))
		skep_diag_hint(c->diag, "the parts of a probe are separated by ':', as in %s",
			       dotted(c->arena, name));
	else if (hint)
		skep_diag_hint(c->diag, "%s", hint);
	else if (skep_has_prefix(name, "sys_enter_") || skep_has_prefix(name, "sys_exit_"))
		skep_diag_hint(c->diag, "did you mean tracepoint:syscalls:%s?", name);
	else if (near.n)
		skep_diag_hint(c->diag, "did you mean %s?", skep_nearest_text(&near, c->arena));
	else
		skep_diag_hint(c->diag, "the kinds are %s", skep_str_text(&all));
	skep_nearest_fini(&near);
	return -EINVAL;
}

static int match_point(struct skep_compiler *c, struct skep_probe_node *probe,
		       const struct skep_attach_point *point)
{
	const struct skep_provider *p = skep_provider_find(point->n_parts ? point->parts[0] : "");
	struct skep_attach_point *shorter;

	if (!p)
		return unknown_provider(c, point);
	if (p->ends_empty && point->n_parts == p->max_parts &&
	    !point->parts[point->n_parts - 1][0]) {
		shorter = skep_arena_memdup(c->arena, point, sizeof(*point));
		shorter->n_parts--;
		shorter->text = skep_arena_strndup(c->arena, point->text, strlen(point->text) - 1);
		point = shorter;
	}
	if (point->n_parts < p->min_parts)
		return skep_match_usage(c, point, p, "this probe is not complete");
	if (point->n_parts > p->max_parts)
		return skep_match_usage(c, point, p, "this probe has a part too many");
	for (size_t i = 0; i < point->n_parts; i++)
		if (!point->parts[i][0])
			return skep_match_usage(c, point, p, "part %zu of this probe is empty",
						i + 1);
	if (c->options->mode != SKEP_COMPILE_TRACE && !p->always)
		return 0;
	return p->match(c, probe, point);
}

static size_t count_matches(const struct skep_compiler *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->instances.len; i++)
		n += c->instances.data[i]->n_matches;
	return n;
}

int skep_match_room(struct skep_compiler *c, const struct skep_attach_point *point, size_t n)
{
	size_t all = count_matches(c) + n;

	if (all <= c->config.max_probes)
		return 0;
	skep_diag_error(c->diag, point->loc, "with this, %zu probes match: the limit is %u", all,
			c->config.max_probes);
	skep_diag_hint(c->diag,
		       "narrow the pattern, or raise the limit: config = { max_probes = %zu }",
		       all);
	return -EINVAL;
}

/*
 * A list of probes is how scripts name one thing of different kernels (blk_account_io_start, __blk_account_io_start). If
 * one of them is there, what is missing is a warning, unless the script asked for errors.
 */
static int match_probe(struct skep_compiler *c, struct skep_probe_node *probe)
{
	size_t said = c->diag->n_items, before = c->instances.len, n_missing = 0;
	bool refused = false, unable = false;

	/* An alternative that is not wanted may be of a kind that this kernel has not. */
	if (c->config.missing_probes == 2 && skep_check_is_for_others(c, probe)) {
		c->left_out = true; /* of its maps nobody is told that they are never written */
		return 0;
	}
	for (size_t i = 0; i < probe->n_points; i++) {
		int r = match_point(c, probe, &probe->points[i]);

		n_missing += r == -ENOENT;
		unable |= r == -ENOTSUP;
		refused |= r < 0 && r != -ENOENT && r != -ENOTSUP;
		if (r == 0 && skep_match_room(c, &probe->points[i], 0) < 0)
			return -EINVAL;
	}
	if (refused || unable)
		return refused ? -EINVAL : -ENOTSUP;
	if (!n_missing)
		return 0;
	if (c->instances.len == before || c->config.missing_said)
		return -EINVAL;
	skep_diag_soften(c->diag, said);
	return 0;
}

/* Something that is tested or measured. */
static bool has_subject(const struct skep_compiler *c)
{
	for (size_t i = 0; i < c->instances.len; i++)
		if (c->instances.data[i]->user.kind == SKEP_USER_TEST ||
		    c->instances.data[i]->user.kind == SKEP_USER_BENCH)
			return true;
	return false;
}

/* Tests and benchmarks are passed over without --test and --bench: "test" if all that there is are such. */
static const char *only_passed_over(const struct skep_compiler *c)
{
	const char *kind = NULL;

	for (size_t i = 0; i < c->script->n_probes; i++)
		for (size_t j = 0; j < c->script->probes[i]->n_points; j++) {
			const char *this = c->script->probes[i]->points[j].parts[0];

			if (!skep_streq(this, "test") && !skep_streq(this, "bench"))
				return NULL;
			kind = kind ? kind : this;
		}
	return kind;
}

static int nothing_there(struct skep_compiler *c)
{
	const char *kind = only_passed_over(c);

	skep_diag_error(c->diag, c->script->probes[0]->loc,
			kind ? "the script has nothing to trace"
			     : "none of the script's probes is there on this machine");
	if (kind)
		skep_diag_hint(c->diag, "run it with --%s", kind);
	else
		skep_diag_hint(c->diag, "list what there is: skep trace -l 'PATTERN'");
	return -EINVAL;
}

int skep_match_all(struct skep_compiler *c)
{
	bool refused = false, unable = false;

	for (size_t i = 0; i < c->script->n_probes; i++) {
		int r = match_probe(c, c->script->probes[i]);

		unable |= r == -ENOTSUP;
		refused |= r < 0 && r != -ENOTSUP;
	}
	if (refused || unable)
		return refused ? -EINVAL : -ENOTSUP;
	if (c->options->mode != SKEP_COMPILE_TRACE && c->script->n_probes && !has_subject(c)) {
		skep_diag_error(c->diag, c->script->probes[0]->loc, "the script has no %s",
				c->options->mode == SKEP_COMPILE_TEST ? "test" : "benchmark");
		skep_diag_hint(c->diag, c->options->mode == SKEP_COMPILE_TEST
						? "one is test:name { return 0; }, which passes"
						: "one is bench:name { @ = count(); }");
		return -EINVAL;
	}
	return c->instances.len || !c->script->n_probes ? 0 : nothing_there(c);
}
