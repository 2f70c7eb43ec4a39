/* A store that holds: an array in memory, and a file that every change is appended to.
 *
 *     cc -O2 -Wall -o example_store example_store.c -lm -lpthread
 *     torture run --subject-command ./example_store
 *
 * The file "log" is a sequence of frames: length, CRC-32, changes. The first is a snapshot, which
 * begins with the log's number; each other is a list of changes that happen together. A change is
 * answered when its frame is synced. The CRC covers where a frame lies and which log it belongs to,
 * so that old bytes of a disk are never taken for new ones. `open` writes what it read to another
 * file, syncs it, renames it over the old one and syncs the directory: cutting a torn tail off in
 * place would trust what a failed fsync left in the cache. After an error it writes no more. */
#include "torture_subject.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct {
  pthread_mutex_t lock;
  torture_record *records;
  int count;
  int file, has_failed;
  unsigned long number, end;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER, .file = -1};

static void append(torture_out *out, const void *bytes, size_t length) {
  torture_put(out, bytes, length);
}

static unsigned crc32(unsigned crc, const void *bytes, size_t length) {
  const unsigned char *p = bytes;
  for (crc = ~crc; length--; p++) {
    crc ^= *p;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320 & -(crc & 1));
  }
  return ~crc;
}

static unsigned checksum(unsigned long log, unsigned long offset, const char *body, size_t length) {
  unsigned long where[] = {log, offset, length};
  return crc32(crc32(0, where, sizeof where), body, length);
}

/* A change as bytes: what it is, four lengths, and the parts. */
static void encode(torture_out *out, const torture_change *change) {
  const torture_record *r = &change->record;
  unsigned head[] = {(unsigned)change->is_delete, (unsigned)r->space.length, (unsigned)r->id.length,
                     (unsigned)r->metadata.length, (unsigned)r->dimension};
  append(out, head, sizeof head);
  append(out, r->space.bytes, r->space.length);
  append(out, r->id.bytes, r->id.length);
  append(out, r->metadata.bytes, r->metadata.length);
  append(out, r->vector, (size_t)r->dimension * sizeof(float));
}

static int is_same(torture_text a, torture_text b) {
  return a.length == b.length && !memcmp(a.bytes, b.bytes, a.length);
}

static torture_text copy(torture_text text) {
  char *bytes = malloc(text.length + 1);
  memcpy(bytes, text.bytes, text.length);
  bytes[text.length] = 0;
  return (torture_text){bytes, text.length};
}

static torture_record *find(torture_text space, torture_text id) {
  for (int i = 0; i < store.count; i++)
    if (is_same(store.records[i].id, id) && is_same(store.records[i].space, space))
      return &store.records[i];
  return NULL;
}

static void forget(torture_record *record) {
  free((void *)record->space.bytes), free((void *)record->id.bytes);
  free((void *)record->metadata.bytes), free((void *)record->vector);
}

static void apply(const torture_change *change) {
  const torture_record *new = &change->record;
  torture_record *record = find(new->space, new->id);
  if (record) {
    forget(record);
    *record = store.records[--store.count];
  }
  if (change->is_delete) return;
  store.records = realloc(store.records, (size_t)(store.count + 1) * sizeof *store.records);
  size_t size = (size_t)new->dimension * sizeof(float);
  float *vector = malloc(size + 1);
  memcpy(vector, new->vector, size);
  store.records[store.count++] = (torture_record){
    copy(new->space), copy(new->id), copy(new->metadata), vector, new->dimension};
}

/* Applies the changes of a frame's body. */
static void replay(const char *p, const char *end) {
  while (p < end) {
    unsigned head[5];
    memcpy(head, p, sizeof head);
    const char *id = p + sizeof head + head[1], *metadata = id + head[2];
    const char *vector = metadata + head[3];
    float *floats = malloc(head[4] * sizeof(float) + 1);
    memcpy(floats, vector, head[4] * sizeof(float));
    torture_change change = {(int)head[0], {{p + sizeof head, head[1]}, {id, head[2]},
      {metadata, head[3]}, floats, (int)head[4]}};
    apply(&change);
    free(floats);
    p = vector + head[4] * sizeof(float);
  }
}

/* Where the frame at `at` ends, its body being behind its first eight bytes; 0 where none is. */
static size_t frame_end(const torture_out *log, unsigned long number, size_t at) {
  unsigned head[2];
  if (at + sizeof head > log->length) return 0;
  memcpy(head, log->bytes + at, sizeof head);
  const char *body = log->bytes + at + sizeof head;
  if (head[0] > log->length - at - sizeof head) return 0;
  return head[1] == checksum(number, at, body, head[0]) ? at + sizeof head + head[0] : 0;
}

/* Writes the frame of `body` at `offset`; 0, or -1 with errno. */
static int write_frame(int file, unsigned long log, unsigned long offset, const torture_out *body) {
  unsigned head[] = {(unsigned)body->length, checksum(log, offset, body->bytes, body->length)};
  torture_out frame = {0};
  append(&frame, head, sizeof head);
  append(&frame, body->bytes, body->length);
  ssize_t count = 0;
  for (size_t done = 0; done < frame.length && count >= 0; done += (size_t)count) {
    count = pwrite(file, frame.bytes + done, frame.length - done, (off_t)(offset + done));
    if (count < 0 && errno == EINTR) count = 0;
  }
  free(frame.bytes);
  return count < 0 ? -1 : 0;
}

