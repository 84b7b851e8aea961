/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a program: which of the kernel's types it may mean, and which of its own have the same names. */
#include <ctype.h>
#include <string.h>

#include "workbench/vmlinux_priv.h"

#define WORD_MAX 256

/* Where the text of a scan stands. */
struct scan {
	struct skep_vmlinux_words *words;
	const char *at, *end;
	bool in_helpers; /* in libbpf's list of all helpers */
	char before[8];	 /* the keyword in front of the last word: struct, union, enum */
	const char *last_tag;
	unsigned braces,
		enum_braces; /* enum_braces: how deep the enum lies that is open; 0: none */
	bool constant;	     /* the next word names a constant */
};

struct skep_vmlinux_words *skep_vmlinux_words_new(void)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_vmlinux_words *words = skep_arena_alloc(arena, sizeof(*words));

	words->arena = arena;
	return words;
}

void skep_vmlinux_words_free(struct skep_vmlinux_words *words)
{
	if (!words)
		return;
	skep_hash_fini(&words->used);
	skep_hash_fini(&words->declared);
	skep_hash_fini(&words->own_tags);
	skep_hash_fini(&words->own_constants);
	skep_arena_free(words->arena);
}

bool skep_vmlinux_words_have(const struct skep_vmlinux_words *words, const char *word)
{
	return skep_hash_get_str(&words->used, word);
}

static bool starts_word(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* A text in quotes, at @at; what follows it. */
static const char *skip_text(const char *at, const char *end)
{
	char quote = *at++;

	while (at < end && *at != quote && *at != '\n')
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	return at < end ? at + 1 : end;
}

static const char *line_end(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? newline : end;
}

/* # 12 "file" */
static void take_marker(struct scan *s)
{
	static const char helpers[] = "bpf_helper_defs.h\"";
	const char *end = line_end(s->at, s->end);

	s->in_helpers = memmem(s->at, (size_t)(end - s->at), helpers, sizeof(helpers) - 1);
	s->at = end;
}

static void take_word(struct scan *s, const char *word)
{
	struct skep_vmlinux_words *w = s->words;
	bool is_tag = *s->before;

	s->last_tag = is_tag ? word : NULL;
	if (skep_streq(word, "struct") || skep_streq(word, "union") || skep_streq(word, "enum")) {
		strcpy(s->before, word);
		s->constant = false;
		return;
	}
	if (s->enum_braces && s->enum_braces == s->braces && s->constant)
		skep_hash_set_str(&w->own_constants, word, w);
	s->constant = false;
	if (!is_tag)
		*s->before = 0;
	skep_hash_set_str(s->in_helpers ? &w->declared : &w->used, word, w);
}

static void take_sign(struct scan *s, char c)
{
	if (c == '{') {
		s->braces++;
		if (s->last_tag)
			skep_hash_set_str(&s->words->own_tags, s->last_tag, s->words);
		if (!s->enum_braces && skep_streq(s->before, "enum")) {
			s->enum_braces = s->braces;
			s->constant = true;
		}
	} else if (c == '}') {
		if (s->enum_braces == s->braces)
			s->enum_braces = 0;
		s->braces -= s->braces > 0;
	} else if (c == ',') {
		s->constant = true;
	}
	*s->before = 0;
	s->last_tag = NULL;
}

static void scan(struct scan *s)
{
	bool line_begins = true;

	while (s->at < s->end) {
		const char *from = s->at;
		char c = *s->at;

		if (c == '#' && line_begins) {
			take_marker(s);
		} else if (c == '"' || c == '\'') {
			s->at = skip_text(s->at, s->end);
		} else if (isdigit((unsigned char)c)) {
			while (s->at < s->end && (in_word(*s->at) || *s->at == '.'))
				s->at++;
		} else if (starts_word(c)) {
			while (s->at < s->end && in_word(*s->at))
				s->at++;
			take_word(s, skep_arena_strndup(s->words->arena, from,
							MIN((size_t)(s->at - from), WORD_MAX)));
		} else {
			if (!isspace((unsigned char)c))
				take_sign(s, c);
			s->at++;
		}
		line_begins = c == '\n' || (line_begins && isspace((unsigned char)c));
	}
}

/*
 * Helpers that are used: what they give and take may be used through them, without being named. A declaration is one line,
 * as libbpf writes it.
 */
static void take_helpers(struct skep_vmlinux_words *words, const char *at, const char *end)
{
	bool in_helpers = false;

	for (const char *next; at < end; at = next + 1) {
		const char *name, *after;
		char word[WORD_MAX];

		next = line_end(at, end);
		if (*at == '#')
			in_helpers = memmem(at, (size_t)(next - at), "bpf_helper_defs.h\"", 18);
		name = memmem(at, (size_t)(next - at), "bpf_", 4);
		name = memmem(at, (size_t)(next - at), ")(", 2) ? name : NULL;
		for (after = name; after && after < next && in_word(*after);)
			after++;
		if (!in_helpers || !name || after - name >= WORD_MAX)
			continue;
		memcpy(word, name, (size_t)(after - name));
		word[after - name] = 0;
		if (skep_vmlinux_words_have(words, word)) {
			struct scan s = { .words = words, .at = at, .end = next };

			scan(&s);
		}
	}
}

void skep_vmlinux_words_scan(struct skep_vmlinux_words *words, const char *text, size_t size)
{
	struct scan s = { .words = words, .at = text, .end = text + size };

	scan(&s);
	take_helpers(words, text, text + size);
}
