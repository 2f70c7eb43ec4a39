/* Your store as a subject of wal-torture: fill a torture_store, call torture_serve in main, and
 * leave standard output alone. Each function returns NULL when what the contract says of an answer
 * holds; or the kind of its failure, with errno for a message: "io", "full", "corrupt" (it may have
 * happened), "read-only", "not-found", "invalid", "conflict", "unsupported" (it certainly did not).
 * What a function is given is gone when it returns: copy what you keep. */
#pragma once
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* UTF-8 with a zero byte behind; with the feature "nul-ids" an id may have others within. */
typedef struct { const char *bytes; size_t length; } torture_text;
typedef struct {
  torture_text space, id, metadata; /* metadata is a JSON object as text: give it back as it is */
  const float *vector;
  int dimension;
} torture_record;
/* A put, or the removal of what record.space and record.id name. */
typedef struct { int is_delete; torture_record record; } torture_change;
typedef struct { char *bytes; size_t length, room; int items; } torture_out;
typedef struct {
  const char *name;
  const char *contract;   /* a JSON object: protocol, "Contract" */
  const char *operations; /* a JSON array: the requests that it supports */
  const char *features;   /* a JSON array */
  int concurrency;        /* how many threads call the functions; answers go out when ready */
  void *self;             /* the first argument of every function */
  const char *(*open)(void *, const char *directory, int dimension, const char *options);
  /* put, delete and batch; transaction is -1 outside of any. */
  const char *(*change)(void *, const torture_change *, int count, long transaction);
  /* get, and with id NULL dump: torture_show each record. */
  const char *(*show)(void *, const torture_text *space, const torture_text *id, torture_out *);
  /* Every other request by its name; torture_member and torture_read give its fields. */
  const char *(*other)(void *, const char *name, const char *request, torture_out *);
} torture_store;

