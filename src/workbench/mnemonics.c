/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/mnemonics.h"

#include "base/dl.h"

/* What libcapstone.so.4 has: its headers are not needed for four functions. */
struct insn {
	unsigned id;
	uint64_t address;
	uint16_t size;
	uint8_t bytes[16];
	char mnemonic[32], operands[160];
	void *detail;
};

enum {
	ARCH_ARM64 = 1,
	ARCH_X86 = 3,
	MODE_64 = 1 << 3,
};

static struct {
	int (*open)(int arch, int mode, size_t *ret_handle);
	struct insn *(*malloc)(size_t handle);
	bool (*disasm_iter)(size_t handle, const uint8_t **code, size_t *size, uint64_t *address,
			    struct insn *insn);
} capstone;

static struct skep_dl dl = SKEP_DL("libcapstone.so.4", "libcapstone4");
static size_t handle;
static struct insn *insn; /* as long as the process lives, as the library does */

bool skep_mnemonics_work(void)
{
	static const char *const names[] = { "cs_open", "cs_malloc", "cs_disasm_iter" };
#if defined(__x86_64__)
	int arch = ARCH_X86, mode = MODE_64;
#elif defined(__aarch64__)
	int arch = ARCH_ARM64, mode = 0;
#else
	int arch = -1, mode = 0;
#endif

	if (insn)
		return true;
	if (arch < 0 || skep_dl_open(&dl, names, ARRAY_SIZE(names), &capstone) < 0 ||
	    capstone.open(arch, mode, &handle) != 0)
		return false;
	insn = capstone.malloc(handle);
	return insn != NULL;
}

size_t skep_mnemonic(const uint8_t *code, size_t size, uint64_t address, struct skep_str *out)
{
	if (!skep_mnemonics_work() || !capstone.disasm_iter(handle, &code, &size, &address, insn))
		return 0;
	skep_str_addf(out, "%s%s%s", insn->mnemonic, insn->operands[0] ? " " : "", insn->operands);
	return insn->size;
}
