/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import "path"; and #include "path": the text of the file is put behind all text so far, where its lines go on counting,
 * and is parsed at once, so that what it defines is known to what follows. A file comes in once.
 */
#include "base/str.h"
#include "lang/parse.h"

#define FILES_MAX 256

static uint32_t count_lines(const char *text, size_t len)
{
	uint32_t n = 0;

	for (const char *p = text; (p = memchr(p, '\n', (size_t)(text + len - p))); p++)
		n++;
	return n;
}

/* Lexers that are at work keep the text that they began with: what they see of it does not change. */
static void append(struct skep_parser *p, const struct skep_import_file *file, size_t *ret_off,
		   uint32_t *ret_line)
{
	size_t off = p->len + 1;
	char *text = skep_arena_alloc(p->env.arena, off + file->len + 1);

	memcpy(text, p->env.text, p->len);
	text[p->len] = '\n';
	memcpy(text + off, file->text, file->len);
	p->env.text = text;
	p->len = off + file->len;
	*ret_off = off;
	*ret_line = count_lines(text, off) + 1;
}

/* With a state of its own: this may happen between two tokens. */
static void parse_file(struct skep_parser *p, const struct skep_import_file *file)
{
	struct skep_tok toks[SKEP_PARSE_AHEAD];
	struct skep_expand x = p->x;
	struct skep_lex lx = p->lx;
	struct skep_loc prev = p->prev;
	unsigned n_toks = p->n_toks, depth = p->depth, height = p->height;
	bool in_header = p->env.in_header, in_predicate = p->in_predicate, quiet = p->env.quiet,
	     truncated = p->env.truncated;
	size_t off, cond_off = p->cond_off;
	uint32_t line;

	append(p, file, &off, &line);
	skep_vec_add(&p->files, ((struct skep_diag_file){ file->name, line }));
	memcpy(toks, p->toks, sizeof(toks));
	p->x = (struct skep_expand){ .env = &p->env, .lx = &p->lx };
	skep_lex_init(&p->lx, &p->env, p->env.text, p->len);
	p->lx.pos = p->lx.line_start = off;
	p->lx.line = line;
	p->n_toks = p->depth = 0;
	p->in_predicate = p->env.quiet = false;
	p->env.in_header = skep_has_suffix(file->name, ".h");
	p->parse_file(p);
	skep_expand_fini(&p->x);
	p->x = x;
	p->lx = lx;
	p->prev = prev;
	p->n_toks = n_toks;
	p->depth = depth;
	p->height = height;
	p->cond_off = cond_off;
	p->env.in_header = in_header;
	p->in_predicate = in_predicate;
	p->env.quiet = p->abort || quiet;
	p->env.truncated = truncated;
	memcpy(p->toks, toks, sizeof(toks));
}

/* The file that the lexer is in. */
static const char *current_file(const struct skep_parser *p)
{
	const char *name = p->options->name;

	for (size_t i = 1; i < p->files.len; i++)
		if (p->files.data[i].first_line <= p->lx.line)
			name = p->files.data[i].name;
	return name;
}

/* False: told, unless @optional. */
static bool import(struct skep_parser *p, const char *path, struct skep_loc loc, bool optional)
{
	struct skep_import_file *files = NULL;
	const char *why = "there are no files here";
	size_t n = 0;
	int r = -1;

	if (p->options->import)
		r = p->options->import(p->options->import_data, p->env.arena, path, current_file(p),
				       &files, &n, &why);
	if (r < 0 && optional)
		return false;
	if (r < 0) {
		if (skep_parse_error(p, loc, "cannot import '%s': %s",
				     skep_lex_show(&p->env, path, strlen(path)), why))
			skep_lex_hint(&p->env,
				      "the path begins at the folder of the file that names "
				      "it; nobody else may be allowed to write there");
		return false;
	}
	for (size_t i = 0; i < n && !p->abort; i++) {
		if (skep_hash_get_str(&p->imported, files[i].id))
			continue;
		skep_hash_set_str(&p->imported, files[i].id, (void *)files[i].id);
		if (p->files.len == FILES_MAX || files[i].len > SKEP_PARSE_SIZE_MAX - p->len) {
			skep_parse_error(p, loc, "this import makes the script too large");
			skep_parse_abort(p);
			return false;
		}
		parse_file(p, &files[i]);
	}
	return true;
}

