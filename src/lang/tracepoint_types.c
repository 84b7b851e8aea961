/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of an event from the kernel's types alone: `struct trace_event_raw_CLASS` is its record. The class has
 * the event's name, or is the one whose __bpf_trace_CLASS() takes what btf_trace_EVENT does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "isa/arch.h"
#include "lang/provider/syscalls.h"
#include "lang/syscall_table.h"
#include "lang/tracepoint.h"

#define RECORD "trace_event_raw_"
#define CALLER "__bpf_trace_"
#define EVENT "btf_trace_"
#define NAME_MAX_LEN 128
#define ALIKE_MIN \
	3 /* so many letters of the names must be the same for one class to be chosen of several */

/*
 * Arguments of system calls whose prototypes are not among the types, because the compiler has inlined them: a letter for the
 * type, then the name.
 */
static const char arguments[] =
	"accept ifd pupeer_sockaddr pupeer_addrlen\n"
	"access sfilename imode\n"
	"chdir sfilename\n"
	"chmod sfilename mmode\n"
	"chown sfilename uuser ugroup\n"
	"chroot sfilename\n"
	"clock_gettime iwhich_clock ttp\n"
	"clock_nanosleep iwhich_clock iflags trqtp trmtp\n"
	"clock_settime iwhich_clock ptp\n"
	"close ufd\n"
	"dup ufildes\n"
	"dup2 uoldfd unewfd\n"
	"epoll_create1 iflags\n"
	"epoll_ctl iepfd iop ifd pevent\n"
	"epoll_pwait iepfd pevents imaxevents itimeout psigmask nsigsetsize\n"
	"epoll_wait iepfd pevents imaxevents itimeout\n"
	"eventfd2 ucount iflags\n"
	"execve sfilename vargv venvp\n"
	"execveat ifd sfilename vargv venvp iflags\n"
	"exit ierror_code\n"
	"exit_group ierror_code\n"
	"faccessat idfd sfilename imode\n"
	"faccessat2 idfd sfilename imode iflags\n"
	"fadvise64 ifd loffset nlen iadvice\n"
	"fchdir ufd\n"
	"fchmod ufd mmode\n"
	"fchmodat idfd sfilename mmode\n"
	"fchmodat2 idfd sfilename mmode uflags\n"
	"fchownat idfd sfilename uuser ugroup iflag\n"
	"fcntl ufd ucmd narg\n"
	"fdatasync ufd\n"
	"fgetxattr ifd sname pvalue nsize\n"
	"fsetxattr ifd sname pvalue nsize iflags\n"
	"fsync ufd\n"
	"ftruncate ufd llength\n"
	"futex puaddr iop uval putime puaddr2 uval3\n"
	"getdents ufd pdirent ucount\n"
	"getdents64 ufd pdirent ucount\n"
	"getrandom subuf nlen uflags\n"
	"getrlimit uresource prlim\n"
	"getxattr spathname sname pvalue nsize\n"
	"inotify_add_watch ifd spathname umask\n"
	"io_getevents nctx_id lmin_nr lnr pevents ttimeout\n"
	"io_submit nctx_id lnr piocbpp\n"
	"io_uring_setup uentries pparams\n"
	"ioctl ufd ucmd narg\n"
	"kill ipid isig\n"
	"landlock_add_rule iruleset_fd irule_type prule_attr uflags\n"
	"lgetxattr spathname sname pvalue nsize\n"
	"link soldname snewname\n"
	"linkat iolddfd soldname inewdfd snewname iflags\n"
	"listxattr spathname slist nsize\n"
	"lsetxattr spathname sname pvalue nsize iflags\n"
	"madvise nstart nlen_in ibehavior\n"
	"mbind nstart nlen nmode pnmask nmaxnode uflags\n"
	"membarrier icmd uflags icpu_id\n"
	"mkdir spathname mmode\n"
	"mkdirat idfd spathname mmode\n"
	"mknod sfilename mmode udev\n"
	"mknodat idfd sfilename mmode udev\n"
	"mlock nstart nlen\n"
	"mmap naddr nlen nprot nflags nfd noff\n"
	"mount sdev_name sdir_name stype nflags pdata\n"
	"mprotect nstart nlen nprot\n"
	"munlock nstart nlen\n"
	"munmap naddr nlen\n"
	"name_to_handle_at idfd sname phandle pmnt_id iflag\n"
	"nanosleep trqtp trmtp\n"
	"open sfilename iflags mmode\n"
	"open_by_handle_at imountdirfd phandle iflags\n"
	"open_tree idfd sfilename uflags\n"
	"openat idfd sfilename iflags mmode\n"
	"openat2 idfd sfilename hhow nusize\n"
	"pidfd_getfd ipidfd ifd uflags\n"
	"pidfd_open ipid uflags\n"
	"pidfd_send_signal ipidfd isig pinfo uflags\n"
	"pipe pfildes\n"
	"pipe2 pfildes iflags\n"
	"pkey_mprotect nstart nlen nprot ipkey\n"
	"poll pufds unfds itimeout_msecs\n"
	"ppoll pufds unfds ptsp psigmask nsigsetsize\n"
	"preadv nfd pvec nvlen npos_l npos_h\n"
	"preadv2 nfd pvec nvlen npos_l npos_h iflags\n"
	"process_vm_readv ipid plvec nliovcnt prvec nriovcnt nflags\n"
	"process_vm_writev ipid plvec nliovcnt prvec nriovcnt nflags\n"
	"pselect6 in pinp poutp pexp ttsp psig\n"
	"ptrace lrequest lpid naddr ndata\n"
	"pwritev nfd pvec nvlen npos_l npos_h\n"
	"pwritev2 nfd pvec nvlen npos_l npos_h iflags\n"
	"readlink spath sbuf ibufsiz\n"
	"readlinkat idfd spathname sbuf ibufsiz\n"
	"readv nfd pvec nvlen\n"
	"removexattr spathname sname\n"
	"rename soldname snewname\n"
	"renameat iolddfd soldname inewdfd snewname\n"
	"renameat2 iolddfd soldname inewdfd snewname uflags\n"
	"rmdir spathname\n"
	"rt_sigaction isig pact poact nsigsetsize\n"
	"rt_sigprocmask ihow pnset poset nsigsetsize\n"
	"rt_sigqueueinfo ipid isig puinfo\n"
	"rt_sigtimedwait puthese puinfo puts nsigsetsize\n"
	"rt_tgsigqueueinfo itgid ipid isig puinfo\n"
	"sched_setaffinity ipid ulen puser_mask_ptr\n"
	"sched_setattr ipid puattr uflags\n"
	"sched_setscheduler ipid ipolicy pparam\n"
	"seccomp uop uflags puargs\n"
	"select in pinp poutp pexp ptvp\n"
	"sendfile64 iout_fd iin_fd poffset ncount\n"
	"set_mempolicy imode pnmask nmaxnode\n"
	"sethostname sname ilen\n"
	"setitimer iwhich pvalue povalue\n"
	"setrlimit uresource prlim\n"
	"setsockopt ifd ilevel ioptname soptval ioptlen\n"
	"settimeofday ptv ptz\n"
	"setxattr spathname sname pvalue nsize iflags\n"
	"shmat ishmid sshmaddr ishmflg\n"
	"splice ifd_in poff_in ifd_out poff_out nlen uflags\n"
	"statx idfd sfilename uflags umask pbuffer\n"
	"symlink soldname snewname\n"
	"symlinkat soldname inewdfd snewname\n"
	"syncfs ifd\n"
	"syslog itype sbuf ilen\n"
	"tee ifdin ifdout nlen uflags\n"
	"tgkill itgid ipid isig\n"
	"timerfd_settime iufd iflags putmr potmr\n"
	"tkill ipid isig\n"
	"truncate spath llength\n"
	"umask imask\n"
	"umount sname iflags\n"
	"unlink spathname\n"
	"unlinkat idfd spathname iflag\n"
	"userfaultfd iflags\n"
	"utimensat idfd sfilename tutimes iflags\n"
	"writev nfd pvec nvlen\n";

