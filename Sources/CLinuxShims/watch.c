// System calls that a FUSE server never sees, by a seccomp filter with user notification: the
// filter in the child, and the other end of it here. Swift's Glibc module has neither the macros
// nor the structures.
// Source: Documentation/userspace-api/seccomp_filter.rst, "Userspace Notification".
#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system calls of this architecture are not known here"
#endif

// POSIX_FADV_DONTNEED: the only advice that changes what the disk will hold.
enum { ADVICE_DONT_NEED = 4 };

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)
// Answers `action` where the loaded value is `value`, else goes on.
#define ON(value, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), ANSWER(action)

// Tells of the calls to be watched; returns the descriptor on which, or -1 with errno.
static int install(int watches_ipc) {
  uint32_t ipc = watches_ipc ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
  struct sock_filter filter[] = {
      LOAD(arch),
      // Another kind of system calls (32-bit ones): whatever it is, it is not understood here.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0),
      ANSWER(SECCOMP_RET_USER_NOTIF),
      LOAD(nr),
#if defined(__x86_64__)
      // The x32 kind, whose numbers have this bit.
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
      ANSWER(SECCOMP_RET_USER_NOTIF),
#endif
      ON(SYS_syncfs, SECCOMP_RET_USER_NOTIF),
      ON(SYS_sync, SECCOMP_RET_USER_NOTIF),
      ON(SYS_sync_file_range, SECCOMP_RET_USER_NOTIF),
      // Its operations would pass by every filter; programs do without where the kernel has none.
      ON(SYS_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS),
      ON(SYS_add_key, SECCOMP_RET_USER_NOTIF),
      ON(SYS_shmget, ipc),
      ON(SYS_msgget, ipc),
      ON(SYS_semget, ipc),
      ON(SYS_mq_open, ipc),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fadvise64, 1, 0),
      ANSWER(SECCOMP_RET_ALLOW),
      // The low half of a number on a little-endian machine.
      LOAD(args[3]),
      ON(ADVICE_DONT_NEED, SECCOMP_RET_USER_NOTIF),
      ANSWER(SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
  // A handled signal must not repeat a call that was already told (Linux 5.19).
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                          flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (listener < 0 && errno == EINVAL) {
    listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  }
  return (int)listener;
}

static int send_descriptor(int channel, int descriptor) {
  char byte = 0;
  struct iovec content = {.iov_base = &byte, .iov_len = 1};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &content,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int clinux_watch_begin(int channel) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  // Shared memory, semaphores and queues of System V and POSIX outlive a process: in a namespace of
  // the child's own they end with it. Where that is not allowed, their use is told.
  int has_namespace = unshare(CLONE_NEWIPC) == 0;
  int listener = install(!has_namespace);
  if (listener < 0) return -1;
  int result = send_descriptor(channel, listener);
  int error = errno;
  close(listener);
  errno = error;
  return result;
}

ssize_t clinux_receive_report(int channel, void *report, size_t size, int *descriptor) {
  *descriptor = -1;
  struct iovec content = {.iov_base = report, .iov_len = size};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {.msg_iov = &content,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t count = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) return -1;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
      memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    }
  }
  return count;
}

static enum clinux_watched_call kind_of(const struct seccomp_data *data) {
  if (data->arch != NATIVE_ARCHITECTURE) return CLINUX_CALL_FOREIGN;
  switch (data->nr) {
    case SYS_syncfs: return CLINUX_CALL_SYNCFS;
    case SYS_sync: return CLINUX_CALL_SYNC;
    case SYS_sync_file_range: return CLINUX_CALL_SYNC_FILE_RANGE;
    case SYS_fadvise64: return CLINUX_CALL_DONT_NEED;
    case SYS_shmget:
    case SYS_msgget:
    case SYS_semget:
    case SYS_mq_open: return CLINUX_CALL_IPC;
    case SYS_add_key: return CLINUX_CALL_KEY;
    default: return CLINUX_CALL_FOREIGN;
  }
}

int clinux_watch_receive(int listener, struct clinux_watched *result) {
  struct pollfd entry = {.fd = listener, .events = POLLIN};
  if (poll(&entry, 1, 0) < 0) return errno == EINTR ? 0 : -1;
  if ((entry.revents & POLLIN) == 0) return (entry.revents & (POLLHUP | POLLERR)) != 0 ? -1 : 0;
  struct seccomp_notif notification;
  memset(&notification, 0, sizeof notification);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) {
    // The caller was killed meanwhile.
    return errno == ENOENT || errno == EINTR ? 0 : -1;
  }
  result->id = notification.id;
  result->thread = (pid_t)notification.pid;
  result->call = kind_of(&notification.data);
  for (int index = 0; index < 6; index++) result->arguments[index] = notification.data.args[index];
  return 1;
}

int clinux_watch_is_valid(int listener, uint64_t id) {
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

void clinux_watch_answer(int listener, uint64_t id, int error, int goes_on) {
  struct seccomp_notif_resp response = {
      .id = id,
      .error = goes_on ? 0 : -error,
      .flags = goes_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
  };
  // Where the caller was killed meanwhile nobody waits for it.
  (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int clinux_watch_test(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  pid_t process = fork();
  if (process == 0) _exit(clinux_watch_begin(ends[1]) == 0 ? 0 : errno & 0xff);
  int error = errno;
  close(ends[0]);
  close(ends[1]);
  if (process < 0) return error;
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}
