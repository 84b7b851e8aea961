/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction set, one row for each form of each opcode, in the order of the opcodes.
 *
 * SKEP_ISA_ROWS(X, Y) is the table: X is the first form of an opcode, Y a further one. A row has
 *
 *	opcode	  the byte, as in the registry of RFC 9669, appendix A
 *	constant  SKEP_OP_<constant> is the row's number
 *	select	  the field that tells the forms of one opcode apart (NONE, SRC, OFF, IMM), and
 *	value	  what that field holds in this form
 *	fields	  which fields carry operands: D dst, S src, O off, I imm, N imm of the second word;
 *		  all others are 0
 *	group	  conformance group (section 2.4); LINUX: not in the RFC, known to the kernel
 *	cpu	  the first version of the instruction set that has it, as in clang -mcpu=vN. (The
 *		  32-bit arithmetic and the store of a constant were always there, though clang makes
 *		  use of them only from v3 and v4 on.)
 *	text	  how it is written, for the assembler and the disassembler
 *
 * In the text everything stands for itself but for these operands:
 *
 *	%d %D	  dst as r1, as w1		%s %S	src likewise
 *	%e %E	  dst written as r1, as w1, read either way	%f %F	src likewise
 *	%i %I	  imm of a 64-bit, of a 32-bit operation	%x	imm, " + 4", left out when 0
 *	%a %b	  upper, lower half of imm	%q	64-bit constant of both words
 *	%m	  off after a register, " + 4"	%o %j	jump distance in off, in imm
 *	%h	  helper in imm			%c %l	distance of a function in imm, after "pc", alone
 *	%k %K	  kernel function in imm, " @2" for its module in off, left out when 0
 *	%p	  map in imm			%n	"+4", second imm
 *	%v %g	  variable in imm, ",fd:3" for its module in the second imm, left out when 0
 */
#pragma once

