/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiler says, for people who write their first programs: its words, the line, and what is behind it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "workbench/build_priv.h"

/* A message of one line: FILE:LINE:COLUMN: LEVEL: TEXT. */
struct message {
	char file[512]; /* "": it is about none */
	uint32_t line, column;
	enum skep_diag_level level;
	char text[1024];
};

/* Where @part stands in the message, what is to be done. The first row that fits is taken. */
static const struct {
	const char *part, *hint;
} hints[] = {
	{ "stack limit",
	  "a program has 512 bytes of stack for all its functions: put what is large into a map "
	  "(BPF_MAP_TYPE_PERCPU_ARRAY with one element), or reserve it in a ring buffer" },
	{ "'bpf/", "libbpf's headers are missing: apt install libbpf-dev" },
	{ "'stdio.h'",
	  "there is no C library in the kernel; bpf_printk() of <bpf/bpf_helpers.h> prints" },
	{ "'gnu/stubs-32.h'",
	  "there is no C library in the kernel: include \"vmlinux.h\" in place of headers of user space" },
	{ "'linux/",
	  "types of the kernel come from \"vmlinux.h\"; headers of the kernel itself cannot be used" },
	{ "' file not found", "folders are named with -I FOLDER; \"vmlinux.h\" is made by itself" },
	{ "too many args", "a function takes five arguments at most: pass a pointer to a struct" },
	{ "more than 5 args",
	  "a function takes five arguments at most: pass a pointer to a struct" },
	{ "stack arguments",
	  "a function takes five arguments at most: pass a pointer to a struct" },
	{ "aggregate return",
	  "structs are not returned: give the function a pointer to where the result goes" },
	{ "signed division",
	  "make the numbers unsigned, or build with --cpu v4 for kernels from 6.6 on" },
	{ "nsupport signed div",
	  "make the numbers unsigned, or build with --cpu v4 for kernels from 6.6 on" },
	{ "dynamic alloca", "arrays on the stack have a fixed size" },
	{ "variadic",
	  "functions with '...' cannot be called; bpf_printk() is a macro around a helper" },
	{ "A call to built-in function",
	  "there is no C library in the kernel: sizes of __builtin_memcpy() and __builtin_memset() must be known "
	  "when it is compiled, text is compared with bpf_strncmp()" },
	{ "'SEC'", "SEC() comes with #include <bpf/bpf_helpers.h>" },
	{ "__uint", "descriptions of maps come with #include <bpf/bpf_helpers.h>" },
	{ "__type", "descriptions of maps come with #include <bpf/bpf_helpers.h>" },
};

/* Functions that people look for, and what there is. */
static const struct {
	const char *prefix, *hint;
} functions[] = {
	{ "bpf_hton", "it comes with #include <bpf/bpf_endian.h>" },
	{ "bpf_ntoh", "it comes with #include <bpf/bpf_endian.h>" },
	{ "bpf_core_", "it comes with #include <bpf/bpf_core_read.h>" },
	{ "bpf_usdt_", "it comes with #include <bpf/usdt.bpf.h>" },
	{ "bpf_printk", "it comes with #include <bpf/bpf_helpers.h>" },
	{ "bpf_",
	  "helpers come with #include <bpf/bpf_helpers.h>; functions of the kernel are declared by "
	  "yourself: extern int NAME(...) __ksym;" },
	{ "BPF_CORE_", "it comes with #include <bpf/bpf_core_read.h>" },
	{ "BPF_",
	  "BPF_PROG(), BPF_KPROBE() and their like come with #include <bpf/bpf_tracing.h>" },
	{ "PT_REGS_", "it comes with #include <bpf/bpf_tracing.h>" },
	{ "SEC", "SEC() comes with #include <bpf/bpf_helpers.h>" },
	{ "__uint", "descriptions of maps come with #include <bpf/bpf_helpers.h>" },
	{ "printf",
	  "there is no C library in the kernel: bpf_printk() writes to its log, a ring buffer to user space" },
	{ "malloc",
	  "there is no C library in the kernel: memory lies in maps, or in a ring buffer's record" },
	{ "free",
	  "there is no C library in the kernel: memory lies in maps, which need not be freed" },
	{ "memcpy", "use __builtin_memcpy(), with a size that is known when it is compiled" },
	{ "memset", "use __builtin_memset(), with a size that is known when it is compiled" },
	{ "memcmp", "use __builtin_memcmp() with a size that is known when it is compiled" },
	{ "strcmp", "compare with bpf_strncmp(TEXT, SIZE, \"constant\")" },
	{ "strncmp", "compare with bpf_strncmp(TEXT, SIZE, \"constant\")" },
	{ "str",
	  "there is no C library in the kernel: text of other memory is read by bpf_probe_read_kernel_str() "
	  "and bpf_probe_read_user_str(), which tell its length" },
	{ "time", "bpf_ktime_get_ns() tells the time" },
	{ "getpid", "bpf_get_current_pid_tgid() >> 32 is the process" },
	{ "sleep", "a program never waits; bpf_timer calls a function later" },
	{ "htons", "use bpf_htons() of <bpf/bpf_endian.h>" },
	{ "ntohs", "use bpf_ntohs() of <bpf/bpf_endian.h>" },
	{ "htonl", "use bpf_htonl() of <bpf/bpf_endian.h>" },
	{ "ntohl", "use bpf_ntohl() of <bpf/bpf_endian.h>" },
};

