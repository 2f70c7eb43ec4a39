"""A small write-ahead log that takes several requests at once: a JSON value a line, with checksums.

    threads.py [--threads N | --shuffled] [--relaxed] [--bug NAME]

With --threads (4 unless said) as many threads answer, and one of them syncs for all that wait. With
--shuffled there is one thread, which takes all requests that are there, logs them, syncs once, and
answers the last first: the same every time. With --relaxed only `flush` syncs.

Bugs, one at a time: late-followers (a sync acknowledges what was logged after it began),
early-leader (of those that wait together all but the last are answered before the sync),
stale-read (a get may show what was there before a put that was answered).
"""

import json
import os
import sys
import threading
import zlib

ARGUMENTS = sys.argv[1:]
SHUFFLED = "--shuffled" in ARGUMENTS
RELAXED = "--relaxed" in ARGUMENTS
THREADS = int(ARGUMENTS[ARGUMENTS.index("--threads") + 1]) if "--threads" in ARGUMENTS else 4
BUG = ARGUMENTS[ARGUMENTS.index("--bug") + 1] if "--bug" in ARGUMENTS else None

HELLO = {
    "name": "python-threads", "protocol": 1, "features": ["metadata"], "concurrency": THREADS,
    "operations": ["hello", "open", "put", "delete", "clear", "batch", "flush", "get", "dump",
                   "close"],
    "contract": {
        "acknowledgement": "volatile" if RELAXED else "durable", "barriers": ["flush", "close"],
        "order": "prefix", "transactions": False, "batches": "atomic", "clear": "atomic",
        "creation": "atomic", "afterFailedBarrier": "stops", "detects": ["torn-write"],
    },
}


class Refused(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def line(mutations):
    body = json.dumps(mutations, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def parse(data):
    groups, start = [], 0
    while True:
        end = data.find(b"\n", start)
        text = data[start:end]
        try:
            good = end >= 0 and text[8:9] == b" " and int(text[:8], 16) == zlib.crc32(text[9:])
        except ValueError:
            good = False
        if not good:
            return groups, start
        groups.append(json.loads(text[9:]))
        start = end + 1


class Log:
    """`log`, and what it says; everything is touched with the lock held, but for the sync."""

    def __init__(self, directory):
        self.lock = threading.Condition()
        self.records, self.old = {}, {}
        self.failed = self.syncing = False
        self.logged = self.synced = 0
        path = os.path.join(directory, "log")
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        size = os.fstat(self.file).st_size
        groups, self.end = parse(os.pread(self.file, size, 0))
        for mutations in groups:
            self.apply(mutations)
        os.ftruncate(self.file, self.end)
        os.fsync(self.file)
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)

    def apply(self, mutations):
        self.old = dict(self.records)
        for kind, *record in mutations:
            if kind == "put":
                self.records[record[0]] = record
            elif kind == "delete":
                self.records.pop(record[0], None)
            else:
                self.records.clear()

    def append(self, mutations):
        """Logs and shows; the number that must be synced for it to be safe."""
        if self.failed:
            raise Refused("read-only", "a barrier has failed")
        data = line(mutations)
        try:
            while data:
                count = os.pwrite(self.file, data, self.end)
                data, self.end = data[count:], self.end + count
        except OSError as error:
            self.failed = True
            raise Refused("full" if error.errno == 28 else "io", str(error)) from error
        self.apply(mutations)
        self.logged += 1
        return self.logged

    def wait(self, wanted):
        while self.synced < wanted:
            if self.failed:
                raise Refused("io", "a sync failed")
            if self.syncing:
                self.lock.wait()
                continue
            self.syncing, covered = True, self.logged
            self.lock.release()
            try:
                os.fdatasync(self.file)
            except OSError:
                self.failed = True
            finally:
                self.lock.acquire()
                self.syncing = False
                if not self.failed:
                    self.synced = self.logged if BUG == "late-followers" else covered
                self.lock.notify_all()


def mutation(request):
    if request["op"] == "put":
        return ["put", request["id"], request["vector"], request.get("metadata") or {}]
    return ["delete", request["id"]] if request["op"] == "delete" else ["clear"]


def shown(record):
    return {"id": record[0], "vector": record[1], "metadata": record[2]}


def perform(request, log):
    """What must be synced before the answer (0 for nothing), and the answer."""
    operation = request["op"]
    if operation in ("put", "delete", "clear", "batch"):
        requests = request["operations"] if operation == "batch" else [request]
        number = log.append([mutation(one) for one in requests])
        return (0 if RELAXED else number), {}
    if operation == "flush":
        if log.failed:
            raise Refused("read-only", "a barrier has failed")
        return log.logged, {}
    if operation == "get":
        records = log.old if BUG == "stale-read" else log.records
        record = records.get(request["id"])
        return 0, {"record": shown(record) if record else None}
    if operation == "dump":
        return 0, {"records": [shown(record) for record in log.records.values()]}
    raise Refused("unsupported", operation)


OUTPUT = threading.Lock()


def answer(request, fields):
    if "request" in request:
        fields["request"] = request["request"]
    data = (json.dumps({"ok": True, **fields}) + "\n").encode()
    with OUTPUT:
        while data:
            data = data[os.write(1, data):]


def answering(request, work):
    try:
        answer(request, work())
    except Refused as refusal:
        answer(request, {"ok": False, "error": refusal.kind, "message": str(refusal)})
    except OSError as error:
        answer(request, {"ok": False, "error": "io", "message": str(error)})


def one(request, log):
    with log.lock:
        wanted, fields = perform(request, log)
        log.wait(wanted)
        return fields


def together(requests, log):
    """Logs all, syncs once, and answers the last first."""
    done = []
    for request in requests:
        try:
            wanted, fields = perform(request, log)
        except Refused as refusal:
            wanted, fields = 0, {"ok": False, "error": refusal.kind, "message": str(refusal)}
        done.append((request, wanted, fields))
    if BUG == "early-leader":
        for request, _, fields in done[:-1]:
            answer(request, fields)
        done = done[-1:]
    with log.lock:
        for request, wanted, fields in reversed(done):
            answering(request, lambda: (log.wait(wanted), fields)[1])


def lines():
    """Whole lines as they come: all that one read gives, at once."""
    rest = b""
    while True:
        data = os.read(0, 1 << 20)
        if not data:
            return
        *whole, rest = (rest + data).split(b"\n")
        if whole:
            yield [json.loads(text) for text in whole]


def main():
    log, queue, ready = None, [], threading.Condition()

    def serve():
        while True:
            with ready:
                while not queue:
                    ready.wait()
                request, its_log = queue.pop(0)
            answering(request, lambda: one(request, its_log))

    if not SHUFFLED:
        for _ in range(THREADS):
            threading.Thread(target=serve, daemon=True).start()
    for requests in lines():
        waiting = []
        for request in requests:
            if request["op"] == "hello":
                answer(request, dict(HELLO))
            elif request["op"] == "open":
                def opened():
                    nonlocal log
                    log = Log(request["directory"])
                    return {}
                answering(request, opened)
            elif request["op"] == "close":
                def closed():
                    with log.lock:
                        log.wait(log.logged)
                    os.close(log.file)
                    return {}
                answering(request, closed)
            else:
                waiting.append(request)
        if SHUFFLED and waiting:
            together(waiting, log)
        elif waiting:
            with ready:
                queue.extend((request, log) for request in waiting)
                ready.notify_all()


main()
