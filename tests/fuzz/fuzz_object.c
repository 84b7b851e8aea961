/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of objects: bytes are refused with a reason, or what comes out can be linked, its types cleaned for a
 * kernel, and its records told. The same file twice is linked with itself as well.
 */
#include <stdlib.h>

#include "obj/object.h"
#include "obj/spec_btf.h"

#define SIZE_MAX_FUZZED 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(const struct skep_spec *spec)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;

	if (!spec->btf || skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &btf) < 0)
		return;
	for (size_t i = 0; i < spec->n_progs; i++)
		for (size_t k = 0; k < spec->progs[i].n_cores; k++)
			skep_core_format(btf, &spec->progs[i].cores[k], &text);
}

static void use(const struct skep_spec *spec, struct skep_arena *arena)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_linked *linked;
	struct skep_spec_btf info;

	for (size_t i = 0; i < spec->n_maps; i++)
		if (spec->maps[i].data_size > spec->maps[i].value_size)
			abort();
	if (skep_spec_link_all(spec, arena, &diag, &linked) == 0)
		(void)!skep_spec_btf(spec, linked, arena, &info);
	else if (!diag.n_errors)
		abort();
	tell(spec);
}

static void read_objects(const uint8_t *data, size_t size, size_t n)
{
	struct skep_object_file files[2] = { { "one", data, size }, { "two", data, size } };
	struct skep_object_options options = {
		.config = "CONFIG_HZ=250\nCONFIG_BPF=y\nCONFIG_X=\"x\"\n",
		.config_len = 40,
		.kernel_version = 1,
	};
	struct skep_arena *arena = skep_arena_new();
	struct skep_diag diag = {};
	struct skep_spec spec;
	int r = skep_object_read(files, n, n > 1 ? &options : NULL, arena, &diag, &spec);

	if (r == 0)
		use(&spec, arena);
	else if (!diag.n_errors)
		abort(); /* refused without saying why */
	skep_diag_fini(&diag);
	skep_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SIZE_MAX_FUZZED)
		return 0;
	read_objects(data, size, 1);
	read_objects(data, size, 2);
	return 0;
}
