/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/signals.h"
#include "live/unpack.h"
#include "sys/vmlinux.h"
#include "workbench/build_priv.h"
#include "workbench/emit.h"
#include "workbench/input.h"

#define ARGS_MAX (32 + SKEP_BUILD_FLAGS_MAX)

extern const struct skep_embedded_pack skep_embedded_bpf;

bool skep_build_is_source(const char *path)
{
	return skep_has_suffix(path, ".c");
}

/*
 * The folder.
 */

static int write_file(const struct build *b, const char *name, const char *text, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (size_t done = 0; fd >= 0 && done < size;) {
		ssize_t n = write(fd, text + done, size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fd < 0 ? -errno : 0;
}

#define DIR_PREFIX "skep-build-"
#define DIR_AGE_S 60 /* a younger one may not have its lock yet */

/* C's flock() is declared in a header that our own sys/file.h hides. */
static bool lock(int fd)
{
	return syscall(SYS_flock, fd, LOCK_EX | LOCK_NB) == 0;
}

static void empty_dir(const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	rmdir(path);
}

/* Whether @path is a folder of this user that no process holds, for the one that made it was killed. */
static bool is_left(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	       st.st_mtime + DIR_AGE_S < time(NULL) && lock(fd);
}

/* What others have left that were killed (SIGKILL). */
static void clean_up(const char *tmp)
{
	DIR *dir = opendir(tmp);

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));) {
		char path[512];
		int n = snprintf(path, sizeof(path), "%s/%s", tmp, e->d_name);

		if (skep_has_prefix(e->d_name, DIR_PREFIX) && (size_t)n < sizeof(path) &&
		    is_left(path))
			empty_dir(path);
	}
	closedir(dir);
}

static int make_dir(struct build *b)
{
	static struct skep_unpacked headers = { &skep_embedded_bpf, NULL };
	const char *tmp = getenv("TMPDIR"), *name, *text;
	int r = 0, n;

	tmp = tmp && *tmp ? tmp : "/tmp";
	clean_up(tmp);
	n = snprintf(b->dir, sizeof(b->dir), "%s/" DIR_PREFIX "XXXXXX", tmp);
	if (n < 0 || (size_t)n >= sizeof(b->dir) || !mkdtemp(b->dir)) {
		r = (size_t)n >= sizeof(b->dir) ? -ENAMETOOLONG : -errno;
		*b->dir = 0;
	}
	b->lock = *b->dir ? open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (b->lock >= 0)
		r = lock(b->lock) ? 0 : -errno;
	for (size_t i = 0; r == 0 && (text = skep_unpacked_at(&headers, i, &name)); i++)
		r = write_file(b, name, text, strlen(text));
	if (r < 0)
		skep_diag_error(b->diag, SKEP_NO_LOC,
				"there is no place for what is built, %s/" DIR_PREFIX "*: %s", tmp,
				strerror(-r));
	return r;
}

static void remove_dir(struct build *b)
{
	if (*b->dir)
		empty_dir(b->dir);
	if (b->lock >= 0)
		close(b->lock);
	b->lock = -1;
	*b->dir = 0;
}

/*
 * One source.
 */

