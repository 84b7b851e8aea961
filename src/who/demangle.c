/* SPDX-License-Identifier: Apache-2.0 */
#include "who/demangle.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/dl.h"
#include "base/str.h"

#define NAME_MAX_BYTES 8192 /* longer ones are shown as they are: they may be made to take long */
#define RUST_HASH 19	    /* ::h and 16 digits */

static struct {
	char *(*demangle)(const char *name, char *buffer, size_t *size, int *status);
} cxx;
static struct skep_dl cxx_dl = SKEP_DL("libstdc++.so.6", "libstdc++6");
static const char *const cxx_names[] = { "__cxa_demangle" };

static bool is_mangled(const char *name, size_t len)
{
	return len > 2 && len <= NAME_MAX_BYTES && name[0] == '_' && name[1] == 'Z';
}

/* How much of a name stands in front of Rust's hash. */
static size_t without_hash(const char *name)
{
	size_t len = strlen(name);
	const char *tail = name + len - RUST_HASH;

	if (len <= RUST_HASH || memcmp(tail, "::h", 3) != 0)
		return len;
	for (size_t i = 3; i < RUST_HASH; i++)
		if (!isxdigit((unsigned char)tail[i]))
			return len;
	return len - RUST_HASH;
}

bool skep_demangle_works(void)
{
	return skep_dl_open(&cxx_dl, cxx_names, ARRAY_SIZE(cxx_names), &cxx) == 0;
}

void skep_demangle(const char *name, size_t len, struct skep_str *out)
{
	_cleanup_free_ char *copy = NULL, *text = NULL;
	int status;

	if (is_mangled(name, len) && skep_demangle_works()) {
		copy = strndup(name, len);
		text = copy ? cxx.demangle(copy, NULL, NULL, &status) : NULL;
	}
	if (text)
		skep_str_addn(out, text, without_hash(text));
	else
		skep_str_addn(out, name, len);
}

/* Bytes in front of the parameters: the '(' that matches the last ')', but for operator(). */
static size_t without_parameters(const char *name)
{
	size_t len = strlen(name), depth = 0, end = len;

	while (end && name[end - 1] != ')')
		end--;
	for (size_t i = end; i-- > 0;) {
		if (name[i] == ')')
			depth++;
		else if (name[i] == '(' && --depth == 0)
			return i;
	}
	return len;
}

/*
 * Names of templates begin with what they return: "int shop::most<int>(int, int)". @len: without the parameters. Where the
 * name itself begins, 0 when nothing is in front of it.
 */
static size_t behind_result(const char *name, size_t len)
{
	size_t depth = 0, start = 0;

	if (!len || name[len - 1] != '>')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!depth && skep_has_prefix(name + i, "operator"))
			break;
		if (strchr("<([{", name[i]))
			depth++;
		else if (strchr(">)]}", name[i]))
			depth -= depth > 0;
		else if (name[i] == ' ' && !depth)
			start = i + 1;
	}
	return start;
}

/* "shop::most" of "shop::most<int>": all of that name. */
static size_t without_template(const char *name, size_t len)
{
	size_t depth = 0;

	if (!len || name[len - 1] != '>')
		return len;
	for (size_t i = len; i-- > 0;) {
		if (name[i] == '>')
			depth++;
		else if (name[i] == '<' && --depth == 0)
			return i;
	}
	return len;
}

bool skep_demangle_match(const char *wanted, const char *demangled)
{
	_cleanup_free_ char *bare = NULL;
	size_t len = without_parameters(demangled), start = behind_result(demangled, len);

	/* A part that the compiler moved elsewhere, or a copy of its own, is not the function. */
	if (strstr(demangled, " [clone ") && !strstr(wanted, "[clone "))
		return false;
	if (skep_glob_match(wanted, demangled) || skep_glob_match(wanted, demangled + start))
		return true;
	if (strchr(wanted, '(') && !skep_has_suffix(wanted, "operator()"))
		return false;
	bare = strndup(demangled, len);
	if (!bare)
		skep_oom();
	if (skep_glob_match(wanted, bare) || skep_glob_match(wanted, bare + start))
		return true;
	bare[without_template(bare, len)] = '\0';
	return skep_glob_match(wanted, bare + start);
}
