// What the store's benches are held against: bare loops in C, RocksDB and SQLite. The two libraries
// are loaded when a bench asks for them, so that nothing else needs them.
#ifndef CPEERS_H
#define CPEERS_H

#include <stddef.h>
#include <stdint.h>

// Each returns the seconds it took, or a negative number: -1 failed (errno), -2 not installed.

// Appends `count` records of `bytes` to `descriptor`: checksums each (CRC32C, ISA-L), copies it to
// a buffer of 64 KiB, and writes the buffer when it is full.
double cpeers_append(int descriptor, const void *record, size_t bytes, uint64_t count);

// Writes `count` records of `bytes` to a file that was written before, each with an fdatasync.
double cpeers_append_synced(int descriptor, const void *record, size_t bytes, uint64_t count);

// Writes the first `bytes` of `descriptor` with zeros and syncs them.
double cpeers_fill(int descriptor, uint64_t bytes);

// Puts `count` values of `bytes` under ascending keys of 16 bytes into a new RocksDB at `path`,
// without compression; with `sync` each put is synced.
double cpeers_rocksdb_fill(
    const char *path, const void *value, size_t bytes, uint64_t count, int sync);

// Inserts `count` values of `bytes` into a new SQLite database at `path` in WAL mode with
// synchronous=FULL, a transaction each.
double cpeers_sqlite_fill(const char *path, const void *value, size_t bytes, uint64_t count);

#endif
