/* SPDX-License-Identifier: Apache-2.0 */
#include "who/dwarf.h"

#include <errno.h>

const char *skep_dwarf_missing(void)
{
	return "debugging information is read with libdw.so.1, which Debian has in the package libdw1";
}

bool skep_dwarf_is_inside(const struct skep_elf *elf)
{
	const void *data;
	size_t size;

	return skep_elf_section(elf, ".debug_info", &data, &size) == 0 ||
	       skep_elf_section(elf, ".zdebug_info", &data, &size) == 0;
}

#if __has_include(<elfutils/libdw.h>)
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/dl.h"
#include "base/str.h"
#include "sys/file.h"
#include "who/debugfile.h"
#include "who/dwarf_priv.h"

#define SCOPES_MAX 16 /* namespaces and classes in each other */

struct dwarf_library dwarf_lib;
static struct skep_dl library = SKEP_DL("libdw.so.1", "libdw1");

int dwarf_open_library(void)
{
	static const char *const names[] = {
		"dwarf_begin",
		"dwarf_end",
		"dwarf_nextcu",
		"dwarf_offdie",
		"dwarf_haspc",
		"dwarf_child",
		"dwarf_siblingof",
		"dwarf_tag",
		"dwarf_diename",
		"dwarf_attr_integrate",
		"dwarf_formref_die",
		"dwarf_formudata",
		"dwarf_formsdata",
		"dwarf_hasattr_integrate",
		"dwarf_getsrclines",
		"dwarf_onesrcline",
		"dwarf_linesrc",
		"dwarf_lineno",
		"dwarf_linecol",
		"dwarf_lineaddr",
		"dwarf_linebeginstatement",
		"dwarf_lineendsequence",
		"dwarf_begin_elf",
		"dwarf_lowpc",
		"dwarf_highpc",
		"dwarf_getlocations",
		"dwarf_formstring",
		"dwarf_formflag",
		"dwarf_getlocation_attr",
	};
	_Static_assert(sizeof(dwarf_lib) == sizeof(names), "a name for each function");

	return skep_dl_open(&library, names, ARRAY_SIZE(names), &dwarf_lib) < 0 ? -ENOTSUP : 0;
}

bool skep_dwarf_works(void)
{
	return dwarf_open_library() == 0;
}

struct skep_dwarf {
	int fd;
	bool foreign; /* of programs with pointers of another size than ours, which call otherwise */
	Dwarf *dwarf;
};

