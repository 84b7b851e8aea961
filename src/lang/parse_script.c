/* SPDX-License-Identifier: Apache-2.0 */
/* The top of a script: config, probes, and friendly words about what cannot stand there. */
#include <errno.h>

#include "lang/parse.h"

struct script {
	struct skep_parser p;
	struct {
		SKEP_VEC(struct skep_config_node);
	} configs;
	struct {
		SKEP_VEC(struct skep_probe_node *);
	} probes;
	struct {
		SKEP_VEC(struct skep_fn_node *);
	} fns;
	struct {
		SKEP_VEC(struct skep_macro *);
	} macros;
	struct {
		SKEP_VEC(struct skep_map_decl);
	} map_decls;
	bool loose_told; /* statements outside of probes: said once */
};

/* Raw text: over the rest of the line, or up to (not over) a '{' when one comes first. */
static void skip_raw(struct skep_parser *p, bool to_brace)
{
	while (p->lx.pos < p->lx.len) {
		char c = skep_lex_peek(&p->lx, 0);

		if (c == '{' ? to_brace : (c == '\n' && !to_brace))
			return;
		skep_lex_step(&p->lx);
	}
}

/* ---- config = { name = value; ... } */

static bool parse_config_entry(struct script *s)
{
	struct skep_parser *p = &s->p;
	struct skep_tok name = *skep_parse_peek(p, 0);
	struct skep_config_node node = { .loc = name.loc };

	if (name.kind != SKEP_TOK_NAME) {
		skep_parse_unexpected(p, "the name of a setting");
		return false;
	}
	skep_parse_take(p);
	node.name = skep_parse_name(p, &name);
	if (!skep_parse_at(p, SKEP_TOK_ASSIGN) || skep_parse_peek(p, 0)->op != SKEP_BINARY_NONE) {
		skep_parse_unexpected(p, "'=' behind the name of a setting");
		return false;
	}
	skep_parse_take(p);
	node.value = skep_parse_expr(p);
	if (!node.value)
		return false;
	node.loc = skep_parse_span(p, name.loc);
	skep_vec_add(&s->configs, node);
	if (skep_parse_accept(p, SKEP_TOK_SEMI) || skep_parse_accept(p, SKEP_TOK_COMMA) ||
	    skep_parse_at(p, SKEP_TOK_RBRACE) || skep_parse_peek(p, 0)->bol)
		return true;
	skep_parse_unexpected(p, "';' behind the setting");
	return false;
}

static void parse_config(struct script *s)
{
	struct skep_parser *p = &s->p;
	struct skep_tok open;

	skep_parse_take(p);
	skep_parse_take(p);
	open = *skep_parse_peek(p, 0);
	if (!skep_parse_expect(p, SKEP_TOK_LBRACE, "'{' and settings")) {
		skep_lex_hint(&p->env, "for example: config = { max_map_keys = 1000 }");
		skep_parse_rewind(p);
		skip_raw(p, false);
		return;
	}
	while (!skep_parse_at(p, SKEP_TOK_RBRACE) && !skep_parse_at(p, SKEP_TOK_END) &&
	       !skep_parse_at_head(p)) {
		if (parse_config_entry(s))
			continue;
		while (!skep_parse_at(p, SKEP_TOK_RBRACE) && !skep_parse_at(p, SKEP_TOK_END) &&
		       !skep_parse_at_head(p))
			if (skep_parse_take(p).kind == SKEP_TOK_SEMI)
				break;
		p->env.quiet = p->abort;
	}
	if (!skep_parse_accept(p, SKEP_TOK_RBRACE) && !p->env.truncated) {
		if (skep_lex_error(&p->env, open.loc, "this '{' is never closed"))
			skep_lex_hint(&p->env, "add a '}' where the settings end");
	} else if (skep_lex_peek(&p->lx, 0) == ';')
		p->lx.pos++;
}

/* ---- let @name = kind(size); */