static const char *kind_of_error(void) {
  return errno == ENOSPC || errno == EDQUOT ? "full" : "io";
}

/* Fills the array from the log's bytes. */
static const char *load(const torture_out *log) {
  size_t end = frame_end(log, 0, 0);
  if (!end) return "corrupt";
  memcpy(&store.number, log->bytes + 8, sizeof store.number);
  replay(log->bytes + 8 + sizeof store.number, log->bytes + end);
  for (size_t next; (next = frame_end(log, store.number, end)); end = next)
    replay(log->bytes + end + 8, log->bytes + next);
  /* A frame is begun when the one before is synced: behind a torn one there is none. */
  for (size_t at = end + 1; at < log->length; at++)
    if (frame_end(log, store.number, at)) return "corrupt";
  return NULL;
}

static const char *read_log(const char *path) {
  int file = open(path, O_RDONLY);
  if (file < 0) return errno == ENOENT ? NULL : "io";
  torture_out log = {0};
  char block[65536];
  ssize_t count;
  while ((count = pread(file, block, sizeof block, (off_t)log.length)) > 0)
    append(&log, block, (size_t)count);
  const char *kind = count < 0 ? "io" : load(&log);
  close(file);
  free(log.bytes);
  return kind;
}

/* A new log with everything that is there, complete before it has the name. */
static int begin_log(const char *directory, const char *path) {
  char new[4200];
  snprintf(new, sizeof new, "%s.new", path);
  store.number++;
  torture_out body = {0};
  append(&body, &store.number, sizeof store.number);
  for (int i = 0; i < store.count; i++) encode(&body, &(torture_change){0, store.records[i]});
  /* What an earlier try left goes, and a failed write-back that nobody was told of with it. */
  unlink(new);
  store.file = open(new, O_RDWR | O_CREAT | O_EXCL, 0644);
  int parent = open(directory, O_RDONLY | O_DIRECTORY);
  int is_done = store.file >= 0 && parent >= 0 && write_frame(store.file, 0, 0, &body) == 0
    && fsync(store.file) == 0 && rename(new, path) == 0 && fsync(parent) == 0;
  int error = errno;
  store.end = 8 + body.length;
  free(body.bytes);
  if (parent >= 0) close(parent);
  if (!is_done && store.file >= 0) close(store.file), store.file = -1;
  errno = error;
  return is_done ? 0 : -1;
}

static const char *open_store(
  void *self, const char *directory, int dimension, const char *options) {
  (void)self, (void)dimension, (void)options;
  char path[4096];
  snprintf(path, sizeof path, "%s/log", directory);
  while (store.count) forget(&store.records[--store.count]);
  store.number = 0;
  store.has_failed = 0;
  const char *kind = read_log(path);
  if (kind) return kind;
  return begin_log(directory, path) == 0 ? NULL : kind_of_error();
}

static const char *change(void *self, const torture_change *changes, int count, long transaction) {
  (void)self, (void)transaction;
  torture_out body = {0};
  for (int i = 0; i < count; i++) encode(&body, &changes[i]);
  const char *kind = NULL;
  pthread_mutex_lock(&store.lock);
  if (store.has_failed) kind = "read-only";
  else if (write_frame(store.file, store.number, store.end, &body) || fdatasync(store.file)) {
    kind = kind_of_error();
    store.has_failed = 1;
  } else {
    store.end += 8 + body.length;
    for (int i = 0; i < count; i++) apply(&changes[i]);
  }
  pthread_mutex_unlock(&store.lock);
  free(body.bytes);
  return kind;
}

static const char *show(
  void *self, const torture_text *space, const torture_text *id, torture_out *out) {
  (void)self;
  pthread_mutex_lock(&store.lock);
  if (id) {
    torture_record *record = find(*space, *id);
    if (record) torture_show(out, record);
  } else {
    for (int i = 0; i < store.count; i++) torture_show(out, &store.records[i]);
  }
  pthread_mutex_unlock(&store.lock);
  return NULL;
}

static const char *other(void *self, const char *name, const char *request, torture_out *out) {
  (void)self, (void)request, (void)out;
  /* flush: every change was synced before it was answered. */
  if (!strcmp(name, "flush")) return store.has_failed ? "io" : NULL;
  close(store.file); /* close */
  store.file = -1;
  return NULL;
}

int main(int count, char **words) {
  torture_store subject = {
    .name = "example-c",
    .contract = "{\"acknowledgement\":\"durable\",\"barriers\":[\"flush\",\"close\"],"
      "\"order\":\"prefix\",\"transactions\":false,\"batches\":\"atomic\",\"creation\":\"atomic\","
      "\"afterFailedBarrier\":\"stops\",\"recovered\":\"durable\","
      "\"detects\":[\"torn-write\",\"bit-rot\"]}",
    .operations = "[\"hello\",\"open\",\"put\",\"delete\",\"batch\",\"get\",\"dump\",\"flush\","
      "\"close\"]",
    .features = "[\"metadata\",\"namespaces\",\"non-finite\",\"nul-ids\"]",
    .concurrency = count > 1 ? atoi(words[1]) : 1,
    .open = open_store, .change = change, .show = show, .other = other};
  torture_serve(&subject);
}
