"""A store that is right and slow, in some awkward ways.

    awkward.py [WAY,WAY…]

The whole store is one JSON file, written anew, synced and renamed at each change. Each WAY is one thing
that it does otherwise. Those of HARMLESS are allowed, whatever they look like; the others are not what
the protocol says.
"""

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata

WAY = sys.argv[1].split(",") if len(sys.argv) > 1 else []
HARMLESS = ["crlf", "spaces", "odd-order", "escapes", "floats", "exponents", "no-echo", "extra-fields",
            "child", "chatty-errors", "slow-start", "in-pieces"]
CONTRACT = {"acknowledgement": "durable", "barriers": ["flush", "close"], "order": "prefix",
            "transactions": True, "batches": "atomic"}
OPERATIONS = ["hello", "open", "put", "delete", "batch", "begin", "commit", "abort",
              "create-namespace", "drop-namespace", "clear", "flush", "get", "search", "dump", "stats",
              "close"]
FEATURES = ["metadata", "namespaces", "non-finite", "nul-ids"]


class Refused(Exception):
    pass


class Store:
    def __init__(self):
        self.directory, self.records, self.lsn, self.open = None, {}, 0, {}

    def load(self, directory):
        self.directory, self.open = directory, {}
        self.records, self.lsn = {}, 0
        if os.path.exists(directory + "/state"):
            with open(directory + "/state") as file:
                self.lsn, records = json.load(file)
            self.records = {tuple(key): value for key, value in records}
        if "lsn-reused" in WAY:
            self.lsn = 0
        if "lsn-at-close" in WAY:
            if os.path.exists(directory + "/closed"):
                os.unlink(directory + "/closed")
            else:
                self.lsn = 0

    def save(self):
        if "no-sync-at-all" in WAY:
            return
        self.lsn += 1
        records = [[key, value] for key, value in self.records.items()]
        if "random-bytes" in WAY:
            records.append([["", "\0"], os.urandom(4).hex()])
        with open(self.directory + "/new", "w") as file:
            json.dump([self.lsn, records], file)
            file.flush()
            if "no-fsync" not in WAY:
                os.fsync(file.fileno())
        os.rename(self.directory + "/new", self.directory + "/state")
        if "no-fsync" not in WAY:
            parent = os.open(self.directory, os.O_RDONLY)
            os.fsync(parent)
            os.close(parent)

    def key(self, request):
        id, space = request["id"], request.get("namespace") or ""
        if "case-folded" in WAY:
            id = id.lower()
        if "normalised" in WAY:
            id = unicodedata.normalize("NFC", id)
        if "ids-cut" in WAY:
            id = id[:255]
        return ("" if "one-namespace" in WAY else space, id)

    def mutate(self, request, records):
        key = self.key(request)
        if request["op"] == "delete":
            if "delete-missing" in WAY and key not in records:
                raise Refused("not-found")
            records.pop(key, None)
            return
        vector, metadata = request["vector"], request.get("metadata")
        if "zero-unsigned" in WAY:
            vector = [x if isinstance(x, str) else x + 0.0 if x else 0.0 for x in vector]
        if "digits-lost" in WAY:
            vector = [x if isinstance(x, str) else float("%.6g" % x) for x in vector]
        if "nan-null" in WAY:
            vector = [0 if isinstance(x, str) else x for x in vector]
        if "metadata-kept" in WAY and metadata is None and key in records:
            metadata = records[key]["metadata"]
        if "metadata-strings" in WAY and metadata:
            metadata = {name: str(value) for name, value in metadata.items()}
        records[key] = {"vector": vector, "metadata": metadata or {}}

    def shown(self, key, value):
        return {"id": key[1], "namespace": key[0], **value}

    def search(self, request):
        def distance(vector):
            dot = sum(a * b for a, b in zip(vector, request["vector"]))
            if request["metric"] == "l2" or "one-metric" in WAY:
                return sum((a - b) ** 2 for a, b in zip(vector, request["vector"]))
            if request["metric"] == "dot":
                return -dot
            norm = sum(a * a for a in vector) ** 0.5 * sum(a * a for a in request["vector"]) ** 0.5
            return 1 - dot / norm if norm else 1
        space = request.get("namespace") or ""
        found = [{"id": key[1], "distance": distance(value["vector"])}
                 for key, value in self.records.items()
                 if key[0] == space and not any(isinstance(x, str) for x in value["vector"])]
        found.sort(key=lambda match: match["distance"])
        return found[:request["count"]]

    def perform(self, request):
        name, inside = request["op"], request.get("transaction")
        if name == "open":
            if "opens-once" in WAY and self.directory:
                raise Refused("io")
            self.load(request["directory"])
            if "scratch" in WAY:
                open("cache", "w").close()
            if "outside" in WAY:
                open("/var/tmp/torture-outside", "w").close()
        elif name in ("put", "delete"):
            if inside is None or "not-isolated" in WAY:
                self.mutate(request, self.records)
                self.save()
            else:
                self.mutate(request, self.open[inside])
        elif name == "batch":
            members = request["operations"]
            for member in reversed(members) if "batch-reversed" in WAY else members:
                self.mutate(member, self.records)
            self.save()
        elif name == "begin":
            if self.open:
                raise Refused("io" if "begin-io" in WAY else "conflict")
            self.open[inside] = dict(self.records)
        elif name == "commit":
            if inside not in self.open:
                raise Refused("conflict")
            self.records = self.open.pop(inside)
            self.save()
        elif name == "abort":
            if self.open.pop(inside, None) is None:
                raise Refused("conflict")
        elif name in ("clear", "drop-namespace"):
            space = request.get("namespace")
            if "clear-nothing" not in WAY:
                self.records = {k: v for k, v in self.records.items() if space not in (None, k[0])}
            self.save()
        elif name == "get":
            if "get-fails" in WAY and self.key(request) not in self.records:
                raise Refused("not-found")
            records = self.open.get(inside, self.records)
            key = self.key(request)
            return {"record": self.shown(key, records[key]) if key in records else None}
        elif name == "dump":
            records = [self.shown(key, value) for key, value in self.records.items()]
            return {"records": records[:-1] if "dump-short" in WAY else records}
        elif name == "search":
            return {"matches": self.search(request)}
        elif name == "stats":
            return {"stats": {"lsn": self.lsn}}
        elif name == "close" and "lsn-at-close" in WAY:
            open(self.directory + "/closed", "w").close()
        elif name not in ("create-namespace", "flush", "close"):
            if "unknown-ok" not in WAY:
                raise Refused("unsupported" if "bad-kind" not in WAY else "what?")
        return {}


