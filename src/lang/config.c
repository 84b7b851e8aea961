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
	.stack_depth = 127,
	.print_maps_on_exit = true,
	.cpp_demangle = true,
	.missing_probes = 0,
	.str_trunc_trailer = "..",
};

#define RING_PAGES_MAX (1 << 16)
#define NEAR 3 /* edits between a setting and what may have been meant */

struct number {
	const char *name;
	size_t offset; /* of a uint32_t in the config */
	uint64_t min, max;
};

static const struct number numbers[] = {
	{ "max_map_keys", offsetof(struct skep_plan_config, max_map_keys), 1, 1u << 24 },
	{ "max_strlen", offsetof(struct skep_plan_config, max_strlen), 1, 16384 },
	{ "max_cat_bytes", offsetof(struct skep_plan_config, max_cat_bytes), 1, 1u << 30 },
	{ "max_probes", offsetof(struct skep_plan_config, max_probes), 1, 1u << 20 },
};

/* Settings of other implementations' insides: scripts that carry them run unchanged. */
static const char *const accepted[] = {
	"cache_user_symbols",
	"lazy_symbolication",
	"license",
	"log_size",
	"max_bpf_progs",
	"max_type_res_iterations",
	"on_stack_limit",
	"show_debug_info",
	"symbol_source",
	"unstable_import",
	"unstable_import_statement",
	"unstable_map_decl",
	"unstable_tseries",
	"unstable_typeinfo",
	"unstable_dw_ustack",
	"use_blazesym",
};

static const char *text_of(const struct skep_expr *value)
{
	if (value->kind == SKEP_EXPR_STRING)
		return value->text.data;
	return value->kind == SKEP_EXPR_NAME ? value->call.name : NULL;
}

static int set_number(struct skep_plan_config *config, const struct number *n,
		      const struct skep_config_node *node, struct skep_diag *diag)
{
	uint64_t v = node->value->num.value;

	if (node->value->kind != SKEP_EXPR_INT || v < n->min || v > n->max) {
		skep_diag_error(diag, node->value->loc,
				"%s must be a number from %" PRIu64 " to %" PRIu64, n->name, n->min,
				n->max);
		return -EINVAL;
	}
	*(uint32_t *)((char *)config + n->offset) = (uint32_t)v;
	return 0;
}

/* One of @words, by its index. */
static int set_word(int *setting, const char *const *words, size_t n,
		    const struct skep_config_node *node, struct skep_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		if (skep_streq(text_of(node->value), words[i])) {
			*setting = (int)i;
			return 0;
		}
	}
	skep_diag_error(diag, node->value->loc, "%s must be %s, %s or %s", node->name, words[0],
			words[1], words[2]);
	return -EINVAL;
}

/* In pages of 4 KiB, as other implementations count; the kernel wants a power of two. */
static int set_ring(struct skep_plan_config *config, const struct skep_config_node *node,
		    struct skep_diag *diag)
{
	uint64_t pages = node->value->num.value, bytes = 4096;

	if (node->value->kind != SKEP_EXPR_INT || pages < 1 || pages > RING_PAGES_MAX) {
		skep_diag_error(diag, node->value->loc,
				"perf_rb_pages must be a number from 1 to %d", RING_PAGES_MAX);
		return -EINVAL;
	}
	while (bytes < pages * 4096)
		bytes *= 2;
	config->ring_bytes = (uint32_t)bytes;
	return 0;
}

static void consider(const char *name, const char *wanted, unsigned *best, const char **ret_name)
{
	unsigned distance = skep_edit_distance(name, wanted, NEAR);

	if (distance >= *best)
		return;
	*best = distance;
	*ret_name = name;
}

static int unknown(const struct skep_config_node *node, struct skep_diag *diag)
{
	static const char *const words[] = { "missing_probes", "print_maps_on_exit",
					     "cpp_demangle",   "str_trunc_trailer",
					     "stack_mode",     "perf_rb_pages" };
	const char *name = NULL;
	unsigned best = NEAR + 1;

	skep_diag_error(diag, node->loc, "unknown setting '%s'", node->name);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		consider(numbers[i].name, node->name, &best, &name);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		consider(words[i], node->name, &best, &name);
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
		consider(accepted[i], node->name, &best, &name);
	if (name)
		skep_diag_hint(diag, "did you mean %s?", name);
	else
		skep_diag_hint(diag, "the settings are max_map_keys, max_strlen, max_cat_bytes, "
				     "max_probes, missing_probes, print_maps_on_exit, "
				     "stack_mode, perf_rb_pages and str_trunc_trailer");
	return -EINVAL;
}

static const char *const missing_words[] = { "error", "warn", "ignore" };
static const char *const stack_words[] = { "bpftrace", "perf", "raw" }; /* skep_stack_style */

static bool is_true(const struct skep_expr *value)
{
	return value->kind == SKEP_EXPR_INT ? value->num.value != 0
					    : !skep_streq(text_of(value), "false");
}

static int apply(struct skep_plan_config *config, const struct skep_config_node *node,
		 struct skep_diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (skep_streq(node->name, numbers[i].name))
			return set_number(config, &numbers[i], node, diag);
	if (skep_streq(node->name, "missing_probes")) {
		config->missing_said = true;
		return set_word(&config->missing_probes, missing_words, ARRAY_SIZE(missing_words),
				node, diag);
	}
	if (skep_streq(node->name, "stack_mode"))
		return set_word(&config->stack_style, stack_words, ARRAY_SIZE(stack_words), node,
				diag);
	if (skep_streq(node->name, "perf_rb_pages"))
		return set_ring(config, node, diag);
	if (skep_streq(node->name, "print_maps_on_exit")) {
		config->print_maps_on_exit = is_true(node->value);
		return 0;
	}
	if (skep_streq(node->name, "cpp_demangle")) {
		config->cpp_demangle = is_true(node->value);
		return 0;
	}
	if (skep_streq(node->name, "str_trunc_trailer") && node->value->kind == SKEP_EXPR_STRING) {
		config->str_trunc_trailer = node->value->text.data;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
		if (skep_streq(node->name, accepted[i]))
			return 0;
	return unknown(node, diag);
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

static bool is_setting(const char *name)
{
	static const char *const words[] = {
		"missing_probes", "print_maps_on_exit", "cpp_demangle",
		"stack_mode",	  "str_trunc_trailer",	"perf_rb_pages"
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (skep_streq(name, numbers[i].name))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (skep_streq(name, words[i]))
			return true;
	return false;
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
		if (!is_setting(node.name))
			continue; /* it may be for somebody else */
		node.value = value_of(arena, equals + 1);
		if (apply(config, &node, diag) < 0) {
			skep_diag_hint(diag, "the environment says %s", *environment);
			r = -EINVAL;
		}
	}
	return r;
}