/* "FILE:LINE:COLUMN: " in front of the level, if it is there. */
static void parse_place(const char *from, const char *to, struct message *m)
{
	unsigned line, column;
	int used = 0;

	for (const char *at = from; at < to; at++) {
		if (*at != ':' || sscanf(at, ":%u:%u%n", &line, &column, &used) != 2 ||
		    (size_t)(at - from) >= sizeof(m->file))
			continue;
		memcpy(m->file, from, (size_t)(at - from));
		m->file[at - from] = 0;
		m->line = line;
		m->column = column;
		return;
	}
}

static bool parse(const char *line, size_t len, struct message *ret_message)
{
	static const struct {
		const char *word;
		enum skep_diag_level level;
	} levels[] = {
		{ "fatal error: ", SKEP_DIAG_ERROR },
		{ "error: ", SKEP_DIAG_ERROR },
		{ "warning: ", SKEP_DIAG_WARNING },
		{ "note: ", SKEP_DIAG_NOTE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		size_t n = strlen(levels[i].word);
		const char *at = memmem(line, len, levels[i].word, n);

		if (!at || (at > line && at[-1] != ' '))
			continue;
		*ret_message = (struct message){ .level = levels[i].level };
		snprintf(ret_message->text, sizeof(ret_message->text), "%.*s",
			 (int)(len - (size_t)(at + n - line)), at + n);
		parse_place(line, at, ret_message);
		return true;
	}
	return false;
}

/* What stands between the first two quotes. */
static bool quoted(const char *text, char *ret_name, size_t size)
{
	const char *from = strchr(text, '\''), *to = from ? strchr(from + 1, '\'') : NULL;

	if (!to || (size_t)(to - from) > size)
		return false;
	snprintf(ret_name, size, "%.*s", (int)(to - from - 1), from + 1);
	return true;
}

static void hint_function(const struct build *b, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (skep_has_prefix(name, functions[i].prefix)) {
			skep_diag_hint(b->diag, "%s", functions[i].hint);
			return;
		}
	skep_diag_hint(b->diag,
		       "a function stands in front of where it is called; one of the kernel's is "
		       "declared: extern int NAME(...) __ksym;");
}

/* A type that nobody defines: of a kernel that is another, or misspelt. */
static void hint_type(const struct build *b, const struct skep_btf *kernel, const char *name)
{
	const char *bare = skep_has_prefix(name, "struct ") ? name + 7 : name;
	enum skep_btf_kind kind = bare == name ? SKEP_BTF_TYPEDEF : SKEP_BTF_STRUCT;
	const char *near = kernel ? skep_btf_nearest(kernel, bare, kind) : NULL;
	uint32_t id;

	if (!kernel)
		skep_diag_hint(
			b->diag,
			"types of the kernel come with #include \"vmlinux.h\", as the first line");
	else if (skep_btf_find(kernel, bare, kind, &id) == 0)
		skep_diag_hint(b->diag,
			       "this kernel has it: --all-types puts all its types into vmlinux.h");
	else if (near)
		skep_diag_hint(b->diag, "this kernel has no such type; did you mean '%s'?", near);
	else
		skep_diag_hint(b->diag, "this kernel has no such type");
}

static void hint_member(const struct build *b, const struct skep_btf *kernel, const char *text)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	char member[128], type[128];
	const char *in = strstr(text, " in '");
	uint32_t id;

	if (!kernel || !in || !quoted(text, member, sizeof(member)) ||
	    !quoted(in, type, sizeof(type)) || !skep_has_prefix(type, "struct ") ||
	    skep_btf_find(kernel, type + 7, SKEP_BTF_STRUCT, &id) < 0)
		return;
	skep_btf_format_member_names(kernel, id, member, 8, &names);
	skep_diag_hint(b->diag, "this kernel's struct %s has: %s", type + 7, skep_str_text(&names));
}

