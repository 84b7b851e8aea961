/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: from a name to a type, from a constant's name to its enum, from a script's words to a
 * type.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "obj/btf_priv.h"

#include "base/clock.h"

static uint32_t hash_name(const char *name)
{
	size_t len = strnlen(name, BTF_NAME_HASHED_MAX);
	uint64_t hash = len, word;

	for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, name, len);
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 32);
}

/* Makes the chains of one blob for functions or for all else; the base has its own. -ENOMEM. */
static int build_chains(const struct skep_btf *btf, bool functions)
{
	struct btf_names *names = btf->names;
	struct btf_chains *chains = functions ? &names->functions : &names->others;
	uint32_t own = btf->n_types - btf->first_id, *heads;
	unsigned bits = 4;
	uint64_t start_ns;

	if (chains->heads)
		return 0;
	start_ns = skep_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (bits < 24 && own >> (bits + (functions ? 1 : 3)))
		bits++;
	if (!names->next)
		names->next = calloc((size_t)own + 1, sizeof(*names->next));
	heads = calloc((size_t)1 << bits, sizeof(*heads));
	if (!heads || !names->next) {
		free(heads);
		return -ENOMEM;
	}
	/* From the last to the first, so that each chain ascends. */
	for (uint32_t i = own; i-- > 0;) {
		const uint8_t *type = btf->types + btf->offsets[i];
		uint32_t off = skep_load32(type), slot;

		if (!off ||
		    (SKEP_BTF_INFO_KIND(skep_load32(type + 4)) == SKEP_BTF_FUNC) != functions)
			continue;
		slot = hash_name(skep_btf_string(btf, off)) >> (32 - bits);
		names->next[i] = heads[slot];
		heads[slot] = btf->first_id + i;
	}
	chains->heads = heads;
	chains->bits = bits;
	names->build_ns += skep_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns;
	return 0;
}

/* The first behind @after that is it; 0: none. */
static uint32_t scan_chain(const struct skep_btf *btf, const struct btf_chains *chains,
			   uint32_t after, const char *name, enum skep_btf_kind kind)
{
	uint32_t id = chains->heads[hash_name(name) >> (32 - chains->bits)];

	for (; id; id = btf->names->next[id - btf->first_id]) {
		struct btf_raw raw = skep_btf_raw(btf, id);

		if (id <= after || (kind != SKEP_BTF_VOID && SKEP_BTF_INFO_KIND(raw.info) != kind))
			continue;
		if (strcmp(skep_btf_string(btf, raw.name), name) == 0)
			return id;
	}
	return 0;
}

/* The same, whichever it would be in. *ret_id: 0, there is none. -ENOMEM. */
static int scan_chains(const struct skep_btf *btf, uint32_t after, const char *name,
		       enum skep_btf_kind kind, uint32_t *ret_id)
{
	uint32_t function = 0, other = 0;
	int r = 0;

	if (kind == SKEP_BTF_FUNC || kind == SKEP_BTF_VOID) {
		r = build_chains(btf, true);
		if (r == 0)
			function = scan_chain(btf, &btf->names->functions, after, name, kind);
	}
	if (kind != SKEP_BTF_FUNC && r == 0) {
		r = build_chains(btf, false);
		if (r == 0)
			other = scan_chain(btf, &btf->names->others, after, name, kind);
	}
	if (r < 0)
		return r;
	*ret_id = !function || (other && other < function) ? other : function;
	return 0;
}

/* The same of one blob without chains, from its first type on. */
static uint32_t scan_all(const struct skep_btf *btf, const char *name, enum skep_btf_kind kind)
{
	for (uint32_t i = 0; i < btf->n_types - btf->first_id; i++) {
		const uint8_t *type = btf->types + btf->offsets[i];
		uint32_t off = skep_load32(type);

		if (kind != SKEP_BTF_VOID && SKEP_BTF_INFO_KIND(skep_load32(type + 4)) != kind)
			continue;
		if (off && strcmp(skep_btf_string(btf, off), name) == 0)
			return btf->first_id + i;
	}
	return 0;
}

/*
 * A script asks for a few names, again and again; to make the chains takes as long as to look for some twenty of them.
 * False: it is time to make them.
 */
static bool search_few(const struct skep_btf *btf, const char *name, enum skep_btf_kind kind,
		       uint32_t *ret_id)
{
	struct btf_names *names = btf->names;
	struct btf_chains *chains = kind == SKEP_BTF_FUNC ? &names->functions : &names->others;

	if (chains->heads)
		return false;
	for (unsigned i = 0; i < names->n_known; i++) {
		*ret_id = names->known[i].id;
		if (names->known[i].kind == kind && strcmp(skep_btf_name(btf, *ret_id), name) == 0)
			return true;
	}
	if (chains->n_searches == BTF_SEARCHES_MAX)
		return false;
	chains->n_searches++;
	*ret_id = scan_all(btf, name, kind);
	if (*ret_id) {
		names->known[names->n_known].id = *ret_id;
		names->known[names->n_known++].kind = kind;
	}
	return true;
}

