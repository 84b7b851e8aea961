/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmlinux.h: whatever types the bytes hold, the header ends, or is refused with a reason. What stands behind the types is the
 * text of a program, whose words choose among them.
 */
#include "workbench/vmlinux.h"

#define SIZE_MAX_FUZZED 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(skep_vmlinux_words_freep)
	struct skep_vmlinux_words *words = skep_vmlinux_words_new();
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_btf *btf;
	int r;

	if (size > SIZE_MAX_FUZZED)
		return 0;
	skep_vmlinux_words_scan(words, (const char *)data, size);
	if (skep_btf_parse(data, size, NULL, NULL, NULL, &btf) < 0)
		return 0;
	r = skep_vmlinux_asserted(btf, &diag, &text);
	if (r == 0)
		r = skep_vmlinux_header(btf, words, false, &diag, &text);
	if (r < 0 && !diag.n_errors)
		abort(); /* refused without saying why */
	skep_btf_free(btf);
	return 0;
}
