/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter on any bytes: messages, or a text that it leaves alone the second time. */
#include <stdlib.h>
#include <string.h>

#include "lang/fmt.h"

#define INPUT_MAX (1u << 14)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	_cleanup_(skep_str_fini)
	struct skep_str once = {};
	_cleanup_(skep_str_fini)
	struct skep_str twice = {};
	int r;

	if (size > INPUT_MAX)
		return -1;
	r = skep_fmt((const char *)data, size, &diag, &once);
	if ((r == 0) != (diag.n_errors == 0) || (r < 0 && once.len))
		abort();
	if (r == 0 && (skep_fmt(skep_str_text(&once), once.len, &diag, &twice) != 0 ||
		       once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0))
		abort();
	return 0;
}