int skep_btf_find(const struct skep_btf *btf, const char *name, enum skep_btf_kind kind,
		  uint32_t *ret_id)
{
	int r;

	if (!*name)
		return -ENOENT;
	for (; btf; btf = btf->base) {
		uint32_t id;

		if (!search_few(btf, name, kind, &id)) {
			r = scan_chains(btf, 0, name, kind, &id);
			if (r < 0)
				return r;
		}
		if (id) {
			*ret_id = id;
			return 0;
		}
	}
	return -ENOENT;
}

int skep_btf_find_next(const struct skep_btf *btf, uint32_t id, enum skep_btf_kind kind,
		       uint32_t *ret_id)
{
	const char *name = skep_btf_name(btf, id);
	int r;

	if (!*name)
		return -ENOENT;
	while (id < btf->first_id)
		btf = btf->base;
	r = scan_chains(btf, id, name, kind, &id);
	if (r < 0)
		return r;
	if (id) {
		*ret_id = id;
		return 0;
	}
	return btf->base ? skep_btf_find(btf->base, name, kind, ret_id) : -ENOENT;
}

uint64_t skep_btf_index_ns(const struct skep_btf *btf)
{
	return btf->names->build_ns;
}

/*
 * A script's words for a type.
 */

struct words {
	const char *at;
	char word[128];
};

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/*
 * The next word or '*' in w->word, "" at the end. False: a character that no type has, or a word
 * too long.
 */
static bool next_word(struct words *w)
{
	size_t n = 0;

	while (*w->at == ' ' || *w->at == '\t')
		w->at++;
	if (*w->at == '*') {
		w->word[n++] = *w->at++;
	} else {
		while (is_word_char(*w->at)) {
			if (n + 1 >= sizeof(w->word))
				return false;
			w->word[n++] = *w->at++;
		}
		if (!n && *w->at)
			return false;
	}
	w->word[n] = '\0';
	return true;
}

/* C's integer words, counted. */
struct int_words {
	unsigned n, n_signed, n_unsigned, n_char, n_short, n_int, n_long;
};

static bool count_int_word(struct int_words *c, const char *word)
{
	unsigned *slot = skep_streq(word, "signed")	? &c->n_signed
			 : skep_streq(word, "unsigned") ? &c->n_unsigned
			 : skep_streq(word, "char")	? &c->n_char
			 : skep_streq(word, "short")	? &c->n_short
			 : skep_streq(word, "int")	? &c->n_int
			 : skep_streq(word, "long")	? &c->n_long
							: NULL;

	if (slot) {
		++*slot;
		c->n++;
	}
	return slot;
}

/* The names that compilers give the integer in debug information: gcc's, then clang's. */
static int find_int(const struct skep_btf *btf, const struct int_words *c, uint32_t *ret_id)
{
	const char *width = c->n_long > 1 ? "long long"
			    : c->n_long	  ? "long"
			    : c->n_short  ? "short"
					  : NULL;
	char gcc[40], clang[40];
	int r;

	if (c->n_signed + c->n_unsigned > 1 || c->n_int > 1 || c->n_short > 1 || c->n_char > 1 ||
	    c->n_long > 2 || !!c->n_char + !!c->n_short + !!c->n_long > 1 ||
	    (c->n_char && c->n_int))
		return -EINVAL;
	if (c->n_char) {
		snprintf(gcc, sizeof(gcc), "%schar",
			 c->n_unsigned ? "unsigned "
			 : c->n_signed ? "signed "
				       : "");
		return skep_btf_find(btf, gcc, SKEP_BTF_INT, ret_id);
	}
	if (!width)
		return skep_btf_find(btf, c->n_unsigned ? "unsigned int" : "int", SKEP_BTF_INT,
				     ret_id);
	snprintf(gcc, sizeof(gcc), "%s %sint", width, c->n_unsigned ? "unsigned " : "");
	snprintf(clang, sizeof(clang), "%s%s", c->n_unsigned ? "unsigned " : "", width);
	r = skep_btf_find(btf, gcc, SKEP_BTF_INT, ret_id);
	return r == -ENOENT ? skep_btf_find(btf, clang, SKEP_BTF_INT, ret_id) : r;
}

/* A name without a word before it. */
static int find_bare(const struct skep_btf *btf, const char *name, uint32_t *ret_id)
{
	static const enum skep_btf_kind kinds[] = { SKEP_BTF_TYPEDEF, SKEP_BTF_INT,
						    SKEP_BTF_FLOAT,   SKEP_BTF_STRUCT,
						    SKEP_BTF_UNION,   SKEP_BTF_ENUM,
						    SKEP_BTF_ENUM64 };
	int r = -ENOENT;

	if (skep_streq(name, "void")) {
		*ret_id = 0;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == -ENOENT; i++)
		r = skep_btf_find(btf, name, kinds[i], ret_id);
	if (r == -ENOENT && skep_streq(name, "bool"))
		return skep_btf_find(btf, "_Bool", SKEP_BTF_INT, ret_id);
	return r;
}

static bool is_skipped(const char *word)
{
	static const char *const skipped[] = { "const",	   "volatile", "restrict", "__user",
					       "__kernel", "__rcu",    "__percpu" };

	for (size_t i = 0; i < ARRAY_SIZE(skipped); i++)
		if (skep_streq(word, skipped[i]))
			return true;
	return false;
}