static int open_file(const struct skep_elf *elf, const char *path)
{
	_cleanup_free_ char *debug = NULL;
	int fd, r;

	if (skep_dwarf_is_inside(elf)) {
		fd = skep_file_open_own(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	r = skep_debugfile_open(elf, path, &fd, &debug);
	return r < 0 ? r : fd;
}

int skep_dwarf_open(const struct skep_elf *elf, const char *path, struct skep_dwarf **ret_dwarf)
{
	_cleanup_close_ int fd = open_file(elf, path);
	unsigned char ident[EI_NIDENT];
	struct skep_dwarf *d;
	Dwarf *dwarf;
	int r;

	if (fd < 0)
		return -ENOENT;
	r = dwarf_open_library();
	if (r < 0)
		return r;
	dwarf = dwarf_lib.begin(fd, DWARF_C_READ);
	if (!dwarf)
		return -ENOENT;
	d = calloc(1, sizeof(*d));
	if (!d)
		skep_oom();
	d->foreign = pread(fd, ident, sizeof(ident), 0) == sizeof(ident) &&
		     ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32);
	d->fd = TAKE_FD(fd);
	d->dwarf = dwarf;
	*ret_dwarf = d;
	return 0;
}

void skep_dwarf_close(struct skep_dwarf *d)
{
	if (!d)
		return;
	dwarf_lib.end(d->dwarf);
	close(d->fd);
	free(d);
}

bool skep_dwarf_is_split(struct skep_dwarf *d)
{
	Dwarf_Off at = 0, next;
	size_t head;

	while (dwarf_lib.nextcu(d->dwarf, at, &next, &head, NULL, NULL, NULL) == 0) {
		Dwarf_Die unit;

		if (dwarf_lib.offdie(d->dwarf, at + head, &unit) &&
		    (dwarf_lib.hasattr_integrate(&unit, DW_AT_dwo_name) ||
		     dwarf_lib.hasattr_integrate(&unit, DW_AT_GNU_dwo_name)))
			return true;
		if (next <= at)
			break;
		at = next;
	}
	return false;
}

/* Calls @each for every compilation unit, until it returns other than 0. */
static int each_unit(struct skep_dwarf *d, int (*each)(void *data, Dwarf_Die *unit), void *data)
{
	Dwarf_Off at = 0, next;
	size_t head;
	int r = 0;

	while (r == 0 && dwarf_lib.nextcu(d->dwarf, at, &next, &head, NULL, NULL, NULL) == 0) {
		Dwarf_Die unit;

		if (dwarf_lib.offdie(d->dwarf, at + head, &unit) &&
		    dwarf_lib.tag(&unit) == DW_TAG_compile_unit)
			r = each(data, &unit);
		if (next <= at)
			break;
		at = next;
	}
	return r;
}

/* Lines */

struct line_search {
	const char *file;
	unsigned line, column, nearest, last;
	bool backwards; /* only to find the last line before it */
	int (*each)(void *data, uint64_t address);
	void *data;
	bool found;
};

/* "a/b.c" is the end of "/src/a/b.c", not of "/src/aa/b.c". */
static bool is_end_of(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && skep_streq(path + n - m, end) &&
	       (n == m || path[n - m - 1] == '/' || end[0] == '/');
}

static int look_at_line(struct line_search *s, Dwarf_Line *line, int number)
{
	bool begins = false, over = false;
	Dwarf_Addr address;
	int column = 0;

	if (dwarf_lib.linebeginstatement(line, &begins) != 0 || !begins ||
	    dwarf_lib.lineendsequence(line, &over) != 0 || over)
		return 0;
	if (s->backwards) {
		s->last = (unsigned)number;
		return 0;
	}
	if ((unsigned)number > s->line && (!s->nearest || (unsigned)number < s->nearest))
		s->nearest = (unsigned)number;
	if ((unsigned)number != s->line || dwarf_lib.lineaddr(line, &address) != 0)
		return 0;
	if (s->column && (dwarf_lib.linecol(line, &column) != 0 || (unsigned)column != s->column))
		return 0;
	s->found = true;
	return s->each(s->data, address);
}

/* Names are compared only where the number leaves a question. */
static bool is_of_interest(const struct line_search *s, unsigned number)
{
	if (s->backwards)
		return number > s->last && number < s->line;
	return number == s->line || (number > s->line && (!s->nearest || number < s->nearest));
}

static int lines_of(void *data, Dwarf_Die *unit)
{
	struct line_search *s = data;
	Dwarf_Lines *lines;
	size_t n;
	int r = 0;

	if (dwarf_lib.getsrclines(unit, &lines, &n) != 0)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		Dwarf_Line *line = dwarf_lib.onesrcline(lines, i);
		const char *path;
		int number;

		if (!line || dwarf_lib.lineno(line, &number) != 0 || number <= 0 ||
		    !is_of_interest(s, (unsigned)number))
			continue;
		path = dwarf_lib.linesrc(line, NULL, NULL);
		if (path && is_end_of(path, s->file))
			r = look_at_line(s, line, number);
	}
	return r;
}

int skep_dwarf_line(struct skep_dwarf *dwarf, const char *file, unsigned line, unsigned column,
		    int (*each)(void *data, uint64_t address), void *data, unsigned *ret_nearest)
{
	struct line_search s = {
		.file = file,
		.line = line,
		.column = column,
		.each = each,
		.data = data,
	};
	int r = each_unit(dwarf, lines_of, &s);

	if (r == 0 && !s.found && !s.nearest) {
		s.backwards = true;
		r = each_unit(dwarf, lines_of, &s);
	}
	*ret_nearest = s.nearest ? s.nearest : s.last;
	return r != 0 || s.found ? r : -ENOENT;
}

/* Functions */

struct function_search {
	uint64_t address;
	struct skep_btf *btf;
	uint32_t proto;
	struct skep_param_place *places;
	int error;
};

/*
 * The function itself, below @parent or in a namespace or class there. Not by libdw's scopes of an address: where something
 * inlined begins at that very address, they are those of what was inlined.
 */
