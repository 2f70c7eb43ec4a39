"""A log of JSON lines with checksums, and what may become of it when a barrier fails.

    failing_barrier.py exits|moves|retries|trusts|serves|blames|rewrites

Each put and delete is one line, synced by fsync before it is answered. At a failed fsync:

    exits     it ends itself; the next open copies all that it read into a new file (right)
    moves     it answers an error, and copies what is durable into a new file before it goes on (right)
    retries   it calls fsync again, and believes the second answer
    trusts    it ends itself; the next open believes what it reads and appends to the same file
    serves    it answers an error, keeps what it wrote, and goes on behind it
    blames    it answers that all is well, and gives the next request the error
    rewrites  it writes the next over what failed, into the same pages
"""

import json
import os
import sys
import zlib

WAY = sys.argv[1]
ENDS = WAY in ("exits", "trusts")
CONTRACT = {
    "acknowledgement": "durable",
    "barriers": ["close"],
    "order": "prefix",
    "transactions": False,
    "batches": "none",
    "afterFailedBarrier": "exits" if ENDS else "continues",
}
OPERATIONS = ["hello", "open", "put", "delete", "get", "dump", "close"]


def line(change):
    body = json.dumps(change).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


class Log:
    def __init__(self, directory):
        self.directory, self.records = directory, {}
        self.late, self.is_spoiled = None, False
        path = os.path.join(directory, "log")
        data = b""
        if os.path.exists(path):
            with open(path, "rb") as file:
                data = file.read()
        end = self.replay(data)
        if WAY == "trusts" and data:
            self.file, self.end = os.open(path, os.O_RDWR), end
            os.ftruncate(self.file, end)
        else:
            self.copy()

    def replay(self, data):
        end = 0
        for text in data.split(b"\n")[:-1]:
            try:
                if int(text[:8], 16) != zlib.crc32(text[9:]):
                    break
            except ValueError:
                break
            self.apply(json.loads(text[9:]))
            end += len(text) + 1
        return end

    def apply(self, change):
        if change["op"] == "put":
            self.records[change["id"]] = change
        else:
            self.records.pop(change["id"], None)

    def copy(self):
        """Everything into a new file, which takes the old one's place once it is durable."""
        new, name = (os.path.join(self.directory, n) for n in ("log.new", "log"))
        file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        data = b"".join(line(change) for change in self.records.values())
        if data and os.pwrite(file, data, 0) != len(data):
            raise OSError(28, "short write")
        self.sync(file)
        os.rename(new, name)
        directory = os.open(self.directory, os.O_RDONLY)
        self.sync(directory)
        os.close(directory)
        self.file, self.end, self.is_spoiled = file, len(data), False

    def sync(self, file):
        try:
            os.fsync(file)
        except OSError:
            if ENDS:
                os._exit(1)
            if WAY != "retries":
                raise
            os.fsync(file)

    def change(self, change):
        if self.is_spoiled:
            self.copy()
        if self.late:
            late, self.late = self.late, None
            raise late
        data = line(change)
        if os.pwrite(self.file, data, self.end) != len(data):
            os.ftruncate(self.file, self.end)
            raise OSError(28, "short write")
        try:
            self.sync(self.file)
        except OSError as error:
            self.is_spoiled = WAY == "moves"
            if WAY in ("serves", "blames"):
                self.end += len(data)
                self.apply(change)
            if WAY == "blames":
                self.late = error
                return
            raise
        self.end += len(data)
        self.apply(change)


def answer(request):
    global LOG
    name = request["op"]
    if name == "hello":
        return {"name": WAY, "protocol": 1, "contract": CONTRACT, "operations": OPERATIONS,
                "features": ["metadata"]}
    if name == "open":
        LOG = Log(request["directory"])
    elif name == "put":
        kept = {"op": "put", "id": request["id"], "vector": request["vector"]}
        LOG.change(kept | {"metadata": request.get("metadata") or {}})
    elif name == "delete":
        LOG.change({"op": "delete", "id": request["id"]})
    elif name == "get":
        return {"record": record(LOG.records.get(request["id"]))}
    elif name == "dump":
        return {"records": [record(change) for change in LOG.records.values()]}
    elif name == "close":
        os.close(LOG.file)
    else:
        return {"ok": False, "error": "unsupported", "message": name}
    return {}


def record(change):
    return change and {key: change[key] for key in ("id", "vector", "metadata")}


for text in sys.stdin:
    request = json.loads(text)
    try:
        result = {"ok": True} | answer(request)
    except OSError as error:
        result = {"ok": False, "error": "io", "message": str(error)}
    if "request" in request:
        result["request"] = request["request"]
    print(json.dumps(result), flush=True)