/* SEC(...) without its header is a function that nobody knows, which compilers tell in many words. */
static bool wants_section(const struct build_source *source, const struct message *m)
{
	const char *at = source->text, *line;

	for (uint32_t i = 1; at && i < m->line; i++)
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
	line = at ? strstr(at, "SEC(") : NULL;
	return m->line && line && line <= at + strcspn(at, "\n") &&
	       !strstr(source->text, "bpf_helpers.h") && strstr(m->text, "expected") &&
	       m->level == SKEP_DIAG_ERROR;
}

static void add_hint(const struct build *b, const struct skep_btf *kernel, const char *text)
{
	char name[128] = "";
	bool named = quoted(text, name, sizeof(name));

	if (named && (strstr(text, "undeclared function") || strstr(text, "implicit declaration") ||
		      strstr(text, "implicitly declaring"))) {
		hint_function(b, name);
		return;
	}
	if (strstr(text, "A call to global function") || strstr(text, "undefined")) {
		hint_function(b, named ? name : "");
		return;
	}
	if (named && (strstr(text, "unknown type name") || strstr(text, "incomplete"))) {
		hint_type(b, kernel, strstr(text, "'struct ") ? strstr(name, "struct ") : name);
		return;
	}
	if (named && strstr(text, "no member named")) {
		hint_member(b, kernel, text);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strstr(text, hints[i].part)) {
			skep_diag_hint(b->diag, "%s", hints[i].hint);
			return;
		}
}

/* Notes that lead nowhere here: headers of user space, places that are known already, insides of macros. */
static bool is_noise(const char *text)
{
	return strstr(text, "include the header") || strstr(text, "could not determine") ||
	       skep_has_prefix(text, "to match this") || skep_has_prefix(text, "expanded from");
}

#define SAID_MAX 64

/* What is told of one source. */
struct telling {
	const struct build *b;
	const struct build_source *source;
	const struct skep_btf *kernel;
	uint32_t own_line; /* where the source includes what the compiler speaks of; 0: itself */
	bool left_out;	   /* the last message, and so its notes */
	struct {
		uint32_t line;
		char *text;
	} said[SAID_MAX]; /* what was told already, of lines of the source */
	size_t n_said;
};

/* A compiler says a thing for every use of a macro, and for every type of a header. */
static bool is_said(struct telling *t, uint32_t line, const char *text)
{
	for (size_t i = 0; i < t->n_said; i++)
		if (t->said[i].line == line && skep_streq(t->said[i].text, text))
			return true;
	if (t->n_said < SAID_MAX) {
		t->said[t->n_said].line = line;
		t->said[t->n_said++].text = skep_arena_strdup(t->b->arena, text);
	}
	return false;
}

/* "In file included from x.bpf.c:2:", the line of the source itself first. */
static bool read_include(struct telling *t, const char *line, size_t len)
{
	static const char words[] = "In file included from ";
	const char *path = t->source->path;
	size_t n = strlen(path);

	if (len < sizeof(words) || memcmp(line, words, sizeof(words) - 1) != 0)
		return false;
	line += sizeof(words) - 1;
	if (strncmp(line, path, n) == 0 && line[n] == ':')
		t->own_line = (uint32_t)strtoul(line + n + 1, NULL, 10);
	return true;
}

/* The name of what skep itself has made; NULL: it is not such a file. Compilers name folders in ways of their own. */
static const char *own_file(const struct build *b, const char *file)
{
	const char *dir = strrchr(b->dir, '/'), *at = dir ? strstr(file, dir + 1) : NULL;

	return at ? at + strlen(dir + 1) + 1 : NULL;
}

/* A header of the system, or what skep itself has made: nobody mends those. */
static bool is_foreign(const struct telling *t, const char *file)
{
	return skep_has_prefix(file, "/usr/") || own_file(t->b, file);
}

static bool is_twice(const struct message *m)
{
	return strstr(m->text, "redefinition of") || strstr(m->text, "conflicting types") ||
	       strstr(m->text, "typedef redefinition");
}

