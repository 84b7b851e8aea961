/* SPDX-License-Identifier: Apache-2.0 */
/* Writing as a whole: write() may take a part, or be interrupted. */
#pragma once

#include "base/macros.h"

/* All of it, or -errno; what was written before stays. */
int skep_write_all(int fd, const void *bytes, size_t size) _must_check_;
