"""Durable protocols on `torture mount`: protocols.py MOUNTPOINT SOCKET MODE SEEDS [NAME...]

Each protocol works step by step and notes what it may rely on from then on. The power goes after a
step that the seed draws, and what is kept is the seed's choice. What a correct protocol relies on
must always be there; of one that leaves a barrier out something must be lost by some seed. One line
a protocol: its name, `held` or `lost`. None of it knows how the disk decides.
"""
import ctypes, mmap, os, random, socket, sys, zlib

ROOT, SOCKET, MODE, SEEDS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
LIBC = ctypes.CDLL(None, use_errno=True)
PROTOCOLS = {}
SIZES = [1, 17, 100, 511, 512, 513, 4095, 4096, 4097, 9000, 20000]


def protocol(*arguments):
    """Registers a protocol, once or once for each of `arguments`: (name, value...)."""
    def register(function):
        for name, *values in arguments or [(function.__name__,)]:
            PROTOCOLS[name] = (function, values)
        return function
    return register


def at(name): return os.path.join(ROOT, name)


def blob(draw, number, size=None):
    size = draw.choice(SIZES) if size is None else size
    return (b"%06d:" % number * (size // 7 + 1))[:size]


def read(name):
    try:
        with open(at(name), "rb") as file: return file.read()
    except FileNotFoundError:
        return None


def sync_directory(name="", call=os.fsync):
    fd = os.open(at(name), os.O_RDONLY | os.O_DIRECTORY)
    call(fd)
    os.close(fd)


def write(name, data, sync=True):
    fd = os.open(at(name), os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o644)
    os.write(fd, data)
    if sync: os.fsync(fd)
    return fd


def allocate(fd, mode, offset, length):
    if LIBC.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)) != 0:
        raise OSError(ctypes.get_errno(), "fallocate")


class Expected:
    """What a protocol relies on: one of several contents of names, ranges, and whatever else."""

    def __init__(self):
        self.content = {}  # name: list of contents, None for no such name
        self.ranges = {}  # (name, offset): bytes
        self.others = {}  # anything: a function that says whether it holds

    def lost(self):
        lost = [n for n, contents in self.content.items() if read(n) not in contents]
        for (name, offset), data in self.ranges.items():
            try:
                with open(at(name), "rb") as file:
                    file.seek(offset)
                    if file.read(len(data)) != data: lost.append(f"{name} at {offset}")
            except FileNotFoundError:
                lost.append(name)
        return lost + [str(what) for what, holds in self.others.items() if not holds()]


@protocol(("replace", True, True), ("replace-without-fsync", False, True),
          ("replace-without-directory", True, False))