/* clang-format off */
#define SKEP_ISA_ROWS(X, Y) \
	X(0x04, ADD32_IMM, NONE, 0, DI, BASE32, 1, "%D += %I") \
	X(0x05, JA, NONE, 0, O, BASE32, 1, "goto %o") \
	X(0x06, JAL, NONE, 0, I, BASE32, 4, "gotol %j") \
	X(0x07, ADD64_IMM, NONE, 0, DI, BASE64, 1, "%d += %i") \
	X(0x0c, ADD32_REG, NONE, 0, DS, BASE32, 1, "%D += %S") \
	X(0x0d, JAX, NONE, 0, D, LINUX, 4, "gotox %d") \
	X(0x0f, ADD64_REG, NONE, 0, DS, BASE64, 1, "%d += %s") \
	X(0x14, SUB32_IMM, NONE, 0, DI, BASE32, 1, "%D -= %I") \
	X(0x15, JEQ_IMM, NONE, 0, DOI, BASE64, 1, "if %d == %i goto %o") \
	X(0x16, JEQ32_IMM, NONE, 0, DOI, BASE32, 3, "if %D == %I goto %o") \
	X(0x17, SUB64_IMM, NONE, 0, DI, BASE64, 1, "%d -= %i") \
	X(0x18, LD_IMM64, SRC, 0, DIN, BASE64, 1, "%d = %q ll") \
	Y(0x18, LD_MAP_FD, SRC, 1, DI, BASE64, 1, "%d = map[fd:%p]") \
	Y(0x18, LD_MAP_VALUE, SRC, 2, DIN, BASE64, 1, "%d = map[fd:%p][0]%n") \
	Y(0x18, LD_BTF_ID, SRC, 3, DIN, BASE64, 1, "%d = btf[id:%v%g]") \
	Y(0x18, LD_FUNC, SRC, 4, DI, BASE64, 1, "%d = subprog[%l]") \
	Y(0x18, LD_MAP_IDX, SRC, 5, DI, BASE64, 1, "%d = map[idx:%p]") \
	Y(0x18, LD_MAP_IDX_VALUE, SRC, 6, DIN, BASE64, 1, "%d = map[idx:%p][0]%n") \
	X(0x1c, SUB32_REG, NONE, 0, DS, BASE32, 1, "%D -= %S") \
	X(0x1d, JEQ_REG, NONE, 0, DSO, BASE64, 1, "if %d == %s goto %o") \
	X(0x1e, JEQ32_REG, NONE, 0, DSO, BASE32, 3, "if %D == %S goto %o") \
	X(0x1f, SUB64_REG, NONE, 0, DS, BASE64, 1, "%d -= %s") \
	X(0x20, LD_ABS_W, NONE, 0, I, PACKET, 1, "r0 = *(u32 *)skb[%i]") \
	X(0x24, MUL32_IMM, NONE, 0, DI, DIVMUL32, 1, "%D *= %I") \
	X(0x25, JGT_IMM, NONE, 0, DOI, BASE64, 1, "if %d > %i goto %o") \
	X(0x26, JGT32_IMM, NONE, 0, DOI, BASE32, 3, "if %D > %I goto %o") \
	X(0x27, MUL64_IMM, NONE, 0, DI, DIVMUL64, 1, "%d *= %i") \
	X(0x28, LD_ABS_H, NONE, 0, I, PACKET, 1, "r0 = *(u16 *)skb[%i]") \
	X(0x2c, MUL32_REG, NONE, 0, DS, DIVMUL32, 1, "%D *= %S") \
	X(0x2d, JGT_REG, NONE, 0, DSO, BASE64, 1, "if %d > %s goto %o") \
	X(0x2e, JGT32_REG, NONE, 0, DSO, BASE32, 3, "if %D > %S goto %o") \
	X(0x2f, MUL64_REG, NONE, 0, DS, DIVMUL64, 1, "%d *= %s") \
	X(0x30, LD_ABS_B, NONE, 0, I, PACKET, 1, "r0 = *(u8 *)skb[%i]") \
	X(0x34, DIV32_IMM, OFF, 0, DI, DIVMUL32, 1, "%D /= %I") \
	Y(0x34, SDIV32_IMM, OFF, 1, DI, DIVMUL32, 4, "%D s/= %I") \
	X(0x35, JGE_IMM, NONE, 0, DOI, BASE64, 1, "if %d >= %i goto %o") \
	X(0x36, JGE32_IMM, NONE, 0, DOI, BASE32, 3, "if %D >= %I goto %o") \
	X(0x37, DIV64_IMM, OFF, 0, DI, DIVMUL64, 1, "%d /= %i") \
	Y(0x37, SDIV64_IMM, OFF, 1, DI, DIVMUL64, 4, "%d s/= %i") \
	X(0x3c, DIV32_REG, OFF, 0, DS, DIVMUL32, 1, "%D /= %S") \
	Y(0x3c, SDIV32_REG, OFF, 1, DS, DIVMUL32, 4, "%D s/= %S") \
	X(0x3d, JGE_REG, NONE, 0, DSO, BASE64, 1, "if %d >= %s goto %o") \
	X(0x3e, JGE32_REG, NONE, 0, DSO, BASE32, 3, "if %D >= %S goto %o") \
	X(0x3f, DIV64_REG, OFF, 0, DS, DIVMUL64, 1, "%d /= %s") \
	Y(0x3f, SDIV64_REG, OFF, 1, DS, DIVMUL64, 4, "%d s/= %s") \
	X(0x40, LD_IND_W, NONE, 0, SI, PACKET, 1, "r0 = *(u32 *)skb[%s%x]") \
	X(0x44, OR32_IMM, NONE, 0, DI, BASE32, 1, "%D |= %I") \
	X(0x45, JSET_IMM, NONE, 0, DOI, BASE64, 1, "if %d & %i goto %o") \
	X(0x46, JSET32_IMM, NONE, 0, DOI, BASE32, 3, "if %D & %I goto %o") \
	X(0x47, OR64_IMM, NONE, 0, DI, BASE64, 1, "%d |= %i") \
	X(0x48, LD_IND_H, NONE, 0, SI, PACKET, 1, "r0 = *(u16 *)skb[%s%x]") \
	X(0x4c, OR32_REG, NONE, 0, DS, BASE32, 1, "%D |= %S") \
	X(0x4d, JSET_REG, NONE, 0, DSO, BASE64, 1, "if %d & %s goto %o") \
	X(0x4e, JSET32_REG, NONE, 0, DSO, BASE32, 3, "if %D & %S goto %o") \
	X(0x4f, OR64_REG, NONE, 0, DS, BASE64, 1, "%d |= %s") \
	X(0x50, LD_IND_B, NONE, 0, SI, PACKET, 1, "r0 = *(u8 *)skb[%s%x]") \
	X(0x54, AND32_IMM, NONE, 0, DI, BASE32, 1, "%D &= %I") \
	X(0x55, JNE_IMM, NONE, 0, DOI, BASE64, 1, "if %d != %i goto %o") \
	X(0x56, JNE32_IMM, NONE, 0, DOI, BASE32, 3, "if %D != %I goto %o") \
	X(0x57, AND64_IMM, NONE, 0, DI, BASE64, 1, "%d &= %i") \
	X(0x5c, AND32_REG, NONE, 0, DS, BASE32, 1, "%D &= %S") \
	X(0x5d, JNE_REG, NONE, 0, DSO, BASE64, 1, "if %d != %s goto %o") \
	X(0x5e, JNE32_REG, NONE, 0, DSO, BASE32, 3, "if %D != %S goto %o") \
	X(0x5f, AND64_REG, NONE, 0, DS, BASE64, 1, "%d &= %s") \
	X(0x61, LDX_W, NONE, 0, DSO, BASE32, 1, "%e = *(u32 *)(%s%m)") \
	X(0x62, ST_W, NONE, 0, DOI, BASE32, 1, "*(u32 *)(%d%m) = %I") \
	X(0x63, STX_W, NONE, 0, DSO, BASE32, 1, "*(u32 *)(%d%m) = %f") \
	X(0x64, LSH32_IMM, NONE, 0, DI, BASE32, 1, "%D <<= %I") \
	X(0x65, JSGT_IMM, NONE, 0, DOI, BASE64, 1, "if %d s> %i goto %o") \
	X(0x66, JSGT32_IMM, NONE, 0, DOI, BASE32, 3, "if %D s> %I goto %o") \
	X(0x67, LSH64_IMM, NONE, 0, DI, BASE64, 1, "%d <<= %i") \
	X(0x69, LDX_H, NONE, 0, DSO, BASE32, 1, "%e = *(u16 *)(%s%m)") \
	X(0x6a, ST_H, NONE, 0, DOI, BASE32, 1, "*(u16 *)(%d%m) = %I") \
	X(0x6b, STX_H, NONE, 0, DSO, BASE32, 1, "*(u16 *)(%d%m) = %f") \
	X(0x6c, LSH32_REG, NONE, 0, DS, BASE32, 1, "%D <<= %S") \
	X(0x6d, JSGT_REG, NONE, 0, DSO, BASE64, 1, "if %d s> %s goto %o") \
	X(0x6e, JSGT32_REG, NONE, 0, DSO, BASE32, 3, "if %D s> %S goto %o") \
	X(0x6f, LSH64_REG, NONE, 0, DS, BASE64, 1, "%d <<= %s") \
	X(0x71, LDX_B, NONE, 0, DSO, BASE32, 1, "%e = *(u8 *)(%s%m)") \
	X(0x72, ST_B, NONE, 0, DOI, BASE32, 1, "*(u8 *)(%d%m) = %I") \
	X(0x73, STX_B, NONE, 0, DSO, BASE32, 1, "*(u8 *)(%d%m) = %f") \
	X(0x74, RSH32_IMM, NONE, 0, DI, BASE32, 1, "%D >>= %I") \
	X(0x75, JSGE_IMM, NONE, 0, DOI, BASE64, 1, "if %d s>= %i goto %o") \
	X(0x76, JSGE32_IMM, NONE, 0, DOI, BASE32, 3, "if %D s>= %I goto %o") \
	X(0x77, RSH64_IMM, NONE, 0, DI, BASE64, 1, "%d >>= %i") \
	X(0x79, LDX_DW, NONE, 0, DSO, BASE64, 1, "%d = *(u64 *)(%s%m)") \
	X(0x7a, ST_DW, NONE, 0, DOI, BASE64, 1, "*(u64 *)(%d%m) = %i") \
	X(0x7b, STX_DW, NONE, 0, DSO, BASE64, 1, "*(u64 *)(%d%m) = %s") \
	X(0x7c, RSH32_REG, NONE, 0, DS, BASE32, 1, "%D >>= %S") \
	X(0x7d, JSGE_REG, NONE, 0, DSO, BASE64, 1, "if %d s>= %s goto %o") \
	X(0x7e, JSGE32_REG, NONE, 0, DSO, BASE32, 3, "if %D s>= %S goto %o") \
	X(0x7f, RSH64_REG, NONE, 0, DS, BASE64, 1, "%d >>= %s") \
	X(0x81, LDXS_W, NONE, 0, DSO, BASE32, 4, "%d = *(s32 *)(%s%m)") \
	X(0x84, NEG32, NONE, 0, D, BASE32, 1, "%D = -%D") \
	X(0x85, CALL_HELPER, SRC, 0, I, BASE32, 1, "call %h") \
	Y(0x85, CALL_LOCAL, SRC, 1, I, BASE32, 1, "call %c") \
	Y(0x85, CALL_KFUNC, SRC, 2, OI, BASE32, 1, "call kfunc#%k%K") \
	X(0x87, NEG64, NONE, 0, D, BASE64, 1, "%d = -%d") \
	X(0x89, LDXS_H, NONE, 0, DSO, BASE32, 4, "%d = *(s16 *)(%s%m)") \
	X(0x91, LDXS_B, NONE, 0, DSO, BASE32, 4, "%d = *(s8 *)(%s%m)") \
	X(0x94, MOD32_IMM, OFF, 0, DI, DIVMUL32, 1, "%D %= %I") \
	Y(0x94, SMOD32_IMM, OFF, 1, DI, DIVMUL32, 4, "%D s%= %I") \
	X(0x95, EXIT, NONE, 0, NONE, BASE32, 1, "exit") \
	X(0x97, MOD64_IMM, OFF, 0, DI, DIVMUL64, 1, "%d %= %i") \
	Y(0x97, SMOD64_IMM, OFF, 1, DI, DIVMUL64, 4, "%d s%= %i") \
	X(0x9c, MOD32_REG, OFF, 0, DS, DIVMUL32, 1, "%D %= %S") \
	Y(0x9c, SMOD32_REG, OFF, 1, DS, DIVMUL32, 4, "%D s%= %S") \
	X(0x9f, MOD64_REG, OFF, 0, DS, DIVMUL64, 1, "%d %= %s") \
	Y(0x9f, SMOD64_REG, OFF, 1, DS, DIVMUL64, 4, "%d s%= %s") \
	X(0xa4, XOR32_IMM, NONE, 0, DI, BASE32, 1, "%D ^= %I") \
	X(0xa5, JLT_IMM, NONE, 0, DOI, BASE64, 2, "if %d < %i goto %o") \
	X(0xa6, JLT32_IMM, NONE, 0, DOI, BASE32, 3, "if %D < %I goto %o") \
	X(0xa7, XOR64_IMM, NONE, 0, DI, BASE64, 1, "%d ^= %i") \
	X(0xac, XOR32_REG, NONE, 0, DS, BASE32, 1, "%D ^= %S") \
	X(0xad, JLT_REG, NONE, 0, DSO, BASE64, 2, "if %d < %s goto %o") \
	X(0xae, JLT32_REG, NONE, 0, DSO, BASE32, 3, "if %D < %S goto %o") \
	X(0xaf, XOR64_REG, NONE, 0, DS, BASE64, 1, "%d ^= %s") \
	X(0xb4, MOV32_IMM, NONE, 0, DI, BASE32, 1, "%D = %I") \
	X(0xb5, JLE_IMM, NONE, 0, DOI, BASE64, 2, "if %d <= %i goto %o") \
	X(0xb6, JLE32_IMM, NONE, 0, DOI, BASE32, 3, "if %D <= %I goto %o") \
	X(0xb7, MOV64_IMM, NONE, 0, DI, BASE64, 1, "%d = %i") \
	X(0xbc, MOV32_REG, OFF, 0, DS, BASE32, 1, "%D = %S") \
	Y(0xbc, MOVSX8_32, OFF, 8, DS, BASE32, 4, "%D = (s8)%S") \
	Y(0xbc, MOVSX16_32, OFF, 16, DS, BASE32, 4, "%D = (s16)%S") \
	X(0xbd, JLE_REG, NONE, 0, DSO, BASE64, 2, "if %d <= %s goto %o") \
	X(0xbe, JLE32_REG, NONE, 0, DSO, BASE32, 3, "if %D <= %S goto %o") \
	X(0xbf, MOV64_REG, OFF, 0, DS, BASE64, 1, "%d = %s") \
	Y(0xbf, ADDR_SPACE_CAST, OFF, 1, DSI, LINUX, 4, "%d = addr_space_cast(%s, %a, %b)") \
	Y(0xbf, MOVSX8_64, OFF, 8, DS, BASE64, 4, "%d = (s8)%s") \
	Y(0xbf, MOVSX16_64, OFF, 16, DS, BASE64, 4, "%d = (s16)%s") \
	Y(0xbf, MOVSX32_64, OFF, 32, DS, BASE64, 4, "%d = (s32)%s") \
	X(0xc3, ATOMIC_ADD32, IMM, 0x0, DSO, ATOMIC32, 1, "lock *(u32 *)(%d%m) += %F") \
	Y(0xc3, FETCH_ADD32, IMM, 0x1, DSO, ATOMIC32, 3, "%F = atomic_fetch_add((u32 *)(%d%m), %F)") \
	Y(0xc3, ATOMIC_OR32, IMM, 64, DSO, ATOMIC32, 3, "lock *(u32 *)(%d%m) |= %F") \
	Y(0xc3, FETCH_OR32, IMM, 0x41, DSO, ATOMIC32, 3, "%F = atomic_fetch_or((u32 *)(%d%m), %F)") \
	Y(0xc3, ATOMIC_AND32, IMM, 0x50, DSO, ATOMIC32, 3, "lock *(u32 *)(%d%m) &= %F") \
	Y(0xc3, FETCH_AND32, IMM, 0x51, DSO, ATOMIC32, 3, "%F = atomic_fetch_and((u32 *)(%d%m), %F)") \
	Y(0xc3, ATOMIC_XOR32, IMM, 0xa0, DSO, ATOMIC32, 3, "lock *(u32 *)(%d%m) ^= %F") \
	Y(0xc3, FETCH_XOR32, IMM, 0xa1, DSO, ATOMIC32, 3, "%F = atomic_fetch_xor((u32 *)(%d%m), %F)") \
	Y(0xc3, XCHG32, IMM, 0xe1, DSO, ATOMIC32, 3, "%F = xchg32_32(%d%m, %F)") \
	Y(0xc3, CMPXCHG32, IMM, 0xf1, DSO, ATOMIC32, 3, "w0 = cmpxchg32_32(%d%m, w0, %F)") \
	Y(0xc3, LOAD_ACQ32, IMM, 0x100, DSO, LINUX, 4, "%E = load_acquire((u32 *)(%s%m))") \
	Y(0xc3, STORE_REL32, IMM, 0x110, DSO, LINUX, 4, "store_release((u32 *)(%d%m), %F)") \
	X(0xc4, ARSH32_IMM, NONE, 0, DI, BASE32, 1, "%D s>>= %I") \
	X(0xc5, JSLT_IMM, NONE, 0, DOI, BASE64, 2, "if %d s< %i goto %o") \
	X(0xc6, JSLT32_IMM, NONE, 0, DOI, BASE32, 3, "if %D s< %I goto %o") \
	X(0xc7, ARSH64_IMM, NONE, 0, DI, BASE64, 1, "%d s>>= %i") \
	X(0xcb, LOAD_ACQ16, IMM, 0x100, DSO, LINUX, 4, "%E = load_acquire((u16 *)(%s%m))") \
	Y(0xcb, STORE_REL16, IMM, 0x110, DSO, LINUX, 4, "store_release((u16 *)(%d%m), %F)") \
	X(0xcc, ARSH32_REG, NONE, 0, DS, BASE32, 1, "%D s>>= %S") \
	X(0xcd, JSLT_REG, NONE, 0, DSO, BASE64, 2, "if %d s< %s goto %o") \
	X(0xce, JSLT32_REG, NONE, 0, DSO, BASE32, 3, "if %D s< %S goto %o") \
	X(0xcf, ARSH64_REG, NONE, 0, DS, BASE64, 1, "%d s>>= %s") \
	X(0xd3, LOAD_ACQ8, IMM, 0x100, DSO, LINUX, 4, "%E = load_acquire((u8 *)(%s%m))") \
	Y(0xd3, STORE_REL8, IMM, 0x110, DSO, LINUX, 4, "store_release((u8 *)(%d%m), %F)") \
	X(0xd4, LE16, IMM, 16, D, BASE32, 1, "%d = le16 %d") \
	Y(0xd4, LE32, IMM, 32, D, BASE32, 1, "%d = le32 %d") \
	Y(0xd4, LE64, IMM, 64, D, BASE64, 1, "%d = le64 %d") \
	X(0xd5, JSLE_IMM, NONE, 0, DOI, BASE64, 2, "if %d s<= %i goto %o") \
	X(0xd6, JSLE32_IMM, NONE, 0, DOI, BASE32, 3, "if %D s<= %I goto %o") \
	X(0xd7, BSWAP16, IMM, 16, D, BASE32, 4, "%d = bswap16 %d") \
	Y(0xd7, BSWAP32, IMM, 32, D, BASE32, 4, "%d = bswap32 %d") \
	Y(0xd7, BSWAP64, IMM, 64, D, BASE64, 4, "%d = bswap64 %d") \
	X(0xdb, ATOMIC_ADD64, IMM, 0x0, DSO, ATOMIC64, 1, "lock *(u64 *)(%d%m) += %s") \
	Y(0xdb, FETCH_ADD64, IMM, 0x1, DSO, ATOMIC64, 3, "%s = atomic_fetch_add((u64 *)(%d%m), %s)") \
	Y(0xdb, ATOMIC_OR64, IMM, 64, DSO, ATOMIC64, 3, "lock *(u64 *)(%d%m) |= %s") \
	Y(0xdb, FETCH_OR64, IMM, 0x41, DSO, ATOMIC64, 3, "%s = atomic_fetch_or((u64 *)(%d%m), %s)") \
	Y(0xdb, ATOMIC_AND64, IMM, 0x50, DSO, ATOMIC64, 3, "lock *(u64 *)(%d%m) &= %s") \
	Y(0xdb, FETCH_AND64, IMM, 0x51, DSO, ATOMIC64, 3, "%s = atomic_fetch_and((u64 *)(%d%m), %s)") \
	Y(0xdb, ATOMIC_XOR64, IMM, 0xa0, DSO, ATOMIC64, 3, "lock *(u64 *)(%d%m) ^= %s") \
	Y(0xdb, FETCH_XOR64, IMM, 0xa1, DSO, ATOMIC64, 3, "%s = atomic_fetch_xor((u64 *)(%d%m), %s)") \
	Y(0xdb, XCHG64, IMM, 0xe1, DSO, ATOMIC64, 3, "%s = xchg_64(%d%m, %s)") \
	Y(0xdb, CMPXCHG64, IMM, 0xf1, DSO, ATOMIC64, 3, "r0 = cmpxchg_64(%d%m, r0, %s)") \
	Y(0xdb, LOAD_ACQ64, IMM, 0x100, DSO, LINUX, 4, "%d = load_acquire((u64 *)(%s%m))") \
	Y(0xdb, STORE_REL64, IMM, 0x110, DSO, LINUX, 4, "store_release((u64 *)(%d%m), %s)") \
	X(0xdc, BE16, IMM, 16, D, BASE32, 1, "%d = be16 %d") \
	Y(0xdc, BE32, IMM, 32, D, BASE32, 1, "%d = be32 %d") \
	Y(0xdc, BE64, IMM, 64, D, BASE64, 1, "%d = be64 %d") \
	X(0xdd, JSLE_REG, NONE, 0, DSO, BASE64, 2, "if %d s<= %s goto %o") \
	X(0xde, JSLE32_REG, NONE, 0, DSO, BASE32, 3, "if %D s<= %S goto %o") \
	X(0xe5, MAY_GOTO, NONE, 0, O, LINUX, 4, "may_goto %o")
/* clang-format on */
