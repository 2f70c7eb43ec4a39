// Starting a subject. Swift cannot do this: nothing of its runtime may run between fork and exec,
// and posix_spawn offers neither PR_SET_PDEATHSIG nor resource limits nor Landlock.
#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Landlock's interface, spelt out: the headers of Debian 12 end at ABI 2.
// Source: include/uapi/linux/landlock.h of Linux 6.18.
struct ruleset_attributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

struct path_beneath_attributes {
  uint64_t allowed_access;
  int32_t parent_fd;
} __attribute__((packed));

enum {
  LL_VERSION = 1 << 0,
  LL_PATH_BENEATH = 1,
  LL_WRITE_FILE = 1 << 1,
  LL_MAKE_CHAR = 1 << 6,
  LL_MAKE_BLOCK = 1 << 11,
  // From REMOVE_DIR (1 << 4) to MAKE_SYM (1 << 12): everything that changes a directory.
  LL_CHANGE_DIRECTORY = 0x1ff0,
  LL_REFER = 1 << 13,     // ABI 2
  LL_TRUNCATE = 1 << 14,  // ABI 3
  LL_SCOPES = 3,          // ABI 6: abstract sockets, signals
};

// The tag is a limit that means nothing to an ordinary thread (RLIMIT_RTTIME, the run time of a
// real-time thread) and is inherited across fork, exec and setsid, unlike a process group.
static const uint64_t tag_base = UINT64_C(1) << 61;
static const uint64_t tag_limit = UINT64_C(1) << 60;

int clinux_landlock_abi(void) {
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_VERSION);
  return abi > 0 ? (int)abi : 0;
}

static int allow(int ruleset, const char *path, uint64_t access) {
  int descriptor = open(path, O_PATH | O_CLOEXEC);
  if (descriptor < 0) return -1;
  struct path_beneath_attributes rule = {.allowed_access = access, .parent_fd = descriptor};
  long result = syscall(SYS_landlock_add_rule, ruleset, LL_PATH_BENEATH, &rule, 0);
  close(descriptor);
  return (int)result;
}

static int confine(const char *const *writable) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  int abi = clinux_landlock_abi();
  if (abi == 0) return 0;
  uint64_t file_access = LL_WRITE_FILE | (abi >= 3 ? LL_TRUNCATE : 0);
  uint64_t handled = file_access | LL_CHANGE_DIRECTORY | (abi >= 2 ? LL_REFER : 0);
  struct ruleset_attributes attributes = {
      .handled_access_fs = handled, .scoped = abi >= 6 ? LL_SCOPES : 0};
  // An older kernel refuses bytes it does not know unless they are zero, which these then are.
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (ruleset < 0) return -1;
  uint64_t below = handled & ~(uint64_t)(LL_MAKE_CHAR | LL_MAKE_BLOCK);
  for (const char *const *path = writable; *path != NULL; path++) {
    if (allow(ruleset, *path, below) != 0) return -1;
  }
  static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full"};
  for (size_t index = 0; index < sizeof devices / sizeof devices[0]; index++) {
    // A container may lack one of them.
    if (allow(ruleset, devices[index], file_access) != 0 && errno != ENOENT) return -1;
  }
  long result = syscall(SYS_landlock_restrict_self, ruleset, 0);
  close(ruleset);
  return (int)result;
}

static int limit(__rlimit_resource_t resource, uint64_t value) {
  struct rlimit both = {.rlim_cur = value, .rlim_max = value};
  return setrlimit(resource, &both);
}

static int set_limits(const struct clinux_spawn_options *options) {
  if (limit(RLIMIT_CORE, 0) != 0) return -1;
  // Raising these may be refused where a lower hard limit was inherited; that limit then stands.
  (void)limit(RLIMIT_FSIZE, RLIM_INFINITY);
  if (options->tag != 0) (void)limit(RLIMIT_RTTIME, tag_base + options->tag);
  if (options->process_limit != 0 && geteuid() != 0 &&
      limit(RLIMIT_NPROC, options->process_limit) != 0) {
    return -1;
  }
  if (options->memory_limit != 0 && limit(RLIMIT_AS, options->memory_limit) != 0) return -1;
  return 0;
}

// Puts the four descriptors at 0, 1, 2 and 3 and closes all others: a subject must not hold another
// subject's pipes or a mount's device. Copies above 9 first, as any of the four may stand in the
// way.
static int arrange_descriptors(int input, int output, int error, int failure) {
  int source[4] = {input, output, error, failure};
  for (int index = 0; index < 4; index++) {
    source[index] = fcntl(source[index], F_DUPFD_CLOEXEC, 10);
    if (source[index] < 0) return -1;
  }
  for (int index = 0; index < 3; index++) {
    if (dup2(source[index], index) < 0) return -1;
  }
  if (dup3(source[3], 3, O_CLOEXEC) < 0) return -1;
  return (int)syscall(SYS_close_range, 4U, ~0U, 0U);
}

