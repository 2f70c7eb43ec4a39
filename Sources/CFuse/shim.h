// libfuse's low-level API at one version. `_FILE_OFFSET_BITS` is left out on purpose: defining it
// breaks the import beside Glibc, and on 64-bit Linux `off_t` is 64 bits wide without it.
#ifndef CFUSE_SHIM_H
#define CFUSE_SHIM_H
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

// Of CLinuxShims, which everything that imports this module links as well.
extern void clinux_capture_message(const char *format, va_list arguments);

static inline void cfuse_capture(
    enum fuse_log_level level, const char *format, va_list arguments) {
  (void)level;
  clinux_capture_message(format, arguments);
}

// Keeps libfuse's messages from standard error. In C, as Swift imports a va_list differently on
// each processor.
static inline void cfuse_capture_log(void) { fuse_set_log_func(cfuse_capture); }
#endif
