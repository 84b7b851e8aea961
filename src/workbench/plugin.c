/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/plugin.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <skep/vm.h>

#include "obj/link.h"
#include "obj/object.h"

static int wrong(struct skep_str *answer, const char *what)
{
	skep_str_add(answer, what);
	return -EINVAL;
}

static int read_hex(const char *text, size_t len, const char *what, struct skep_str *bytes,
		    struct skep_str *answer)
{
	switch (skep_input_hex(text, len, bytes)) {
	case SKEP_HEX_BYTES:
		return 0;
	case SKEP_HEX_ODD:
		skep_str_addf(answer, "%s has an odd number of hex digits", what);
		return -EINVAL;
	default:
		skep_str_addf(answer, "%s is not written as hex digits", what);
		return -EINVAL;
	}
}

/* The instructions of an object's first program. */
static int read_object(const struct skep_str *bytes, struct skep_arena *arena,
		       struct skep_insn **ret_insns, size_t *ret_n, struct skep_str *answer)
{
	struct skep_object_file file = { "program", bytes->data, bytes->len };
	struct skep_linked linked = {};
	struct skep_diag diag = {};
	struct skep_spec spec = {};
	size_t first = 0;
	int r = skep_object_read(&file, 1, NULL, arena, &diag, &spec);

	while (r == 0 && first < spec.n_progs && !spec.progs[first].type)
		first++;
	if (r == 0)
		r = skep_spec_link(&spec, first, arena, &diag, &linked);
	if (r < 0)
		skep_str_add(answer, diag.n_items ? diag.items[0].what : strerror(-r));
	skep_diag_fini(&diag);
	*ret_insns = linked.prog.insns;
	*ret_n = linked.prog.n_insns;
	return r;
}

static int run(const struct skep_insn *insns, size_t n, struct skep_str *memory, bool jit,
	       struct skep_str *answer)
{
	struct skep_vm_config config = { .size = sizeof(config), .jit = jit, .allow_callx = true };
	struct skep_vm_prog_def def = { .insns = insns, .n_insns = (uint32_t)n };
	uint64_t args[5] = { memory->len ? (uintptr_t)memory->data : 0, memory->len };
	struct skep_vm_result result = {};
	struct skep_vm_run *vm_run = NULL;
	struct skep_vm *vm = NULL;
	char why[400] = "";
	uint32_t prog;
	int r = skep_vm_new(&config, &vm);

	if (r == 0)
		r = skep_vm_add_prog(vm, &def, why, sizeof(why), &prog);
	if (r == 0)
		r = skep_vm_run_new(vm, &vm_run);
	if (r == 0 && memory->len)
		r = skep_vm_run_allow(vm_run, memory->data, memory->len, true);
	if (r == 0)
		r = skep_vm_run_prog(vm_run, prog, &(struct skep_vm_input){ .args = args },
				     &result);
	if (r == -EFAULT)
		skep_str_add(answer, skep_vm_fault_text(vm_run));
	else if (r < 0)
		skep_str_add(answer, why[0] ? why : strerror(-r));
	else
		skep_str_addf(answer, "%" PRIx64, result.value);
	skep_vm_run_free(vm_run);
	skep_vm_free(vm);
	return r;
}

int skep_plugin_run(const char *memory, const char *program, size_t len,
		    const struct skep_plugin_options *options, struct skep_arena *arena,
		    struct skep_str *ret_answer)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {}, code = {};
	struct skep_insn *insns;
	size_t n;
	int r = read_hex(memory ? memory : "", memory ? strlen(memory) : 0, "the memory", &bytes,
			 ret_answer);

	if (r == 0)
		r = read_hex(program, len, "the program", &code, ret_answer);
	if (r < 0)
		return r;
	if (options->elf) {
		r = read_object(&code, arena, &insns, &n, ret_answer);
		return r < 0 ? r : run(insns, n, &bytes, options->jit, ret_answer);
	}
	n = code.len / sizeof(*insns);
	if (!n || code.len % sizeof(*insns))
		return wrong(ret_answer,
			     "the program is no whole number of instructions of 8 bytes");
	insns = skep_arena_memdup(arena, code.data, code.len);
	return run(insns, n, &bytes, options->jit, ret_answer);
}