static const char *type_of(char letter)
{
	switch (letter) {
	case 'i':
		return "int ";
	case 'u':
		return "unsigned int ";
	case 'l':
		return "long ";
	case 'm':
		return "umode_t ";
	case 's':
		return "const char *";
	case 'v':
		return "const char *const *";
	case 't':
		return "struct __kernel_timespec *";
	case 'h':
		return "struct open_how *";
	case 'p':
		return "void *";
	default:
		return "unsigned long ";
	}
}

static bool find_named(const struct skep_btf *btf, enum skep_btf_kind kind, const char *prefix,
		       const char *name, uint32_t *ret_id)
{
	char full[NAME_MAX_LEN];

	return (size_t)snprintf(full, sizeof(full), "%s%s", prefix, name) < sizeof(full) &&
	       skep_btf_find(btf, full, kind, ret_id) == 0;
}

static void add_field(struct skep_str *out, const char *decl, uint32_t offset, uint32_t size,
		      bool is_signed)
{
	skep_str_addf(out, "field:%s;\toffset:%u;\tsize:%u;\tsigned:%d;\n", decl, offset, size,
		      is_signed);
}

/* --- system calls ------------------------------------------------------------------------------------------- */

/* The call behind "sys_enter_X" or "sys_exit_X" is one of this kernel. */
static const char *call_of(const struct skep_btf *btf, const char *event, bool *ret_exit)
{
	static const char *const prefixes[] = { "__x64_sys_", "__arm64_sys_", "__se_sys_",
						"__do_sys_" };
	const char *name;
	uint32_t id;

	*ret_exit = skep_has_prefix(event, "sys_exit_");
	if (!*ret_exit && !skep_has_prefix(event, "sys_enter_"))
		return NULL;
	name = event + strlen(*ret_exit ? "sys_exit_" : "sys_enter_");
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (find_named(btf, SKEP_BTF_FUNC, prefixes[i], name, &id))
			return name;
	return NULL;
}

