/* SPDX-License-Identifier: Apache-2.0 */
#include "live/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/vec.h"
#include "live/family.h"

#define END_WAIT_MS 1000 /* between SIGTERM and SIGKILL */
#define STOP_WAIT_MS 100

/* One word from *p to @out (room for all of it). False: a quote does not close. */
static bool take_word(const char **p, char **out)
{
	char quote = 0;

	for (; **p && (quote || !strchr(" \t\n", **p)); (*p)++) {
		if (!quote && (**p == '\'' || **p == '"')) {
			quote = **p;
		} else if (quote && **p == quote) {
			quote = 0;
		} else if (**p == '\\' && quote != '\'' && (*p)[1] &&
			   (!quote || strchr("\"\\$`", (*p)[1]))) {
			(*p)++;
			*(*out)++ = **p;
		} else {
			*(*out)++ = **p;
		}
	}
	*(*out)++ = '\0';
	return !quote;
}

/* What only a shell understands, as a word of its own; NULL: there is none. */
static const char *shell_word(char *const *words)
{
	static const char *const known[] = {
		"|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1"
	};

	for (; *words; words++)
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (skep_streq(*words, known[i]))
				return *words;
	return NULL;
}

int skep_child_words(const char *command, char ***ret_words)
{
	size_t len = strlen(command), n = 0, max = len / 2 + 2;
	_cleanup_free_ char **words = malloc(max * sizeof(*words) + len + 2);
	char *out;

	if (!words)
		return -ENOMEM;
	out = (char *)(words + max);
	for (;;) {
		command += strspn(command, " \t\n");
		if (!*command)
			break;
		words[n++] = out;
		if (!take_word(&command, &out))
			return -EINVAL;
	}
	words[n] = NULL;
	if (n == 0)
		return -EINVAL;
	*ret_words = TAKE_PTR(words);
	return 0;
}

static bool executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The file that execvp would take: found before anything is attached, so that a typing error costs nothing. */
static int find_program(const char *name, char **ret_path)
{
	const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin", *end;
	_cleanup_free_ char *candidate = NULL;

	if (strchr(name, '/')) {
		if (!executable(name))
			return errno == ENOENT ? -ENOENT : -EACCES;
		*ret_path = strdup(name);
		return *ret_path ? 0 : -ENOMEM;
	}
	for (; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		free(candidate);
		if (asprintf(&candidate, "%.*s%s%s", (int)(end - path), path, end > path ? "/" : "",
			     name) < 0) {
			candidate = NULL;
			return -ENOMEM;
		}
		if (executable(candidate)) {
			*ret_path = TAKE_PTR(candidate);
			return 0;
		}
	}
	return -ENOENT;
}

/* A script without #!: as execvp does it. */
static void exec_by_shell(const char *path, char **words)
{
	char **shell;
	size_t n = 0;

	while (words[n])
		n++;
	shell = calloc(n + 2, sizeof(*shell));
	if (!shell)
		return;
	shell[0] = "/bin/sh";
	shell[1] = (char *)path;
	memcpy(shell + 2, words + 1, n * sizeof(*shell)); /* the NULL at the end, too */
	execv(shell[0], shell);
}

/* In the child: waits for the word, then becomes the program. */
_noreturn_ static void run_child(const struct skep_child *child, const char *path, char **words,
				 int go_fd, int fail_fd)
{
	sigset_t none;
	ssize_t n;
	char c;

	/* Before the wait: what comes behind it is traced, and should be the program's own calls only. */
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A parent that is gone by now shows at the pipe. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (child->to_stderr)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	do
		n = read(go_fd, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1) {
		execv(path, words);
		if (errno == ENOEXEC)
			exec_by_shell(path, words);
		n = write(fail_fd, &(int){ errno }, sizeof(int));
	}
	_exit(127);
}

static int fork_child(struct skep_child *child, const char *path, char **words)
{
	int go[2], fail[2], r;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(fail, O_CLOEXEC) < 0) {
		r = -errno;
		close(go[0]);
		close(go[1]);
		return r;
	}
	child->pid = fork();
	if (child->pid == 0) {
		close(go[1]); /* or our own copy would keep the pipe open when the parent dies */
		close(fail[0]);
		run_child(child, path, words, go[0], fail[1]);
	}
	r = child->pid < 0 ? -errno : 0;
	close(go[0]);
	close(fail[1]);
	child->go_fd = go[1];
	child->fail_fd = fail[0];
	if (r < 0) {
		child->pid = 0;
		skep_child_end(child);
		return r;
	}
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd < 0) {
		r = -errno;
		skep_child_end(child);
		return r;
	}
	return 0;
}

int skep_child_start(struct skep_child *child, const char *command, bool to_stderr,
		     struct skep_diag *diag)
{
	_cleanup_free_ char **words = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	*child = SKEP_CHILD_NONE;
	child->to_stderr = to_stderr;
	r = skep_child_words(command, &words);
	if (r == -EINVAL) {
		skep_diag_error(diag, SKEP_NO_LOC, "the command of -c %s",
				strspn(command, " \t\n") == strlen(command)
					? "is empty"
					: "has a quote that does not close");
		return r;
	}
	if (r < 0)
		return r;
	r = find_program(words[0], &path);
	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot run the command '%s': %s", words[0],
				r == -ENOENT ? "no such program" : strerror(-r));
		skep_diag_hint(diag, r == -ENOENT
					     ? "a command of the shell is run by -c \"sh -c '...'\""
					     : "it is not a file that can be executed");
		return r;
	}
	if (shell_word(words)) {
		skep_diag_warn(diag, SKEP_NO_LOC, "'%s' goes to %s as a word: no shell reads this",
			       shell_word(words), words[0]);
		skep_diag_hint(diag, "a command of the shell is run by -c \"sh -c '...'\"");
	}
	child->name = strdup(words[0]);
	if (!child->name)
		return -ENOMEM;
	r = fork_child(child, path, words);
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC, "cannot start '%s': %s", words[0], strerror(-r));
	return r;
}

