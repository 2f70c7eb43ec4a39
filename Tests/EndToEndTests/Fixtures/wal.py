"""A small write-ahead log that nobody of the harness wrote: one JSON value a line, with a checksum.

    wal.py [--relaxed] [--mapped | --syncfs] [--bug NAME]

The log is `log.N`. Each line is the CRC-32 of the rest, a space, and a list of mutations that happen
together. A put is answered once its line is synced; with --relaxed only `flush` syncs. At open the
highest `log.N` is read up to the first bad line, what stands behind is cut off, and a log that has
grown long is written anew as `log.N+1`.

With --mapped the log is written through a shared mapping and synced by msync; then --relaxed leaves
syncing to the kernel, which a process crash does not hurt. With --syncfs every file is synced by
syncfs.

Bugs, one at a time: no-fsync, acknowledge-before-fsync, no-directory-fsync, torn-tail-left,
flush-does-nothing.
"""

import ctypes
import json
import mmap
import os
import sys
import zlib

RELAXED = "--relaxed" in sys.argv
MAPPED = "--mapped" in sys.argv
SYNCFS = "--syncfs" in sys.argv
BUG = sys.argv[sys.argv.index("--bug") + 1] if "--bug" in sys.argv else None
LONG = 8  # lines

CONTRACT = {
    "acknowledgement": "durable" if not RELAXED else "volatile" if not MAPPED else {
        "process-crash": "durable", "power-loss": "volatile"},
    "barriers": ["flush", "close"],
    "order": "prefix",
    "transactions": False,
    "batches": "atomic",
    "clear": "atomic",
    "creation": "atomic",
    "afterFailedBarrier": "stops",
    "detects": ["torn-write"],
}


class Refused(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


PAGES = {}
LIBC = ctypes.CDLL(None, use_errno=True) if SYNCFS else None


def sync(descriptor):
    if BUG in ("no-fsync", "acknowledge-before-fsync"):
        return
    if SYNCFS:
        if LIBC.syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
    elif descriptor in PAGES:
        PAGES[descriptor].flush()
    else:
        os.fdatasync(descriptor)


def sync_directory(path):
    if BUG in ("no-directory-fsync", "no-fsync"):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor, data, offset):
    if MAPPED:
        end = offset + len(data)
        if os.fstat(descriptor).st_size < end:
            os.ftruncate(descriptor, end)
        old, PAGES[descriptor] = PAGES.get(descriptor), mmap.mmap(descriptor, end)
        PAGES[descriptor][offset:] = data
        if old:
            old.close()
        return
    while data:
        count = os.pwrite(descriptor, data, offset)
        data, offset = data[count:], offset + count


def line(mutations):
    body = json.dumps(mutations, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def parse(data):
    """The mutations of the good lines, and where they end."""
    groups, start = [], 0
    while True:
        end = data.find(b"\n", start)
        if end < 0:
            return groups, start
        text = data[start:end]
        try:
            if text[8:9] != b" " or int(text[:8], 16) != zlib.crc32(text[9:]):
                return groups, start
        except ValueError:
            return groups, start
        groups.append(json.loads(text[9:]))
        start = end + 1


class Log:
    def __init__(self, directory):
        self.directory = directory
        self.records = {}
        self.failed = False
        names = os.listdir(directory)
        numbers = sorted(int(n[4:]) for n in names if n.startswith("log.") and n[4:].isdigit())
        for name in names:
            if name == "new":
                os.unlink(self.path(name))
        if not numbers:
            self.begin(1, [])
            return
        for number in numbers[:-1]:
            os.unlink(self.path(f"log.{number}"))
        self.descriptor = os.open(self.path(f"log.{numbers[-1]}"), os.O_RDWR)
        size = os.fstat(self.descriptor).st_size
        groups, self.end = parse(os.pread(self.descriptor, size, 0))
        for mutations in groups:
            self.apply(mutations)
        if self.end < size:
            if BUG == "torn-tail-left":
                self.end = size
            else:
                os.ftruncate(self.descriptor, self.end)
                sync(self.descriptor)
        if len(groups) > LONG:
            old = self.descriptor
            PAGES.pop(old, None)
            self.begin(numbers[-1] + 1, [["put", *record] for record in self.records.values()])
            os.close(old)
            os.unlink(self.path(f"log.{numbers[-1]}"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def begin(self, number, mutations):
        """A new log, complete and synced before it gets its name."""
        descriptor = os.open(self.path("new"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        data = line(mutations)
        write_all(descriptor, data, 0)
        sync(descriptor)
        os.rename(self.path("new"), self.path(f"log.{number}"))
        sync_directory(self.directory)
        self.descriptor, self.end = descriptor, len(data)

    def apply(self, mutations):
        for kind, *record in mutations:
            if kind == "put":
                self.records[record[0]] = record
            elif kind == "delete":
                self.records.pop(record[0], None)
            else:
                self.records.clear()

    def append(self, mutations, answer):
        if self.failed:
            raise Refused("read-only", "a barrier has failed")
        data = line(mutations)
        try:
            write_all(self.descriptor, data, self.end)
            if BUG == "acknowledge-before-fsync":
                answer()
                os.fdatasync(self.descriptor)
            elif not RELAXED:
                sync(self.descriptor)
        except OSError as error:
            self.failed = True
            raise Refused("full" if error.errno == 28 else "io", str(error)) from error
        self.end += len(data)
        self.apply(mutations)

    def flush(self):
        if self.failed:
            raise Refused("read-only", "a barrier has failed")
        try:
            if BUG != "flush-does-nothing":
                sync(self.descriptor)
        except OSError as error:
            self.failed = True
            raise Refused("io", str(error)) from error

    def close(self):
        try:
            self.flush()
        finally:
            PAGES.pop(self.descriptor, None)
            os.close(self.descriptor)


def mutation(request):
    if request["op"] == "put":
        return ["put", request["id"], request["vector"], request.get("metadata") or {}]
    if request["op"] == "delete":
        return ["delete", request["id"]]
    return ["clear"]


def shown(record):
    return {"id": record[0], "vector": record[1], "metadata": record[2]}


def answer_to(request, log, answer):
    """The open log afterwards; everything else goes through `answer`."""
    operation = request["op"]
    if operation == "hello":
        answer(
            name="python-log", protocol=1, contract=CONTRACT, features=["metadata"] + ["memory-map"] * MAPPED,
            operations=["hello", "open", "put", "delete", "clear", "batch", "flush", "get", "dump",
                        "close"])
    elif operation == "open":
        log = Log(request["directory"])
        answer()
    elif operation in ("put", "delete", "clear", "batch"):
        requests = request["operations"] if operation == "batch" else [request]
        log.append([mutation(one) for one in requests], answer)
        answer()
    elif operation == "flush":
        log.flush()
        answer()
    elif operation == "get":
        record = log.records.get(request["id"])
        answer(record=shown(record) if record else None)
    elif operation == "dump":
        answer(records=[shown(record) for record in log.records.values()])
    elif operation == "close":
        log.close()
        log = None
        answer()
    else:
        raise Refused("unsupported", operation)
    return log


def main():
    log = None
    for text in sys.stdin:
        request = json.loads(text)
        given = []

        def answer(**fields):
            if given:
                return
            given.append(True)
            if "request" in request:
                fields["request"] = request["request"]
            sys.stdout.write(json.dumps({"ok": True, **fields}) + "\n")
            sys.stdout.flush()

        try:
            log = answer_to(request, log, answer)
        except Refused as refusal:
            answer(ok=False, error=refusal.kind, message=str(refusal))
        except OSError as error:
            answer(ok=False, error="io", message=str(error))


main()