static bool parse_map_decl(struct script *s)
{
	struct skep_parser *p = &s->p;
	struct skep_map_decl d = { .loc = skep_parse_take(p).loc };
	struct skep_tok t = skep_parse_take(p);

	d.name = skep_parse_name(p, &t);
	if (!skep_parse_at(p, SKEP_TOK_ASSIGN) || skep_parse_peek(p, 0)->op != SKEP_BINARY_NONE) {
		if (skep_parse_unexpected(p, "'=' and the kind of the map"))
			skep_lex_hint(&p->env, "write: let @%s = lruhash(1000);", d.name);
		return false;
	}
	skep_parse_take(p);
	t = *skep_parse_peek(p, 0);
	if (t.kind != SKEP_TOK_NAME) {
		if (skep_parse_unexpected(p, "the kind of the map"))
			skep_lex_hint(&p->env, "values are assigned in a probe, such as BEGIN; "
					       "kinds are hash, lruhash, percpuhash and "
					       "percpulruhash");
		return false;
	}
	skep_parse_take(p);
	d.kind = skep_parse_name(p, &t);
	d.kind_loc = t.loc;
	if (!skep_parse_expect(p, SKEP_TOK_LPAREN, "'(' and the number of keys"))
		return false;
	d.size = skep_parse_expr(p);
	if (!d.size || !skep_parse_expect(p, SKEP_TOK_RPAREN, "')' behind the number of keys"))
		return false;
	d.loc = skep_parse_span(p, d.loc);
	skep_vec_add(&s->map_decls, d);
	return skep_parse_expect(p, SKEP_TOK_SEMI, "';' behind the declaration");
}

/* ---- mistakes */

/* Over the thing that @t begins: up to a ';', or a block and a ';' right behind it. */
static void skip_declaration(struct skep_parser *p)
{
	unsigned braces = 0;

	p->env.quiet = true;
	for (;;) {
		enum skep_tok_kind kind = skep_parse_peek(p, 0)->kind;

		if (kind == SKEP_TOK_END || (!braces && skep_parse_at_head(p)))
			break;
		skep_parse_take(p);
		if (kind == SKEP_TOK_SEMI && !braces)
			break;
		if (kind == SKEP_TOK_LBRACE) {
			braces++;
		} else if (kind == SKEP_TOK_RBRACE && (!braces || !--braces)) {
			skep_parse_accept(p, SKEP_TOK_SEMI);
			break;
		}
	}
	p->env.quiet = p->abort;
}

/* After an error in a definition as in C: behind its '}' and what else stands in that line. */
static void skip_definition(struct skep_parser *p)
{
	unsigned braces = p->c_braces;

	p->c_braces = 0;
	p->env.quiet = true;
	while (!skep_parse_at(p, SKEP_TOK_END) && !skep_parse_at_head(p)) {
		struct skep_tok *t = skep_parse_peek(p, 0);

		if (!braces && t->bol)
			break;
		braces += t->kind == SKEP_TOK_LBRACE;
		braces -= t->kind == SKEP_TOK_RBRACE && braces;
		if (skep_parse_take(p).kind == SKEP_TOK_SEMI && !braces)
			break;
	}
	p->env.quiet = p->abort;
}

/* Statements outside of a probe. Said once, as they come in flocks. */
static bool reject_loose(struct script *s, const struct skep_tok *t, enum skep_tok_kind next)
{
	struct skep_parser *p = &s->p;
	bool loose =
		t->kind == SKEP_TOK_VAR || t->kind == SKEP_TOK_MAP ||
		(t->kind == SKEP_TOK_NAME &&
		 (next == SKEP_TOK_LPAREN || (skep_parse_is_keyword(t) && next != SKEP_TOK_COLON)));

	if (!loose)
		return false;
	if (!s->loose_told && skep_lex_error(&p->env, t->loc, "%s stands outside of a probe",
					     skep_parse_describe(p, t)))
		skep_lex_hint(
			&p->env,
			"statements belong into the block of a probe: BEGIN { printf(\"hello\\n\"); }");
	s->loose_told = true;
	skep_parse_rewind(p);
	skip_raw(p, false);
	return true;
}

/* ---- probes */

