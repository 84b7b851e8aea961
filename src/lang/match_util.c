/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/helper.h"
#include "lang/match.h"
#include "lang/walk.h"

int skep_match_missing(struct skep_compiler *c, const struct skep_attach_point *point,
		       const struct skep_nearest *near, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	c->left_out |= c->config.missing_probes != 0;
	if (c->config.missing_probes == 2)
		return 0;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	skep_diag_add(c->diag, c->config.missing_probes ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR,
		      point->loc, "%s", what);
	if (near && near->n)
		skep_diag_hint(c->diag, "did you mean %s?", skep_nearest_text(near, c->arena));
	else
		skep_diag_hint(
			c->diag, "list what there is: skep trace -l '%s:%s*'", point->parts[0],
			point->n_parts > 2 && skep_streq(point->parts[1], "bpf") ? "bpf:" : "");
	return c->config.missing_probes ? 0 : -ENOENT;
}

int skep_match_unable(struct skep_compiler *c, const struct skep_attach_point *point,
		      const char *hint, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	skep_diag_error(c->diag, point->loc, "%s", what);
	skep_diag_hint(c->diag, "%s", hint);
	return -ENOTSUP;
}

int skep_match_list_unable(struct skep_diag *diag, const struct skep_attach_point *pattern,
			   const char *what, const char *hint)
{
	if (skep_match_is_glob(pattern->parts[0]))
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "%s", what);
	skep_diag_hint(diag, "%s", hint);
	return -ENOTSUP;
}

int skep_match_usage(struct skep_compiler *c, const struct skep_attach_point *point,
		     const struct skep_provider *provider, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	skep_diag_error(c->diag, point->loc, "%s", what);
	skep_diag_hint(c->diag, "it is written %s", provider->usage);
	return -EINVAL;
}

static const struct {
	const char *unit;
	uint64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * 1000000000ull },
	{ "h", 3600 * 1000000000ull },
};

/* "10", "1e6", "1_000" at the start of @text; *ret_end is what follows. */
static bool parse_number(const char *text, const char **ret_end, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text) || *text == '_'; text++)
		if (*text != '_' && (__builtin_mul_overflow(value, 10, &value) ||
				     __builtin_add_overflow(value, *text - '0', &value)))
			return false;
	if (*text == 'e' && isdigit((unsigned char)text[1])) {
		unsigned long e = strtoul(text + 1, (char **)&text, 10);

		for (; e && value; e--)
			if (__builtin_mul_overflow(value, 10, &value))
				return false;
	}
	*ret_value = value;
	*ret_end = text;
	return true;
}

#define PERIOD_MIN_NS 20000 /* below, a machine does little else */

static int check_period(struct skep_compiler *c, const struct skep_attach_point *point, uint64_t ns,
			bool has_unit)
{
	if (ns >= PERIOD_MIN_NS)
		return 0;
	skep_diag_error(c->diag, point->loc,
			"every %llu ns is too often: the shortest period is %d us",
			(unsigned long long)ns, PERIOD_MIN_NS / 1000);
	if (has_unit)
		skep_diag_hint(c->diag, "at most %d times a second: %s:hz:%d",
			       1000000000 / PERIOD_MIN_NS, point->parts[0],
			       1000000000 / PERIOD_MIN_NS);
	else
		skep_diag_hint(c->diag,
			       "a number alone is nanoseconds; which unit? %s:hz:%llu, %s:%llums",
			       point->parts[0], (unsigned long long)ns, point->parts[0],
			       (unsigned long long)ns);
	return -EINVAL;
}

int skep_match_period(struct skep_compiler *c, const struct skep_attach_point *point,
		      const struct skep_provider *provider, struct skep_period *ret_period)
{
	const char *text = point->parts[point->n_parts - 1], *unit, *end;
	uint64_t value;

	if (!parse_number(text, &end, &value))
		return skep_match_usage(c, point, provider, "'%s' is not a number", text);
	unit = point->n_parts > 2 ? point->parts[1] : *end ? end : "ns";
	if (point->n_parts > 2 && *end)
		return skep_match_usage(c, point, provider, "'%s' is not a number", text);
	if (!value)
		return skep_match_usage(c, point, provider, "a period of 0 never ends");
	*ret_period = (struct skep_period){};
	if (skep_streq(unit, "hz")) {
		if (value > 1000000000 / PERIOD_MIN_NS)
			return skep_match_usage(c, point, provider,
						"%s times a second is too often (at most %d)", text,
						1000000000 / PERIOD_MIN_NS);
		ret_period->hz = value;
		ret_period->ns = 1000000000 / value;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!skep_streq(units[i].unit, unit))
			continue;
		if (__builtin_mul_overflow(value, units[i].ns, &ret_period->ns) ||
		    ret_period->ns > INT64_MAX)
			return skep_match_usage(c, point, provider, "this period is too long");
		return check_period(c, point, ret_period->ns, point->n_parts > 2 || *end);
	}
	return skep_match_usage(c, point, provider, "there is no unit '%s': hz, s, ms, us, ns",
				unit);
}

