/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .eh_frame tables: words there and back; a table of this very program and of libc against readelf, which interprets the same
 * bytes by itself; programs of DWARF that end in the middle.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "obj/eh_frame.h"

#define SOME_ROWS 8

/* As readelf writes it. Where calls leave the return address in a register, "u" is also what is still there. */
#ifdef __aarch64__
static const char sp_plus[] = "sp+", fp_plus[] = "x29+";
static const bool link_register = true, covered = true;
#else
static const char sp_plus[] = "rsp+", fp_plus[] = "rbp+";
static const bool link_register = false;
#ifdef __x86_64__
static const bool covered = true;
#else
static const bool covered = false;
#endif
#endif

static void same_word(struct skep_unwind_rule rule)
{
	struct skep_unwind_rule back = skep_unwind_unpack(skep_unwind_pack(&rule));

	assert_int_equal(back.kind, rule.kind);
	assert_int_equal(back.cfa, rule.cfa);
	assert_int_equal(back.fp, rule.fp);
	assert_int_equal(back.ra, rule.ra);
}

static void test_words(void **state)
{
	static const struct skep_unwind_rule too_much[] = {
		{ SKEP_UNWIND_SP, 4, 0, -8 },		{ SKEP_UNWIND_SP, 131072, 0, -8 },
		{ SKEP_UNWIND_SP, 16, -520, -8 },	{ SKEP_UNWIND_SP, 16, 0, 512 },
		{ SKEP_UNWIND_SP_DEREF, 65536, 0, -8 },
	};

	same_word((struct skep_unwind_rule){ SKEP_UNWIND_SP, 8, 0, -8 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_SP, 131064, -512, -8 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_FP, -131072, 504, 504 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_SP, 0, 0, 0 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_PLT, 11, 0, -8 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_SP_DEREF, 57, -16, -8 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_SP_DEREF, -64, 0, -8 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_FP_DEREF, -8, 0, -8 });
	same_word((struct skep_unwind_rule){ SKEP_UNWIND_END, 0, 0, 0 });
	for (size_t i = 0; i < ARRAY_SIZE(too_much); i++)
		assert_int_equal(skep_unwind_pack(&too_much[i]), SKEP_UNWIND_NONE);
}

struct file {
	void *data;
	size_t size;
	struct skep_elf *elf;
};

static void open_file(struct file *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	f->size = (size_t)st.st_size;
	f->data = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(f->data, MAP_FAILED);
	close(fd);
	assert_int_equal(skep_elf_parse(f->data, f->size, path, NULL, &f->elf), 0);
}

static void close_file(struct file *f)
{
	skep_elf_free(f->elf);
	munmap(f->data, f->size);
}

/* The header of readelf's table: which column is the frame pointer and which the return address. */
struct columns {
	int fp, ra;
};

static bool read_columns(char *line, struct columns *c)
{
	int n = 0;

	if (!strstr(line, "LOC") || !strstr(line, "CFA"))
		return false;
	*c = (struct columns){ -1, -1 };
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"), n++) {
		if (!strcmp(word, "rbp") || !strcmp(word, "x29"))
			c->fp = n;
		if (!strcmp(word, "ra"))
			c->ra = n;
	}
	return true;
}

/* What a row of readelf says; false when it is nothing that fits a rule. */
static bool read_rule(char *line, const struct columns *c, uint64_t *ret_address,
		      struct skep_unwind_rule *ret)
{
	struct skep_unwind_rule rule = {};
	int n = 0;

	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"), n++) {
		if (word[0] == '(') { /* the name of a register, behind its number */
			n--;
			continue;
		}
		if (n == 0) {
			*ret_address = strtoull(word, NULL, 16);
		} else if (n == 1) {
			if (!strncmp(word, sp_plus, strlen(sp_plus)))
				rule.kind = SKEP_UNWIND_SP;
			else if (!strncmp(word, fp_plus, strlen(fp_plus)))
				rule.kind = SKEP_UNWIND_FP;
			else
				return false;
			rule.cfa = atoi(strchr(word, '+'));
		} else if (n == c->fp) {
			if (word[0] != 'c' && word[0] != 'u' && word[0] != 's')
				return false;
			rule.fp = word[0] == 'c' ? atoi(word + 1) : 0;
		} else if (n == c->ra) {
			if (word[0] == 'u' && link_register)
				rule.ra = 0;
			else if (word[0] == 'u')
				rule = (struct skep_unwind_rule){ .kind = SKEP_UNWIND_END };
			else if (word[0] != 'c')
				return false;
			else
				rule.ra = atoi(word + 1);
		}
	}
	*ret = rule;
	return c->ra >= 0 || link_register;
}

