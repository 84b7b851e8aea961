/* SPDX-License-Identifier: Apache-2.0 */
#include "isa/attachtype.h"

static const char *const names[] = {
#define ROW(number, constant, name) [number] = (name),
	SKEP_ATTACH_TYPES(ROW)
#undef ROW
};

const char *skep_attach_type_name(uint32_t type)
{
	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}