static void parse_predicate(struct skep_parser *p, struct skep_probe_node *probe)
{
	struct skep_loc open = skep_parse_take(p).loc;

	if (skep_parse_at_op(p, SKEP_BINARY_DIV)) {
		if (skep_parse_error(p, skep_parse_peek(p, 0)->loc,
				     "there is no condition in this predicate"))
			skep_lex_hint(&p->env, "write one, /pid == 1/, or leave both slashes out");
		return;
	}
	p->in_predicate = true;
	probe->predicate = skep_parse_expr(p);
	p->in_predicate = false;
	if (!probe->predicate)
		return;
	if (skep_parse_at_op(p, SKEP_BINARY_DIV)) {
		skep_parse_take(p);
		return;
	}
	if (skep_parse_at(p, SKEP_TOK_ASSIGN)) {
		if (skep_parse_error(p, skep_parse_peek(p, 0)->loc,
				     "a predicate compares; this assigns"))
			skep_lex_hint(&p->env, "to compare, write '=='");
	} else if (skep_parse_unexpected(p, "'/' and '{' at the end of the predicate")) {
		skep_lex_hint(
			&p->env,
			"the predicate began at %u:%u; it looks like this: /pid == 1/ { ... }",
			open.line, open.col);
	}
}

/* Behind an error in the head of a probe: to the block, so that its errors are seen too. */
static bool recover_head(struct skep_parser *p, bool in_tokens)
{
	p->env.quiet = true;
	if (!in_tokens) {
		skip_raw(p, true);
		p->lx.bol = false;
	}
	while (!skep_parse_at(p, SKEP_TOK_LBRACE) && !skep_parse_at(p, SKEP_TOK_END) &&
	       !skep_parse_at_head(p))
		skep_parse_take(p);
	p->env.quiet = p->abort;
	return skep_parse_at(p, SKEP_TOK_LBRACE);
}

static bool parse_head(struct skep_parser *p, struct skep_probe_node *probe)
{
	struct skep_loc start = skep_lex_loc(&p->lx, p->lx.pos, 1);

	if (!skep_parse_points(p, probe))
		return recover_head(p, false);
	probe->loc = skep_parse_span(p, start);
	if (skep_lex_peek(&p->lx, 0) == '/') {
		p->lx.bol = false;
		parse_predicate(p, probe);
		if (p->env.quiet)
			return recover_head(p, true);
	}
	if (skep_parse_at(p, SKEP_TOK_LBRACE))
		return true;
	if (skep_parse_unexpected(p, "'{' and what the probe does"))
		skep_lex_hint(&p->env, "for example: %s { printf(\"%%s\\n\", comm); }",
			      skep_lex_show(&p->env, probe->points[0].text,
					    strlen(probe->points[0].text)));
	return recover_head(p, true);
}

static void parse_probe(struct script *s)
{
	struct skep_parser *p = &s->p;
	struct skep_probe_node *probe = skep_arena_alloc(p->env.arena, sizeof(*probe));

	probe->index = (unsigned)s->probes.len;
	if (parse_head(p, probe) && skep_parse_block(p, &probe->body))
		skep_vec_add(&s->probes, probe);
}

/* ---- the whole */

static bool is_word(const struct skep_tok *t, const char *const *words)
{
	for (; *words; words++)
		if (skep_tok_is(t, *words))
			return true;
	return false;
}

/* static inline int f(int x) { ... }, int n; */
static void reject_c(struct skep_parser *p, const struct skep_tok *t)
{
	if (skep_parse_error(p, t->loc, "functions and variables of C cannot be in a script"))
		skep_lex_hint(&p->env,
			      "a script's own are fn name($x : int64) : int64 { ... } and @name; "
			      "compiled C is taken in by import \"x.bpf.o\";");
	skip_declaration(p);
}

/* What the word @t begins, when it is a declaration. True: it was, and that is behind us. */
static bool parse_declaration(struct script *s, const struct skep_tok *t, enum skep_tok_kind next)
{
	static const char *const c_words[] = { "struct", "union", "enum", "typedef", NULL };
	static const char *const c_starts[] = {
		"static", "inline", "extern", "void",  "int",	"unsigned",	   "long", "char",
		"bool",	  "u32",    "u64",    "__u32", "__u64", "__always_inline", NULL
	};
	struct skep_parser *p = &s->p;

	if (next == SKEP_TOK_COLON)
		return false;
	if (skep_tok_is(t, "config") && next == SKEP_TOK_ASSIGN) {
		parse_config(s);
	} else if (skep_tok_is(t, "fn")) {
		struct skep_fn_node *fn = skep_parse_fn(p);

		if (fn)
			skep_vec_add(&s->fns, fn);
	} else if (skep_tok_is(t, "let") && next == SKEP_TOK_MAP) {
		if (!parse_map_decl(s))
			skip_declaration(p);
	} else if (skep_tok_is(t, "macro") && next == SKEP_TOK_NAME) {
		struct skep_macro *macro = skep_parse_macro(p);

		if (macro)
			skep_vec_add(&s->macros, macro);
		else
			skip_declaration(p);
	} else if (skep_tok_is(t, "import")) {
		if (!skep_parse_import(p))
			skip_declaration(p);
	} else if (is_word(t, c_words)) {
		if (!skep_parse_c(p))
			skip_definition(p);
	} else if (!p->env.in_header && next == SKEP_TOK_NAME && is_word(t, c_starts)) {
		reject_c(p, t);
	} else {
		return false;
	}
	return true;
}

