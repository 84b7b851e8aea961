/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zipped: a program in an archive, and its code run straight out of there, as Android does it with libraries.
 *
 *	zipped make FILE	writes a ZIP archive with itself as the member lib/self.so, stored, at the beginning of a
 *				page; and with lib/odd.so, the same one byte further on
 *	zipped run FILE N	maps zipped_add from the archive and calls zipped_add(i, 1) with i from 1 to N
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

int zipped_add(int a, int b);

__attribute__((noinline, noclone, used)) int zipped_add(int a, int b)
{
	return a + b;
}

static unsigned char *own;
static size_t own_size;

static void read_own(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		exit(1);
	own_size = (size_t)st.st_size;
	own = mmap(NULL, own_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (own == MAP_FAILED)
		exit(1);
}

static void put(FILE *f, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		fputc((int)(value >> i * 8 & 0xff), f);
}

/* Its bytes begin @off behind a page; returns where its header is. */
static long put_member(FILE *f, const char *name, long off)
{
	long local = ftell(f),
	     extra = (PAGE + off - (local + 30 + (long)strlen(name)) % PAGE) % PAGE;

	put(f, 0x04034b50, 4);
	put(f, 0, 14);
	put(f, own_size, 4);
	put(f, own_size, 4);
	put(f, strlen(name), 2);
	put(f, (uint64_t)extra, 2);
	fputs(name, f);
	while (extra--)
		fputc(0, f);
	fwrite(own, 1, own_size, f);
	return local;
}

static void put_entry(FILE *f, const char *name, long local)
{
	put(f, 0x02014b50, 4);
	put(f, 0, 16);
	put(f, own_size, 4);
	put(f, own_size, 4);
	put(f, strlen(name), 2);
	put(f, 0, 12);
	put(f, (uint64_t)local, 4);
	fputs(name, f);
}

static int make(const char *path)
{
	FILE *f = fopen(path, "w");
	long self, odd, directory, end;

	if (!f)
		return 1;
	self = put_member(f, "lib/self.so", 0);
	odd = put_member(f, "lib/odd.so", 1);
	directory = ftell(f);
	put_entry(f, "lib/self.so", self);
	put_entry(f, "lib/odd.so", odd);
	end = ftell(f);
	put(f, 0x06054b50, 4);
	put(f, 0, 4);
	put(f, 2, 2);
	put(f, 2, 2);
	put(f, (uint64_t)(end - directory), 4);
	put(f, (uint64_t)directory, 4);
	put(f, 0, 2);
	return fclose(f) != 0;
}

/* Where zipped_add is in the file. */
static uint64_t own_offset(void)
{
	const Elf64_Phdr *p = (const Elf64_Phdr *)getauxval(AT_PHDR);
	uint64_t address = (uint64_t)(uintptr_t)zipped_add;

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		if (p[i].p_type == PT_LOAD && address - p[i].p_vaddr < p[i].p_filesz)
			return address - p[i].p_vaddr + p[i].p_offset;
	exit(1);
}

static int run(const char *path, int n)
{
	uint64_t at = PAGE + own_offset(); /* the member begins with the second page */
	int fd = open(path, O_RDONLY), sum = 0;
	unsigned char *code;
	int (*add)(int, int);

	code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
		    (off_t)(at & ~(uint64_t)(PAGE - 1)));
	if (fd < 0 || code == MAP_FAILED)
		return 1;
	code += at % PAGE;
	memcpy(&add, &code, sizeof(add));
	for (int i = 1; i <= n; i++)
		sum += add(i, 1);
	return sum == 0;
}

int main(int argc, char **argv)
{
	read_own();
	if (argc == 3 && !strcmp(argv[1], "make"))
		return make(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "run"))
		return run(argv[2], atoi(argv[3]));
	return 2;
}