bool skep_match_is_glob(const char *s)
{
	return strchr(s, '*') != NULL;
}

int skep_names_add(void *data, const char *name)
{
	struct skep_names *names = data;

	skep_vec_add(names, skep_arena_strdup(names->arena, name));
	return 0;
}

int skep_nearest_collect(void *data, const char *name)
{
	skep_nearest_add(data, name);
	return 0;
}

int skep_nearest_collect_symbol(void *data, const struct skep_world_symbol *symbol)
{
	skep_nearest_add(data, symbol->name);
	return 0;
}

struct uses {
	const char *name;
	bool found;
};

static bool find_use(void *data, struct skep_expr *expr)
{
	struct uses *u = data;

	if ((expr->kind == SKEP_EXPR_NAME || expr->kind == SKEP_EXPR_CALL) &&
	    skep_streq(expr->call.name, u->name))
		u->found = true;
	return !u->found;
}

bool skep_probe_uses(const struct skep_probe_node *probe, const char *name)
{
	struct uses u = { .name = name };

	skep_walk_probe(probe, find_use, &u);
	return u.found;
}

static bool find_args(void *data, struct skep_expr *expr)
{
	struct skep_used_args *used = data;
	const struct skep_expr *base = expr->kind == SKEP_EXPR_FIELD ? expr->field.base : NULL;

	if (expr->kind == SKEP_EXPR_NAME && skep_streq(expr->call.name, "args"))
		used->whole = true;
	if (!base || base->kind != SKEP_EXPR_NAME || !skep_streq(base->call.name, "args"))
		return true;
	for (size_t i = 0; i < used->n; i++)
		if (skep_streq(used->names[i], expr->field.name))
			return false;
	if (used->n == ARRAY_SIZE(used->names))
		used->whole = true;
	else
		used->names[used->n++] = expr->field.name;
	return false;
}

void skep_match_used_args(const struct skep_probe_node *probe, struct skep_used_args *ret_used)
{
	*ret_used = (struct skep_used_args){};
	skep_walk_probe(probe, find_args, ret_used);
}

unsigned skep_match_used_numbers(const struct skep_probe_node *probe)
{
	unsigned used = 0;
	char name[16];

	for (unsigned n = 0; n < SKEP_USDT_ARGS_MAX; n++) {
		snprintf(name, sizeof(name), "arg%u", n);
		used |= (unsigned)skep_probe_uses(probe, name) << n;
	}
	return used;
}

char *skep_match_signature(struct skep_compiler *c, const struct skep_struct *args,
			   const struct skep_used_args *used)
{
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT, .str = args };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	for (size_t i = 0; i < used->n; i++) {
		struct skep_field f;

		skep_str_add(&out, used->names[i]);
		if (skep_type_field(&c->types, &type, used->names[i], SKEP_SPACE_KERNEL, &f)) {
			skep_str_addf(&out, "@%u%s:", f.offset,
				      f.data_loc  ? "+"
				      : f.rel_loc ? "~"
						  : "");
			skep_type_format(f.type, &out);
		}
		skep_str_addc(&out, ';');
	}
	if (used->whole)
		skep_str_addf(&out, "%s", args->name);
	return skep_arena_strdup(c->arena, skep_str_text(&out));
}

struct skep_instance *skep_match_group(struct skep_compiler *c, struct skep_probe_node *probe,
				       const struct skep_attach_point *point,
				       const struct skep_provider *provider, unsigned flavour,
				       const char *signature)
{
	struct skep_instance *inst;

	for (size_t i = c->instances.len; i-- > 0;) {
		inst = c->instances.data[i];
		if (inst->point != point)
			break;
		if (inst->flavour == flavour && skep_streq(inst->signature, signature))
			return inst;
	}
	inst = skep_instance_new(c, probe, point, provider);
	inst->flavour = flavour;
	inst->signature = signature;
	return inst;
}

bool skep_match_needs_probe(const struct skep_compiler *c, const struct skep_probe_node *probe)
{
	return c->options->long_rows || skep_probe_uses(probe, "probe") ||
	       skep_probe_uses(probe, "func");
}