static const char *arch_define(const char *machine)
{
	static const struct {
		const char *machine, *define;
	} archs[] = {
		{ "x86_64", "-D__TARGET_ARCH_x86" },	  { "aarch64", "-D__TARGET_ARCH_arm64" },
		{ "riscv64", "-D__TARGET_ARCH_riscv" },	  { "s390x", "-D__TARGET_ARCH_s390" },
		{ "ppc64le", "-D__TARGET_ARCH_powerpc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (skep_streq(machine, archs[i].machine))
			return archs[i].define;
	return "-D__TARGET_ARCH_unknown";
}

struct args {
	const char *data[ARGS_MAX];
	size_t n;
};

static void add(struct args *a, const char *arg)
{
	if (a->n + 1 < ARGS_MAX)
		a->data[a->n++] = arg;
}

/* What both runs of clang get; the rest is up to them. */
static void begin_args(const struct build *b, struct args *a)
{
	struct utsname name;

	uname(&name);
	add(a, b->clang);
	add(a, "-target");
	add(a, "bpf");
	add(a, "-g");
	add(a, "-O2");
	add(a, "-std=gnu11");
	add(a, skep_arena_printf(b->arena, "-mcpu=%s", b->options->cpu ? b->options->cpu : "v3"));
	add(a, arch_define(name.machine));
	add(a, skep_arena_printf(b->arena, "-I%s", b->dir));
	/* Where Debian has <asm/...>, for sources that use the headers of user space. */
	add(a, "-idirafter");
	add(a, skep_arena_printf(b->arena, "/usr/include/%s-linux-gnu", name.machine));
	add(a, "-Wall");
	add(a, "-Wno-unused-function");
	/* A call of what nobody declares is a call of nothing. */
	add(a, "-Werror=implicit-function-declaration");
	add(a, "-fno-color-diagnostics");
	add(a, "-fno-caret-diagnostics");
	add(a, "-ferror-limit=20");
	for (size_t i = 0; i < b->options->n_flags && i < SKEP_BUILD_FLAGS_MAX; i++)
		add(a, b->options->flags[i]);
}

static int cannot_run(const struct build *b, int r)
{
	skep_diag_error(b->diag, SKEP_NO_LOC, "cannot run %s: %s", b->clang, strerror(-r));
	return r;
}

static int types(const struct build *b, const struct skep_btf **ret_btf)
{
	int r;

	*ret_btf = b->options->kernel;
	if (*ret_btf)
		return 0;
	r = skep_vmlinux_btf(b->diag, ret_btf);
	if (r < 0)
		skep_diag_hint(
			b->diag,
			"give the types of the kernel that it is for: --btf FILE, a copy of its /sys/kernel/btf/vmlinux");
	return r;
}

/* The words of a source, from a run of the preprocessor with a vmlinux.h that is empty. */
static int scan(const struct build *b, const struct build_source *source,
		struct skep_vmlinux_words *words, bool *ret_wanted)
{
	static const char none[] = "#define __VMLINUX_H__\nint __skep_wants_vmlinux;\n";
	_cleanup_(skep_str_fini)
	struct skep_str out = {}, err = {};
	struct args a = {};
	int r = write_file(b, "vmlinux.h", none, sizeof(none) - 1);

	begin_args(b, &a);
	add(&a, "-E");
	add(&a, source->path);
	if (r == 0)
		r = build_run(a.data, &out, &err);
	if (r < 0)
		return cannot_run(b, r);
	if (r > 0) { /* as of a header that is missing */
		build_tell(b, source, NULL, &err);
		return -EINVAL;
	}
	skep_vmlinux_words_scan(words, skep_str_text(&out), out.len);
	*ret_wanted = skep_vmlinux_words_have(words, "__skep_wants_vmlinux");
	return 0;
}

static int write_vmlinux(const struct build *b, const struct build_source *source,
			 const struct skep_btf **ret_btf)
{
	_cleanup_(skep_vmlinux_words_freep)
	struct skep_vmlinux_words *words = skep_vmlinux_words_new();
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	bool wanted = false;
	int r = scan(b, source, words, &wanted);

	if (r < 0 || !wanted)
		return r;
	r = types(b, ret_btf);
	if (r == 0)
		r = skep_vmlinux_header(*ret_btf, words, b->options->all_types, b->diag, &text);
	return r < 0 ? r : write_file(b, "vmlinux.h", skep_str_text(&text), text.len);
}

static int compile(const struct build *b, const struct build_source *source,
		   struct skep_object_file *ret_file)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {}, err = {};
	char *object = skep_arena_printf(b->arena, "%s/object", b->dir), *data;
	const struct skep_btf *kernel = NULL;
	struct args a = {};
	size_t size;
	int r = write_vmlinux(b, source, &kernel);

	if (r < 0)
		return r;
	begin_args(b, &a);
	add(&a, "-c");
	add(&a, source->path);
	add(&a, "-o");
	add(&a, object);
	r = build_run(a.data, &out, &err);
	if (r < 0)
		return cannot_run(b, r);
	build_tell(b, source, kernel, &err);
	if (r > 0)
		return -EINVAL;
	r = skep_input_bytes(object, b->arena, b->diag, &data, &size);
	if (r < 0)
		return r;
	*ret_file = (struct skep_object_file){ source->path, data, size };
	build_look(b, source, ret_file);
	return 0;
}

/*
 * All sources.
 */

static uint32_t lines_of(const char *text, size_t size)
{
	uint32_t n = 1;

	for (size_t i = 0; i < size; i++)
		n += text[i] == '\n';
	return n;
}

/* The diag shows lines of all sources: they are one text, and a table says where each begins. */
static int read_sources(const struct build *b, const char *const *paths, size_t n,
			struct build_source *sources)
{
	struct skep_diag_file *files = skep_arena_calloc(b->arena, n, sizeof(*files));
	_cleanup_(skep_str_fini)
	struct skep_str all = {};
	uint32_t line = 1;

	for (size_t i = 0; i < n; i++) {
		char *text;
		size_t size;
		int r = skep_input_bytes(paths[i], b->arena, b->diag, &text, &size);

		if (r < 0)
			return r;
		sources[i] = (struct build_source){ paths[i], text, size, line };
		files[i] = (struct skep_diag_file){ paths[i], line };
		line += lines_of(text, size);
		skep_str_addn(&all, text, size);
		skep_str_addc(&all, '\n');
	}
	if (b->diag) {
		b->diag->source_name = paths[0];
		b->diag->source_text = skep_arena_memdup(b->arena, skep_str_text(&all), all.len);
		b->diag->source_len = all.len;
		b->diag->files = n > 1 ? files : NULL;
		b->diag->n_files = n > 1 ? n : 0;
	}
	return 0;
}

int skep_build_objects(const char *const *paths, size_t n, const struct skep_build_options *options,
		       struct skep_arena *arena, struct skep_diag *diag,
		       struct skep_object_file *ret_files)
{
	static const struct skep_build_options none;
	struct build b = { .options = options ? options : &none, .arena = arena, .diag = diag };
	struct build_source *sources = skep_arena_calloc(arena, n, sizeof(*sources));
	sigset_t late, before;
	int r = read_sources(&b, paths, n, sources);

	if (r == 0)
		r = build_find_clang(b.options->clang, arena, diag, &b.clang);
	if (r < 0)
		return r;
	skep_end_signals(&late);
	sigprocmask(SIG_BLOCK, &late, &before);
	r = make_dir(&b);
	for (size_t i = 0; i < n && r == 0; i++)
		r = compile(&b, &sources[i], &ret_files[i]);
	remove_dir(&b);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int skep_build_object(const char *const *paths, size_t n, const struct skep_build_options *options,
		      struct skep_arena *arena, struct skep_diag *diag, struct skep_str *ret_bytes)
{
	struct skep_object_file *files = skep_arena_calloc(arena, n, sizeof(*files));
	int r = skep_build_objects(paths, n, options, arena, diag, files);

	if (r < 0)
		return r;
	if (n > 1)
		return skep_object_link(files, n, arena, diag, ret_bytes);
	skep_str_addn(ret_bytes, files[0].data, files[0].size);
	return 0;
}

int skep_build_vmlinux(const struct skep_build_options *options, bool asserted,
		       struct skep_diag *diag, struct skep_str *ret_text)
{
	struct build b = { .options = options, .diag = diag };
	const struct skep_btf *btf;
	int r = types(&b, &btf);

	if (r < 0)
		return r;
	return asserted ? skep_vmlinux_asserted(btf, diag, ret_text)
			: skep_vmlinux_header(btf, NULL, true, diag, ret_text);
}
