// What Swift cannot reach on Linux: fork, variadic and macro interfaces, signal handlers, and
// system calls without a wrapper in glibc. No logic beyond the calls themselves.
#ifndef CLINUXSHIMS_H
#define CLINUXSHIMS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// epoll, which Swift's Glibc module leaves out. No other header that Glibc has as well belongs
// here: Swift would then look for its types in this module.
#include <sys/epoll.h>
#include <sys/types.h>

// ---- Child processes (spawn.c) ----

// The step of starting a child that failed.
enum clinux_spawn_stage {
  CLINUX_STAGE_GROUP = 1,
  CLINUX_STAGE_DESCRIPTORS = 2,
  CLINUX_STAGE_DIRECTORY = 3,
  CLINUX_STAGE_LIMITS = 4,
  CLINUX_STAGE_CONFINEMENT = 5,
  CLINUX_STAGE_EXECUTION = 6,
  CLINUX_STAGE_WATCH = 7,
};

// What a failed start leaves in the failure pipe, in one write.
struct clinux_spawn_failure {
  int32_t stage;
  int32_t error;
};

struct clinux_spawn_options {
  // An absolute path; there is no search along PATH.
  const char *path;
  // Both end with a null pointer.
  char *const *arguments;
  char *const *environment;
  // The working directory.
  const char *directory;
  // Landlock: the only directories below which the child may change anything; ends with a null
  // pointer. A null pointer here means: no confinement. Ignored where Landlock is absent.
  const char *const *writable;
  // Whether the calls that a file system never sees are told (clinux_watch_receive); where they
  // cannot be, the start fails.
  int watches_calls;
  // RLIMIT_AS in bytes, or 0 for no limit.
  uint64_t memory_limit;
  // RLIMIT_NPROC, or 0 for no limit; ignored for root, to whom it does not apply.
  uint64_t process_limit;
  // A number above 0 that every descendant inherits, and that clinux_process_tag reads back.
  uint64_t tag;
};

// All descriptors are close-on-exec and non-blocking.
struct clinux_spawned {
  pid_t process;
  // Readable once the process has exited.
  int exit;
  int standard_input;
  int standard_output;
  int standard_error;
  // A socket to be read with clinux_receive_report: first a byte with the descriptor of the watch,
  // where there is one; then end-of-file once the program runs, or a clinux_spawn_failure when it
  // could not be started.
  int failure;
};

// Forks and starts a program in a process group of its own, without a terminal. Returns 0, or -1
// with errno. It does not wait for the exec: the child may need answers from a file system that the
// calling thread serves. The child is killed when the calling *thread* ends (PR_SET_PDEATHSIG).
int clinux_spawn(const struct clinux_spawn_options *options, struct clinux_spawned *result);

// The Landlock ABI of this kernel; 0 where it is absent or switched off.
int clinux_landlock_abi(void);

// The tag that a process inherited from clinux_spawn, or 0 when it has none or cannot be asked.
uint64_t clinux_process_tag(pid_t process);

// Sends SIGKILL to a process if it carries `tag`, without a race against the reuse of its number.
// Returns 1 when it was sent, 0 when there is no such process, -1 with errno otherwise.
int clinux_kill_tagged(pid_t process, uint64_t tag);

// Makes this process adopt the orphans among its descendants. Returns 0, or -1 with errno.
int clinux_become_subreaper(void);

// How a process ended, from the status that waitpid gives: 0..255, or -1 if it did not exit.
int clinux_exit_code(int status);
// The signal that ended it, or 0.
int clinux_exit_signal(int status);

// ---- Calls that a file system never sees (watch.c) ----

// What was called.
enum clinux_watched_call {
  CLINUX_CALL_SYNCFS = 1,
  CLINUX_CALL_SYNC = 2,
  CLINUX_CALL_SYNC_FILE_RANGE = 3,
  // posix_fadvise with POSIX_FADV_DONTNEED.
  CLINUX_CALL_DONT_NEED = 4,
  // Memory, semaphores or queues that outlive the process.
  CLINUX_CALL_IPC = 5,
  // A system call of another kind than this program's own, as 32-bit programs make.
  CLINUX_CALL_FOREIGN = 6,
  // A key kept by the kernel.
  CLINUX_CALL_KEY = 7,
};

// A call that waits for its answer.
struct clinux_watched {
  uint64_t id;
  // The thread that waits, by its number in this process's namespace.
  pid_t thread;
  enum clinux_watched_call call;
  uint64_t arguments[6];
};

// In a child before exec: from now on the watched calls of this process and of all its descendants
// wait for an answer; sends the descriptor to `channel`. Returns 0, or -1 with errno.
int clinux_watch_begin(int channel);

