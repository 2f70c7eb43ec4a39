"""A store that holds: a dictionary in memory, and a file that every change is appended to.

    torture run --subject-command 'python3 example_store.py'
    torture run --subject-command 'python3 example_store.py --threads 4'

The file `log` is a sequence of frames: length, CRC-32, and a JSON text. The first one is a snapshot; each
other is a list of changes that happen together. A change is answered when its frame is synced.

What makes it hold, each found by a crash when it is left out:
- the CRC covers where the frame lies and which log it belongs to, so that old bytes of a disk, which may
  be whole frames, are never taken for new ones;
- `open` writes what it read to a new file, syncs it, renames it over the old one, and syncs the directory.
  Cutting a torn tail off in place would trust what a failed fsync before the crash left in the cache;
- after an error nothing is written any more: what is in the file behind it is unknown.
"""

import json
import os
import struct
import sys
import threading
import zlib

import torture_subject as torture

HEAD = struct.Struct("<II")


def frame(generation, offset, value):
    """The bytes of one frame that lies at `offset`."""
    body = json.dumps(value).encode()
    return HEAD.pack(len(body), checksum(generation, offset, body)) + body


def checksum(generation, offset, body):
    return zlib.crc32(body, zlib.crc32(struct.pack("<QQQ", generation, offset, len(body))))


def parse(data, generation, offset):
    """The value of the frame at `offset` and where it ends; None where there is none."""
    if offset + HEAD.size > len(data):
        return None
    length, sum = HEAD.unpack_from(data, offset)
    end = offset + HEAD.size + length
    body = data[offset + HEAD.size:end]
    if end > len(data) or sum != checksum(generation, offset, body):
        return None
    return json.loads(body), end


class ExampleStore(torture.Store):
    name = "example"
    contract = {
        "acknowledgement": "durable", "barriers": ["flush", "close"], "order": "prefix",
        "transactions": False, "batches": "atomic", "clear": "atomic", "creation": "atomic",
        "afterFailedBarrier": "stops", "recovered": "durable", "detects": ["torn-write", "bit-rot"]}
    features = ["metadata", "namespaces", "non-finite", "nul-ids"]

    def __init__(self):
        self.lock = threading.Lock()

    def open(self, directory, dimension, options):
        path = os.path.join(directory, "log")
        generation, self.records = 0, {}
        if os.path.exists(path):
            with open(path, "rb") as file:
                generation = self.load(file.read())
        self.generation, self.failed = generation + 1, False
        new = frame(0, 0, [self.generation, list(self.records.values())])
        # What an earlier try left goes, and a failed write-back that nobody was told of with it.
        if os.path.exists(path + ".new"):
            os.unlink(path + ".new")
        self.file = os.open(path + ".new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            self.write(new, 0)
            os.fsync(self.file)
            os.rename(path + ".new", path)
            sync_directory(directory)
        except OSError:
            os.close(self.file)
            raise
        self.end = len(new)

    def load(self, data):
        """Fills the dictionary from the log's bytes; the log's generation."""
        first = parse(data, 0, 0)
        if first is None:
            raise torture.Failure("corrupt", "the snapshot's checksum is wrong")
        (generation, records), offset = first
        for record in records:
            self.change("put", record)
        while True:
            group = parse(data, generation, offset)
            if group is None:
                break
            changes, offset = group
            for change in changes:
                self.change(*change)
        # A frame is begun when the one before is synced: behind a torn one there is none.
        if any(parse(data, generation, later) for later in range(offset + 1, len(data))):
            raise torture.Failure("corrupt", "a frame before the last has a wrong checksum")
        return generation

    def write(self, data, offset):
        while data:
            count = os.pwrite(self.file, data, offset)
            data, offset = data[count:], offset + count

    def change(self, kind, *what):
        if kind == "put":
            record = torture.Record(*what[0])
            self.records[record.namespace, record.id] = record
        elif kind == "delete":
            self.records.pop((what[1], what[0]), None)
        else:
            for key in [key for key in self.records if what[0] in (None, key[0])]:
                del self.records[key]

    def append(self, changes):
        with self.lock:
            if self.failed:
                raise torture.Failure("read-only", "an earlier change failed; open it again")
            data = frame(self.generation, self.end, changes)
            try:
                self.write(data, self.end)
                os.fdatasync(self.file)
            except OSError:
                self.failed = True
                raise
            self.end += len(data)
            for change in changes:
                self.change(*change)

    def put(self, record):
        self.append([("put", record)])

    def delete(self, id, namespace):
        self.append([("delete", id, namespace)])

    def batch(self, mutations):
        self.append([(kind, *what) for kind, what in mutations])

    def clear(self, namespace):
        self.append([("clear", namespace)])

    def flush(self):
        # Every change was synced before it was answered.
        if self.failed:
            raise torture.Failure("io", "an earlier change failed")

    def get(self, id, namespace):
        with self.lock:
            return self.records.get((namespace, id))

    def dump(self):
        with self.lock:
            return list(self.records.values())

    def close(self):
        os.close(self.file)


def sync_directory(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if "--threads" in sys.argv:
    ExampleStore.concurrency = int(sys.argv[sys.argv.index("--threads") + 1])
torture.serve(ExampleStore)
