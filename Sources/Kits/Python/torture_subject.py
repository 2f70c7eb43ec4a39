"""A store of yours as a subject of wal-torture: one module, the standard library alone.

    import torture_subject as torture

    class MyStore(torture.Store):
        name = "my-store"
        contract = {"acknowledgement": "durable", "barriers": ["flush", "close"], "order": "prefix"}

        def open(self, directory, dimension, options): ...
        def put(self, record): ...
        def delete(self, id, namespace): ...
        def get(self, id, namespace): ...
        def dump(self): ...
        def close(self): ...

    torture.serve(MyStore)

`example_store.py` beside this file is a whole store that holds; `your-wal-in-ten-minutes.md` above it leads
there. A method that your class does not have is an operation it does not
support, and is never asked for. Standard output belongs to the protocol: print to standard error.

A method returns only when what the contract says of its answer holds. To fail, raise `Failure`, or let
an `OSError` pass (`full` where the disk is, else `io`). Any other exception is a bug of the store: its
traceback is printed, the process ends, and the run says so.
"""

import errno
import json
import math
import os
import struct
import sys
import threading
import traceback
from typing import NamedTuple

#: What may be asked of a store, by the protocol's name, and the method that does it.
OPERATIONS = {
    "open": "open", "put": "put", "delete": "delete", "batch": "batch", "begin": "begin",
    "commit": "commit", "abort": "abort", "create-namespace": "create_namespace",
    "drop-namespace": "drop_namespace", "clear": "clear", "flush": "flush",
    "checkpoint": "checkpoint", "get": "get", "search": "search", "dump": "dump", "stats": "stats",
    "close": "close"}


class Record(NamedTuple):
    """One record. `vector` holds floats that are exact as Float32; `metadata` is a JSON object."""
    id: str
    vector: list
    metadata: dict = {}
    namespace: str = ""


class Failure(Exception):
    """What a method raises to fail. `kind` is io, full or corrupt (it may have happened), or
    read-only, not-found, invalid, conflict or unsupported (it certainly did not happen)."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Store:
    """What your class inherits: a name, a contract, and the clock."""
    name = "store"
    #: What the store promises (protocol, "Contract"): a dictionary, or a function of the options.
    contract = {"acknowledgement": "durable"}
    #: Of metadata, namespaces, non-finite, memory-map, concurrent-transactions, approximate-search
    #: and nul-ids.
    features = ["metadata"]
    #: How many requests may be outstanding: so many threads call the methods, and answers go out in
    #: the order in which they are ready.
    concurrency = 1

    _now = 0

    def clock(self):
        """Nanoseconds. Take the time from here alone: it begins where the option `clock` says and
        goes on by a millisecond each time, so that the same seed makes the same bytes."""
        self._now += 1_000_000
        return self._now


def pack(vector):
    """The bytes of a vector: Float32, little-endian."""
    return struct.pack("<%df" % len(vector), *vector)


def unpack(data):
    """The vector that `pack` made `data` of."""
    return list(struct.unpack("<%df" % (len(data) // 4), data))


def serve(kind):
    """Answers requests with a `kind()` until the input ends; does not return."""
    store, reading, writing = kind(), threading.Lock(), threading.Lock()

    def work():
        try:
            while True:
                with reading:
                    line = sys.stdin.buffer.readline()
                if not line:
                    # No close came before: this is a crash, and nothing is tidied up.
                    os._exit(0)
                answer = _answer(store, json.loads(line))
                with writing:
                    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
                    sys.stdout.buffer.flush()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    for _ in range(kind.concurrency - 1):
        threading.Thread(target=work, daemon=True).start()
    work()


def _answer(store, request):
    try:
        answer = {"ok": True, **_perform(store, request)}
    except Failure as failure:
        answer = {"ok": False, "error": failure.kind, "message": str(failure)}
    except OSError as error:
        kind = "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "io"
        answer = {"ok": False, "error": kind, "message": str(error)}
    if "request" in request:
        answer["request"] = request["request"]
    return answer


def _perform(store, request):
    """Calls the method for a request; the fields of the answer beyond ok."""
    name = request["op"]
    if name == "hello":
        return _hello(store, request.get("options") or {})
    method = getattr(store, OPERATIONS.get(name, ""), None)
    if method is None:
        raise Failure("unsupported", "%s has no %s" % (store.name, name))
    inside = {"transaction": request["transaction"]} if "transaction" in request else {}
    space = request.get("namespace") or ""
    if name == "open":
        options = request.get("options") or {}
        store._now = options.get("clock", 0)
        method(request["directory"], request["dimension"], options)
    elif name in ("put", "delete"):
        method(*_mutation(request)[1], **inside)
    elif name == "batch":
        method([_mutation(one) for one in request["operations"]])
    elif name in ("begin", "commit", "abort"):
        method(request["transaction"])
    elif name in ("create-namespace", "drop-namespace"):
        method(space)
    elif name == "clear":
        # None: every namespace.
        method(request.get("namespace"))
    elif name == "get":
        record = method(request["id"], space, **inside)
        return {"record": record and _shown(record)}
    elif name == "search":
        found = method(_floats(request["vector"]), request["count"], request["metric"], space)
        return {"matches": [{"id": id, "distance": distance} for id, distance in found]}
    elif name == "dump":
        return {"records": [_shown(record) for record in method()]}
    elif name == "stats":
        return {"stats": method()}
    else:
        method()
    return {}


def _hello(store, options):
    contract = store.contract(options) if callable(store.contract) else store.contract
    supported = [name for name, method in OPERATIONS.items() if hasattr(store, method)]
    return {
        "name": store.name, "protocol": 1, "contract": contract, "operations": ["hello"] + supported,
        "features": store.features, "concurrency": store.concurrency}


def _mutation(request):
    """("put", (record,)) or ("delete", (id, namespace))."""
    space = request.get("namespace") or ""
    if request["op"] == "delete":
        return "delete", (request["id"], space)
    return "put", (
        Record(request["id"], _floats(request["vector"]), request.get("metadata") or {}, space),)


def _floats(vector):
    # "nan", "inf" and "-inf" are strings in the protocol.
    return [float(component) for component in vector]


def _shown(record):
    vector = [x if math.isfinite(x) else str(x) for x in record.vector]
    return {
        "id": record.id, "vector": vector, "metadata": record.metadata,
        "namespace": record.namespace}