static bool find_function(Dwarf_Die *parent, uint64_t address, unsigned depth, Dwarf_Die *ret_die)
{
	Dwarf_Die die;

	for (int more = dwarf_lib.child(parent, &die); more == 0;
	     more = dwarf_lib.siblingof(&die, &die)) {
		switch (dwarf_lib.tag(&die)) {
		case DW_TAG_subprogram:
			if (dwarf_lib.haspc(&die, address) == 1) {
				*ret_die = die;
				return true;
			}
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
			if (depth < SCOPES_MAX && find_function(&die, address, depth + 1, ret_die))
				return true;
			break;
		}
	}
	return false;
}

static int function_of(void *data, Dwarf_Die *unit)
{
	struct function_search *s = data;
	Dwarf_Die die;

	if (dwarf_lib.haspc(unit, s->address) != 1 || !find_function(unit, s->address, 0, &die))
		return 0;
	s->error = dwarf_to_btf(&die, dwarf_caller_of(unit), s->places, &s->btf, &s->proto);
	return 1;
}

int skep_dwarf_function(struct skep_dwarf *dwarf, uint64_t address, struct skep_btf **ret_btf,
			uint32_t *ret_proto, struct skep_param_place ret_places[SKEP_PARAMS_MAX])
{
	struct function_search s = { .address = address, .places = ret_places, .error = -ENOENT };

	(void)each_unit(dwarf, function_of, &s);
	if (s.error < 0)
		return s.error;
	for (size_t i = 0; dwarf->foreign && i < SKEP_PARAMS_MAX; i++)
		ret_places[i].in = SKEP_PARAM_STRANGE;
	*ret_btf = s.btf;
	*ret_proto = s.proto;
	return 0;
}

/* Types */

struct type_search {
	int tag;
	const char *name;
	struct skep_btf *btf;
	uint32_t id;
	int error;
};

static bool is_wanted(const struct type_search *s, Dwarf_Die *die)
{
	int tag = dwarf_lib.tag(die);

	if (tag == DW_TAG_class_type)
		tag = DW_TAG_structure_type;
	return tag == s->tag && skep_streq(dwarf_lib.diename(die), s->name) &&
	       !dwarf_lib.hasattr_integrate(die, DW_AT_declaration);
}

static int type_of_unit(void *data, Dwarf_Die *unit)
{
	struct type_search *s = data;
	Dwarf_Die die;

	for (int more = dwarf_lib.child(unit, &die); more == 0;
	     more = dwarf_lib.siblingof(&die, &die)) {
		if (!is_wanted(s, &die))
			continue;
		s->error = dwarf_type_to_btf(&die, &s->btf, &s->id);
		return 1;
	}
	return 0;
}

int skep_dwarf_type(struct skep_dwarf *dwarf, const char *name, struct skep_btf **ret_btf,
		    uint32_t *ret_id)
{
	static const struct {
		const char *word;
		int tag;
	} tags[] = {
		{ "struct ", DW_TAG_structure_type },
		{ "union ", DW_TAG_union_type },
		{ "enum ", DW_TAG_enumeration_type },
	};
	struct type_search s = { .tag = DW_TAG_typedef, .name = name, .error = -ENOENT };

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		if (!skep_has_prefix(name, tags[i].word))
			continue;
		s.tag = tags[i].tag;
		s.name = name + strlen(tags[i].word);
	}
	(void)each_unit(dwarf, type_of_unit, &s);
	if (s.error < 0)
		return s.error;
	*ret_btf = s.btf;
	*ret_id = s.id;
	return 0;
}

#else /* built without elfutils' headers */

bool skep_dwarf_works(void)
{
	return false;
}

int skep_dwarf_open(const struct skep_elf *elf, const char *path, struct skep_dwarf **ret_dwarf)
{
	return -ENOTSUP;
}

void skep_dwarf_close(struct skep_dwarf *dwarf)
{
}

bool skep_dwarf_is_split(struct skep_dwarf *dwarf)
{
	return false;
}

int skep_dwarf_line(struct skep_dwarf *dwarf, const char *file, unsigned line, unsigned column,
		    int (*each)(void *data, uint64_t address), void *data, unsigned *ret_nearest)
{
	return -ENOTSUP;
}

int skep_dwarf_function(struct skep_dwarf *dwarf, uint64_t address, struct skep_btf **ret_btf,
			uint32_t *ret_proto, struct skep_param_place ret_places[SKEP_PARAMS_MAX])
{
	return -ENOTSUP;
}

int skep_dwarf_type(struct skep_dwarf *dwarf, const char *name, struct skep_btf **ret_btf,
		    uint32_t *ret_id)
{
	return -ENOTSUP;
}
#endif