/* What starts with a word or a sigil and is no probe. False: nothing was taken. */
static bool parse_special(struct script *s)
{
	struct skep_parser *p = &s->p;
	struct skep_tok t;
	enum skep_tok_kind next;

	/*
	 * The text may be that of a probe, which has no tokens: what is wrong with them is said
	 * when it is certain.
	 */
	p->env.quiet = p->x.raw = true;
	t = *skep_parse_peek(p, 0);
	next = skep_parse_peek(p, 1)->kind;
	p->env.quiet = p->abort;
	p->x.raw = false;
	skep_parse_rewind(p);
	if (parse_declaration(s, &t, next))
		return true;
	if (p->env.in_header) {
		p->env.quiet = true;
		skep_parse_take(p);
		skip_declaration(p);
		return true;
	}
	return reject_loose(s, &t, next);
}

static void parse_top(struct script *s)
{
	struct skep_parser *p = &s->p;
	char c = skep_lex_peek(&p->lx, 0);

	if (c == '}') {
		if (skep_lex_error(&p->env, skep_lex_loc(&p->lx, p->lx.pos, 1),
				   "this '}' closes nothing"))
			skep_lex_hint(&p->env,
				      "delete it, or look for a '{' that is missing above");
		while (skep_lex_peek(&p->lx, 0) == '}')
			p->lx.pos++;
	} else if (c == ';') {
		if (skep_lex_error(&p->env, skep_lex_loc(&p->lx, p->lx.pos, 1),
				   "a ';' has no meaning between probes"))
			skep_lex_hint(&p->env, "delete it: a probe ends with its '}'");
		while (skep_lex_peek(&p->lx, 0) == ';')
			p->lx.pos++;
	} else if (!(skep_lex_is_word(c) || c == '$' || c == '@') || !parse_special(s)) {
		parse_probe(s);
	}
}

static void check_content(struct script *s)
{
	const struct skep_loc start = { 1, 1, 1 };
	struct skep_lex_env *env = &s->p.env;

	if (env->n_errors || s->probes.len)
		return;
	if (s->configs.len || env->defines.len || s->p.defs.len || s->macros.len ||
	    s->map_decls.len)
		skep_lex_error(env, start, "the script has no probe");
	else
		skep_lex_error(env, start, "the script is empty");
	skep_lex_hint(
		env,
		"a script says when to look and what to do then: tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }");
}

/* From where the lexer is to its end. */
static void parse_file(struct skep_parser *p)
{
	struct script *s = (struct script *)p; /* its first member */

	for (skep_lex_skip(&p->lx); p->lx.pos < p->lx.len && !p->abort; skep_lex_skip(&p->lx)) {
		parse_top(s);
		skep_parse_rewind(p);
		p->env.quiet = p->abort;
		p->in_predicate = false;
		p->depth = 0;
	}
	skep_lex_finish(&p->lx);
}

/* What was imported stands in one text with the script: that is what places mean from now on. */
static void tell_files(struct skep_parser *p, struct skep_diag *diag)
{
	if (!diag || p->files.len == 1)
		return;
	diag->source_text = p->env.text;
	diag->source_len = p->len;
	diag->n_files = p->files.len;
	diag->files = skep_arena_memdup(p->env.arena, p->files.data,
					p->files.len * sizeof(*p->files.data));
	if (!p->files.data[0].name)
		((struct skep_diag_file *)diag->files)->name = diag->source_name;
}

