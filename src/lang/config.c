/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

const struct skep_plan_config skep_config_defaults = {
	.max_map_keys = 4096,
	.max_strlen = 1024,
	.ring_bytes = 1u << 20,
	.max_cat_bytes = 10240,
	.max_probes = 1024,
	.max_progs = 1024,
	.license = "GPL",
	.stack_depth = 127,
	.print_maps_on_exit = true,
	.cpp_demangle = true,
	.missing_probes = 0,
	.str_trunc_trailer = "..",
};

#define RING_PAGES_MAX (1 << 16)
#define WORDS_MAX 4
#define NEAR 3 /* edits between a setting and what may have been meant */

enum kind {
	NUMBER,
	SWITCH,
	WORD,  /* its index among the words */
	PAGES, /* room for rows */
	TEXT,
	LICENSE,
	UNSTABLE, /* whether something that is new may be used */
};

struct setting {
	const char *name;
	enum kind kind;
	size_t offset; /* in the config */
	bool nowhere;  /* of other implementations' insides: read, and of no consequence here */
	uint64_t min, max;
	const char *words[WORDS_MAX];
	unsigned bit; /* UNSTABLE */
};

#define AT(member) .offset = offsetof(struct skep_plan_config, member)

static const struct setting settings[] = {
	{ "max_map_keys", NUMBER, AT(max_map_keys), .min = 1, .max = 1u << 24 },
	{ "max_strlen", NUMBER, AT(max_strlen), .min = 1, .max = SKEP_TEXT_MAX },
	{ "max_cat_bytes", NUMBER, AT(max_cat_bytes), .min = 1, .max = 1u << 30 },
	{ "max_probes", NUMBER, AT(max_probes), .min = 1, .max = 1u << 20 },
	{ "max_bpf_progs", NUMBER, AT(max_progs), .min = 1, .max = 1u << 20 },
	{ "missing_probes", WORD, AT(missing_probes), .words = { "error", "warn", "ignore" } },
	{ "stack_mode", WORD, AT(stack_style), .words = { "bpftrace", "perf", "raw", "build_id" } },
	{ "print_maps_on_exit", SWITCH, AT(print_maps_on_exit) },
	{ "skip_self", SWITCH, AT(skip_self) },
	{ "sort_by_total", SWITCH, AT(sort_by_total) },
	{ "cpp_demangle", SWITCH, AT(cpp_demangle) },
	{ "str_trunc_trailer", TEXT, AT(str_trunc_trailer) },
	{ "perf_rb_pages", PAGES, AT(ring_bytes) },
	{ "license", LICENSE, AT(license) },
	/* Read for what scripts say, and mostly without effect. */
	{ "unstable_tseries", UNSTABLE, .bit = SKEP_UNSTABLE_TSERIES },
	{ "unstable_map_decl", UNSTABLE, .bit = SKEP_UNSTABLE_MAP_DECL },
	{ "unstable_dw_ustack", UNSTABLE, .bit = SKEP_UNSTABLE_DW_USTACK },
	{ "unstable_typeinfo", UNSTABLE, .bit = SKEP_UNSTABLE_TYPEINFO },
	{ "unstable_addr", UNSTABLE },
	{ "unstable_import", UNSTABLE },
	{ "unstable_import_statement", UNSTABLE },
	{ "cache_user_symbols", WORD, .nowhere = true,
	  .words = { "PER_PID", "PER_PROGRAM", "NONE" } },
	{ "symbol_source", WORD, .nowhere = true, .words = { "dwarf", "symbol_table" } },
	{ "lazy_symbolication", SWITCH, .nowhere = true },
	{ "show_debug_info", SWITCH, .nowhere = true },
	{ "use_blazesym", SWITCH, .nowhere = true },
	{ "log_size", NUMBER, .nowhere = true, .max = UINT64_MAX },
	{ "on_stack_limit", NUMBER, .nowhere = true, .max = UINT64_MAX },
	{ "max_type_res_iterations", NUMBER, .nowhere = true, .max = UINT64_MAX },
};

static const char *text_of(const struct skep_expr *value)
{
	if (value->kind == SKEP_EXPR_STRING)
		return value->text.data;
	return value->kind == SKEP_EXPR_NAME ? value->call.name : NULL;
}

static int set_number(const struct setting *s, void *at, const struct skep_config_node *node,
		      struct skep_diag *diag)
{
	uint64_t v = node->value->num.value;

