/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions as in C, as text: one line each, members indented. */
#include "lang/dump_priv.h"

static const char *const words[] = {
	[SKEP_C_STRUCT] = "struct",
	[SKEP_C_UNION] = "union",
	[SKEP_C_ENUM] = "enum",
	[SKEP_C_TYPEDEF] = "typedef",
};

static void dump_def(struct skep_dump *d, const struct skep_c_def *def, unsigned depth);

/* "int **[3]", with the constants of the dimensions below. */
static void dump_type(struct skep_dump *d, const struct skep_c_type *type)
{
	skep_str_add(d->out, type->name ? type->name : words[type->def->kind]);
	if (type->stars)
		skep_str_addc(d->out, ' ');
	skep_str_pad(d->out, '*', type->stars);
	if (type->user)
		skep_str_add(d->out, " user");
	for (size_t i = 0; i < type->n_dims; i++)
		skep_str_add(d->out, type->dims[i] ? "[n]" : "[]");
}

static void dump_below(struct skep_dump *d, const struct skep_c_type *type, unsigned depth)
{
	for (size_t i = 0; i < type->n_dims; i++)
		skep_dump_expr(d, type->dims[i], depth);
	if (type->def)
		dump_def(d, type->def, depth);
}

static void dump_def(struct skep_dump *d, const struct skep_c_def *def, unsigned depth)
{
	skep_str_pad(d->out, ' ', 2 * (size_t)depth);
	skep_str_addf(d->out, "%s %s%s%s", words[def->kind], def->name ? def->name : "(anonymous)",
		      def->packed ? " packed" : "", def->align ? " aligned" : "");
	if (def->kind == SKEP_C_TYPEDEF) {
		skep_str_add(d->out, " = ");
		dump_type(d, &def->type);
	}
	skep_str_add(d->out, def->has_body ? "\n" : " announced\n");
	skep_dump_expr(d, def->align, depth + 1);
	for (size_t i = 0; i < def->n_members; i++) {
		const struct skep_c_member *m = &def->members[i];

		skep_str_pad(d->out, ' ', 2 * (size_t)depth + 2);
		skep_str_addf(d->out, "%s : ", m->name ? m->name : "(anonymous)");
		dump_type(d, &m->type);
		skep_str_add(d->out, m->bits ? " bits\n" : "\n");
		skep_dump_expr(d, m->bits, depth + 2);
		dump_below(d, &m->type, depth + 2);
	}
	for (size_t i = 0; i < def->n_enumerators; i++) {
		skep_str_pad(d->out, ' ', 2 * (size_t)depth + 2);
		skep_str_addf(d->out, "%s\n", def->enumerators[i].name);
		skep_dump_expr(d, def->enumerators[i].value, depth + 2);
	}
	if (def->kind == SKEP_C_TYPEDEF)
		dump_below(d, &def->type, depth + 1);
}

void skep_dump_def(struct skep_dump *d, const struct skep_c_def *def)
{
	dump_def(d, def, 0);
}