/* What is wrong inside of a foreign header is told once, at the line that includes it. */
static void tell_foreign(struct telling *t, const struct message *m, const char *file)
{
	struct skep_loc loc = { t->own_line + t->source->first_line - 1, 1, 1 };
	bool twice = is_twice(m);

	t->left_out = true; /* its notes: they are about the inside */
	if (is_said(t, t->own_line, "a header"))
		return;
	if (!twice) {
		skep_diag_add(t->b->diag, m->level, loc, "in this header, %s:%u: %s", file, m->line,
			      m->text);
		add_hint(t->b, t->kernel, m->text);
		return;
	}
	skep_diag_add(
		t->b->diag, m->level, loc,
		"this header and another one, vmlinux.h, define the same types of the kernel");
	skep_diag_hint(t->b->diag,
		       "include \"vmlinux.h\" alone, it has them all; write what it "
		       "lacks, numbers such as ETH_P_IP, yourself: #define ETH_P_IP 0x0800");
}

/* Of things that are told once a line; of the errors that a missing SEC() makes, the first. */
static bool is_repeated(struct telling *t, const struct message *m, bool section)
{
	return is_said(t, m->line, m->text) || (section && is_said(t, m->line, "SEC()"));
}

static void add_message(struct telling *t, const struct message *m)
{
	const struct build *b = t->b;
	struct skep_loc loc = {};
	const char *own = own_file(b, m->file), *file = own ? own : m->file;
	bool is_note = m->level == SKEP_DIAG_NOTE, section;

	if (is_note && (t->left_out || is_noise(m->text) || is_foreign(t, m->file)))
		return;
	if (t->own_line && is_foreign(t, m->file)) {
		tell_foreign(t, m, file);
		return;
	}
	if (skep_has_prefix(m->text, "too many errors emitted"))
		return;
	if (skep_streq(m->file, t->source->path) && m->line)
		loc = (struct skep_loc){ m->line + t->source->first_line - 1, MAX(m->column, 1u),
					 1 };
	section = loc.line && wants_section(t->source, m);
	t->left_out = !is_note && (loc.line || !*m->file) && is_repeated(t, m, section);
	if (t->left_out)
		return;
	if (loc.line || !*m->file)
		skep_diag_add(b->diag, m->level, loc, "%s", m->text);
	else
		skep_diag_add(b->diag, m->level, loc, "%s:%u: %s", file, m->line, m->text);
	if (section)
		skep_diag_hint(b->diag, "SEC() comes with #include <bpf/bpf_helpers.h>");
	else if (!is_note)
		add_hint(b, t->kernel, m->text);
}

void build_tell(const struct build *b, const struct build_source *source,
		const struct skep_btf *kernel, const struct skep_str *messages)
{
	struct telling t = { .b = b, .source = source, .kernel = kernel };
	const char *at = skep_str_text(messages);
	struct message m;
	size_t n = 0;

	if (strstr(at, "unrecognized command-line option")) {
		skep_diag_error(b->diag, SKEP_NO_LOC, "'%s' is not clang", b->clang);
		skep_diag_hint(b->diag, "gcc's objects can be given to the commands as they are: "
					"bpf-gcc -O2 -g -c FILE.bpf.c");
		return;
	}
	while (*at) {
		size_t len = strcspn(at, "\n");

		if (!read_include(&t, at, len) && parse(at, len, &m)) {
			add_message(&t, &m);
			n++;
		}
		at += len + (at[len] == '\n');
	}
	/* Words that are none of these are not kept back. */
	if (messages->len && !n)
		skep_diag_add(b->diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "%s says: %s", b->clang,
			      skep_str_text(messages));
	skep_diag_set_log(b->diag, skep_str_text(messages));
}

void build_look(const struct build *b, const struct build_source *source,
		const struct skep_object_file *file)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_spec spec;
	struct skep_diag none = {};
	bool has_prog = false;

	/* What is wrong with it is said by whoever reads it for good. */
	if (skep_object_read(file, 1, NULL, arena, &none, &spec) < 0) {
		skep_diag_fini(&none);
		return;
	}
	skep_diag_fini(&none);
	for (size_t i = 0; i < spec.n_progs; i++)
		has_prog |= spec.progs[i].type != 0;
	if (!has_prog && spec.n_progs && !b->options->is_part) {
		skep_diag_warn(b->diag, SKEP_NO_LOC, "'%s' has functions and no program",
			       source->path);
		skep_diag_hint(
			b->diag,
			"a function becomes a program by the section that it is in: SEC(\"xdp\") before it");
	}
	if (has_prog && !spec.license) {
		skep_diag_warn(b->diag, SKEP_NO_LOC, "'%s' does not say under which license it is",
			       source->path);
		skep_diag_hint(b->diag, "many helpers want one that is compatible with the GPL: "
					"char LICENSE[] SEC(\"license\") = \"GPL\";");
	}
}