	if (node->value->kind != SKEP_EXPR_INT || v < s->min || v > s->max) {
		if (s->max == UINT64_MAX)
			skep_diag_error(diag, node->value->loc, "%s must be a number", s->name);
		else
			skep_diag_error(diag, node->value->loc,
					"%s must be a number from %" PRIu64 " to %" PRIu64, s->name,
					s->min, s->max);
		skep_diag_hint(diag, "such as %s = %" PRIu64, s->name,
			       MAX(s->min, MIN(s->max, 1000)));
		return -EINVAL;
	}
	if (!s->nowhere)
		*(uint32_t *)at = (uint32_t)v;
	return 0;
}

static int wrong_word(const struct setting *s, const char *const *words, size_t n,
		      const struct skep_config_node *node, struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str list = {};

	for (size_t i = 0; i < n; i++)
		skep_str_addf(&list, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", words[i]);
	skep_diag_error(diag, node->value->loc, "%s must be %s", s->name, skep_str_text(&list));
	skep_diag_hint(diag,
		       strchr(words[0], ' ') || s->kind == LICENSE ? "such as %s = \"%s\""
								   : "such as %s = %s",
		       s->name, words[0]);
	return -EINVAL;
}

static int set_word(const struct setting *s, void *at, const struct skep_config_node *node,
		    struct skep_diag *diag)
{
	size_t n = 0;

	for (; n < WORDS_MAX && s->words[n]; n++) {
		if (!skep_streq(text_of(node->value), s->words[n]))
			continue;
		if (!s->nowhere)
			*(int *)at = (int)n;
		return 0;
	}
	/* Older scripts switch the cache of symbols on and off. */
	if (s->nowhere && node->value->kind == SKEP_EXPR_INT && node->value->num.value <= 1)
		return 0;
	return wrong_word(s, s->words, n, node, diag);
}

static int set_switch(const struct setting *s, void *at, const struct skep_config_node *node,
		      struct skep_diag *diag)
{
	static const char *const words[] = { "true", "false" };
	const char *word = text_of(node->value);
	bool number = node->value->kind == SKEP_EXPR_INT && node->value->num.value <= 1;

	if (!number && !skep_streq(word, "true") && !skep_streq(word, "false"))
		return wrong_word(s, words, ARRAY_SIZE(words), node, diag);
	if (!s->nowhere)
		*(bool *)at = number ? node->value->num.value != 0 : skep_streq(word, "true");
	return 0;
}

/* In pages of 4 KiB, as other implementations count; the kernel wants a power of two. */
static int set_pages(const struct setting *s, void *at, const struct skep_config_node *node,
		     struct skep_diag *diag)
{
	uint64_t pages = node->value->num.value, bytes = 4096;

	if (node->value->kind != SKEP_EXPR_INT || pages < 1 || pages > RING_PAGES_MAX) {
		skep_diag_error(diag, node->value->loc, "%s must be a number from 1 to %d", s->name,
				RING_PAGES_MAX);
		skep_diag_hint(diag, "such as %s = 64", s->name);
		return -EINVAL;
	}
	while (bytes < pages * 4096)
		bytes *= 2;
	*(uint32_t *)at = (uint32_t)bytes;
	return 0;
}

static int set_text(const struct setting *s, void *at, const struct skep_config_node *node,
		    struct skep_diag *diag)
{
	if (node->value->kind != SKEP_EXPR_STRING) {
		skep_diag_error(diag, node->value->loc, "%s must be a text in quotes", s->name);
		skep_diag_hint(diag, "such as %s = \"..\"", s->name);
		return -EINVAL;
	}
	*(const char **)at = node->value->text.data;
	return 0;
}

/* Those that the kernel takes for the GPL; with another it would refuse most helpers. */
static int set_license(const struct setting *s, void *at, const struct skep_config_node *node,
		       struct skep_diag *diag)
{
	static const char *const licenses[] = {
		"GPL",		"GPL v2",	"GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};
	const char *text = text_of(node->value);

	for (size_t i = 0; i < ARRAY_SIZE(licenses); i++) {
		if (skep_streq(text, licenses[i])) {
			*(const char **)at = text;
			return 0;
		}
	}
	return wrong_word(s, licenses, ARRAY_SIZE(licenses), node, diag);
}

static int set_unstable(const struct setting *s, struct skep_plan_config *config,
			const struct skep_config_node *node, struct skep_diag *diag)
{
	static const char *const words[] = { "error", "warn", "enable" };
	const char *text = text_of(node->value);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!skep_streq(text, words[i]))
			continue;
		config->switched_off =
			i ? config->switched_off & ~s->bit : config->switched_off | s->bit;
		return 0;
	}
	return wrong_word(s, words, ARRAY_SIZE(words), node, diag);
}