static unsigned long torture_now;
/* Nanoseconds since the option "clock", a millisecond more each time: the only time to be used. */
static inline unsigned long torture_clock(void) {
  return __sync_add_and_fetch(&torture_now, 1000000);
}
static void torture_put(torture_out *out, const char *bytes, size_t length) {
  if (out->length + length + 1 > out->room) {
    out->room = (out->length + length + 1) * 2;
    if (!(out->bytes = realloc(out->bytes, out->room))) abort();
  }
  if (length) memcpy(out->bytes + out->length, bytes, length);
  out->bytes[out->length += length] = 0;
}
static void torture_puts(torture_out *out, const char *p) { torture_put(out, p, strlen(p)); }
static void torture_string(torture_out *out, const char *name, torture_text text) {
  char escaped[8];
  torture_puts(out, name);
  for (size_t i = 0; i < text.length; i++) {
    unsigned char c = (unsigned char)text.bytes[i];
    snprintf(escaped, sizeof escaped, "\\u%04x", c);
    if (c < 0x20 || c == '"' || c == '\\') torture_puts(out, escaped);
    else torture_put(out, text.bytes + i, 1);
  }
  torture_puts(out, "\"");
}
/* Adds a record to an answer. */
static void torture_show(torture_out *out, const torture_record *record) {
  char number[32];
  if (out->items++) torture_puts(out, ",");
  torture_string(out, "{\"id\":\"", record->id);
  torture_string(out, ",\"namespace\":\"", record->space);
  torture_puts(out, ",\"metadata\":");
  torture_put(out, record->metadata.bytes, record->metadata.length);
  torture_puts(out, ",\"vector\":");
  for (int i = 0; i < record->dimension; i++) {
    float x = record->vector[i]; /* nine digits say exactly which Float32 it is */
    snprintf(number, sizeof number, isfinite(x) ? "%.9g" : "\"%g\"", isnan(x) ? fabsf(x) : x);
    torture_puts(out, i ? "," : "[");
    torture_puts(out, x == 0 && signbit(x) ? "-0.0" : number);
  }
  torture_puts(out, record->dimension ? "]}" : "[]}");
}
static const char *torture_space(const char *p) { return p + strspn(p, ", :\t\r\n"); }
/* Where the JSON value at p ends. */
static const char *torture_skip(const char *p) {
  for (int depth = 0;; p++) {
    if (*p == '"') while (*++p && *p != '"') p += *p == '\\';
    else if (*p == '{' || *p == '[') depth++;
    else if (*p == '}' || *p == ']') depth--;
    else if (depth == 0) return p + strcspn(p, ",]} \t\r\n");
    if (*p == 0 || depth == 0) return p + (*p != 0);
  }
}
/* The value of a member of the object at p, as it is written; NULL where it is absent or null. */
static const char *torture_member(const char *p, const char *key) {
  for (p = torture_space(p + 1); *p == '"'; p = torture_space(torture_skip(p))) {
    int is_it = !strncmp(p + 1, key, strlen(key)) && p[1 + strlen(key)] == '"';
    p = torture_space(torture_skip(p));
    if (is_it) return strncmp(p, "null", 4) ? p : NULL;
  }
  return NULL;
}
static long torture_number(const char *p, const char *key, long absent) {
  return (p = torture_member(p, key)) ? strtol(p, NULL, 10) : absent;
}
/* Memory of one request: what is read never takes more than sixteen times its text. */
static void *torture_take(char **memory, size_t size) {
  return (*memory += (size + 15) / 16 * 16) - (size + 15) / 16 * 16;
}
/* The string that is the member `key`, without quotes and escapes; empty where it is absent. */
static torture_text torture_read(char **memory, const char *request, const char *key) {
  const char *p = torture_member(request, key), *escape, escapes[] = "b\bf\fn\nr\rt\t";
  if (!p) return (torture_text){"", 0};
  char *start = torture_take(memory, (size_t)(torture_skip(p) - p)), *to = start;
  while (*++p && *p != '"') {
    unsigned c = 0, low = 0;
    if (*p != '\\') { *to++ = *p; continue; }
    if (*++p != 'u') { *to++ = (escape = strchr(escapes, *p)) ? escape[1] : *p; continue; }
    sscanf(p += 1, "%4x\\u%4x", &c, &low);
    p += 3 + 6 * (c >> 10 == 0x36); /* a character past U+FFFF is two of them */
    if (c >> 10 == 0x36) c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *to++ = (char)(more ? (0x780 >> more & 0xFF) | c >> 6 * more : c);
    while (more--) *to++ = (char)(0x80 | (c >> 6 * more & 0x3F));
  }
  *to = 0;
  return (torture_text){start, (size_t)(to - start)};
}
static torture_change torture_read_change(char **memory, const char *p) {
  const char *vector = torture_member(p, "vector"), *metadata = torture_member(p, "metadata");
  torture_change change = {.is_delete = !strncmp(torture_member(p, "op"), "\"del", 4)};
  size_t length = metadata ? (size_t)(torture_skip(metadata) - metadata) : 2;
  change.record.metadata = (torture_text){metadata ? metadata : "{}", length};
  change.record.space = torture_read(memory, p, "namespace");
  change.record.id = torture_read(memory, p, "id");
  if (!vector) return change;
  float *to = torture_take(memory, (size_t)(torture_skip(vector) - vector) * 2 + 4);
  change.record.vector = to;
  for (p = torture_space(vector + 1); *p && *p != ']'; p = torture_space(torture_skip(p)))
    to[change.record.dimension++] = strtof(*p == '"' ? p + 1 : p, NULL);
  return change;
}
static const char *torture_do(torture_store *s, const char *in, char *memory, torture_out *out) {
  torture_text op = torture_read(&memory, in, "op");
  const char *options = torture_member(in, "options"), *kind, *p;
  char text[40];
  snprintf(text, sizeof text, ",\"concurrency\":%d", s->concurrency);
  const char *hello[] = {",\"protocol\":1,\"name\":\"", s->name, "\",\"contract\":", s->contract,
    ",\"operations\":", s->operations, ",\"features\":", s->features, text};
  for (int i = 0; i < 9 && !strcmp(op.bytes, "hello"); i++) torture_puts(out, hello[i]);
  if (out->bytes) return NULL;
  snprintf(text, sizeof text, "\"%.32s\"", op.bytes);
  if (!strstr(s->operations, text)) return "unsupported";
  if (!strcmp(op.bytes, "open")) {
    torture_now = (unsigned long)torture_number(options ? options : "{}", "clock", 0);
    torture_text path = torture_read(&memory, in, "directory");
    return s->open(s->self, path.bytes, (int)torture_number(in, "dimension", 0), options);
  }
  if (!strcmp(op.bytes, "put") || !strcmp(op.bytes, "delete") || !strcmp(op.bytes, "batch")) {
    torture_change *changes = torture_take(&memory, (strlen(in) / 16 + 1) * sizeof *changes);
    int is_batch = *op.bytes == 'b', n = 0; /* a batch may be empty */
    p = is_batch ? torture_space(torture_member(in, "operations") + 1) : in;
    while (is_batch ? *p == '{' : n == 0)
      changes[n++] = torture_read_change(&memory, p), p = torture_space(torture_skip(p));
    return s->change(s->self, changes, n, torture_number(in, "transaction", -1));
  }
  int is_get = !strcmp(op.bytes, "get");
  if (!is_get && strcmp(op.bytes, "dump")) return s->other(s->self, op.bytes, in, out);
  torture_text space = torture_read(&memory, in, "namespace"), id = torture_read(&memory, in, "id");
  torture_puts(out, is_get ? ",\"record\":" : ",\"records\":[");
  kind = s->show(s->self, is_get ? &space : NULL, is_get ? &id : NULL, out);
  torture_puts(out, !is_get ? "]" : out->items ? "" : "null");
  return kind;
}
static void *torture_work(void *store) {
  char *line = NULL, number[40];
  for (size_t room = 0;;) {
    ssize_t length = getline(&line, &room, stdin); /* which locks stdin: a whole line at a time */
    if (length <= 0) _exit(0); /* without a close before it this is a crash: nothing is tidied up */
    torture_out out = {0}, answer = {0};
    char *memory = malloc((size_t)length * 16 + 256);
    errno = 0;
    const char *kind = torture_do(store, line, memory, &out), *why = errno ? strerror(errno) : kind;
    torture_puts(&answer, kind ? "{\"ok\":false,\"error\":\"" : "{\"ok\":true");
    torture_puts(&answer, kind ? kind : out.bytes ? out.bytes : "");
    if (kind) torture_string(&answer, "\",\"message\":\"", (torture_text){why, strlen(why)});
    snprintf(number, sizeof number, ",\"request\":%ld}\n", torture_number(line, "request", 0));
    torture_puts(&answer, torture_member(line, "request") ? number : "}\n");
    flockfile(stdout);
    if (fputs(answer.bytes, stdout) < 0 || fflush(stdout)) _exit(1);
    funlockfile(stdout);
    free(memory), free(out.bytes), free(answer.bytes);
  }
}
/* Answers requests until the input ends; does not return. */
static inline void torture_serve(torture_store *store) {
  pthread_t thread;
  for (int i = 1; i < store->concurrency; i++) pthread_create(&thread, NULL, torture_work, store);
  torture_work(store);
}
