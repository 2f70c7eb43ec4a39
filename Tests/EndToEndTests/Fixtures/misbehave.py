"""A subject that behaves in every way but one.

    misbehave.py HOW [AT]

HOW is what it does when the request AT (default: put) comes. It keeps its records in memory only and
syncs an empty file, so a run that gets past the misbehaviour finds a loss.

With `late` it takes half a second for its first answer, with `slow` three halves for the first put. With `escape PATH` it tries to write to PATH at
open and says on standard error how that ended. With `quiet` it promises everything and takes nothing.
"""

import json
import os
import signal
import sys
import time

HOW = sys.argv[1]
AT = sys.argv[2] if len(sys.argv) > 2 else "put"
OPERATIONS = ["hello", "open", "put", "delete", "get", "flush", "dump", "close"]
CONTRACT = {
    "acknowledgement": "none" if HOW == "promises-nothing" else "durable",
    "barriers": ["flush"],
    "order": "prefix",
    "transactions": False,
    "batches": "none",
    "clear": "atomic",
    "creation": "atomic",
    "afterFailedBarrier": "stops",
    "detects": [],
}


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def hang():
    while True:
        time.sleep(1000)


def misbehave():
    if HOW == "exit":
        sys.exit(7)
    elif HOW == "abort":
        os.kill(os.getpid(), signal.SIGABRT)
    elif HOW == "hang":
        hang()
    elif HOW == "slow":
        time.sleep(1.5)
    elif HOW == "rubbish":
        say("Segmentation fault (core dumped)\n")
        hang()
    elif HOW == "endless-line":
        while True:
            say("x" * 65536)
    elif HOW == "flood":
        line = b"e" * 1023 + b"\n"
        for _ in range(20_000):
            os.write(2, line)
    elif HOW == "memory":
        hoard = []
        while True:
            hoard.append(bytearray(16 << 20))
    elif HOW == "fork":
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                hang()
            os._exit(0)
    elif HOW == "close-output":
        os.close(1)
        hang()


def escape(path):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
        say("it could be written\n")
    except OSError as error:
        os.write(2, b"outside: %s\n" % os.strerror(error.errno).encode())
        sys.exit(9)


def main():
    records = {}
    first = True
    behaved_once = False
    for text in sys.stdin:
        request = json.loads(text)
        operation = request["op"]
        if operation == AT and not (HOW == "slow" and behaved_once):
            behaved_once = True
            misbehave()
        if HOW == "late" and first:
            time.sleep(0.5)
        first = False
        fields = {"ok": True}
        if "request" in request:
            fields["request"] = request["request"]
        if operation == "hello":
            fields.update(
                name="misbehaving", protocol=1, contract=CONTRACT, operations=OPERATIONS, features=[])
        elif operation == "open":
            if HOW == "escape":
                escape(sys.argv[2])
            records = {}
            if HOW != "quiet":
                file = os.open(os.path.join(request["directory"], "log"), os.O_RDWR | os.O_CREAT)
                os.fsync(file)
                os.close(file)
        elif HOW == "quiet" and operation in ("put", "delete", "flush"):
            fields.update(ok=False, error="unsupported", message="not today")
        elif operation == "put":
            records[request["id"]] = {"id": request["id"], "vector": request["vector"]}
        elif operation == "delete":
            records.pop(request["id"], None)
        elif operation == "get":
            fields["record"] = records.get(request["id"])
        elif operation == "dump":
            fields["records"] = list(records.values())
        elif operation not in ("flush", "close"):
            fields.update(ok=False, error="unsupported", message=operation)
        say(json.dumps(fields) + "\n")


main()