/* Functions of C, compiled: what they are is seen later. */
static void import_object(struct skep_parser *p, const char *path, struct skep_loc loc)
{
	struct skep_import_file *files = NULL;
	const char *why = "there are no files here";
	struct skep_object_node node = { .loc = loc };
	size_t n = 0;
	int r = -1;

	if (p->options->import)
		r = p->options->import(p->options->import_data, p->env.arena, path, current_file(p),
				       &files, &n, &why);
	if (r < 0 || n != 1) {
		if (skep_parse_error(p, loc, "cannot import '%s': %s",
				     skep_lex_show(&p->env, path, strlen(path)), why))
			skep_lex_hint(&p->env,
				      "the path begins at the folder of the file that names "
				      "it; nobody else may be allowed to write there");
		return;
	}
	if (skep_hash_get_str(&p->imported, files[0].id))
		return;
	skep_hash_set_str(&p->imported, files[0].id, (void *)files[0].id);
	node.name = files[0].name;
	node.data = files[0].text;
	node.size = files[0].len;
	skep_vec_add(&p->objects, node);
}

bool skep_parse_import(struct skep_parser *p)
{
	struct skep_tok t;

	skep_parse_take(p);
	t = *skep_parse_peek(p, 0);
	if (t.kind != SKEP_TOK_STRING) {
		if (skep_parse_unexpected(p, "the path of a file behind 'import'"))
			skep_lex_hint(&p->env, "it stands in quotes: import \"lib.bt\";");
		return false;
	}
	skep_parse_take(p);
	if (!skep_parse_expect(p, SKEP_TOK_SEMI, "';' behind the import"))
		return false;
	if (skep_has_suffix(t.text, ".o"))
		import_object(p, t.text, t.loc);
	else if (!skep_has_suffix(t.text, ".c"))
		(void)import(p, t.text, t.loc, false);
	else if (skep_parse_error(p, t.loc, "C is not compiled here"))
		skep_lex_hint(&p->env,
			      "compile it once, clang -g -O2 -target bpf -c %s -o x.bpf.o, "
			      "and import x.bpf.o",
			      skep_lex_show(&p->env, t.text, strlen(t.text)));
	return true;
}

/* Compilers find those of the kernel and of the C library in quotes, too. */
static bool is_system_header(const char *name)
{
	static const char *const known[] = { "linux/",	 "uapi/",     "asm/",	   "asm-generic/",
					     "net/",	 "sys/",      "netinet/",  "arpa/",
					     "bits/",	 "bpf/",      "vmlinux.h", "stdint.h",
					     "stddef.h", "stdbool.h", "stdio.h",   "stdlib.h",
					     "string.h", "errno.h",   "fcntl.h",   "limits.h",
					     "signal.h", "unistd.h",  "time.h" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (skep_has_prefix(name, known[i]))
			return true;
	return false;
}

/* A file beside the script, if in quotes, or in one of the folders of -I. */
bool skep_parse_include(void *data, const char *name, bool quoted, struct skep_loc loc)
{
	struct skep_parser *p = data;

	if (quoted && import(p, name, loc, true))
		return true;
	for (size_t i = 0; i < p->options->n_include_dirs && name[0] != '/'; i++)
		if (import(p,
			   skep_arena_printf(p->env.arena, "%s/%s", p->options->include_dirs[i],
					     name),
			   loc, true))
			return true;
	/* In quotes stands a file of the script's own. Headers may leave out what they name. */
	if (!quoted || p->env.in_header || is_system_header(name))
		return false;
	return import(p, name, loc, false);
}

void skep_parse_headers(struct skep_parser *p)
{
	const struct skep_loc start = { 1, 1, 0 };

	for (size_t i = 0; i < p->options->n_headers; i++)
		(void)skep_parse_include(p, p->options->headers[i], true, start);
}