/* A clock, a counter and what user space runs are there on every machine. */
static bool is_looked_for(const struct skep_attach_point *point)
{
	static const char *const names[] = { "kprobe",	   "kretprobe",	    "uprobe", "uretprobe",
					     "tracepoint", "rawtracepoint", "fentry", "fexit",
					     "usdt",	   "xdp",	    "tc",     "cgroup",
					     "lsm",	   "fmod_ret" };
	const struct skep_provider *p = skep_provider_find(point->parts[0]);

	for (size_t i = 0; p && i < ARRAY_SIZE(names); i++)
		if (skep_streq(p->name, names[i]))
			return true;
	return false;
}

/* Which arguments the body asks for decides what targets of a static probe must be like. */
static void add_numbers(const struct skep_probe_node *probe, struct skep_str *out)
{
	unsigned used = skep_match_used_numbers(probe);
	const char *before = " /";

	for (unsigned n = 0; used >> n; n++) {
		if (!(used >> n & 1))
			continue;
		skep_str_addf(out, "%sarg%u", before, n);
		before = " + ";
	}
	skep_str_add(out, used ? "/" : "");
}

/* The points of a probe that are looked for: one line, or nothing. */
static void add_head(const struct skep_probe_node *probe, struct skep_str *out)
{
	bool any = false;

	for (size_t i = 0; i < probe->n_points; i++) {
		if (!is_looked_for(&probe->points[i]))
			continue;
		skep_str_addf(out, "%s%s", any ? ", " : "", probe->points[i].text);
		any = true;
	}
	if (!any)
		return;
	add_numbers(probe, out);
	skep_str_add(out, " { }\n");
}

const char *skep_match_heads(struct skep_compiler *c)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	_cleanup_(skep_str_fini)
	struct skep_str head = {};
	struct skep_hash seen = {};
	bool others = false;

	for (size_t i = 0; i < c->script->n_probes; i++) {
		skep_str_reset(&head);
		add_head(c->script->probes[i], &head);
		others |= !head.len;
		/* The same again finds the same. */
		if (!head.len || skep_hash_get_str(&seen, head.data))
			continue;
		skep_hash_set_str(&seen, skep_arena_strdup(c->arena, head.data), c);
		skep_str_add(&out, head.data);
	}
	/* One that is always there, so that all others may be missing where the script allows it. */
	if (others && out.len)
		skep_str_add(&out, "BEGIN { }\n");
	skep_hash_fini(&seen);
	return skep_arena_strdup(c->arena, skep_str_text(&out));
}

int skep_match_process(const struct skep_compiler *c)
{
	const struct skep_compile_options *o = c->options;

	return o->pid ? o->pid : o->child ? o->child : o->user_pid;
}

int skep_match_files_of(const struct skep_compiler *c)
{
	return c->options->pid ? c->options->pid : c->options->user_pid;
}

void skep_instance_follow(const struct skep_compiler *c, struct skep_instance *inst)
{
	const struct skep_compile_options *o = c->options;

	inst->attach.pid = inst->attach.kind == SKEP_ATTACH_UPROBE ? skep_match_process(c)
			   : o->pid				   ? o->pid
								   : o->child;
	inst->attach.with_children = inst->attach.kind == SKEP_ATTACH_PERF && !o->pid && o->child;
}

void skep_provider_pid_filter(struct skep_lower *l)
{
	struct skep_block *wanted, *some;
	struct skep_val *pid;

	if (!l->c->options->pid && !l->c->types.needs)
		return;
	wanted = skep_ir_block(l->fn);
	pid = skep_lower_global(l, offsetof(struct skep_plan_globals, pid), 4);
	if (l->c->types
		    .needs) { /* whether there is a -p turns out later; the kernel cuts out what is not needed */
		some = skep_ir_block(l->fn);
		skep_ir_branch(l->fn, SKEP_CC_EQ, pid, skep_ir_const(l->fn, 0), wanted, some);
		skep_ir_at(l->fn, some);
	}
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_lower_tgid(l), pid, wanted, l->done);
	skep_ir_at(l->fn, wanted);
}

struct skep_val *skep_provider_cookie(struct skep_lower *l)
{
	struct skep_val *cookie = skep_ir_call(l->fn, SKEP_HELPER_GET_ATTACH_COOKIE, SKEP_CALL_PURE,
					       1, skep_ir_ctx(l->fn));

	if (l->inst->packed)
		cookie = skep_ir_extend(l->fn, cookie, 4, false);
	if (!l->inst->cookie_delta)
		return cookie;
	return skep_ir_opi(l->fn, SKEP_OP_ADD, cookie, (uint64_t)l->inst->cookie_delta);
}
