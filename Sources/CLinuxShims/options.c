// Long options by glibc's getopt_long: a macro-laden header and global state, kept in one place.
#define _GNU_SOURCE
#include <getopt.h>
#include <string.h>

#include "CLinuxShims.h"

enum { CAPACITY = 64 };

int clinux_next_option(int argument_count, char **arguments, const char *const *names,
                       const int *takes_value, int count, int first, struct clinux_option *result) {
  struct option table[CAPACITY + 1];
  memset(table, 0, sizeof table);
  memset(result, 0, sizeof *result);
  if (count > CAPACITY) return CLINUX_OPTION_UNKNOWN;
  for (int index = 0; index < count; index += 1) {
    table[index].name = names[index];
    table[index].has_arg = takes_value[index] ? required_argument : no_argument;
    table[index].val = 1;
  }
  if (first) optind = 0;
  opterr = 0;
  int which = -1;
  int found = getopt_long(argument_count, arguments, ":", table, &which);
  if (optind > 0 && optind <= argument_count) result->word = arguments[optind - 1];
  result->operands = optind;
  if (found == -1) return CLINUX_OPTION_END;
  if (found == ':') return CLINUX_OPTION_NO_VALUE;
  if (found != 1 || which < 0) return CLINUX_OPTION_UNKNOWN;
  result->which = which;
  result->value = optarg;
  return CLINUX_OPTION_FOUND;
}
