/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces: sk_lookup, flow_dissector, and the hooks of netfilter in our own. All by links. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys/explain.h"
#include "sys/kernel_priv.h"

/* A name of `ip netns`, a path, the number of a process in it; NULL: our own. */
static int open_netns(const char *name)
{
	char path[4096];
	int fd;

	if (!name)
		snprintf(path, sizeof(path), "/proc/self/ns/net");
	else if (name[strspn(name, "0123456789")] == 0)
		snprintf(path, sizeof(path), "/proc/%s/ns/net", name);
	else
		snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int skep_attach_netns(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		      const struct skep_attach_target *t, struct skep_diag *diag)
{
	_cleanup_close_ int netns = open_netns(t->name);
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.target_fd = (uint32_t)netns,
		.attach_type = loaded->progs[a->prog].attach_type,
	};
	const char *name = t->name ? t->name : "this network namespace";
	int r = netns < 0 ? netns : skep_bpf_link_create(&attr);

	if (r >= 0)
		return skep_kernel_add_link(loaded, a->prog, r);
	skep_explain_attach(SKEP_DIAG_ERROR, a, name, r, diag);
	if (netns < 0)
		skep_diag_hint(diag, "ip netns list shows the names there are");
	else if (r == -EEXIST || r == -EBUSY || r == -E2BIG)
		skep_diag_hint(diag,
			       "there is one already, and it has room for %s: bpftool net, "
			       "bpftool link",
			       r == -E2BIG ? "no more" : "one");
	return r;
}

/*
 * Netfilter.
 */

static const struct {
	const char *name;
	uint32_t pf;
} families[] = { { "ipv4", 2 }, { "ipv6", 10 } };

static const char *const hooks[] = { "pre_routing", "local_in", "forward", "local_out",
				     "post_routing" };

static bool same(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && !strncmp(word, text, len);
}

/* The word at *at, which ends at ':' or the end; *at moves behind it. */
static const char *next_word(const char **at, size_t *ret_len)
{
	const char *word = *at;

	*ret_len = strcspn(word, ":");
	*at = word + *ret_len + (word[*ret_len] == ':');
	return word;
}

/* "ipv4:local_in:-100:defrag" */
static bool read_hook(const char *text, struct skep_bpf_link_create *attr)
{
	bool family = false, hook = false;
	const char *at = text, *word;
	size_t len;
	char *end;

	word = next_word(&at, &len);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (same(families[i].name, word, len)) {
			attr->netfilter.pf = families[i].pf;
			family = true;
		}
	word = next_word(&at, &len);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (same(hooks[i], word, len)) {
			attr->netfilter.hook = (uint32_t)i;
			hook = true;
		}
	while (*at) {
		word = next_word(&at, &len);
		if (same("defrag", word, len)) {
			attr->netfilter.flags |= SKEP_BPF_F_NETFILTER_DEFRAG;
			continue;
		}
		errno = 0;
		attr->netfilter.priority = (int32_t)strtol(word, &end, 10);
		if (errno || end != word + len || end == word)
			return false;
	}
	return family && hook;
}

int skep_attach_netfilter(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			  const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)loaded->progs[a->prog].fd,
		.attach_type = loaded->progs[a->prog].attach_type,
	};
	int r;

	if (!read_hook(t->name, &attr)) {
		skep_diag_error(diag, a->loc, "cannot attach %s: '%s' is no hook of netfilter",
				a->probe ? a->probe : "the probe", t->name);
		skep_diag_hint(diag, "FAMILY:HOOK[:PRIORITY][:defrag]: ipv4 or ipv6; pre_routing, "
				     "local_in, forward, local_out or post_routing");
		return -EINVAL;
	}
	r = skep_bpf_link_create(&attr);
	if (r >= 0)
		return skep_kernel_add_link(loaded, a->prog, r);
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
	if (r == -EBUSY)
		skep_diag_hint(diag,
			       "a program with this priority is there already: choose another "
			       "(%s:10)",
			       t->name);
	else if (r == -EINVAL || r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
		skep_diag_hint(diag,
			       "the priority has to lie inside of the numbers of 32 bits, and "
			       "with defrag above -400; the module nf_defrag may be missing");
	return r;
}
