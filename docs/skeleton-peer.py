#!/usr/bin/env python3
"""A peer with six operations, to start your own from: see peer-protocol.md."""
import errno, inspect, os, re, select, struct, sys, time
from urllib.parse import quote_from_bytes, unquote_to_bytes

FLAGS = {b"0": 0, b"O_NONBLOCK": os.O_NONBLOCK, b"O_DIRECT": os.O_DIRECT, b"O_CLOEXEC": os.O_CLOEXEC}
TIME = rb"[-+]?([0-9]{1,10}(\.[0-9]{0,9})?|\.[0-9]{1,9})"
handles = {}  # descriptors by name


def require(condition, reason):  # a request that does not meet one is `invalid`
    if not condition:
        raise ValueError(reason)


def number(text, most):
    require(text.isdigit() and int(text) <= most, f"{text} is not a number from 0 to {most}")
    return int(text)


def new_handles(*names):
    for name in names:
        require(1 <= len(name) <= 63, "the name of a handle has 1 to 63 bytes")
        require(name not in handles and names.count(name) == 1, f"the handle {name} is in use")


def pattern_bytes(seed, offset, length):
    def word(index):
        z = seed + index + 0x9E3779B97F4A7C15 & 2**64 - 1
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & 2**64 - 1
        z = (z ^ z >> 27) * 0x94D049BB133111EB & 2**64 - 1
        return struct.pack("<Q", z ^ z >> 31)
    return b"".join(map(word, range(offset // 8, (offset + length + 7) // 8)))[offset % 8 :][:length]


def digest(payload):
    value = 0xCBF29CE484222325
    padded = payload + bytes(-len(payload) % 8) + struct.pack("<Q", len(payload))
    for (word,) in struct.iter_unpack("<Q", padded):
        value = (value ^ word) * 0x100000001B3 & 2**64 - 1
    return f"{value:016x}"


def transfer(handle, event, block, attempt, timeout, eintr):
    """Calls `block`; with a timeout `attempt`, which never blocks. Python repeats an interrupted call by itself."""
    require(handle in handles, f"there is no handle {handle}")
    require(eintr in (None, b"retry"), "eintr must be 'retry' or left out")
    require(timeout is None or re.fullmatch(TIME, timeout), "the timeout is not in decimal seconds")
    if timeout is None:
        return block(handles[handle])
    deadline = time.monotonic() + float(timeout)
    poll = select.poll()
    poll.register(handles[handle], event)
    while True:
        try:
            return attempt(handles[handle])
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(errno.ETIMEDOUT, "") from None
            poll.poll(min(left, 1e6) * 1000)


def pid():
    return {"pid": os.getpid(), "ppid": os.getppid(), "uid": os.geteuid(), "gid": os.getegid()}


def adopt(fd, handle=b"default"):
    new_handles(handle)
    os.set_inheritable(number(fd, 2**31 - 1), False)
    handles[handle] = int(fd)
    return {}


def close(handle=b"default"):
    require(handle in handles, f"there is no handle {handle}")
    os.close(handles.pop(handle))  # the name is free even if close(2) fails
    return {}


def pipe2(reader, writer, flags=b"0"):
    new_handles(reader, writer)
    require(all(flag in FLAGS for flag in flags.split(b"|")), f"there are no flags {flags}")
    handles[reader], handles[writer] = os.pipe2(sum({FLAGS[flag] for flag in flags.split(b"|")}) | os.O_CLOEXEC)
    return {"fd": f"{handles[reader]},{handles[writer]}"}


def read(count, handle=b"default", pattern=None, offset=None, timeout=None, eintr=None):
    require(pattern is not None or offset is None, "'offset' needs 'pattern'")
    count, offset = number(count, 2**30), 0 if offset is None else number(offset, 2**62)
    seed = None if pattern is None else number(pattern, 2**64 - 1)

    def attempt(fd):
        room = bytearray(count)
        return bytes(room[: os.preadv(fd, [room], -1, os.RWF_NOWAIT)])
    payload = transfer(handle, select.POLLIN, lambda fd: os.read(fd, count), attempt, timeout, eintr)
    if seed is None and len(payload) <= 1024:
        return {"return": len(payload), "buf": payload}
    response = {"return": len(payload), "digest": digest(payload)}
    if seed is not None:
        pairs = enumerate(zip(payload, pattern_bytes(seed, offset, len(payload))))
        response["differs"] = next((index for index, (got, expected) in pairs if got != expected), "none")
    return response


def write(buf=None, count=None, handle=b"default", pattern=None, offset=None, timeout=None, eintr=None):
    require((buf is None) != (pattern is None), "write sends either 'buf' or 'pattern'")
    require(buf is None or (count is None and offset is None), "'buf' implies its length")
    if buf is None:
        offset = 0 if offset is None else number(offset, 2**62)
        buf = pattern_bytes(number(pattern, 2**64 - 1), offset, number(count or b"", 2**30))
    return {"return": transfer(handle, select.POLLOUT, lambda fd: os.write(fd, buf),
                               lambda fd: os.pwritev(fd, [buf], -1, os.RWF_NOWAIT), timeout, eintr)}


def parse(words):
    fields = {}
    for word in words:
        key, equals, value = word.partition(b"=")
        require(key and equals and key.decode() not in fields, f"{word} is not key=value, or is given twice")
        require(not re.search(rb"%(?![0-9A-Fa-f]{2})", value), f"{value} is not percent-encoded")
        fields[key.decode()] = unquote_to_bytes(value)
    return fields


def encode(kind, fields):
    values = ((key, value if isinstance(value, bytes) else str(value).encode()) for key, value in fields.items())
    return " ".join([kind, *(f"{key}={quote_from_bytes(value, safe='-._~/|,:+@')}" for key, value in values)])


OPERATIONS = {operation.__name__: operation for operation in (adopt, close, pid, pipe2, read, write)}


def respond(line):
    name, *words = line.split(b" ")
    operation = OPERATIONS.get(name.decode(errors="replace"))
    try:
        require(name and len(line) < 65536, "the line is empty or too long")
        fields = parse(words)
        if not operation:
            return "unsupported"
        try:
            inspect.signature(operation).bind(**fields)
        except TypeError as reason:  # a parameter is missing or unknown
            raise ValueError(reason) from None
        return encode("ok", operation(**fields))
    except OSError as error:
        return encode("error", {"errno": errno.errorcode[error.errno], "call": operation.__name__})
    except ValueError as reason:
        return encode("invalid", {"reason": reason})


# The language is the name that your peers file has.
print("hello contract=1 language=mine", f"implementation=python-{sys.version.split()[0]}",
      f"operations={','.join(OPERATIONS)}", flush=True)
for line in sys.stdin.buffer:
    if line.endswith(b"\n"):  # the runner was interrupted while it wrote an incomplete line
        print(respond(line[:-1]), flush=True)
