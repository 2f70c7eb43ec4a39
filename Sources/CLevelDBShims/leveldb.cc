#include "CLevelDBShims.h"

#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/write_batch.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace {

class NoLog : public leveldb::Logger {
 public:
  void Logv(const char *, std::va_list) override {}
};

NoLog no_log;

cleveldb_status status_of(const leveldb::Status &status) {
  if (status.ok()) return {cleveldb_ok, nullptr};
  cleveldb_kind kind = cleveldb_failed;
  if (status.IsNotFound()) kind = cleveldb_absent;
  if (status.IsCorruption()) kind = cleveldb_corrupt;
  if (status.IsInvalidArgument()) kind = cleveldb_invalid;
  return {kind, strdup(status.ToString().c_str())};
}

leveldb::Slice slice(const void *bytes, size_t count) {
  return leveldb::Slice(static_cast<const char *>(bytes), count);
}

}  // namespace

struct cleveldb {
  std::unique_ptr<leveldb::DB> database;
};
struct cleveldb_batch {
  leveldb::WriteBatch batch;
};
struct cleveldb_iterator {
  std::unique_ptr<leveldb::Iterator> iterator;
};

cleveldb_status cleveldb_open(const char *path, size_t write_buffer_bytes, cleveldb **result) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = write_buffer_bytes;
  options.info_log = &no_log;
  leveldb::DB *database = nullptr;
  leveldb::Status status = leveldb::DB::Open(options, path, &database);
  if (status.ok()) *result = new cleveldb{std::unique_ptr<leveldb::DB>(database)};
  return status_of(status);
}

void cleveldb_close(cleveldb *database) { delete database; }

cleveldb_batch *cleveldb_batch_create(void) { return new cleveldb_batch; }

void cleveldb_batch_put(
    cleveldb_batch *batch, const void *key, size_t key_bytes, const void *value, size_t bytes) {
  batch->batch.Put(slice(key, key_bytes), slice(value, bytes));
}

void cleveldb_batch_delete(cleveldb_batch *batch, const void *key, size_t key_bytes) {
  batch->batch.Delete(slice(key, key_bytes));
}

void cleveldb_batch_destroy(cleveldb_batch *batch) { delete batch; }

cleveldb_status cleveldb_write(cleveldb *database, cleveldb_batch *batch, int sync) {
  leveldb::WriteOptions options;
  options.sync = sync != 0;
  return status_of(database->database->Write(options, &batch->batch));
}

cleveldb_status cleveldb_get(
    cleveldb *database, const void *key, size_t key_bytes, void **value, size_t *bytes) {
  std::string found;
  leveldb::Status status =
      database->database->Get(leveldb::ReadOptions(), slice(key, key_bytes), &found);
  if (status.ok()) {
    *bytes = found.size();
    *value = std::malloc(found.size() + 1);
    std::memcpy(*value, found.data(), found.size());
  }
  return status_of(status);
}

void cleveldb_compact(cleveldb *database) { database->database->CompactRange(nullptr, nullptr); }

cleveldb_iterator *cleveldb_iterator_create(cleveldb *database) {
  auto *iterator = new cleveldb_iterator{
      std::unique_ptr<leveldb::Iterator>(database->database->NewIterator(leveldb::ReadOptions()))};
  iterator->iterator->SeekToFirst();
  return iterator;
}

int cleveldb_iterator_is_valid(const cleveldb_iterator *iterator) {
  return iterator->iterator->Valid();
}

void cleveldb_iterator_next(cleveldb_iterator *iterator) { iterator->iterator->Next(); }

const void *cleveldb_iterator_key(const cleveldb_iterator *iterator, size_t *bytes) {
  leveldb::Slice key = iterator->iterator->key();
  *bytes = key.size();
  return key.data();
}

const void *cleveldb_iterator_value(const cleveldb_iterator *iterator, size_t *bytes) {
  leveldb::Slice value = iterator->iterator->value();
  *bytes = value.size();
  return value.data();
}

cleveldb_status cleveldb_iterator_destroy(cleveldb_iterator *iterator) {
  cleveldb_status status = status_of(iterator->iterator->status());
  delete iterator;
  return status;
}
