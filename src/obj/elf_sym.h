/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF symbols: which functions a binary or library has, and where they are in memory and in its
 * file.
 *
 * Format: System V ABI, chapter 4 and 5; little endian, 32 and 64 bits. Read are .symtab and
 * .dynsym (functions that both name are one), program headers, the build id, and any section by
 * name.
 *
 *	 virtual address  ──skep_elf_file_offset──►  offset in the file
 *	 (symbol value)   ◄──skep_elf_vaddr────────  (what uprobes want and /proc/PID/maps leads to)
 *
 * The bytes are borrowed, need no alignment, and may be a hostile or cut file: everything is
 * checked where it is read. A file that changes under a mapping can make the process stumble over
 * SIGBUS; who fears that reads it first. Names live in the bytes.
 *
 * Not for several threads at once: the sorted index of functions is built by the first call that
 * needs it (4 bytes a symbol).
 *
 *	r = skep_elf_parse(data, size, path, diag, &elf);
 *	r = skep_elf_find(elf, "malloc", SKEP_ELF_FUNC, &sym);
 *	r = skep_elf_file_offset(elf, sym.value, &offset);
 *	skep_elf_free(elf);
 */
#pragma once

#include "base/breath.h"
#include "base/diag.h"

struct skep_elf;

enum skep_elf_sym_kind {
	SKEP_ELF_ANY,	 /* as an argument: whatever it is */
	SKEP_ELF_FUNC,	 /* a function */
	SKEP_ELF_IFUNC,	 /* chooses the real function when the program starts; found as FUNC, too */
	SKEP_ELF_OBJECT, /* a variable */
	SKEP_ELF_OTHER,
	SKEP_ELF_STATIC, /* as an argument: a function of one file of the source */
};

/* A defined symbol. */
struct skep_elf_sym {
	const char *name; /* may carry a version behind '@' */
	uint64_t value;	  /* virtual address as linked */
	uint64_t size;	  /* 0: not known */
	enum skep_elf_sym_kind kind;
	bool is_local;
};

/*
 * @path is only for messages. -EINVAL: not ELF, or broken so that nothing can be read (the diag
 * says what); -EOPNOTSUPP: big endian or of an unknown class. A file without symbols is fine and
 * has none.
 */
int skep_elf_parse(const void *data, size_t size, const char *path, struct skep_diag *diag,
		   struct skep_elf **ret_elf) _must_check_;
void skep_elf_free(struct skep_elf *elf);
SKEP_DEFINE_CLEANUP(struct skep_elf, skep_elf_free)

/* Position independent (ET_DYN): a library, or a program that is loaded anywhere. */
/* From now on all of its symbols, or of its .eh_frame, are read with turns of @breath (base/breath.h), which is borrowed. */
void skep_elf_breathe(struct skep_elf *elf, const struct skep_breath *breath);

bool skep_elf_is_dyn(const struct skep_elf *elf);
bool skep_elf_is_64(const struct skep_elf *elf);
uint16_t skep_elf_machine(const struct skep_elf *elf); /* EM_* */
uint64_t skep_elf_entry(const struct skep_elf *elf);

/* Between virtual addresses and file offsets, through the loaded segments. -ENOENT: in none. */
int skep_elf_file_offset(const struct skep_elf *elf, uint64_t vaddr,
			 uint64_t *ret_offset) _must_check_;
int skep_elf_vaddr(const struct skep_elf *elf, uint64_t offset, uint64_t *ret_vaddr) _must_check_;

/* The GNU build id. -ENOENT. */
int skep_elf_build_id(const struct skep_elf *elf, const uint8_t **ret_id,
		      size_t *ret_size) _must_check_;
/* The bytes of the first section called @name. -ENOENT: none, or without bytes in the file. */
int skep_elf_section(const struct skep_elf *elf, const char *name, const void **ret_data,
		     size_t *ret_size) _must_check_;
/* The same, and the virtual address that it is linked to. */
int skep_elf_section_at(const struct skep_elf *elf, const char *name, const void **ret_data,
			size_t *ret_size, uint64_t *ret_vaddr) _must_check_;
/* The name of library @index, from 0, that must be loaded with it ("libc.so.6"). -ENOENT: no more. */
int skep_elf_needed(const struct skep_elf *elf, size_t index, const char **ret_name) _must_check_;

/*
 * Whether there is any symbol table: without one a binary is stripped, which a message should say.
 */
bool skep_elf_has_symbols(const struct skep_elf *elf);
/*
 * The symbol called @name, a version behind '@' not counted; global ones before local ones. With
 * SKEP_ELF_FUNC also IFUNCs. -ENOENT.
 */
int skep_elf_find(const struct skep_elf *elf, const char *name, enum skep_elf_sym_kind kind,
		  struct skep_elf_sym *ret_sym) _must_check_;

/* Functions in order of their addresses, one for each pair of address and name. -ENOMEM. */
int skep_elf_n_funcs(const struct skep_elf *elf, size_t *ret_n) _must_check_;
/* Function @index, below skep_elf_n_funcs. */
struct skep_elf_sym skep_elf_func(const struct skep_elf *elf, size_t index);
/*
 * The next function at or after *index whose name matches @glob ('*' is any run), and *index behind
 * it. -ENOENT at the end. Start with 0. A version behind '@' is not looked at.
 */
int skep_elf_next_func(const struct skep_elf *elf, const char *glob, size_t *index,
		       struct skep_elf_sym *ret_sym) _must_check_;
/*
 * The function that @vaddr is in: the one that begins last before it; of several a global one.
 * -ENOENT.
 */
int skep_elf_find_addr(const struct skep_elf *elf, uint64_t vaddr,
		       struct skep_elf_sym *ret_sym) _must_check_;
/* The name of a function that resembles @name, or NULL; for messages. */
const char *skep_elf_nearest(const struct skep_elf *elf, const char *name);
