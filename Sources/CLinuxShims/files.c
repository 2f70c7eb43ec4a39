// Calls on files that Swift's Glibc module leaves out.
#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

int clinux_rename(const char *path, const char *target, unsigned flags) {
  return renameat2(AT_FDCWD, path, AT_FDCWD, target, flags);
}

int clinux_allocate(int file, int mode, int64_t offset, int64_t length) {
  return fallocate(file, mode, offset, length);
}

ssize_t clinux_read_directory(int directory, void *buffer, size_t size) {
  return getdents64(directory, buffer, size);
}

ssize_t clinux_copy_range(int from, int64_t offset, int to, int64_t target, size_t count) {
  off64_t source_place = offset, target_place = target;
  return copy_file_range(from, &source_place, to, &target_place, count, 0);
}

int clinux_set_attribute(const char *path, const char *name, const void *value, size_t size,
                         int flags) {
  return setxattr(path, name, value, size, flags);
}

ssize_t clinux_get_attribute(const char *path, const char *name, void *value, size_t size) {
  return getxattr(path, name, value, size);
}

ssize_t clinux_list_attributes(const char *path, char *list, size_t size) {
  return listxattr(path, list, size);
}

int clinux_remove_attribute(const char *path, const char *name) { return removexattr(path, name); }
