/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names with a flavour: what stands behind ___ does not count when types of kernels are compared (obj/core.h).
 */
#include <errno.h>

#include "base/vec.h"
#include "obj/btf_priv.h"
#include "obj/core.h"

struct names {
	SKEP_VEC(const char *);
};

int skep_btf_flavours(const struct skep_btf *btf, const char *const **ret_names, size_t *ret_n)
{
	const char *begin = btf->strings, *end = begin + btf->strings_len, *at = begin;
	struct names found = {};

	while (!btf->names->flavours && (at = memmem(at, (size_t)(end - at), "___", 3))) {
		const char *name = at;

		while (name > begin && name[-1])
			name--;
		if (skep_core_name_len(name) != strlen(name) && !skep_vec_push(&found, name)) {
			skep_vec_fini(&found);
			return -ENOMEM;
		}
		at += strlen(at);
	}
	if (!btf->names->flavours) {
		/* Not NULL even when there are none. */
		if (!found.data && !skep_vec_push(&found, ""))
			return -ENOMEM;
		btf->names->flavours = found.data;
		btf->names->n_flavours = *found.data[0] ? found.len : 0;
	}
	*ret_names = btf->names->flavours;
	*ret_n = btf->names->n_flavours;
	return 0;
}
