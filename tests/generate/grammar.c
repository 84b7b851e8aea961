/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar.h"

#include <errno.h>
#include <stdio.h>

#define DEPTH_MAX 9	    /* levels of rules below which the shortest way is taken */
#define SCRIPT_MAX 8000	    /* bytes, from which on the same */
#define LINE_MAX_BYTES 1024 /* of the file */
#define FAR 1000	    /* a depth that no rule has */

struct way {
	const char *text;
	unsigned depth; /* levels of rules that it needs at least */
};

struct grammar_rule {
	const char *name;
	struct {
		SKEP_VEC(struct way);
	} ways;
	unsigned depth; /* of its shortest way */
};

struct writer {
	const struct grammar *g;
	uint64_t state;
	bool wrong_types;
	struct skep_str *out;
};

/* ---- the file */

static struct grammar_rule *find(const struct grammar *g, const char *name, size_t len)
{
	for (size_t i = 0; i < g->rules.len; i++) {
		struct grammar_rule *rule = g->rules.data[i];

		if (strlen(rule->name) == len && !memcmp(rule->name, name, len))
			return rule;
	}
	return NULL;
}

/* The rule that stands at @text as <name>, with its length; NULL: this is plain text. */
static struct grammar_rule *rule_at(const struct grammar *g, const char *text, size_t *ret_len)
{
	const char *end = *text == '<' ? strchr(text, '>') : NULL;
	struct grammar_rule *rule = end ? find(g, text + 1, (size_t)(end - text) - 1) : NULL;

	if (rule)
		*ret_len = (size_t)(end - text) + 1;
	return rule;
}

static void add_way(struct grammar *g, const char *name, size_t len, const char *text)
{
	struct grammar_rule *rule = find(g, name, len);

	if (!rule) {
		rule = skep_arena_alloc(g->arena, sizeof(*rule));
		rule->name = skep_arena_strndup(g->arena, name, len);
		rule->depth = FAR;
		skep_vec_add(&g->rules, rule);
	}
	skep_vec_add(&rule->ways,
		     (struct way){ .text = skep_arena_strdup(g->arena, text), .depth = FAR });
}

static unsigned depth_of(const struct grammar *g, const char *text)
{
	unsigned deepest = 0;
	size_t len;

	for (; *text; text++) {
		const struct grammar_rule *rule = rule_at(g, text, &len);

		if (rule)
			deepest = MAX(deepest, rule->depth);
	}
	return deepest >= FAR ? FAR : deepest + 1;
}

static bool settle(struct grammar *g)
{
	bool changed = false;

	for (size_t i = 0; i < g->rules.len; i++) {
		struct grammar_rule *rule = g->rules.data[i];

		for (size_t k = 0; k < rule->ways.len; k++) {
			struct way *way = &rule->ways.data[k];
			unsigned depth = depth_of(g, way->text);

			changed |= depth != way->depth;
			way->depth = depth;
			rule->depth = MIN(rule->depth, depth);
		}
	}
	return changed;
}

int grammar_read(struct grammar *g, const char *path)
{
	char line[LINE_MAX_BYTES];
	FILE *f = fopen(path, "re");
	int r = 0;

	if (!f)
		return -errno;
	g->arena = skep_arena_new();
	while (fgets(line, sizeof(line), f)) {
		const char *colon = strchr(line, ':');
		size_t len = strcspn(line, "\n");

		if (line[0] == '#' || !len)
			continue;
		line[len] = '\0';
		if (!colon) {
			fprintf(stderr, "%s: no ':' in: %s\n", path, line);
			r = -EINVAL;
			continue;
		}
		add_way(g, line, (size_t)(colon - line), colon[1] == ' ' ? colon + 2 : colon + 1);
	}
	fclose(f);
	while (settle(g))
		;
	return r;
}

void grammar_fini(struct grammar *g)
{
	for (size_t i = 0; i < g->rules.len; i++)
		skep_vec_fini(&g->rules.data[i]->ways);
	skep_vec_fini(&g->rules);
	skep_arena_free(g->arena);
	g->arena = NULL;
}

/* ---- scripts */

/* splitmix64: small, and the same everywhere. */
static uint64_t draw(struct writer *w, uint64_t below)
{
	uint64_t z = w->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static const struct way *choose(struct writer *w, const struct grammar_rule *rule, unsigned level)
{
	const struct way *way;

	do {
		way = &rule->ways.data[draw(w, rule->ways.len)];
	} while (way->depth > rule->depth &&
		 (level + way->depth > DEPTH_MAX || w->out->len > SCRIPT_MAX));
	return way;
}

/* A value of any other type. */
static const struct grammar_rule *other(struct writer *w, const struct grammar_rule *rule)
{
	static const char *const values[] = {
		"int", "str", "ptr", "stack", "tuple", "any", "cond"
	};
	const char *name = values[draw(w, ARRAY_SIZE(values))];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (skep_streq(rule->name, values[i]))
			return find(w->g, name, strlen(name)) ?: rule;
	return rule;
}

static void write_rule(struct writer *w, const struct grammar_rule *rule, unsigned level)
{
	const char *text = choose(w, rule, level)->text;
	size_t len;

	while (*text) {
		const struct grammar_rule *part = rule_at(w->g, text, &len);

		if (part) {
			if (w->wrong_types && !draw(w, 25))
				part = other(w, part);
			write_rule(w, part, level + 1);
			text += len;
		} else if (text[0] == '\\' && text[1] == 'n' && w->out->len &&
			   skep_has_prefix(rule->name, "define")) {
			skep_str_addc(w->out, '\n');
			text += 2;
		} else {
			skep_str_addc(w->out, *text++);
		}
	}
}

/* A byte is lost, doubled, changed, or changes its place with the next one. */
static void mistype(struct writer *w)
{
	static const char bytes[] = "(){}[];,.:=+-*/%&|^!<>\"'@$#~?0a_ \n\\";
	struct skep_str *out = w->out;
	size_t at = draw(w, out->len - 1);
	char byte = out->data[at];

	switch (draw(w, 4)) {
	case 0:
		memmove(out->data + at, out->data + at + 1, out->len - at);
		out->len--;
		break;
	case 1:
		skep_str_addc(out, ' ');
		memmove(out->data + at + 1, out->data + at, out->len - 1 - at);
		break;
	case 2:
		out->data[at] = bytes[draw(w, sizeof(bytes) - 1)];
		break;
	default:
		out->data[at] = out->data[at + 1];
		out->data[at + 1] = byte;
		break;
	}
}

void grammar_write(const struct grammar *g, uint64_t seed, struct skep_str *out)
{
	struct writer w = { .g = g, .state = seed * 0xd1342543de82ef95, .out = out };
	uint64_t mode = draw(&w, 4);

	w.wrong_types = mode == 2;
	write_rule(&w, find(g, "script", 6), 0);
	for (uint64_t n = mode == 3 ? 1 + draw(&w, 3) : 0; n && out->len > 2; n--)
		mistype(&w);
}
