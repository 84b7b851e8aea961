/* SPDX-License-Identifier: Apache-2.0 */
/* What a compilation took gives memory back, once the programs run: freed memory, and the compiler's own code. */
#pragma once

void skep_live_release(void);