def hello():
    operations, features, contract = list(OPERATIONS), list(FEATURES), dict(CONTRACT)
    if "operation-unknown" in WAY:
        operations.append("vacuum")
    if "feature-unknown" in WAY:
        features.append("fast")
    if "contract-key" in WAY:
        contract["durability"] = "full"
    if "contract-value" in WAY:
        contract["order"] = "total"
    if "no-transactions" in WAY:
        operations.remove("commit")
    if "no-dump" in WAY:
        operations.remove("dump")
    fields = {"name": "awkward", "protocol": 1, "contract": contract, "operations": operations,
              "features": features}
    if "no-protocol" in WAY:
        del fields["protocol"]
    if "protocol-2" in WAY:
        fields["protocol"] = 2
    if "no-name" in WAY:
        del fields["name"]
    if "concurrent-unnumbered" in WAY or "concurrent-lost" in WAY:
        fields["concurrency"] = 4
    return fields


def text(answer):
    if "odd-order" in WAY:
        answer = dict(reversed(list(answer.items())))
    if "extra-fields" in WAY:
        answer["took"] = {"ms": [1, None, "}"]}
    line = json.dumps(answer, ensure_ascii="escapes" in WAY)
    if "escapes" in WAY:
        line = line.replace("/", "\\/")
    if "floats" in WAY and "request" in answer:
        line = line.replace('"request": %d' % answer["request"], '"request": %d.0' % answer["request"])
    if "exponents" in WAY and "request" in answer:
        line = line.replace('"request": %d' % answer["request"], '"request": %de0' % answer["request"])
    if "spaces" in WAY:
        line = "  " + line.replace(": ", " :\t") + " \t"
    return line + ("\r\n" if "crlf" in WAY else "\n")


def write(data):
    while data:
        step = 7 if "in-pieces" in WAY else len(data)
        data = data[os.write(1, data[:step]):]


def main():
    store, count, held = Store(), 0, []
    if "banner" in WAY:
        print("Awkward store, version 1", flush=True)
    if "slow-start" in WAY:
        time.sleep(0.4)
    if "closed-input" in WAY:
        os.close(0)
        time.sleep(1000)
    if "child" in WAY:
        subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if "child-talks" in WAY:
        subprocess.Popen(["sh", "-c", "sleep 0.05; echo child here"], stdin=subprocess.DEVNULL)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        count += 1
        try:
            answer = {"ok": True, **(hello() if request["op"] == "hello" else store.perform(request))}
        except Refused as refusal:
            answer = {"ok": False, "error": str(refusal), "message": "refused"}
        except OSError as error:
            sys.stderr.write("%s\n" % error)
            sys.stderr.flush()
            answer = {"ok": False, "error": "io", "message": str(error)}
        if not ("no-echo" in WAY or "concurrent-unnumbered" in WAY) and "request" in request:
            answer["request"] = request["request"] + (count == 4 and "wrong-number" in WAY)
        if "chatty-errors" in WAY:
            os.write(2, b"debug: %d\n" % count * 200)
        if "noise" in WAY and request["op"] == "put":
            write(b"stored a record\n")
        if "concurrent-lost" in WAY and request["op"] == "put" and request["id"] == "c2":
            continue
        if "twice" in WAY and request["op"] == "put":
            write(text(answer).encode())
        if "no-line-end" in WAY and count > 5:
            write(text(answer).encode().rstrip(b"\n"))
            continue
        if "crash" in WAY and count == 6:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "array" in WAY:
            write(b"[true]\n")
            continue
        write(text(answer).encode())
    if "stays" in WAY:
        time.sleep(1000)


main()
