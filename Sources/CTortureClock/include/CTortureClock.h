// Loaded into a foreign subject by LD_PRELOAD; see clock.c. It exports functions of the C library
// and has none of its own.
#ifndef C_TORTURE_CLOCK_H
#define C_TORTURE_CLOCK_H
#endif
