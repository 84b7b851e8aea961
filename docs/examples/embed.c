/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skep's machine in a program of yours: one map, one program, one run for each event.
 *
 *	cc -Iinclude docs/examples/embed.c -lskep-vm
 *
 * The program counts events by their first byte and says whether to let them pass.
 */
#include <stdio.h>
#include <string.h>

#include <skep/vm.h>

/* What clang -target bpf makes of the comments, as 64-bit words; objects are read by skep itself. */
static const uint64_t code[] = {
	0x0000000000001671,			/* r6 = *(u8 *)(r1 + 0)		first byte of the event */
	0x00000000fffc6a63,			/* *(u32 *)(r10 - 4) = r6		the key */
	0x0000000000001118,			/* r1 = map[0] */
	0x0000000000000000, 0x000000000000a2bf, /* r2 = r10 */
	0xfffffffc00000207,			/* r2 += -4 */
	0x0000000100000085,			/* call map_lookup_elem */
	0x0000000000040015,			/* if r0 == 0 goto +4 */
	0x00000001000001b7,			/* r1 = 1 */
	0x00000000000010db,			/* lock *(u64 *)(r0 + 0) += r1 */
	0x00000001000000b7,			/* r0 = 1				let it pass */
	0x0000000000000095,			/* exit */
	0x00000000000000b7,			/* r0 = 0 */
	0x0000000000000095,			/* exit */
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	return 1;
}

int main(void)
{
	struct skep_vm_map_def counts = { .name = "counts",
					  .kind = 2 /* array */,
					  .key_size = 4,
					  .value_size = 8,
					  .max_entries = 128 };
	struct skep_vm_prog_def filter = { .name = "filter",
					   .insns = code,
					   .n_insns = sizeof(code) / sizeof(code[0]) };
	const char *events[] = { "apple", "avocado", "banana", "\xff" };
	struct skep_vm *vm;
	struct skep_vm_run *run;
	struct skep_vm_result result;
	uint32_t map, prog, key = 'a';
	uint64_t count;
	char why[256] = "";

	if (skep_vm_new(NULL, &vm) < 0)
		return complain("machine", "no memory");
	if (skep_vm_add_map(vm, &counts, why, sizeof(why), &map) < 0)
		return complain("map", why);
	if (skep_vm_add_prog(vm, &filter, why, sizeof(why), &prog) < 0)
		return complain("program", why);
	if (skep_vm_run_new(vm, &run) < 0)
		return complain("run", "no memory");
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		char event[32];
		struct skep_vm_input input = { .ctx = event, .ctx_size = strlen(events[i]) };

		memcpy(event, events[i], input.ctx_size);
		if (skep_vm_run_prog(run, prog, &input, &result) < 0)
			return complain("event", skep_vm_fault_text(run));
		printf("event %zu: %s\n", i, result.value ? "pass" : "drop");
	}
	if (skep_vm_map_get(vm, map, &key, &count) < 0)
		return complain("map", "no such element");
	printf("%llu began with 'a'\n", (unsigned long long)count);

	/* An empty event: the program would read behind it, and is stopped. */
	if (skep_vm_run_prog(run, prog, &(struct skep_vm_input){ .ctx = &key, .ctx_size = 0 },
			     &result) == 0)
		return complain("event", "an empty event must be a fault");
	printf("%s\n",
	       strncmp(skep_vm_fault_text(run), "filter, instruction 0: read of 1 byte", 37) == 0
		       ? "an empty event is a fault"
		       : skep_vm_fault_text(run));
	skep_vm_run_free(run);
	skep_vm_free(vm);
	return 0;
}