static void add_argument(struct skep_str *out, unsigned i, const char *decl)
{
	add_field(out, decl, 16 + i * 8, 8, false);
}

static bool add_known(const char *call, struct skep_str *out)
{
	size_t len = strlen(call);
	const char *at = arguments;

	for (; *at; at = strchr(at, '\n') + 1) {
		if (strncmp(at, call, len) != 0 || (at[len] != ' ' && at[len] != '\n'))
			continue;
		at += len;
		for (unsigned i = 0; *at == ' '; i++) {
			size_t n = strcspn(at + 2, " \n");
			char decl[NAME_MAX_LEN];

			snprintf(decl, sizeof(decl), "%s%.*s", type_of(at[1]), (int)n, at + 2);
			add_argument(out, i, decl);
			at += 2 + n;
		}
		return true;
	}
	return false;
}

/* No argument of the call: it has none, or its function is told more. */
static bool is_inner(const char *name)
{
	static const char *const names[] = { "__unused", "forbid_cmsg_compat", "timeout32",
					     "version" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(name, names[i]))
			return true;
	return false;
}

/* From the function that does the work, when it has as many parameters as a call can have. */
static bool add_prototype(const struct skep_btf *btf, const char *call, struct skep_str *out)
{
	static const char *const prefixes[] = { "__do_sys_", "ksys_", "__sys_" };
	struct skep_btf_param param;
	uint32_t id, proto;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (!find_named(btf, SKEP_BTF_FUNC, prefixes[i], call, &id) ||
		    skep_btf_proto(btf, id, &proto) < 0 ||
		    skep_btf_type(btf, proto).vlen > SKEP_SYSCALL_ARGS_MAX)
			continue;
		for (uint32_t k = 0; skep_btf_param(btf, proto, k, &param) == 0; k++) {
			_cleanup_(skep_str_fini)
			struct skep_str decl = {};

			if (is_inner(param.name))
				break;
			skep_btf_format_decl(btf, param.type, param.name, &decl);
			add_argument(out, k, skep_str_text(&decl));
		}
		return true;
	}
	return false;
}

static void describe_call(const struct skep_btf *btf, const char *call, bool is_exit,
			  struct skep_str *out)
{
	add_field(out, "int __syscall_nr", 8, 4, true);
	if (is_exit)
		add_field(out, "long ret", 16, 8, true);
	else if (!add_known(call, out) && !add_prototype(btf, call, out))
		for (unsigned i = 0; i < SKEP_SYSCALL_ARGS_MAX; i++) {
			char decl[32];

			snprintf(decl, sizeof(decl), "unsigned long arg%u", i);
			add_argument(out, i, decl);
		}
}

/* --- all others --------------------------------------------------------------------------------------------- */

static bool same_parameters(const struct skep_btf *btf, uint32_t a, uint32_t b)
{
	struct skep_btf_param x, y;

	if (skep_btf_type(btf, a).vlen != skep_btf_type(btf, b).vlen)
		return false;
	for (uint32_t i = 0; skep_btf_param(btf, a, i, &x) == 0; i++)
		if (skep_btf_param(btf, b, i, &y) < 0 || x.type != y.type)
			return false;
	return true;
}

