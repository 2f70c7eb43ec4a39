// Processors (macros), signal handlers (no Swift may run in one), timerfd (not in Swift's Glibc
// module) and openat2 (no wrapper in glibc).
#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int clinux_pin_to_cpu(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) {
    errno = EINVAL;
    return -1;
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set);
}

int clinux_allow_cpus(const int *cpus, int count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int index = 0; index < count; index++) {
    if (cpus[index] < 0 || cpus[index] >= CPU_SETSIZE) {
      errno = EINVAL;
      return -1;
    }
    CPU_SET(cpus[index], &set);
  }
  return sched_setaffinity(0, sizeof set, &set);
}

int clinux_allowed_cpus(int *cpus, int capacity) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  int count = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE && count < capacity; cpu++) {
    if (CPU_ISSET(cpu, &set)) cpus[count++] = cpu;
  }
  return count;
}

static atomic_int interrupt_signal;
static atomic_int interrupt_descriptor = -1;

static void interrupt_arrived(int number) {
  int error = errno;
  int none = 0;
  if (atomic_compare_exchange_strong(&interrupt_signal, &none, number)) {
    uint64_t one = 1;
    ssize_t written = write(atomic_load(&interrupt_descriptor), &one, sizeof one);
    (void)written;
  } else {
    // The user asked twice: end at once, with the status that the signal gives.
    signal(number, SIG_DFL);
    raise(number);
  }
  errno = error;
}

int clinux_install_interrupt_handler(void) {
  if (atomic_load(&interrupt_descriptor) < 0) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return -1;
    int none = -1;
    if (!atomic_compare_exchange_strong(&interrupt_descriptor, &none, descriptor)) {
      close(descriptor);
    }
  }
  // Without SA_RESTART: a wait that the signal interrupts returns, and its caller looks at the
  // flag.
  struct sigaction action = {.sa_handler = interrupt_arrived};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGINT, &action, NULL) != 0) return -1;
  return sigaction(SIGTERM, &action, NULL);
}

int clinux_interrupted(void) { return atomic_load(&interrupt_signal); }

int clinux_interrupt_descriptor(void) { return atomic_load(&interrupt_descriptor); }

void clinux_clear_interrupt(void) {
  uint64_t count;
  int descriptor = atomic_load(&interrupt_descriptor);
  if (descriptor >= 0) {
    ssize_t ignored = read(descriptor, &count, sizeof count);
    (void)ignored;
  }
  atomic_store(&interrupt_signal, 0);
}

void clinux_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

int clinux_alarm_create(void) {
  return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

int clinux_alarm_set(int alarm, int64_t moment) {
  // Zero would switch it off; a moment that has passed makes it go off at once.
  if (moment < 1) moment = 1;
  struct itimerspec value = {
      .it_value = {.tv_sec = moment / 1000000000, .tv_nsec = moment % 1000000000}};
  return timerfd_settime(alarm, TFD_TIMER_ABSTIME, &value, NULL);
}

int clinux_event_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_sync_file_range(int file) {
  return sync_file_range(
      file, 0, 0,
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

int clinux_open_subdirectory(int directory, const char *name) {
  struct open_how how = {
      .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
      .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
  };
  return (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
}
