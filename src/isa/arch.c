/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: the psABI of each CPU, and the kernel's asm/ptrace.h, which is UAPI. */
#include "isa/arch.h"

#include "base/str.h"

static const struct skep_arch_reg x86_64_regs[] = {
	{ "r15", 0 },	    { "r14", 8 },  { "r13", 16 }, { "r12", 24 },    { "bp", 32 },
	{ "bx", 40 },	    { "r11", 48 }, { "r10", 56 }, { "r9", 64 },	    { "r8", 72 },
	{ "ax", 80 },	    { "cx", 88 },  { "dx", 96 },  { "si", 104 },    { "di", 112 },
	{ "orig_ax", 120 }, { "ip", 128 }, { "cs", 136 }, { "flags", 144 }, { "sp", 152 },
	{ "ss", 160 },
};
static const uint16_t x86_64_dwarf[] = {
	80, 96, 88, 40, 104, 112, 32, 152, 72, 64, 56, 48, 24, 16, 8, 0,
};
static const char *const x86_64_compat[] = { "thread_info", "status" };

static const struct skep_arch x86_64 = {
	.name = "x86_64",
	.args = { 112, 104, 96, 88, 72, 64 },
	.n_args = 6,
	.stack_args = 8, /* above the return address */
	.counts_structs = true,
	.retval = 80,
	.ip = 128,
	.sp = 152,
	.syscall_args = { 112, 104, 96, 56, 72, 64 },
	.syscall_nr = 120,
	.compat_path = x86_64_compat,
	.n_compat_path = ARRAY_SIZE(x86_64_compat),
	.compat_mask = 2, /* TS_COMPAT */
	.dwarf_regs = x86_64_dwarf,
	.n_dwarf_regs = ARRAY_SIZE(x86_64_dwarf),
	.regs = x86_64_regs,
	.n_regs = ARRAY_SIZE(x86_64_regs),
};

static const struct skep_arch_reg arm64_regs[] = {
	{ "r0", 0 },	{ "r1", 8 },	{ "r2", 16 },	{ "r3", 24 },	   { "r4", 32 },
	{ "r5", 40 },	{ "r6", 48 },	{ "r7", 56 },	{ "r8", 64 },	   { "r9", 72 },
	{ "r10", 80 },	{ "r11", 88 },	{ "r12", 96 },	{ "r13", 104 },	   { "r14", 112 },
	{ "r15", 120 }, { "r16", 128 }, { "r17", 136 }, { "r18", 144 },	   { "r19", 152 },
	{ "r20", 160 }, { "r21", 168 }, { "r22", 176 }, { "r23", 184 },	   { "r24", 192 },
	{ "r25", 200 }, { "r26", 208 }, { "r27", 216 }, { "r28", 224 },	   { "r29", 232 },
	{ "r30", 240 }, { "sp", 248 },	{ "pc", 256 },	{ "pstate", 264 },
};
static const uint16_t arm64_dwarf[] = {
	0,   8,	  16,  24,  32,	 40,  48,  56,	64,  72,  80,  88,  96,	 104, 112, 120,
	128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216, 224, 232, 240,
};
static const char *const arm64_compat[] = { "thread_info", "flags" };

static const struct skep_arch arm64 = {
	.name = "arm64",
	.args = { 0, 8, 16, 24, 32, 40, 48, 56 },
	.n_args = 8,
	.retval = 0,
	.ip = 256,
	.sp = 248,
	/* The first argument is overwritten by the result; the kernel keeps a copy of it. */
	.syscall_args = { 272, 8, 16, 24, 32, 40 },
	.syscall_nr = 280,
	.compat_path = arm64_compat,
	.n_compat_path = ARRAY_SIZE(arm64_compat),
	.compat_mask = 1u << 22, /* TIF_32BIT */
	.dwarf_regs = arm64_dwarf,
	.n_dwarf_regs = ARRAY_SIZE(arm64_dwarf),
	.regs = arm64_regs,
	.n_regs = ARRAY_SIZE(arm64_regs),
};

const struct skep_arch *skep_arch(void)
{
#if defined(__x86_64__)
	(void)arm64;
	return &x86_64;
#elif defined(__aarch64__)
	(void)x86_64;
	return &arm64;
#else
	(void)x86_64, (void)arm64;
	return NULL;
#endif
}

int skep_arch_reg_offset(const struct skep_arch *arch, const char *name)
{
	for (size_t i = 0; arch && i < arch->n_regs; i++)
		if (skep_streq(arch->regs[i].name, name))
			return arch->regs[i].offset;
	return -1;
}