def replace(draw, expect, syncs_file, syncs_directory):
    expect.content["f"] = [None]
    for number in range(4):
        data = blob(draw, number)
        expect.content["f"].append(data)
        fd = os.open(at("tmp"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600); yield
        os.write(fd, data); yield
        if syncs_file: os.fsync(fd); yield
        os.close(fd)
        os.rename(at("tmp"), at("f")); yield
        if syncs_directory: sync_directory()
        expect.content["f"] = [data]; yield


def through_another(fd):
    other = os.open(at("log"), os.O_RDONLY)
    os.fdatasync(other)
    os.close(other)


NOTHING = lambda fd: None
SPACE = lambda fd: os.posix_fallocate(fd, 0, 1 << 17)
RANGE = lambda fd: LIBC.sync_file_range(fd, ctypes.c_long(0), ctypes.c_long(0), 7)


@protocol(
    ("append", 0, os.fdatasync, NOTHING), ("append-fsync", 0, os.fsync, NOTHING),
    ("append-preallocated", 0, os.fdatasync, SPACE),
    ("append-keep-size", 0, os.fdatasync, lambda fd: allocate(fd, 1, 0, 1 << 17)),
    ("append-O_DSYNC", os.O_DSYNC, NOTHING, NOTHING),
    ("append-O_SYNC", os.O_SYNC, NOTHING, NOTHING),
    ("append-O_DSYNC-preallocated", os.O_DSYNC, NOTHING, SPACE),
    ("append-synced-by-another", 0, through_another, NOTHING),
    ("append-without-barrier", 0, NOTHING, NOTHING),
    ("append-sync_file_range-without-barrier", 0, RANGE, NOTHING))
def append(draw, expect, flags, barrier, prepare):
    fd = os.open(at("log"), os.O_CREAT | os.O_WRONLY | flags, 0o644)
    prepare(fd)
    os.fsync(fd)
    sync_directory(); yield
    end = 0
    for number in range(8):
        data = blob(draw, number)
        os.pwrite(fd, data, end)
        if barrier is not NOTHING: yield
        barrier(fd)
        expect.ranges["log", end] = data
        end += len(data); yield


@protocol()
def RWF_DSYNC(draw, expect):
    fd = write("log", b"")
    sync_directory(); yield
    end = 0
    for number in range(8):
        data = blob(draw, number)
        os.pwritev(fd, [data], end, os.RWF_DSYNC)
        expect.ranges["log", end] = data
        end += len(data); yield


@protocol(("copy-fsync", 0), ("copy-O_SYNC", os.O_SYNC))
def copy(draw, expect, flags):
    source = write("source", blob(draw, 1, 30000))
    fd = os.open(at("target"), os.O_CREAT | os.O_RDWR | flags, 0o644)
    os.fsync(fd)
    sync_directory(); yield
    end = 0
    for _ in range(5):
        count = os.copy_file_range(source, fd, draw.choice([100, 4096, 5000]), end, end)
        if not flags: yield; os.fdatasync(fd)
        expect.ranges["target", end] = os.pread(source, count, end)
        end += count; yield


@protocol()
def two_descriptors(draw, expect):
    """LMDB's way: a second description, opened O_DSYNC, whose writes alone count."""
    fd = write("f", bytes(65536))
    sync_directory()
    other = os.open(at("f"), os.O_WRONLY | os.O_DSYNC); yield
    for number in range(10):
        offset = draw.randrange(15) * 4096
        os.pwrite(fd, blob(draw, 100 + number, 300), offset + 2048)
        data = blob(draw, number, draw.choice([10, 120, 512, 2048]))
        expect.ranges.pop(("f", offset), None)
        os.pwrite(other, data, offset)
        expect.ranges["f", offset] = data; yield


@protocol()
def redo_journal(draw, expect):
    fd, journal = write("data", bytes(32768)), write("journal", b"")
    sync_directory()
    accepted = [bytes(32768)]

    def recovered():
        content, record = bytearray(read("data")), read("journal")
        size, offset = (int.from_bytes(record[i:i + 4], "little") for i in (0, 4))
        body = record[16:16 + size]
        if len(record) >= 16 and size == len(body) > 0:
            if zlib.crc32(record[4:8] + body) == int.from_bytes(record[8:12], "little"):
                content[offset:offset + size] = body
        return bytes(content) in accepted

    expect.others["content"] = recovered; yield
    for number in range(5):
        data = blob(draw, number, draw.choice([100, 600, 5000]))
        place = draw.randrange(32768 - len(data)).to_bytes(4, "little")
        offset = int.from_bytes(place, "little")
        after = bytearray(accepted[-1])
        after[offset:offset + len(data)] = data
        accepted.append(bytes(after))
        check = zlib.crc32(place + data).to_bytes(4, "little")
        record = len(data).to_bytes(4, "little") + place + check + bytes(4) + data
        os.pwrite(journal, record, 0); yield
        os.fdatasync(journal)
        del accepted[:-1]; yield
        os.pwrite(fd, data, offset); yield
        os.fdatasync(fd); yield
        os.ftruncate(journal, 0); yield
        os.fsync(journal); yield


@protocol()
def swap_by_links(draw, expect):
    data = blob(draw, 0)
    os.close(write("f", data))
    sync_directory()
    expect.content["f"] = [data]; yield
    for number in range(1, 4):
        os.link(at("f"), at("backup")); yield
        sync_directory()
        expect.content["backup"] = [data]; yield
        new = blob(draw, number)
        os.close(write("tmp", new)); yield
        expect.content["f"].append(new)
        os.rename(at("tmp"), at("f")); yield
        sync_directory()
        expect.content["f"], data = [new], new; yield
        del expect.content["backup"]
        os.unlink(at("backup")); yield
        sync_directory(); yield


@protocol(("exchange", "", "", True), ("exchange-across", "d", "e", True),
          ("exchange-without-barrier", "", "", False))
def exchange(draw, expect, first, second, syncs):
    for name in {first, second} - {""}: os.mkdir(at(name))
    sync_directory()
    a, b = os.path.join(first, "a"), os.path.join(second, "b")
    os.close(write(a, b"A" * 5000)); os.close(write(b, b"B" * 100))
    sync_directory(first); sync_directory(second)
    accepted = [(b"A" * 5000, b"B" * 100)]
    expect.others["both"] = lambda: (read(a), read(b)) in accepted; yield
    for _ in range(4):
        accepted.append(accepted[-1][::-1])
        names = os.fsencode(at(a)), os.fsencode(at(b))
        if LIBC.renameat2(-100, names[0], -100, names[1], 2) != 0:
            raise OSError(ctypes.get_errno(), "renameat2")
        if syncs:
            yield
            for name in (first, second): sync_directory(name)
        del accepted[:-1]; yield


@protocol(("nested-each", "each"), ("nested-top-down", "top"), ("nested-bottom-up", "bottom"),
          ("nested-without-top", "no top"), ("nested-without-leaf", "no leaf"))
def nested(draw, expect, order):
    for number in range(3):
        path, directories = "", [""]
        for level in range(3):
            path = os.path.join(path, f"{number}-{level}")
            os.mkdir(at(path)); yield
            directories.append(path)
            if order == "each": sync_directory(directories[-2]); yield
        data = blob(draw, number)
        os.close(write(path + "/file", data)); yield
        for name in {"each": [path], "top": directories, "bottom": directories[::-1],
                     "no top": directories[1:], "no leaf": directories[:-1]}[order]:
            sync_directory(name); yield
        expect.content[path + "/file"] = [data]; yield


@protocol(("move", False, True), ("move-directory", True, True),
          ("move-without-barrier", False, False))
def move(draw, expect, is_directory, syncs):
    data, inner = blob(draw, 1), "/x/f" if is_directory else "/x"
    os.mkdir(at("d")); os.mkdir(at("e"))
    sync_directory()
    if is_directory: os.mkdir(at("d/x"))
    os.close(write("d" + inner, data))
    if is_directory: sync_directory("d/x")
    sync_directory("d")
    expect.others["anywhere"] = lambda: data in (read("d" + inner), read("e" + inner))
    here, there = "d", "e"; yield
    for _ in range(3):
        expect.content.clear()
        os.rename(at(here + "/x"), at(there + "/x")); yield
        if syncs: sync_directory(there); yield
        if syncs: sync_directory(here)
        expect.content = {here + inner: [None], there + inner: [data]}; yield
        here, there = there, here


@protocol()
def truncate_and_grow(draw, expect):
    fd, content = write("f", b"o" * 20000), b"o" * 20000
    sync_directory()
    expect.content["f"] = [content]; yield
    for number in range(4):
        expect.content.clear()
        os.ftruncate(fd, draw.randrange(len(content) + 1)); yield
        os.fdatasync(fd)
        content = read("f")
        expect.content["f"] = [content]; yield
        expect.content.clear()
        os.pwrite(fd, blob(draw, number), len(content) + draw.choice([0, 0, 100, 5000])); yield
        os.fdatasync(fd)
        content = read("f")
        expect.content["f"] = [content]; yield


@protocol()
def punch_and_zero(draw, expect):
    fd = write("f", b"o" * 40000)
    sync_directory(); yield
    for number in range(5):
        expect.content.clear()
        offset = draw.randrange(39000)
        allocate(fd, draw.choice([0, 3, 0x10, 0x11]), offset, draw.randrange(1, 40000 - offset))
        yield
        os.pwrite(fd, blob(draw, number, 200), draw.randrange(39000)); yield
        os.fdatasync(fd)
        expect.content["f"] = [read("f")]; yield


@protocol(("unlink", True), ("unlink-without-barrier", False))
def unlink(draw, expect, syncs):
    for number in range(5):
        name, data = f"n{number % 3}", blob(draw, number)
        expect.content.pop(name, None)
        os.close(write(name, data)); yield
        sync_directory()
        expect.content[name] = [data]; yield
        expect.content[name].append(None)
        os.unlink(at(name)); yield
        if syncs: sync_directory()
        expect.content[name] = [None]; yield


@protocol()
def rotate(draw, expect):
    for number in range(4):
        name, end = f"log.{number}", 0
        fd = os.open(at(name), os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644); yield
        sync_directory(call=os.fdatasync); yield
        for record in range(2):
            data = blob(draw, record)
            os.write(fd, data); yield
            os.fdatasync(fd)
            expect.ranges[name, end] = data
            end += len(data); yield
        os.close(fd)
        if number < 2: continue
        old = f"log.{number - 2}"
        for place in [p for p in expect.ranges if p[0] == old]: del expect.ranges[place]
        os.unlink(at(old)); yield
        sync_directory()
        expect.content[old] = [None]; yield


@protocol()
def symbolic_link(draw, expect):
    os.symlink("1", at("current"))
    sync_directory()
    accepted = ["1"]
    expect.others["current"] = lambda: os.readlink(at("current")) in accepted; yield
    for number in "2345":
        os.symlink(number, at("tmp")); yield
        accepted.append(number)
        os.rename(at("tmp"), at("current")); yield
        sync_directory()
        del accepted[:-1]; yield


@protocol()
def attributes(draw, expect):
    fd = write("f", b"x" * 100)
    sync_directory()
    expect.content["f"] = [b"x" * 100]; yield
    for number in range(4):
        expect.others.clear()
        mode, value = draw.choice([0o600, 0o640, 0o755]), blob(draw, number, 30)
        os.fchmod(fd, mode); yield
        os.setxattr(fd, "user.a", value); yield
        os.fsync(fd)
        expect.others["mode"] = lambda m=mode: os.stat(at("f")).st_mode & 0o777 == m
        expect.others["attribute"] = lambda v=value: os.getxattr(at("f"), "user.a") == v; yield


@protocol()
def sparse(draw, expect):
    fd = write("f", b"")
    sync_directory(); yield
    for number in range(4):
        offset, data = draw.randrange(3 << 30), blob(draw, number)
        os.pwrite(fd, data, offset); yield
        os.fdatasync(fd)
        expect.ranges["f", offset] = data; yield


@protocol()
def publish_by_link(draw, expect):
    for number in range(4):
        data = blob(draw, number)
        os.close(write(f"tmp{number}", data, sync=False)); yield
        fd = os.open(at(f"tmp{number}"), os.O_RDONLY)
        os.fsync(fd); os.close(fd); yield
        os.link(at(f"tmp{number}"), at(f"new{number}")); yield
        sync_directory()
        expect.content[f"new{number}"] = [data]; yield
        os.unlink(at(f"tmp{number}")); yield


@protocol()
def directory_into_place(draw, expect):
    for number in range(3):
        data = blob(draw, number)
        os.mkdir(at("tmp")); yield
        os.close(write("tmp/f", data)); yield
        sync_directory("tmp"); yield
        os.rename(at("tmp"), at(f"v{number}")); yield
        sync_directory()
        expect.content[f"v{number}/f"] = [data]; yield


if MODE == "cached":
    @protocol(("mapped", True), ("mapped-without-msync", False))
    def mapped(draw, expect, syncs):
        fd = write("f", bytes(40960))
        sync_directory()
        memory = mmap.mmap(fd, 40960); yield
        for number in range(6):
            offset, data = draw.randrange(9) * 4096 + draw.choice([0, 300]), blob(draw, number, 200)
            expect.ranges.pop(("f", offset), None)
            memory[offset:offset + 200] = data; yield
            if syncs: memory.flush()
            expect.ranges["f", offset] = data; yield


connection = socket.socket(socket.AF_UNIX)
connection.connect(SOCKET)
lines = connection.makefile("rwb")


def ask(request):
    lines.write(request.encode() + b"\n")
    lines.flush()
    for line in lines:
        if line.startswith(b"ok"): return
        if line.startswith(b"error"): break
    raise SystemExit(f"{request}: {line.decode()}")


def loses(name, seed):
    """What one run of a protocol lost."""
    function, values = PROTOCOLS[name]
    ask("restore empty")
    draw, expect = random.Random(f"{name} {seed}"), Expected()
    before = set(os.listdir("/proc/self/fd"))
    steps = function(draw, expect, *values)
    for _, _ in zip(range(draw.randrange(1, 45)), steps): pass
    plain = draw.choice(["crash --keep none", "crash --keep all"])
    ask(f"crash --seed {seed}" if seed % 5 else plain)
    lost = expect.lost()
    del steps
    for fd in set(os.listdir("/proc/self/fd")) - before:
        try: os.close(int(fd))
        except OSError: pass
    return lost


ask("snapshot empty")
for name in sys.argv[5:] or PROTOCOLS:
    lost = [(seed, what) for seed in range(SEEDS) if (what := loses(name, seed))]
    print(name, f"lost {lost[0]}" if lost else "held", flush=True)
