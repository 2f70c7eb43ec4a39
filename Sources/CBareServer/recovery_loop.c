// The bare loop of recoveries: what the target `fuse` does for a crash state, without anything that
// knows what a crash state is. One thread serves the mount and waits for the subject's answers; the
// subject makes the calls of a script.
#define _GNU_SOURCE
#define FUSE_USE_VERSION 314
#include "recovery_loop.h"
#include "CBareServer.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>

enum { STATE_LIMIT = 64, CALL_LIMIT = 8192, DESCRIPTION_LIMIT = 256, BUFFER = 256 << 10 };

enum kind {
  ENTER, LIST, BARRIER, LEAVE, OPEN, CREATE, REMOVE, RENAME, SIZE, READ, WRITE, SYNC, CLOSE, ANSWER,
  REQUEST, ROUND,
};

struct call {
  enum kind kind;
  char name[64];
  char target[64];
  long file, offset, count;
};

static struct world states[STATE_LIMIT];
static int first_call[STATE_LIMIT + 1];
static int state_count;
static struct call calls[CALL_LIMIT];
static int call_count;
static char buffer[BUFFER];

static int read_line(const char *line) {
  static const struct { const char *word; enum kind kind; } words[] = {
      {"enter", ENTER}, {"list", LIST}, {"barrier", BARRIER}, {"leave", LEAVE}, {"open", OPEN},
      {"create", CREATE}, {"remove", REMOVE}, {"rename", RENAME}, {"size", SIZE}, {"read", READ},
      {"write", WRITE}, {"sync", SYNC}, {"close", CLOSE}, {"answer", ANSWER},
      {"request", REQUEST}, {"round", ROUND},
  };
  char word[16] = "", name[64] = "", target[64] = "";
  long size = 0;
  sscanf(line, "%15s", word);
  if (strcmp(word, "state") == 0) {
    if (state_count == STATE_LIMIT) return -1;
    first_call[state_count++] = call_count;
    return 0;
  }
  if (state_count == 0) return -1;
  if (strcmp(word, "file") == 0) {
    struct world *state = &states[state_count - 1];
    if (state->count == BARE_FILE_LIMIT) return -1;
    struct bare_file *file = &state->files[state->count++];
    if (sscanf(line, "file %63s %ld", file->name, &size) != 2) return -1;
    file->size = (size_t)size;
    return 0;
  }
  for (size_t index = 0; index < sizeof words / sizeof *words; index++) {
    if (strcmp(word, words[index].word) != 0) continue;
    if (call_count == CALL_LIMIT) return -1;
    struct call *call = &calls[call_count++];
    *call = (struct call){.kind = words[index].kind};
    switch (call->kind) {
      case OPEN: case CREATE: case REMOVE: case RENAME:
        sscanf(line, "%*s %63s %63s", name, target);
        strcpy(call->name, name);
        strcpy(call->target, target);
        break;
      case ANSWER: case REQUEST: sscanf(line, "%*s %ld", &call->count); break;
      default:
        sscanf(line, "%*s %ld %ld %ld", &call->file, &call->offset, &call->count);
        break;
    }
    return call->count <= BUFFER && call->file < DESCRIPTION_LIMIT ? 0 : -1;
  }
  return -1;
}

static int read_script(const char *script) {
  state_count = call_count = 0;
  memset(states, 0, sizeof states);
  while (*script) {
    const char *end = strchrnul(script, '\n');
    char line[256];
    size_t length = (size_t)(end - script);
    if (length >= sizeof line) return -1;
    memcpy(line, script, length);
    line[length] = 0;
    if (length && read_line(line) != 0) return -1;
    script = *end ? end + 1 : end;
  }
  first_call[state_count] = call_count;
  return state_count > 0 ? 0 : -1;
}

// ---- The subject ----

// Reads until so many bytes of requests were read.
static int take(long *left) {
  while (*left > 0) {
    ssize_t count = read(0, buffer, (size_t)(*left < BUFFER ? *left : BUFFER));
    if (count <= 0) return -1;
    *left -= count;
  }
  return 0;
}