static size_t alike(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

struct choice {
	uint32_t record;
	const char *name;
	size_t n, alike;
	bool is_tie;
};

static void consider(struct choice *c, const char *class, const char *event, uint32_t record)
{
	size_t n = alike(class, event);

	c->is_tie = c->n && n == c->alike;
	if (!c->n++ || n > c->alike) {
		c->record = record;
		c->name = class;
		c->alike = n;
	}
}

/* Of the only one nobody doubts; of several the one with the most alike name. */
static bool is_clear(const struct choice *c)
{
	return c->n == 1 || (c->n && !c->is_tie && c->alike >= ALIKE_MIN);
}

/* Classes that are no events of their own come first: those of one event are seldom lent to others. */
static int find_class(const struct skep_btf *btf, const char *event, uint32_t *ret_record,
		      const char **ret_class)
{
	struct choice shared = {}, own = {}, *best = &shared;
	uint32_t id = 0, proto, other, record;

	if (!find_named(btf, SKEP_BTF_TYPEDEF, EVENT, event, &id) ||
	    skep_btf_proto(btf, id, &proto) < 0)
		return -ENOENT;
	for (id = 0; (id = skep_btf_next(btf, id, SKEP_BTF_FUNC));) {
		const char *name = skep_btf_name(btf, id);
		uint32_t same;

		if (!skep_has_prefix(name, CALLER))
			continue;
		name += strlen(CALLER);
		if (skep_btf_proto(btf, id, &other) < 0 || !same_parameters(btf, proto, other) ||
		    !find_named(btf, SKEP_BTF_STRUCT, RECORD, name, &record))
			continue;
		consider(find_named(btf, SKEP_BTF_TYPEDEF, EVENT, name, &same) ? &own : &shared,
			 name, event, record);
	}
	if (!best->n)
		best = &own;
	if (!is_clear(best))
		return -ENODATA;
	*ret_record = best->record;
	*ret_class = best->name;
	return 0;
}

static void add_member(const struct skep_btf *btf, const struct skep_btf_member *m,
		       struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str decl = {};
	struct skep_btf_type type = skep_btf_type(btf, skep_btf_strip(btf, m->type, true));
	uint32_t size, offset = (uint32_t)(m->bit_offset / 8);

	/* Of what has no fixed length the types do not say what it consists of: mostly it is text. */
	if (skep_has_prefix(m->name, "__data_loc_"))
		skep_str_addf(&decl, "__data_loc char[] %s", m->name + strlen("__data_loc_"));
	else if (skep_has_prefix(m->name, "__rel_loc_"))
		skep_str_addf(&decl, "__rel_loc char[] %s", m->name + strlen("__rel_loc_"));
	else
		skep_btf_format_decl(btf, m->type, m->name, &decl);
	if (strchr(skep_str_text(&decl), '(')) {
		skep_str_reset(&decl);
		skep_str_addf(&decl, "void *%s", m->name);
	}
	if (skep_btf_size(btf, m->type, &size) == 0 && size)
		add_field(out, skep_str_text(&decl), offset, size, type.is_signed);
}

static void describe_record(const struct skep_btf *btf, uint32_t record, struct skep_str *out)
{
	struct skep_btf_member m;

	for (uint32_t i = 0; skep_btf_member(btf, record, i, &m) == 0; i++)
		if (m.name[0] && !skep_streq(m.name, "ent") && !skep_streq(m.name, "__data"))
			add_member(btf, &m, out);
}

int skep_tracepoint_describe(const struct skep_btf *btf, const char *category, const char *event,
			     struct skep_str *out, const char **ret_class)
{
	const char *class = event, *call;
	uint32_t record = 0;
	bool is_exit;
	int r;

	if (skep_streq(category, "syscalls")) {
		call = call_of(btf, event, &is_exit);
		if (!call)
			return -ENOENT;
		add_field(out, "int common_pid", 4, 4, true);
		describe_call(btf, call, is_exit, out);
		*ret_class = event;
		return 0;
	}
	r = find_named(btf, SKEP_BTF_STRUCT, RECORD, event, &record)
		    ? 0
		    : find_class(btf, event, &record, &class);
	if (r < 0)
		return r;
	add_field(out, "int common_pid", 4, 4, true);
	describe_record(btf, record, out);
	*ret_class = class;
	return 0;
}

int skep_tracepoint_known(const struct skep_btf *btf, const char *category, const char *glob,
			  int (*each)(void *data, const char *path), void *data)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {};
	const char *event;
	uint32_t id = 0;
	bool is_exit;
	int r = 0;

	if (strchr(category, '*'))
		return -ENODATA;
	if (!skep_streq(category, "syscalls")) {
		while (r == 0 && (id = skep_btf_next(btf, id, SKEP_BTF_TYPEDEF))) {
			event = skep_btf_name(btf, id);
			if (!skep_has_prefix(event, EVENT) ||
			    !skep_glob_match(glob, event + strlen(EVENT)))
				continue;
			skep_str_reset(&path);
			skep_str_addf(&path, "%s/%s", category, event + strlen(EVENT));
			r = each(data, skep_str_text(&path));
		}
		return r == 0 && strchr(glob, '*') ? -ENODATA : r;
	}
	for (int i = 0; r == 0 && i < 2 * SKEP_SYSCALL_MAX; i++) {
		const char *call = skep_arch() ? skep_syscall_name(skep_arch()->name, i / 2) : NULL;

		skep_str_reset(&path);
		skep_str_addf(&path, "syscalls/sys_%s_%s", i % 2 ? "exit" : "enter",
			      call ? call : "");
		event = skep_str_text(&path) + strlen("syscalls/");
		if (call && skep_glob_match(glob, event) && call_of(btf, event, &is_exit))
			r = each(data, skep_str_text(&path));
	}
	return r;
}
