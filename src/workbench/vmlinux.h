/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmlinux.h: the types of a kernel as C, made from its BTF, for programs that are compiled.
 *
 *	  BTF ──► wanted types ──► what they hold by value, before them ──► vmlinux.h
 *	             ▲             what they point to: only declared
 *	             └── all, or those whose names are among the words of a program
 *
 * A type that is only pointed to is opened when a program follows the pointer: when the member that holds it is called like
 * one of its words. So a header for one program has a few dozen types in place of ten thousand.
 *
 * Guaranteed: each struct and union has the size that the kernel has, and each member its place, whatever a compiler would have
 * done (gaps are written out, packed ones are said to be). Records carry preserve_access_index, so that a loader fits programs
 * to the kernel that they run on. Of two things with one name the second gets the suffix ___2, which CO-RE looks through.
 *
 *	struct skep_vmlinux_words *words = skep_vmlinux_words_new();
 *	skep_vmlinux_words_scan(words, preprocessed, size);
 *	r = skep_vmlinux_header(btf, words, false, diag, &out);
 */
#pragma once

#include "obj/btf.h"

/* Identifiers of a program, and what it defines itself. */
struct skep_vmlinux_words;

struct skep_vmlinux_words *skep_vmlinux_words_new(void);
void skep_vmlinux_words_free(struct skep_vmlinux_words *words);
SKEP_DEFINE_CLEANUP(struct skep_vmlinux_words, skep_vmlinux_words_free)
/*
 * Takes the words of C as the preprocessor leaves it, with its lines `# 1 "file"`. What libbpf declares for all programs counts
 * only where the program uses it.
 */
void skep_vmlinux_words_scan(struct skep_vmlinux_words *words, const char *text, size_t size);
bool skep_vmlinux_words_have(const struct skep_vmlinux_words *words, const char *word);

/*
 * @all: all types, of which those give way that are called like something of the program's own. @words may be NULL then.
 * -EINVAL, -ELOOP, -E2BIG with the diag: types that no kernel has.
 */
int skep_vmlinux_header(const struct skep_btf *btf, const struct skep_vmlinux_words *words,
			bool all, struct skep_diag *diag, struct skep_str *ret_text) _must_check_;
/*
 * The same, and behind it assertions for the compiler: the size of each type, the place of each member, as the BTF has it.
 */
int skep_vmlinux_asserted(const struct skep_btf *btf, struct skep_diag *diag,
			  struct skep_str *ret_text) _must_check_;
