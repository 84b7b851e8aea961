/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdlib.h>

bool skep_vec_grow_(void **data, size_t *cap, size_t size)
{
	size_t n = *cap ? *cap * 2 : 8;
	void *p = reallocarray(*data, n, size);

	if (!p)
		return false;
	*data = p;
	*cap = n;
	return true;
}