static size_t compare(const struct file *f, const struct skep_eh_frame *table, FILE *readelf)
{
	struct columns c = { -1, -1 };
	char line[1024], copy[1024];
	size_t n = 0;

	while (fgets(line, sizeof(line), readelf)) {
		struct skep_unwind_rule want;
		uint64_t address = 0, place;
		uint32_t word;

		strcpy(copy, line);
		if (read_columns(copy, &c) || strspn(line, "0123456789abcdef") != 16 ||
		    strstr(line, "CIE") || strstr(line, "FDE") || strstr(line, "ZERO"))
			continue;
		strcpy(copy, line);
		if (!read_rule(copy, &c, &address, &want) || address == 0)
			continue;
		if (skep_elf_file_offset(f->elf, address, &place) < 0)
			continue;
		word = skep_eh_frame_find(table, (uint32_t)place);
		if (link_register && want.ra == 0 && word == SKEP_UNWIND_END)
			continue;
		if (word != skep_unwind_pack(&want))
			fail_msg("at %lx: %08x, readelf says %s", (unsigned long)address, word,
				 line);
		n++;
	}
	return n;
}

static void against_readelf(const char *path, size_t least)
{
	struct skep_eh_frame table;
	struct file f;
	char command[512];
	FILE *p;

	open_file(&f, path);
	assert_int_equal(skep_eh_frame_read(f.elf, SKEP_UNWIND_ROWS_MAX, &table), 0);
	assert_int_equal(table.n_bad, 0);
	for (size_t i = 1; i < table.n_rows; i++)
		assert_true(table.rows[i - 1].place < table.rows[i].place);
	snprintf(command, sizeof(command), "LC_ALL=C readelf --debug-dump=frames-interp %s", path);
	p = popen(command, "r");
	assert_non_null(p);
	assert_true(compare(&f, &table, p) > least);
	pclose(p);
	skep_eh_frame_fini(&table);
	close_file(&f);
}

static bool have_readelf(void)
{
	return system("command -v readelf >/dev/null 2>&1") == 0;
}

/* The command's own /proc/self would be another. */
static void own_path(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	assert_true(n > 0);
	path[n] = '\0';
}

static void test_this_program(void **state)
{
	char path[512];

	own_path(path, sizeof(path));
	if (!covered || !have_readelf())
		skip();
	against_readelf(path, SOME_ROWS);
}

/* The path of libc as this process has it. */
static bool find_libc(char *path)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024];
	bool found = false;

	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "/libc.so.6") && sscanf(strchr(line, '/'), "%511s", path) == 1;
	if (maps)
		fclose(maps);
	return found;
}

static void test_libc(void **state)
{
	char path[512];

	if (!covered || !have_readelf() || !find_libc(path))
		skip();
	against_readelf(path, 10000);
}

/* Bytes of the section changed one by one: the table may be anything, but it is sorted, and nothing is read outside. */
static void test_damage(void **state)
{
	struct skep_eh_frame table;
	struct file f;
	const void *data;
	uint64_t vaddr;
	size_t size;
	uint32_t random = 1;
	int r;

	open_file(&f, "/proc/self/exe");
	assert_int_equal(skep_elf_section_at(f.elf, ".eh_frame", &data, &size, &vaddr), 0);
	for (size_t i = 0; i < 4000; i++) {
		uint8_t *p = (uint8_t *)data + (random >> 8) % size, old = *p;

		random = random * 1664525 + 1013904223;
		*p = (uint8_t)(random >> 24);
		r = skep_eh_frame_read(f.elf, 100000, &table);
		assert_true(r == 0 || r == -E2BIG);
		if (r == 0) {
			for (size_t j = 1; j < table.n_rows; j++)
				assert_true(table.rows[j - 1].place < table.rows[j].place);
			skep_eh_frame_fini(&table);
		}
		if (i % 16) /* some damage stays */
			*p = old;
	}
	close_file(&f);
}

static void test_bound(void **state)
{
	struct skep_eh_frame table;
	struct file f;

	open_file(&f, "/proc/self/exe");
	assert_int_equal(skep_eh_frame_read(f.elf, 3, &table), -E2BIG);
	close_file(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_this_program),
		cmocka_unit_test(test_libc),  cmocka_unit_test(test_damage),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