static int find_tagged(const struct skep_btf *btf, const char *tag, const char *name,
		       uint32_t *ret_id)
{
	int r;

	if (skep_streq(tag, "struct"))
		return skep_btf_find(btf, name, SKEP_BTF_STRUCT, ret_id);
	if (skep_streq(tag, "union"))
		return skep_btf_find(btf, name, SKEP_BTF_UNION, ret_id);
	r = skep_btf_find(btf, name, SKEP_BTF_ENUM, ret_id);
	return r == -ENOENT ? skep_btf_find(btf, name, SKEP_BTF_ENUM64, ret_id) : r;
}

static bool is_tag(const char *word)
{
	return skep_streq(word, "struct") || skep_streq(word, "union") || skep_streq(word, "enum");
}

int skep_btf_find_c(const struct skep_btf *btf, const char *text, uint32_t *ret_id,
		    unsigned *ret_pointers)
{
	struct words w = { .at = text };
	struct int_words ints = {};
	char tag[8] = "", name[sizeof(w.word)] = "";
	unsigned pointers = 0;
	uint32_t id;
	int r;

	for (;;) {
		if (!next_word(&w))
			return -EINVAL;
		if (!*w.word)
			break;
		if (is_skipped(w.word))
			continue;
		if (*w.word == '*')
			pointers++;
		else if (pointers || *name)
			return -EINVAL;
		else if (is_tag(w.word) && !*tag && !ints.n)
			snprintf(tag, sizeof(tag), "%s", w.word);
		else if (*tag || !count_int_word(&ints, w.word))
			snprintf(name, sizeof(name), "%s", w.word);
	}
	if (*name && ints.n)
		return -EINVAL;
	if (!*name && !ints.n)
		return -EINVAL;
	r = ints.n ? find_int(btf, &ints, &id)
	    : *tag ? find_tagged(btf, tag, name, &id)
		   : find_bare(btf, name, &id);
	if (r < 0)
		return r;
	*ret_id = id;
	*ret_pointers = pointers;
	return 0;
}

/*
 * Enums.
 */

static void read_enumerator(const struct skep_btf *btf, struct btf_raw raw, uint32_t index,
			    struct skep_btf_enumerator *ret)
{
	bool wide = SKEP_BTF_INFO_KIND(raw.info) == SKEP_BTF_ENUM64;
	const uint8_t *p = raw.tail + (size_t)index * (wide ? 12 : 8);
	uint64_t value = skep_load32(p + 4);

	if (wide)
		value |= (uint64_t)skep_load32(p + 8) << 32;
	else if (SKEP_BTF_INFO_FLAG(raw.info))
		value = (uint64_t)(int32_t)value;
	*ret = (struct skep_btf_enumerator){ skep_btf_string(btf, skep_load32(p)), value };
}

static bool is_enum(uint32_t info)
{
	return SKEP_BTF_INFO_KIND(info) == SKEP_BTF_ENUM ||
	       SKEP_BTF_INFO_KIND(info) == SKEP_BTF_ENUM64;
}

int skep_btf_enumerator(const struct skep_btf *btf, uint32_t id, uint32_t index,
			struct skep_btf_enumerator *ret_enumerator)
{
	struct btf_raw raw = skep_btf_raw(btf, skep_btf_strip(btf, id, true));

	if (!is_enum(raw.info))
		return -EINVAL;
	if (index >= SKEP_BTF_INFO_VLEN(raw.info))
		return -ENOENT;
	read_enumerator(btf, raw, index, ret_enumerator);
	return 0;
}

int skep_btf_find_enumerator(const struct skep_btf *btf, const char *name, uint32_t *ret_id,
			     struct skep_btf_enumerator *ret_enumerator)
{
	for (uint32_t id = 1; id < btf->n_types; id++) {
		struct btf_raw raw = skep_btf_raw(btf, id);
		unsigned step = SKEP_BTF_INFO_KIND(raw.info) == SKEP_BTF_ENUM64 ? 12 : 8;

		if (!is_enum(raw.info))
			continue;
		for (uint32_t i = 0; i < SKEP_BTF_INFO_VLEN(raw.info); i++) {
			uint32_t off = skep_load32(raw.tail + (size_t)i * step);

			if (strcmp(skep_btf_string(btf, off), name) != 0)
				continue;
			read_enumerator(btf, raw, i, ret_enumerator);
			*ret_id = id;
			return 0;
		}
	}
	return -ENOENT;
}

const char *skep_btf_enum_name(const struct skep_btf *btf, uint32_t id, uint64_t value)
{
	struct btf_raw raw = skep_btf_raw(btf, skep_btf_strip(btf, id, true));
	struct skep_btf_enumerator e;

	if (!is_enum(raw.info))
		return NULL;
	for (uint32_t i = 0; i < SKEP_BTF_INFO_VLEN(raw.info); i++) {
		read_enumerator(btf, raw, i, &e);
		if (e.value == value)
			return e.name;
	}
	return NULL;
}
