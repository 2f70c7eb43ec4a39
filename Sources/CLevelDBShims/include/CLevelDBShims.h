// LevelDB for Swift: its C interface has no way to say where the informational LOG goes, which
// holds times of day and thread numbers, so that no two runs would write the same bytes.
#ifndef CLEVELDB_SHIMS_H
#define CLEVELDB_SHIMS_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct cleveldb cleveldb;
typedef struct cleveldb_batch cleveldb_batch;
typedef struct cleveldb_iterator cleveldb_iterator;

// How a call went; the message of a failure is the caller's to free.
typedef enum {
  cleveldb_ok,
  cleveldb_absent,
  cleveldb_corrupt,
  cleveldb_invalid,
  cleveldb_failed
} cleveldb_kind;
typedef struct {
  cleveldb_kind kind;
  char *message;
} cleveldb_status;

cleveldb_status cleveldb_open(const char *path, size_t write_buffer_bytes, cleveldb **result);
void cleveldb_close(cleveldb *database);

cleveldb_batch *cleveldb_batch_create(void);
void cleveldb_batch_put(
    cleveldb_batch *batch, const void *key, size_t key_bytes, const void *value, size_t bytes);
void cleveldb_batch_delete(cleveldb_batch *batch, const void *key, size_t key_bytes);
void cleveldb_batch_destroy(cleveldb_batch *batch);
cleveldb_status cleveldb_write(cleveldb *database, cleveldb_batch *batch, int sync);

// The value is the caller's to free.
cleveldb_status cleveldb_get(
    cleveldb *database, const void *key, size_t key_bytes, void **value, size_t *bytes);
void cleveldb_compact(cleveldb *database);

cleveldb_iterator *cleveldb_iterator_create(cleveldb *database);
int cleveldb_iterator_is_valid(const cleveldb_iterator *iterator);
void cleveldb_iterator_next(cleveldb_iterator *iterator);
const void *cleveldb_iterator_key(const cleveldb_iterator *iterator, size_t *bytes);
const void *cleveldb_iterator_value(const cleveldb_iterator *iterator, size_t *bytes);
// How the iteration went, and the end of the iterator.
cleveldb_status cleveldb_iterator_destroy(cleveldb_iterator *iterator);

#ifdef __cplusplus
}
#endif
#endif
