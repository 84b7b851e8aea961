/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BTF reader: bytes are refused, or everything in them can be asked for and printed. The same
 * bytes are read once more as a module on top of themselves.
 */
#include <stdio.h>

#include "../unit/obj/blobs.h"

#define SIZE_MAX_FUZZED 65536
#define TEXT_TYPES_MAX \
	200 /* more types than this are walked without their texts, which take long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_btf *btf, *split;

	if (size > SIZE_MAX_FUZZED)
		return 0;
	if (skep_btf_parse(data, size, NULL, NULL, &diag, &btf) < 0) {
		if (!diag.n_errors)
			abort(); /* refused without saying why */
		return 0;
	}
	walk_btf(btf, skep_btf_n_types(btf) < TEXT_TYPES_MAX);
	if (skep_btf_parse(data, size, btf, NULL, NULL, &split) == 0) {
		walk_btf(split, false);
		skep_btf_free(split);
	}
	skep_btf_free(btf);
	return 0;
}
