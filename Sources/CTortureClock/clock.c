// The time of day of a foreign subject: a function of the run's seed, not the machine's clock.
//
// Loaded by LD_PRELOAD into programs that use the C library. TORTURE_CLOCK has the second since
// 1970 at which the clock of each process begins; every reading of it is a millisecond later than
// the one before. Nothing but the time of day is replaced: monotonic clocks, sleeps and timeouts go
// on as they are, and a deadline that a program computed from the time of day is moved to the
// machine's.
//
// Not libfaketime: Debian 12's (0.9.10) makes Python's time.sleep fail with EINVAL and
// sem_timedwait return at once, whether or not it is told to spare monotonic clocks, and leaves two
// files in /dev/shm for every process that is killed. Programs that make system calls without the C
// library (Go, static binaries) see the machine's clock.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define STEP INT64_C(1000000)

// Where the clock begins, in nanoseconds; negative where nothing is replaced.
static int64_t beginning = -1;
static _Atomic int64_t readings;

static int (*real_clock_gettime)(clockid_t, struct timespec *);

// Runs before the program; what is called earlier sees the machine's clock.
__attribute__((constructor)) static void begin(void) {
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  const char *text = getenv("TORTURE_CLOCK");
  char *end = NULL;
  long long seconds = text ? strtoll(text, &end, 10) : -1;
  if (text && *text && *end == '\0' && seconds >= 0 && seconds < INT64_MAX / SECOND)
    beginning = seconds * SECOND;
}

static int real_time(clockid_t clock, struct timespec *time) {
  if (!real_clock_gettime) real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  return real_clock_gettime(clock, time);
}

static int is_of_day(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

static int64_t next_reading(void) { return beginning + STEP * atomic_fetch_add(&readings, 1); }

static struct timespec spec(int64_t nanoseconds) {
  return (struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND};
}

// A deadline by the machine's clock that is as far away as `deadline` is by the replaced one.
static struct timespec moved(const struct timespec *deadline) {
  struct timespec now;
  real_time(CLOCK_REALTIME, &now);
  int64_t count = atomic_load(&readings);
  int64_t replaced = beginning + STEP * (count > 0 ? count - 1 : 0);
  int64_t away = (deadline->tv_sec - replaced / SECOND) * SECOND + deadline->tv_nsec
                 - replaced % SECOND;
  int64_t machine = (int64_t)now.tv_sec * SECOND + now.tv_nsec;
  return spec(away > 0 ? machine + away : machine);
}

// Whether a deadline is one by the time of day that can be moved: the others are left to the C
// library. A machine is not up for 15 years, so that a monotonic deadline is told from one of day.
static int is_moved(const struct timespec *deadline) {
  return beginning >= 0 && deadline && deadline->tv_sec > 500000000
         && deadline->tv_sec < INT32_MAX * 4LL && deadline->tv_nsec >= 0
         && deadline->tv_nsec < SECOND;
}

// MARK: Readings.

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (beginning < 0 || !is_of_day(clock)) return real_time(clock, time);
  *time = spec(next_reading());
  return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  // Declared never to be null, and null in old programs that ask for the zone.
  struct timeval *volatile result = time;
  if (result)
    *result = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  if (zone) *(struct timezone *)zone = (struct timezone){0};
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(struct timespec *result, int base) {
  if (base != TIME_UTC) return 0;
  return clock_gettime(CLOCK_REALTIME, result) == 0 ? base : 0;
}

// MARK: Deadlines by the time of day.

// Calls the C library's function of this name with the deadline moved.
#define WITH_DEADLINE(name, type, version, deadline, ...)                \
  do {                                                                   \
    static type real;                                                    \
    if (!real) real = (type)dlvsym(RTLD_NEXT, name, version);            \
    if (!real) real = (type)dlsym(RTLD_NEXT, name);                      \
    struct timespec other;                                               \
    if (is_moved(deadline)) {                                            \
      other = moved(deadline);                                           \
      deadline = &other;                                                 \
    }                                                                    \
    return real(__VA_ARGS__);                                            \
  } while (0)

int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
    const struct timespec *restrict deadline) {
  typedef int (*function)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  WITH_DEADLINE(
      "pthread_cond_timedwait", function, "GLIBC_2.3.2", deadline, condition, mutex, deadline);
}

int pthread_mutex_timedlock(
    pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
  typedef int (*function)(pthread_mutex_t *, const struct timespec *);
  WITH_DEADLINE("pthread_mutex_timedlock", function, "GLIBC_2.34", deadline, mutex, deadline);
}

int pthread_rwlock_timedrdlock(
    pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline) {
  typedef int (*function)(pthread_rwlock_t *, const struct timespec *);
  WITH_DEADLINE("pthread_rwlock_timedrdlock", function, "GLIBC_2.34", deadline, lock, deadline);
}

int pthread_rwlock_timedwrlock(
    pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline) {
  typedef int (*function)(pthread_rwlock_t *, const struct timespec *);
  WITH_DEADLINE("pthread_rwlock_timedwrlock", function, "GLIBC_2.34", deadline, lock, deadline);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
  typedef int (*function)(sem_t *, const struct timespec *);
  WITH_DEADLINE("sem_timedwait", function, "GLIBC_2.34", deadline, semaphore, deadline);
}

int clock_nanosleep(
    clockid_t clock, int flags, const struct timespec *request, struct timespec *remaining) {
  typedef int (*function)(clockid_t, int, const struct timespec *, struct timespec *);
  static function real;
  if (!real) real = (function)dlsym(RTLD_NEXT, "clock_nanosleep");
  struct timespec other;
  if ((flags & TIMER_ABSTIME) && is_of_day(clock) && is_moved(request)) {
    other = moved(request);
    request = &other;
  }
  return real(clock, flags, request, remaining);
}

int timerfd_settime(
    int timer, int flags, const struct itimerspec *value, struct itimerspec *old) {
  typedef int (*function)(int, int, const struct itimerspec *, struct itimerspec *);
  static function real;
  if (!real) real = (function)dlsym(RTLD_NEXT, "timerfd_settime");
  struct itimerspec other;
  if ((flags & TFD_TIMER_ABSTIME) && value && is_moved(&value->it_value)) {
    other = *value;
    other.it_value = moved(&value->it_value);
    value = &other;
  }
  return real(timer, flags, value, old);
}

int timer_settime(
    timer_t timer, int flags, const struct itimerspec *restrict value,
    struct itimerspec *restrict old) {
  typedef int (*function)(timer_t, int, const struct itimerspec *, struct itimerspec *);
  static function real;
  if (!real) real = (function)dlvsym(RTLD_NEXT, "timer_settime", "GLIBC_2.34");
  if (!real) real = (function)dlsym(RTLD_NEXT, "timer_settime");
  struct itimerspec other;
  if ((flags & TIMER_ABSTIME) && value && is_moved(&value->it_value)) {
    other = *value;
    other.it_value = moved(&value->it_value);
    value = &other;
  }
  return real(timer, flags, value, old);
}
