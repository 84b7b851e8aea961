/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

const struct skep_plan_config skep_config_defaults = {
	.max_map_keys = 4096,
	.max_strlen = 1024,
	.ring_bytes = 1u << 20,
	.max_cat_bytes = 10240,
	.max_probes = 1024,
	.stack_depth = 127,
	.print_maps_on_exit = true,
	.missing_probes = 0,
	.str_trunc_trailer = "..",
};

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
	"cpp_demangle",
	"lazy_symbolication",
	"license",
	"log_size",
	"max_bpf_progs",
	"max_type_res_iterations",
	"on_stack_limit",
	"perf_rb_pages",
	"show_debug_info",
	"stack_mode",
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

static int set_missing_probes(struct skep_plan_config *config, const struct skep_config_node *node,
			      struct skep_diag *diag)
{
	static const char *const words[] = { "error", "warn", "ignore" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (skep_streq(text_of(node->value), words[i])) {
			config->missing_probes = (int)i;
			return 0;
		}
	}
	skep_diag_error(diag, node->value->loc, "missing_probes must be error, warn or ignore");
	return -EINVAL;
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
					     "str_trunc_trailer" };
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
				     "max_probes, missing_probes, print_maps_on_exit and "
				     "str_trunc_trailer");
	return -EINVAL;
}

static int apply(struct skep_plan_config *config, const struct skep_config_node *node,
		 struct skep_diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (skep_streq(node->name, numbers[i].name))
			return set_number(config, &numbers[i], node, diag);
	if (skep_streq(node->name, "missing_probes"))
		return set_missing_probes(config, node, diag);
	if (skep_streq(node->name, "print_maps_on_exit")) {
		const char *word = text_of(node->value);

		config->print_maps_on_exit = node->value->kind == SKEP_EXPR_INT
						     ? node->value->num.value != 0
						     : !skep_streq(word, "false");
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

int skep_config_apply(struct skep_plan_config *config, const struct skep_script *script,
		      struct skep_diag *diag)
{
	int r = 0;

	for (size_t i = 0; i < script->n_configs; i++)
		if (apply(config, &script->configs[i], diag) < 0)
			r = -EINVAL;
	return r;
}
