/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/vmlinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/vec.h"
#include "sys/file.h"

#define BTF_DIR "/sys/kernel/btf"
#define BTF_BYTES_MAX (256u << 20)
#define NOTES_BYTES_MAX 65536
#define NOTE_BUILD_ID 3 /* NT_GNU_BUILD_ID */

static void release_mapping(void *data, size_t size)
{
	munmap(data, size);
}

static int read_btf(const char *name, const struct skep_btf *base, struct skep_diag *diag,
		    struct skep_btf **ret_btf)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *bytes = NULL;
	char path[320];
	struct stat st;
	size_t size;
	void *p;
	int r;

	if (!name[0] || name[0] == '.' || strchr(name, '/') || strlen(name) > 255)
		return -EINVAL;
	snprintf(path, sizeof(path), BTF_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		size = (size_t)st.st_size;
		p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p != MAP_FAILED) {
			r = skep_btf_parse(p, size, base, release_mapping, diag, ret_btf);
			if (r < 0)
				munmap(p, size);
			return r;
		}
	}
	r = skep_file_read(path, BTF_BYTES_MAX, &bytes, &size);
	if (r < 0)
		return r;
	r = skep_btf_parse(bytes, size, base, skep_btf_release_malloc, diag, ret_btf);
	if (r == 0)
		(void)TAKE_PTR(bytes);
	return r;
}

static struct skep_btf *known;
/* Of all modules, once somebody looks for what the kernel itself has not. */
static struct {
	SKEP_VEC(struct skep_btf *);
	bool are_read;
} modules;

int skep_vmlinux_btf(struct skep_diag *diag, const struct skep_btf **ret_btf)
{
	int r;

	if (!known) {
		r = read_btf("vmlinux", NULL, diag, &known);
		if (r < 0)
			return r;
	}
	*ret_btf = known;
	return 0;
}

void skep_vmlinux_release(void)
{
	for (size_t i = 0; i < modules.len; i++)
		skep_btf_free(modules.data[i]);
	skep_vec_fini(&modules);
	modules.are_read = false;
	skep_btf_free(TAKE_PTR(known));
}

int skep_module_btf(const char *name, struct skep_diag *diag, struct skep_btf **ret_btf)
{
	const struct skep_btf *base;
	int r;

	r = skep_vmlinux_btf(diag, &base);
	return r < 0 ? r : read_btf(name, base, diag, ret_btf);
}

/* The notes of an ELF file: words for the lengths of name and contents and the kind, then these, padded to words. */
static void add_build_id(const char *notes, size_t size, struct skep_str *out)
{
	uint32_t head[3];

	for (size_t at = 0; at + sizeof(head) <= size;) {
		size_t name, contents;

		memcpy(head, notes + at, sizeof(head));
		name = at + sizeof(head);
		contents = name + ALIGN_UP((size_t)head[0], 4u);
		at = contents + ALIGN_UP((size_t)head[1], 4u);
		if (head[0] > size || head[1] > size || at > size)
			return;
		if (head[2] != NOTE_BUILD_ID || head[0] != 4 || memcmp(notes + name, "GNU", 4))
			continue;
		skep_str_addc(out, ' ');
		for (size_t i = 0; i < head[1]; i++)
			skep_str_addf(out, "%02x", (unsigned)(uint8_t)notes[contents + i]);
		return;
	}
}

void skep_kernel_id(struct skep_str *out)
{
	_cleanup_free_ char *notes = NULL;
	struct utsname name;
	size_t size;

	if (uname(&name) == 0)
		skep_str_addf(out, "%s %s", name.release, name.version);
	if (skep_file_read("/sys/kernel/notes", NOTES_BYTES_MAX, &notes, &size) == 0)
		add_build_id(notes, size, out);
}

static int keep_module(_unused_ void *data, const char *module)
{
	struct skep_btf *btf;

	/* One that goes away meanwhile, or cannot be read, has nothing to offer. */
	if (skep_module_btf(module, NULL, &btf) == 0 && !skep_vec_push(&modules, btf))
		skep_btf_free(btf);
	return 0;
}

const struct skep_btf *skep_module_btf_at(_unused_ void *data, size_t index)
{
	if (!modules.are_read)
		modules.are_read = skep_module_btf_list(keep_module, NULL) == 0;
	return index < modules.len ? modules.data[index] : NULL;
}

int skep_module_btf_list(int (*each)(void *data, const char *module), void *data)
{
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	dir = opendir(BTF_DIR);
	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux"))
			r = each(data, entry->d_name);
	closedir(dir);
	return r;
}