static int set(const struct setting *s, struct skep_plan_config *config,
	       const struct skep_config_node *node, struct skep_diag *diag)
{
	void *at = (char *)config + s->offset;

	switch (s->kind) {
	case NUMBER:
		return set_number(s, at, node, diag);
	case SWITCH:
		return set_switch(s, at, node, diag);
	case WORD:
		config->missing_said |= skep_streq(s->name, "missing_probes");
		return set_word(s, at, node, diag);
	case PAGES:
		return set_pages(s, at, node, diag);
	case TEXT:
		return set_text(s, at, node, diag);
	case LICENSE:
		return set_license(s, at, node, diag);
	case UNSTABLE:
		return set_unstable(s, config, node, diag);
	}
	return -EINVAL;
}

static const struct setting *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (skep_streq(settings[i].name, name))
			return &settings[i];
	return NULL;
}

static int unknown(const struct skep_config_node *node, struct skep_diag *diag)
{
	const char *name = NULL;
	unsigned best = NEAR + 1;

	skep_diag_error(diag, node->loc, "unknown setting '%s'", node->name);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		unsigned distance = skep_edit_distance(settings[i].name, node->name, NEAR);

		if (distance < best) {
			best = distance;
			name = settings[i].name;
		}
	}
	if (name)
		skep_diag_hint(diag, "did you mean %s?", name);
	else
		skep_diag_hint(diag,
			       "the settings are max_map_keys, max_strlen, max_cat_bytes, "
			       "max_probes, max_bpf_progs, missing_probes, print_maps_on_exit, "
			       "stack_mode, perf_rb_pages, cpp_demangle, skip_self, "
			       "sort_by_total, license and str_trunc_trailer");
	return -EINVAL;
}

static int apply(struct skep_plan_config *config, const struct skep_config_node *node,
		 struct skep_diag *diag)
{
	const struct setting *s = find(node->name);

	return s ? set(s, config, node, diag) : unknown(node, diag);
}

/* "BPFTRACE_MAX_STRLEN" and "MAX_STRLEN" are max_strlen; a few had other names in the environment. */
static const char *plain_name(struct skep_arena *arena, const char *name)
{
	static const struct {
		const char *old, *now;
	} names[] = {
		{ "strlen", "max_strlen" },
		{ "map_keys_max", "max_map_keys" },
		{ "cat_bytes_max", "max_cat_bytes" },
		{ "max_progs", "max_bpf_progs" },
	};
	char *plain =
		skep_arena_strdup(arena, skep_has_prefix(name, "BPFTRACE_") ? name + 9 : name);

	for (char *p = plain; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(plain, names[i].old))
			return names[i].now;
	return plain;
}

int skep_config_apply(struct skep_arena *arena, struct skep_plan_config *config,
		      const struct skep_script *script, struct skep_diag *diag)
{
	int r = 0;

	for (size_t i = 0; i < script->n_configs; i++) {
		struct skep_config_node node = script->configs[i];

		if (node.name[0] >= 'A' && node.name[0] <= 'Z')
			node.name = plain_name(arena, node.name);
		if (apply(config, &node, diag) < 0)
			r = -EINVAL;
	}
	return r;
}

/* "5", "true", "perf": as it would stand in a script. */
static struct skep_expr *value_of(struct skep_arena *arena, const char *text)
{
	struct skep_expr *e = skep_arena_alloc(arena, sizeof(*e));
	char *end;

	errno = 0;
	e->kind = SKEP_EXPR_INT;
	e->num.value = strtoull(text, &end, 0);
	if (!errno && end != text && !*end && text[0] != '-')
		return e;
	e->kind = SKEP_EXPR_STRING;
	e->text.data = text;
	e->text.len = strlen(text);
	return e;
}

int skep_config_environment(struct skep_arena *arena, struct skep_plan_config *config,
			    const char *const *environment, struct skep_diag *diag)
{
	int r = 0;

	for (; environment && *environment; environment++) {
		const char *equals = strchr(*environment, '=');
		struct skep_config_node node = {};

		if (!skep_has_prefix(*environment, "BPFTRACE_") || !equals)
			continue;
		node.name = plain_name(arena, skep_arena_strndup(arena, *environment,
								 (size_t)(equals - *environment)));
		if (!find(node.name))
			continue; /* it may be for somebody else */
		node.value = value_of(arena, equals + 1);
		if (apply(config, &node, diag) < 0) {
			skep_diag_hint(diag, "the environment says %s", *environment);
			r = -EINVAL;
		}
	}
	return r;
}
