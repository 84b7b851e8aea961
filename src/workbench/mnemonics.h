/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine code as text, by libcapstone where that is installed (base/dl.h).
 *
 *	while (size && (n = skep_mnemonic(code, size, address, &text)) > 0)
 *		...
 */
#pragma once

#include "base/str.h"

bool skep_mnemonics_work(void);
/* Appends what the instruction at @code is called, and returns how many bytes it has. 0: nobody knows. */
size_t skep_mnemonic(const uint8_t *code, size_t size, uint64_t address, struct skep_str *out);