// Reads a message of a starting child without waiting. Returns its size, 0 at the end, or -1 with
// errno; `descriptor` is what came with it, or -1.
ssize_t clinux_receive_report(int channel, void *report, size_t size, int *descriptor);

// Takes the next call that waits. Returns 1, 0 when there is none, -1 when none can come any more.
int clinux_watch_receive(int listener, struct clinux_watched *result);

// Whether the caller still waits: what was read about it under /proc was then about it.
int clinux_watch_is_valid(int listener, uint64_t id);

// Answers a call: `goes_on` lets the kernel perform it; else it gives `error`, or 0.
void clinux_watch_answer(int listener, uint64_t id, int error, int goes_on);

// Whether the kernel lets a child be watched: 0, or the errno that says why not.
int clinux_watch_test(void);

// ---- Processors, signals, descriptors (system.c) ----

// Binds the calling thread, and the children it starts from then on. Returns 0, or -1 with errno.
int clinux_pin_to_cpu(int cpu);

// Lets the calling thread, and those it starts, use `count` processors. Returns 0, or -1 with
// errno.
int clinux_allow_cpus(const int *cpus, int count);

// Writes the processors that the calling thread may use, at most `capacity`; returns how many.
int clinux_allowed_cpus(int *cpus, int capacity);

// After this, SIGINT and SIGTERM set a flag and wake whoever polls clinux_interrupt_descriptor; a
// second signal ends the process as if nothing were installed. Returns 0, or -1 with errno.
int clinux_install_interrupt_handler(void);

// The first signal that arrived since the last clinux_clear_interrupt, or 0.
int clinux_interrupted(void);

// Readable from the first signal on; -1 before the handler is installed.
int clinux_interrupt_descriptor(void);

// Forgets a signal (for tests).
void clinux_clear_interrupt(void);

// Writing to a program that is gone then fails with EPIPE instead of ending this process.
void clinux_ignore_broken_pipes(void);

// A timer on the monotonic clock whose descriptor becomes readable. Returns it, or -1 with errno.
int clinux_alarm_create(void);

// Sets it to go off at `moment`, in nanoseconds. Returns 0, or -1 with errno.
int clinux_alarm_set(int alarm, int64_t moment);

// An event counter whose descriptor becomes readable once something was added to it. Returns it, or
// -1 with errno.
int clinux_event_create(void);

// sync_file_range of the whole file, waiting for what it writes. Returns 0, or -1 with errno.
int clinux_sync_file_range(int file);

// openat2: opens the directory `name` in `directory`; never through a symbolic link, and never into
// another file system (EXDEV). Returns a descriptor, or -1 with errno.
int clinux_open_subdirectory(int directory, const char *name);

// ---- Calls on files that Swift's Glibc module leaves out (files.c); each returns as glibc's ----

// renameat2 of two paths.
int clinux_rename(const char *path, const char *target, unsigned flags);

// fallocate.
int clinux_allocate(int file, int mode, int64_t offset, int64_t length);

// getdents64: as many whole entries as fit; 0 at the end.
ssize_t clinux_read_directory(int directory, void *buffer, size_t size);

// copy_file_range at given places; no position moves.
ssize_t clinux_copy_range(int from, int64_t offset, int to, int64_t target, size_t count);

// setxattr, getxattr, listxattr, removexattr.
int clinux_set_attribute(const char *path, const char *name, const void *value, size_t size,
                         int flags);
ssize_t clinux_get_attribute(const char *path, const char *name, void *value, size_t size);
ssize_t clinux_list_attributes(const char *path, char *list, size_t size);
int clinux_remove_attribute(const char *path, const char *name);

// ---- Command line (options.c): getopt_long, whose header Swift's Glibc module leaves out ----

enum {
  CLINUX_OPTION_END = 0,
  CLINUX_OPTION_FOUND = 1,
  CLINUX_OPTION_NO_VALUE = 2,
  CLINUX_OPTION_UNKNOWN = 3,
};

// One step of getopt_long: which option it was, its value, the word it stood in; after the last
// one, where the operands begin (getopt_long has moved them behind the options).
struct clinux_option {
  int which;
  const char *value;
  const char *word;
  int operands;
};

// Reads the next of `count` long options; `first` is not 0 to begin anew. Not for several threads.
int clinux_next_option(int argument_count, char **arguments, const char *const *names,
                       const int *takes_value, int count, int first, struct clinux_option *result);

// ---- Messages of a C library (log.c) ----

// Keeps a message for clinux_captured_message, replacing the one before; one per thread.
void clinux_capture_message(const char *format, va_list arguments);

// The last message captured on this thread, or "".
const char *clinux_captured_message(void);

#endif
