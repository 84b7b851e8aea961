/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants that C's headers define as macros, which BTF therefore lacks: what #include of the common system headers is
 * for. The numbers are those of the CPU that this program is built for; constants of the kernel's enums are not here, as
 * BTF knows them better.
 */
#pragma once

#include "base/macros.h"

/* False: there is no constant of that name. */
bool skep_constant_find(const char *name, int64_t *ret_value);
/* Calls @fn with each name, for "did you mean". */
void skep_constant_each(void (*fn)(void *data, const char *name), void *data);
