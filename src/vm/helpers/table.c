/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors of isa and the functions of this folder, joined. */
#include "vm/helpers/helpers.h"

static const struct vm_helper table[SKEP_HELPER_END] = {
#define KNOWN(number, CONSTANT, name, n, ...) \
	[number].about = &skep_helpers[number], [number].checks = (n) > 0,
	SKEP_HELPERS(KNOWN)
#undef KNOWN
#define HERE(number, name) [SKEP_HELPER_##number].fn = vm_helper_##name,
		VM_HELPER_ROWS(HERE)
#undef HERE
};

const struct vm_helper *vm_helper_find(int32_t id)
{
	if (id >= VM_KFUNC_FIRST)
		return vm_kfunc_find(id);
	return id > 0 && id < SKEP_HELPER_END && table[id].about ? &table[id] : NULL;
}