int skep_child_release(struct skep_child *child, struct skep_diag *diag)
{
	int error = 0;
	ssize_t n;

	if (!child->pid)
		return 0;
	if (child->hold && ptrace(PTRACE_SEIZE, child->pid, NULL,
				  (void *)(long)(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT)) < 0)
		child->hold = false; /* then names of its functions are lost with it */
	n = write(child->go_fd, "g", 1);
	close(TAKE_FD(child->go_fd));
	if (n != 1)
		return -ESRCH;
	/* The other end closes when the exec succeeds, which costs no time worth mentioning. */
	do
		n = read(child->fail_fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(TAKE_FD(child->fail_fd));
	if (n == sizeof(error)) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot execute '%s': %s", child->name,
				strerror(error));
		return -error;
	}
	return 0;
}

/* A stop of a child that is held: goes on as if nobody watched, but for those that somebody waits for. */
static bool take_stop(struct skep_child *child, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);
	bool group_stop = sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;

	if (event == PTRACE_EVENT_EXEC || event == PTRACE_EVENT_EXIT)
		return true;
	if (event == PTRACE_EVENT_STOP && group_stop)
		ptrace(PTRACE_LISTEN, child->pid, NULL, NULL);
	else
		ptrace(PTRACE_CONT, child->pid, NULL, (void *)(long)(event ? 0 : sig));
	return false;
}

bool skep_child_reap(struct skep_child *child)
{
	int status;

	while (child->pid && !child->ended && waitpid(child->pid, &status, WNOHANG) == child->pid) {
		if (WIFSTOPPED(status)) {
			if (take_stop(child, status))
				return true;
			continue;
		}
		child->status = status;
		child->ended = true;
	}
	return false;
}

void skep_child_go_on(struct skep_child *child)
{
	ptrace(PTRACE_CONT, child->pid, NULL, NULL);
}

/* A tracee can be let go only while it is stopped. */
static void let_go(struct skep_child *child)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, child->pid, NULL, NULL) == 0 &&
	    waitpid(child->pid, &status, 0) == child->pid) {
		if (WIFSTOPPED(status)) {
			ptrace(PTRACE_DETACH, child->pid, NULL, NULL);
		} else {
			child->status = status;
			child->ended = true;
		}
	}
	child->hold = false;
}

/* The command first: a shell whose child ended before it would go on to the next command. */
/* It stops once it leaves the kernel: a fork that is under way is seen then. What hangs there is not waited for. */
static void await_stop(pid_t pid)
{
	siginfo_t info = {};

	for (int i = 0; i < STOP_WAIT_MS; i++) {
		if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid)
			return;
		usleep(1000);
	}
}

static void end_family(struct skep_child *child)
{
	struct pollfd p = { .fd = child->pidfd, .events = POLLIN };
	struct skep_family family;
	int r;

	/* Stopped, none of them starts another one behind the list's back. */
	kill(child->pid, SIGSTOP);
	await_stop(child->pid);
	skep_family_find(child->pid, &family);
	kill(child->pid, SIGTERM);
	skep_family_signal(&family, SIGTERM);
	kill(child->pid, SIGCONT);
	skep_family_signal(&family, SIGCONT);
	do
		r = child->pidfd >= 0 ? poll(&p, 1, END_WAIT_MS) : 0;
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		kill(child->pid, SIGKILL);
	child->ended = waitpid(child->pid, &child->status, 0) == child->pid;
	if (!skep_family_wait(&family, r > 0 ? END_WAIT_MS : 0))
		skep_family_signal(&family, SIGKILL);
	skep_family_fini(&family);
}

void skep_child_end(struct skep_child *child)
{
	skep_closep(&child->go_fd);
	skep_closep(&child->fail_fd);
	child->go_fd = child->fail_fd = -1;
	if (skep_child_reap(child))
		skep_child_go_on(child);
	if (child->pid && !child->ended) {
		child->ended_by_us = true;
		if (child->hold) /* or it would wait for us at each signal */
			let_go(child);
	}
	if (child->pid && !child->ended)
		end_family(child);
	skep_closep(&child->pidfd);
	child->pidfd = -1;
}

void skep_child_fini(struct skep_child *child)
{
	skep_child_end(child);
	free(child->name);
	*child = SKEP_CHILD_NONE;
}

bool skep_child_failure(const struct skep_child *child, struct skep_str *out)
{
	if (!child->pid || !child->ended || child->ended_by_us)
		return false;
	if (WIFEXITED(child->status) && WEXITSTATUS(child->status) != 0)
		skep_str_addf(out, "the command '%s' ended with exit status %d", child->name,
			      WEXITSTATUS(child->status));
	else if (WIFSIGNALED(child->status))
		skep_str_addf(out, "the command '%s' was ended by signal %d (%s)", child->name,
			      WTERMSIG(child->status), strsignal(WTERMSIG(child->status)));
	else
		return false;
	return true;
}
