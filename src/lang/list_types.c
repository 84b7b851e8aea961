/* SPDX-License-Identifier: Apache-2.0 */
/* -l 'struct NAME': the kernel's structs, unions and enums as C has them; of a pattern the names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "lang/match.h"

struct kinds {
	const char *word;
	enum skep_btf_kind kinds[2];
	size_t n;
};

static const struct kinds all_kinds[] = {
	{ "struct", { SKEP_BTF_STRUCT }, 1 },
	{ "union", { SKEP_BTF_UNION }, 1 },
	{ "enum", { SKEP_BTF_ENUM, SKEP_BTF_ENUM64 }, 2 },
};

struct found {
	const char *name;
	uint32_t id;
};

struct all_found {
	SKEP_VEC(struct found);
};

/* "struct task_struct": the word, and behind blanks the name. */
static const struct kinds *split(const char *pattern, const char **ret_name)
{
	size_t len = strcspn(pattern, " \t");

	if (!pattern[len])
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(all_kinds); i++) {
		if (strlen(all_kinds[i].word) != len ||
		    strncmp(all_kinds[i].word, pattern, len) != 0)
			continue;
		*ret_name = pattern + len + strspn(pattern + len, " \t");
		return &all_kinds[i];
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->id > y->id) - (x->id < y->id);
}

static void find_all(const struct skep_btf *btf, const struct kinds *k, const char *glob,
		     struct all_found *found)
{
	for (size_t i = 0; i < k->n; i++) {
		for (uint32_t id = 0; (id = skep_btf_next(btf, id, k->kinds[i]));) {
			const char *name = skep_btf_name(btf, id);

			if (*name && skep_glob_match(glob, name))
				skep_vec_add(found, ((struct found){ name, id }));
		}
	}
	if (found->len)
		qsort(found->data, found->len, sizeof(*found->data), by_name);
}

static int none(const struct skep_btf *btf, const struct kinds *k, const char *name,
		struct skep_diag *diag)
{
	const char *near = strchr(name, '*') ? NULL : skep_btf_nearest(btf, name, k->kinds[0]);

	skep_diag_error(diag, SKEP_NO_LOC,
			strchr(name, '*') ? "no %s of this kernel matches '%s'"
					  : "this kernel has no %s '%s'",
			k->word, name);
	if (near)
		skep_diag_hint(diag, "did you mean %s %s?", k->word, near);
	else
		skep_diag_hint(diag, "a '*' is any text: skep trace -l '%s *task*'", k->word);
	return -ENOENT;
}

bool skep_list_is_types(const char *pattern)
{
	const char *name;

	return split(pattern, &name);
}

int skep_list_types(const struct skep_btf *btf, const char *pattern, bool verbose,
		    struct skep_diag *diag, struct skep_str *out)
{
	struct all_found found = {};
	const struct kinds *k;
	const char *name = NULL;
	bool whole;
	int r;

	k = split(pattern, &name);
	if (!btf) {
		skep_diag_error(diag, SKEP_NO_LOC, "this kernel does not describe its types (BTF)");
		return -ENOTSUP;
	}
	find_all(btf, k, name, &found);
	whole = verbose || !strchr(name, '*');
	for (size_t i = 0; i < found.len; i++) {
		if (whole)
			skep_btf_format_def(btf, found.data[i].id, 0, out);
		else if (!i || !skep_streq(found.data[i].name, found.data[i - 1].name))
			skep_str_addf(out, "%s %s\n", k->word, found.data[i].name);
	}
	r = found.len ? 0 : none(btf, k, name, diag);
	skep_vec_fini(&found);
	return r;
}