// Makes the calls of one round from call `next` on; the call behind them, or -1.
static int make_round(int next, int end, const char *path) {
  int files[DESCRIPTION_LIMIT], opened = 0, root = -1, directory = -1;
  struct stat status;
  long left = 0;
  for (int index = next; index < end && calls[index].kind != ROUND; index++) {
    if (calls[index].kind == REQUEST) left += calls[index].count;
  }
  if (take(&left) != 0) return -1;
  for (; next < end && calls[next].kind != ROUND; next++) {
    const struct call *call = &calls[next];
    switch (call->kind) {
      case ENTER:
        root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        directory = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) return -1;
        flock(directory, LOCK_EX | LOCK_NB);
        break;
      case LIST:
        while (getdents64(directory, buffer, 16 << 10) > 0) {}
        break;
      case BARRIER: fsync(directory); break;
      case LEAVE:
        flock(directory, LOCK_UN);
        close(root);
        close(directory);
        break;
      case OPEN: case CREATE:
        files[opened] = openat(
            root, call->name,
            O_RDWR | O_CLOEXEC | (call->kind == OPEN ? 0 : O_CREAT | O_EXCL), 0666);
        if (files[opened++] < 0) return -1;
        break;
      case REMOVE: unlinkat(root, call->name, 0); break;
      case RENAME: renameat(root, call->name, root, call->target); break;
      case SIZE: fstat(files[call->file], &status); break;
      case READ: (void)!pread(files[call->file], buffer, call->count, call->offset); break;
      case WRITE: (void)!pwrite(files[call->file], buffer, call->count, call->offset); break;
      case SYNC: fdatasync(files[call->file]); break;
      case CLOSE: close(files[call->file]); break;
      case ANSWER:
        memset(buffer, ' ', (size_t)call->count);
        buffer[call->count - 1] = '\n';
        if (write(1, buffer, (size_t)call->count) != call->count) return -1;
        break;
      case REQUEST: case ROUND: break;
    }
  }
  return next;
}

static void be_subject(const char *directory) {
  for (uint64_t number = 1;; number++) {
    char path[4200];
    snprintf(path, sizeof path, "%s/w%llu", directory, (unsigned long long)number);
    int state = (int)((number - 1) % (uint64_t)state_count);
    int next = first_call[state];
    while (next < first_call[state + 1]) {
      next = make_round(next + 1, first_call[state + 1], path);
      if (next < 0) _exit(1);
    }
  }
}

// ---- The loop ----

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct loop {
  struct fuse_session *session;
  struct fuse_buf requests;
  int poll, input, output;
};

// Serves the mount until so many bytes of answers have come.
static int await(struct loop *loop, long bytes) {
  while (bytes > 0) {
    struct epoll_event events[4];
    int count = epoll_wait(loop->poll, events, 4, 10000);
    if (count <= 0) return -1;
    for (int index = 0; index < count; index++) {
      if (events[index].data.fd == loop->output) {
        ssize_t got = read(loop->output, buffer, BUFFER);
        if (got <= 0) return -1;
        bytes -= got;
        continue;
      }
      while (fuse_session_receive_buf(loop->session, &loop->requests) > 0) {
        fuse_session_process_buf(loop->session, &loop->requests);
      }
    }
  }
  return 0;
}

static int recover(struct loop *loop, int state, uint64_t number) {
  bare_show(&states[state], number);
  int end = first_call[state + 1];
  for (int next = first_call[state]; next < end;) {
    long requests = 0, answers = 0;
    for (next++; next < end && calls[next].kind != ROUND; next++) {
      if (calls[next].kind == REQUEST) requests += calls[next].count;
      if (calls[next].kind == ANSWER) answers += calls[next].count;
    }
    if (write(loop->input, buffer, (size_t)requests) != requests) return -1;
    if (await(loop, answers) != 0) return -1;
  }
  return 0;
}

static double run(struct loop *loop, double seconds) {
  struct epoll_event event = {.events = EPOLLIN};
  loop->poll = epoll_create1(EPOLL_CLOEXEC);
  int mount = fuse_session_fd(loop->session);
  fcntl(mount, F_SETFL, fcntl(mount, F_GETFL) | O_NONBLOCK);
  for (int index = 0; index < 2; index++) {
    event.data.fd = index ? loop->output : mount;
    if (epoll_ctl(loop->poll, EPOLL_CTL_ADD, event.data.fd, &event) != 0) return -1;
  }
  double begun = now(), passed = 0;
  uint64_t number = 0;
  while (passed < seconds) {
    number++;
    if (recover(loop, (int)((number - 1) % (uint64_t)state_count), number) != 0) return -1;
    passed = now() - begun;
  }
  return (double)number / passed;
}

double cbare_recover(const char *directory, const char *script, double seconds) {
  int requests[2] = {-1, -1}, answers[2] = {-1, -1};
  double rate = -1;
  if (read_script(script) != 0) return -2;
  struct loop loop = {.session = bare_mount(directory)};
  if (!loop.session) return -1;
  int are_made = pipe2(requests, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0;
  loop.input = requests[1];
  loop.output = answers[0];
  pid_t subject = are_made ? fork() : -1;
  if (subject == 0) {
    dup2(requests[0], 0);
    dup2(answers[1], 1);
    for (int descriptor = 3; descriptor < 256; descriptor++) close(descriptor);
    be_subject(directory);
  }
  close(requests[0]);
  close(answers[1]);
  if (subject > 0) rate = run(&loop, seconds);
  int failure = errno;
  // A subject that waits for the mount ends once that is gone.
  if (subject > 0) kill(subject, SIGKILL);
  fuse_session_unmount(loop.session);
  if (subject > 0) waitpid(subject, NULL, 0);
  fuse_session_destroy(loop.session);
  free(loop.requests.mem);
  close(loop.input);
  close(loop.output);
  if (loop.poll > 0) close(loop.poll);
  errno = failure;
  return rate;
}
