/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Held against LLVM's BPF assembler and disassembler. Each vector that this LLVM knows goes both
 * ways: our text through its assembler, and its text through ours; both must give the vector's
 * bytes. Without LLVM the test is skipped; what LLVM 14 does not know (cpu v4, functions, maps) is
 * left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/str.h"
#include "isa/asm.h"
#include "isa/disasm.h"
#include "vectors.h"

#define MAX_VECTORS 2048

static struct {
	struct skep_insn words[2];
	size_t n;
	char text[128];
	bool old; /* known to LLVM since long: newer forms it disassembles as if they were older */
	unsigned line;
} vectors[MAX_VECTORS];
static size_t n_vectors;

static const char *find_llvm_mc(void)
{
	static const char *const names[] = { "llvm-mc",	   "llvm-mc-14", "llvm-mc-15", "llvm-mc-16",
					     "llvm-mc-17", "llvm-mc-18", "llvm-mc-19" };
	char command[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", names[i]);
		if (system(command) == 0)
			return names[i];
	}
	return NULL;
}

static int read_vectors(void **state)
{
	struct vector v;
	FILE *f = vectors_open("valid.txt", &v);

	if (!f)
		return -1;
	while (vectors_next(f, &v) && n_vectors < MAX_VECTORS) {
		vectors[n_vectors].n = vectors_words(v.fields[0], vectors[n_vectors].words);
		snprintf(vectors[n_vectors].text, sizeof(vectors[0].text), "%s", v.fields[1]);
		vectors[n_vectors].old = strcmp(v.fields[3], "v4") != 0;
		vectors[n_vectors++].line = v.line;
	}
	fclose(f);
	return n_vectors > 0 ? 0 : -1;
}

/* A file with the text of the vectors or their bytes, read by LLVM: one line a vector. */
static FILE *run_llvm(const char *llvm_mc, const char *options, void (*write)(FILE *f, size_t i),
		      char path[32])
{
	char command[512];
	FILE *f;
	int fd;

	strcpy(path, "/tmp/skep-isa-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	for (size_t i = 0; i < n_vectors; i++)
		write(f, i);
	fclose(f);
	snprintf(command, sizeof(command), "%s %s -triple=bpfel -mattr=+alu32 %s 2>/dev/null",
		 llvm_mc, options, path);
	return popen(command, "r");
}

static void write_text(FILE *f, size_t i)
{
	fprintf(f, "%s\n", vectors[i].text);
}

static void write_bytes(FILE *f, size_t i)
{
	for (size_t w = 0; w < vectors[i].n && vectors[i].old; w++) {
		struct skep_insn insn = vectors[i].words[w];
		uint32_t imm = (uint32_t)insn.imm;
		uint16_t off = (uint16_t)insn.off;

		fprintf(f, "0x%02x 0x%02x 0x%02x 0x%02x 0x%02x 0x%02x 0x%02x 0x%02x ", insn.opcode,
			insn.dst | insn.src << 4, off & 255, off >> 8, imm & 255, imm >> 8 & 255,
			imm >> 16 & 255, imm >> 24);
	}
	fputc('\n', f);
}

/* The words of "# encoding: [0xb7,0x01,...]". */
static size_t words_of_encoding(char *line, struct skep_insn words[2])
{
	char hex[128] = "", *p = strstr(line, "encoding: [");

	if (!p)
		return 0;
	for (p = strstr(p, "0x"); p; p = strstr(p, "0x")) {
		strncat(hex, p + 2, 2);
		strcat(hex, " ");
		p += 4;
	}
	hex[strlen(hex) ? strlen(hex) - 1 : 0] = '\0';
	return vectors_words(hex, words);
}

static bool is_vector(size_t i, const struct skep_insn *words, size_t n)
{
	return vectors[i].n == n && memcmp(vectors[i].words, words, n * sizeof(*words)) == 0;
}

/*
 * LLVM leaves out the lines that it does not know, and writes the others in order: so an encoding
 * belongs to the next vector that has it. One that fits none is an error.
 */
static void llvm_assembles_our_text(void **state)
{
	const char *llvm_mc = find_llvm_mc();
	char line[1024], path[32];
	size_t next = 0, matched = 0;
	FILE *out;

	if (!llvm_mc) {
		print_message("skipped, because llvm-mc is not installed\n");
		skip();
	}
	out = run_llvm(llvm_mc, "-show-encoding", write_text, path);
	assert_non_null(out);
	while (fgets(line, sizeof(line), out)) {
		struct skep_insn words[2];
		size_t n = words_of_encoding(line, words), i = next;

		if (n == 0)
			continue;
		while (i < n_vectors && !is_vector(i, words, n))
			i++;
		if (i == n_vectors)
			fail_msg("after line %u LLVM has: %s", vectors[next].line, line);
		next = i + 1;
		matched++;
	}
	pclose(out);
	unlink(path);
	print_message("%zu of %zu texts are known to this LLVM\n", matched, n_vectors);
	assert_true(matched > 300);
}

static void we_assemble_llvms_text(void **state)
{
	const char *llvm_mc = find_llvm_mc();
	char line[1024], path[32];
	size_t next = 0, matched = 0;
	FILE *out;

	if (!llvm_mc) {
		print_message("skipped, because llvm-mc is not installed\n");
		skip();
	}
	out = run_llvm(llvm_mc, "-disassemble", write_bytes, path);
	assert_non_null(out);
	while (fgets(line, sizeof(line), out)) {
		_cleanup_(skep_insns_fini)
		struct skep_insns insns = {};
		size_t i = next;

		/* Directives; and forms whose text leaves a field out. */
		if (strstr(line, ".text") || strstr(line, "ld_pseudo") || strstr(line, "call") ||
		    strstr(line, "skb[r"))
			continue;
		if (skep_asm(line, strlen(line), NULL, &insns, NULL) < 0)
			fail_msg("after line %u LLVM writes: %s", vectors[next].line, line);
		if (insns.len == 0)
			continue;
		while (i < n_vectors && !is_vector(i, insns.data, insns.len))
			i++;
		if (i == n_vectors)
			fail_msg("after line %u LLVM writes: %s", vectors[next].line, line);
		next = i + 1;
		matched++;
	}
	pclose(out);
	unlink(path);
	print_message("%zu of %zu words are known to this LLVM\n", matched, n_vectors);
	assert_true(matched > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(llvm_assembles_our_text),
		cmocka_unit_test(we_assemble_llvms_text),
	};

	return cmocka_run_group_tests(tests, read_vectors, NULL);
}
