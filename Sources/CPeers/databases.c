#define _GNU_SOURCE
#include "CPeers.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void *load(const char *const *names) {
  for (; *names; names++) {
    void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    if (library) return library;
  }
  return NULL;
}

// The parts of RocksDB's C interface (rocksdb/c.h) that are used.
struct rocksdb {
  void *(*options_create)(void);
  void (*options_set_create_if_missing)(void *, unsigned char);
  void (*options_set_compression)(void *, int);
  void *(*open)(const void *, const char *, char **);
  void *(*writeoptions_create)(void);
  void (*writeoptions_set_sync)(void *, unsigned char);
  void (*put)(void *, const void *, const char *, size_t, const char *, size_t, char **);
  void (*close)(void *);
};

static int load_rocksdb(struct rocksdb *api) {
  static const char *const names[] = {
      "librocksdb.so", "librocksdb.so.9", "librocksdb.so.8", "librocksdb.so.7.8",
      "librocksdb.so.7", NULL};
  void *library = load(names);
  if (!library) return 0;
  api->options_create = dlsym(library, "rocksdb_options_create");
  api->options_set_create_if_missing = dlsym(library, "rocksdb_options_set_create_if_missing");
  api->options_set_compression = dlsym(library, "rocksdb_options_set_compression");
  api->open = dlsym(library, "rocksdb_open");
  api->writeoptions_create = dlsym(library, "rocksdb_writeoptions_create");
  api->writeoptions_set_sync = dlsym(library, "rocksdb_writeoptions_set_sync");
  api->put = dlsym(library, "rocksdb_put");
  api->close = dlsym(library, "rocksdb_close");
  return api->options_create && api->options_set_create_if_missing &&
         api->options_set_compression && api->open && api->writeoptions_create &&
         api->writeoptions_set_sync && api->put && api->close;
}

double cpeers_rocksdb_fill(
    const char *path, const void *value, size_t bytes, uint64_t count, int sync) {
  struct rocksdb api;
  if (!load_rocksdb(&api)) return -2;
  void *options = api.options_create();
  api.options_set_create_if_missing(options, 1);
  api.options_set_compression(options, 0);
  char *error = NULL;
  void *database = api.open(options, path, &error);
  if (error) return -1;
  void *how = api.writeoptions_create();
  api.writeoptions_set_sync(how, (unsigned char)sync);
  double begun = now();
  for (uint64_t number = 0; number < count && !error; number++) {
    char key[17];
    snprintf(key, sizeof key, "%016llu", (unsigned long long)number);
    api.put(database, how, key, 16, value, bytes, &error);
  }
  double seconds = now() - begun;
  api.close(database);
  return error ? -1 : seconds;
}

// The parts of SQLite's interface (sqlite3.h) that are used.
struct sqlite {
  int (*open)(const char *, void **);
  int (*exec)(void *, const char *, void *, void *, char **);
  int (*prepare)(void *, const char *, int, void **, const char **);
  int (*bind_blob)(void *, int, const void *, int, void (*)(void *));
  int (*step)(void *);
  int (*reset)(void *);
  int (*finalize)(void *);
  int (*close)(void *);
};

enum { SQLITE_STEP_DONE = 101 };

static int load_sqlite(struct sqlite *api) {
  static const char *const names[] = {"libsqlite3.so.0", "libsqlite3.so", NULL};
  void *library = load(names);
  if (!library) return 0;
  api->open = dlsym(library, "sqlite3_open");
  api->exec = dlsym(library, "sqlite3_exec");
  api->prepare = dlsym(library, "sqlite3_prepare_v2");
  api->bind_blob = dlsym(library, "sqlite3_bind_blob");
  api->step = dlsym(library, "sqlite3_step");
  api->reset = dlsym(library, "sqlite3_reset");
  api->finalize = dlsym(library, "sqlite3_finalize");
  api->close = dlsym(library, "sqlite3_close");
  return api->open && api->exec && api->prepare && api->bind_blob && api->step && api->reset &&
         api->finalize && api->close;
}

double cpeers_sqlite_fill(const char *path, const void *value, size_t bytes, uint64_t count) {
  struct sqlite api;
  if (!load_sqlite(&api)) return -2;
  void *database = NULL;
  void *statement = NULL;
  if (api.open(path, &database) != 0) return -1;
  int failed =
      api.exec(
          database,
          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
          "CREATE TABLE records (id INTEGER PRIMARY KEY, value BLOB);",
          NULL, NULL, NULL) != 0 ||
      api.prepare(database, "INSERT INTO records (value) VALUES (?)", -1, &statement, NULL) != 0;
  double begun = now();
  for (uint64_t number = 0; number < count && !failed; number++) {
    failed = api.bind_blob(statement, 1, value, (int)bytes, NULL) != 0 ||
             api.step(statement) != SQLITE_STEP_DONE || api.reset(statement) != 0;
  }
  double seconds = now() - begun;
  if (statement) api.finalize(statement);
  api.close(database);
  return failed ? -1 : seconds;
}
