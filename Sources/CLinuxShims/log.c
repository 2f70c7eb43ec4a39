// A va_list can be spent only from C.
#include "CLinuxShims.h"

#include <stdio.h>

static _Thread_local char captured[512];

void clinux_capture_message(const char *format, va_list arguments) {
  (void)vsnprintf(captured, sizeof captured, format, arguments);
}

const char *clinux_captured_message(void) { return captured; }
