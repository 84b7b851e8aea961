/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Seven loops and an empty program, compiled three times from this file: for the machine and the kernel (clang -target bpf), and natively. A
 * program is given a number and returns one; what it computes depends on all of its work.
 */
#define SEC(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))

typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned char u8;

#define PROGRAM(name) SEC("bench/" #name) u64 name(u64 seed)

PROGRAM(nop)
{
	return seed;
}

/* A generator of pseudo-random numbers: shifts, exclusive ors and a multiplication, each needs the one before. */
PROGRAM(alu)
{
	u64 x = seed | 1, total = 0;

	for (u32 i = 0; i < 5000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		total = total * 6364136223846793005ull + x;
	}
	return total;
}

PROGRAM(div)
{
	u64 x = seed + 0x123456789abcdefull, total = 0;

	for (u32 i = 1; i <= 1000; i++) {
		total += x / (i + 3) + x % (i + 7);
		x = x * 3 + total;
	}
	return total;
}

/* A table of 64 words on the stack, read and written where the data says. */
PROGRAM(stack)
{
	volatile u64 table[48];
	u64 at = seed;

	for (u32 i = 0; i < 48; i++)
		table[i] = i * 0x9e3779b97f4a7c15ull + seed;
	for (u32 i = 0; i < 1000; i++) {
		u32 slot = (u32)at & 31;

		at = table[slot] + (at >> 3);
		table[slot] = at ^ i;
	}
	return at;
}

/* Which way it goes depends on the number: the length of Collatz sequences, with a bound. */
PROGRAM(branch)
{
	u64 n = seed + 27, steps = 0;

	for (u32 i = 0; i < 3000; i++) {
		if (n & 1)
			n = n * 3 + 1;
		else
			n >>= 1;
		if (n <= 1)
			n = seed + 27 + i;
		else
			steps += n & 7;
	}
	return steps;
}

static NOINLINE u64 mix(u64 a, u64 b);

PROGRAM(call)
{
	u64 total = seed;

	for (u32 i = 0; i < 1000; i++)
		total = mix(total, i);
	return total;
}

static NOINLINE SEC("bench/call") u64 mix(u64 a, u64 b)
{
	return (a ^ (b << 5)) + 0x9e3779b9;
}

/* The checksum of Ethernet, bit by bit, of 64 bytes. */
PROGRAM(crc)
{
	u64 words[8];
	u32 crc = ~0u;

	for (u32 i = 0; i < 8; i++)
		words[i] = (seed + i) * 0x9e3779b97f4a7c15ull;
	for (u32 i = 0; i < 64; i++) {
		crc ^= (u8)(words[i >> 3] >> ((i & 7) * 8));
		for (u32 bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
	}
	return ~crc;
}

/* Sorts 32 numbers on the stack by insertion: how far each goes depends on the data. */
PROGRAM(sort)
{
	volatile u64 table[32];
	u64 total = 0, x = seed | 1;

	for (u32 i = 0; i < 32; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		table[i] = x >> 33;
	}
	for (u32 i = 1; i < 32; i++) {
		u64 value = table[i];
		u32 at = i;

		while (at > 0 && table[at - 1] > value) {
			table[at] = table[at - 1];
			at--;
		}
		table[at] = value;
		total = total * 31 + at;
	}
	return total + table[7];
}