static void reset_signals(void) {
  // The kernel's struct sigaction, all zero: the default action. Not glibc's call, which refuses
  // the two signals it keeps for itself, though they may be inherited as ignored like any other.
  static const uint64_t standard[8];
  for (int number = 1; number <= 64; number++) {
    (void)syscall(SYS_rt_sigaction, number, standard, NULL, sizeof(uint64_t));
  }
  static const uint64_t none;
  (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

// A process group of its own, without a terminal: Ctrl-C is for the harness. No session of its own:
// Linux schedules each session as a group (autogroup), and switching between two groups costs a
// tenth of all disk operations a second (measured on 6.18).
static int leave_group(void) {
  if (setpgid(0, 0) != 0) return -1;
  int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal >= 0) {
    (void)ioctl(terminal, TIOCNOTTY);
    close(terminal);
  }
  return 0;
}

static _Noreturn void give_up(int descriptor, int stage) {
  struct clinux_spawn_failure failure = {.stage = stage, .error = errno};
  ssize_t written = write(descriptor, &failure, sizeof failure);
  (void)written;
  _exit(127);
}

// The child between fork and exec: async-signal-safe calls only.
static _Noreturn void run_child(
    const struct clinux_spawn_options *options, pid_t parent, const int theirs[4]) {
  int failure = theirs[3];
  // Before anything that may wait: a child whose parent is gone must not linger.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(failure, CLINUX_STAGE_GROUP);
  if (getppid() != parent) _exit(127);
  if (leave_group() != 0) give_up(failure, CLINUX_STAGE_GROUP);
  if (arrange_descriptors(theirs[0], theirs[1], theirs[2], failure) != 0) {
    give_up(failure, CLINUX_STAGE_DESCRIPTORS);
  }
  failure = 3;
  reset_signals();
  (void)umask(022);
  if (chdir(options->directory) != 0) give_up(failure, CLINUX_STAGE_DIRECTORY);
  if (options->writable != NULL && confine(options->writable) != 0) {
    give_up(failure, CLINUX_STAGE_CONFINEMENT);
  }
  if (set_limits(options) != 0) give_up(failure, CLINUX_STAGE_LIMITS);
  if (options->watches_calls && clinux_watch_begin(failure) != 0) {
    give_up(failure, CLINUX_STAGE_WATCH);
  }
  (void)execve(options->path, options->arguments, options->environment);
  give_up(failure, CLINUX_STAGE_EXECUTION);
}

static void close_all(const int *descriptors, int count) {
  for (int index = 0; index < count; index++) {
    if (descriptors[index] >= 0) close(descriptors[index]);
  }
}

// Three pipes, [n][0] reads and [n][1] writes, and a pair of sockets for the report, over which a
// descriptor can come. Ours become non-blocking; theirs stay as programs expect.
static int make_pipes(int pipes[4][2]) {
  for (int index = 0; index < 4; index++) {
    int result = index < 3 ? pipe2(pipes[index], O_CLOEXEC)
                           : socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pipes[index]);
    if (result != 0) return -1;
    int ours = index == 0 ? pipes[index][1] : pipes[index][0];
    if (fcntl(ours, F_SETFL, O_NONBLOCK) != 0) return -1;
  }
  return 0;
}

int clinux_spawn(const struct clinux_spawn_options *options, struct clinux_spawned *result) {
  int pipes[4][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
  if (make_pipes(pipes) != 0) {
    int error = errno;
    close_all(&pipes[0][0], 8);
    errno = error;
    return -1;
  }
  const int theirs[4] = {pipes[0][0], pipes[1][1], pipes[2][1], pipes[3][1]};
  const int ours[4] = {pipes[0][1], pipes[1][0], pipes[2][0], pipes[3][0]};
  pid_t parent = getpid();
  // No handler of ours may run in the child, where it would act on the shared wake-up descriptor.
  sigset_t all, before;
  sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t process = fork();
  if (process == 0) run_child(options, parent, theirs);
  int error = errno;
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  close_all(theirs, 4);
  if (process < 0) {
    close_all(ours, 4);
    errno = error;
    return -1;
  }
  int exit_descriptor = (int)syscall(SYS_pidfd_open, process, 0);
  if (exit_descriptor < 0) {
    error = errno;
    (void)kill(process, SIGKILL);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR) continue;
    close_all(ours, 4);
    errno = error;
    return -1;
  }
  *result = (struct clinux_spawned){
      .process = process,
      .exit = exit_descriptor,
      .standard_input = ours[0],
      .standard_output = ours[1],
      .standard_error = ours[2],
      .failure = ours[3],
  };
  return 0;
}

uint64_t clinux_process_tag(pid_t process) {
  struct rlimit value;
  if (prlimit(process, RLIMIT_RTTIME, NULL, &value) != 0) return 0;
  if (value.rlim_max <= tag_base || value.rlim_max - tag_base >= tag_limit) return 0;
  return value.rlim_max - tag_base;
}

int clinux_kill_tagged(pid_t process, uint64_t tag) {
  int descriptor = (int)syscall(SYS_pidfd_open, process, 0);
  if (descriptor < 0) return errno == ESRCH || errno == EINVAL ? 0 : -1;
  int result = 0;
  // The descriptor pins the process: if the number still carries the tag, it is the same process.
  if (clinux_process_tag(process) == tag) {
    result = syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, NULL, 0) == 0 ? 1 : -1;
    if (result < 0 && errno == ESRCH) result = 0;
  }
  int error = errno;
  close(descriptor);
  errno = error;
  return result;
}

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int clinux_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

int clinux_exit_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