/* One message, not one for each of its bytes. */
static int not_text(const char *text, size_t len, struct skep_diag *diag)
{
	static const struct {
		const char *begins, *kind;
	} kinds[] = {
		{ "\x7f"
		  "ELF",
		  "a program or object (ELF file)" },
		{ "\x1f\x8b", "compressed (gzip)" },
		{ "\x28\xb5\x2f\xfd", "compressed (zstd)" },
		{ "\xfd"
		  "7zXZ",
		  "compressed (xz)" },
		{ "PK\x03\x04", "an archive (ZIP)" },
	};
	const char *kind = "no text: it has zero bytes in it";

	if (!memchr(text, 0, len))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(text, kinds[i].begins, strlen(kinds[i].begins)) == 0)
			kind = kinds[i].kind;
	skep_diag_error(diag, SKEP_NO_LOC, "%s is not a script: it is %s",
			diag && diag->source_name ? diag->source_name : "this", kind);
	return -EINVAL;
}

int skep_parse(struct skep_arena *arena, const char *text, size_t len,
	       const struct skep_parse_options *options, struct skep_diag *diag,
	       struct skep_script **ret_script)
{
	static const struct skep_parse_options none;
	struct script *s = skep_arena_alloc(arena, sizeof(*s));
	struct skep_script *script = skep_arena_alloc(arena, sizeof(*script));
	size_t n_errors;

	if (len > SKEP_PARSE_SIZE_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"the script has %zu bytes, more than the %u that are allowed", len,
				SKEP_PARSE_SIZE_MAX);
		return -EINVAL;
	}
	if (not_text(text, len, diag) < 0)
		return -EINVAL;
	options = options ? options : &none;
	s->p = (struct skep_parser){
		.env = { .arena = arena,
			 .diag = diag,
			 .text = text,
			 .kernel_version = options->kernel_version,
			 .verbose = options->verbose,
			 .include = skep_parse_include,
			 .include_data = &s->p },
		.len = len,
		.parse_file = parse_file,
		.cond_off = SIZE_MAX,
		.options = options,
	};
	s->p.x = (struct skep_expand){ .env = &s->p.env, .lx = &s->p.lx };
	skep_lex_init(&s->p.lx, &s->p.env, text, len);
	skep_vec_add(&s->p.files, ((struct skep_diag_file){ options->name, 1 }));
	skep_parse_headers(&s->p);
	parse_file(&s->p);
	check_content(s);
	script->configs = skep_arena_memdup(arena, s->configs.data,
					    s->configs.len * sizeof(*s->configs.data));
	script->n_configs = s->configs.len;
	script->probes =
		skep_arena_memdup(arena, s->probes.data, s->probes.len * sizeof(*s->probes.data));
	script->n_probes = s->probes.len;
	script->fns = skep_arena_memdup(arena, s->fns.data, s->fns.len * sizeof(*s->fns.data));
	script->n_fns = s->fns.len;
	script->defs =
		skep_arena_memdup(arena, s->p.defs.data, s->p.defs.len * sizeof(*s->p.defs.data));
	script->n_defs = s->p.defs.len;
	script->objects = skep_arena_memdup(arena, s->p.objects.data,
					    s->p.objects.len * sizeof(*s->p.objects.data));
	script->n_objects = s->p.objects.len;
	script->map_decls = skep_arena_memdup(arena, s->map_decls.data,
					      s->map_decls.len * sizeof(*s->map_decls.data));
	script->n_map_decls = s->map_decls.len;
	script->macros =
		skep_arena_memdup(arena, s->macros.data, s->macros.len * sizeof(*s->macros.data));
	script->n_macros = s->macros.len;
	script->text = s->p.env.text;
	script->len = s->p.len;
	if (s->p.files.len > 1)
		script->n_lines = s->p.files.data[1].first_line - 1;
	tell_files(&s->p, diag);
	n_errors = s->p.env.n_errors;
	skep_vec_fini(&s->p.files);
	skep_hash_fini(&s->p.imported);
	skep_vec_fini(&s->macros);
	skep_vec_fini(&s->map_decls);
	skep_vec_fini(&s->p.defs);
	skep_vec_fini(&s->p.objects);
	skep_hash_fini(&s->p.type_names);
	skep_vec_fini(&s->configs);
	skep_vec_fini(&s->probes);
	skep_vec_fini(&s->fns);
	skep_expand_fini(&s->p.x);
	skep_vec_fini(&s->p.env.defines);
	skep_hash_fini(&s->p.env.names);
	if (n_errors)
		return -EINVAL;
	*ret_script = script;
	return 0;
}
