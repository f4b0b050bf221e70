#!/usr/bin/env python3
"""The documentation's skeleton peer with about twenty operations. An argument enables the defect that it names."""
import errno, fcntl as control, importlib.util, os, re, select, signal, socket, stat as status, struct, sys, termios, time

sys.dont_write_bytecode = True  # the skeleton's directory may be read-only
PLACE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../../docs/skeleton-peer.py")
specification = importlib.util.spec_from_file_location("skeleton", PLACE)
skeleton = importlib.util.module_from_spec(specification)
specification.loader.exec_module(skeleton)
digest, handles, new_handles, number, require = (
    skeleton.digest, skeleton.handles, skeleton.new_handles, skeleton.number, skeleton.require)

DEFECT = sys.argv[1] if len(sys.argv) > 1 else ""
WITHOUT = [
    "pipe2:flags:O_DIRECT", "fcntl:duplicate", "fcntl:cmd:F_ADD_SEALS", "fcntl:cmd:F_GET_SEALS",
    "mkfifo:exact", "open:timeout", "socketpair:domain:AF_INET", "socketpair:domain:AF_INET6",
]
TIME = rb"[-+]?([0-9]{1,10}(\.[0-9]{0,9})?|\.[0-9]{1,9})"


def flags(text, prefix, *names):
    if text == b"0":
        return 0
    total = 0
    for word in text.decode(errors="replace").split("|"):
        require(word in names, f"{word} is not one of {names}")
        total |= getattr(prefix, word)
    return total


def path_of(path):
    require(b"\0" not in path, "a path has no NUL")
    return path


def permissions(mode):
    require(re.fullmatch(rb"[0-7]{1,5}", mode), f"{mode} is not octal")
    return int(mode, 8)


def pattern_bytes(seed, offset, length):
    def word(index):
        z = seed + index + 0x9E3779B97F4A7C15 & 2**64 - 1
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & 2**64 - 1
        z = (z ^ z >> 27) * 0x94D049BB133111EB & 2**64 - 1
        return struct.pack("<Q", z ^ z >> 31)
    return b"".join(map(word, range(offset // 8, (offset + length + 7) // 8)))[offset % 8 :][:length]


def expectation(pattern, offset):
    require(pattern is not None or offset is None, "'offset' needs 'pattern'")
    seed = None if pattern is None else number(pattern, 2**64 - 1)
    return seed, 0 if offset is None else number(offset, 2**62)


def received(payload, seed, offset):
    if seed is None and len(payload) <= 1024:
        return {"buf": payload}
    fields = {"digest": digest(payload)}
    if seed is not None:
        pairs = enumerate(zip(payload, pattern_bytes(seed, offset, len(payload))))
        fields["differs"] = next((index for index, (got, wanted) in pairs if got != wanted), "none")
    return fields


def sent(buf, count, pattern, offset):
    require((buf is None) != (pattern is None), "a payload is either 'buf' or 'pattern'")
    require(buf is None or (count is None and offset is None), "'buf' implies its length")
    if buf is not None:
        return buf
    seed, offset = expectation(pattern, offset)
    return pattern_bytes(seed, offset, number(count or b"", 2**30))


def seconds(text):
    require(re.fullmatch(TIME, text), "the timeout is not in decimal seconds")
    return float(text)


def transfer(handle, event, block, attempt, timeout, eintr):
    require(eintr in (None, b"retry"), "eintr must be 'retry' or left out")
    fd = handles[handle]
    if timeout is None:
        return block(fd)
    deadline = time.monotonic() + seconds(timeout) * (0.1 if DEFECT == "early-timeout" else 1)
    poll = select.poll()
    poll.register(fd, event)
    while True:
        try:
            return attempt(fd)
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(errno.ETIMEDOUT, "") from None
            poll.poll(min(left, 1e6) * 1000)


def pid():
    if DEFECT == "slow":
        time.sleep(2.5)
    return skeleton.pid()


def umask(mask):
    return {"mask": f"{os.umask(permissions(mask)):o}"}


def close(handle=b"default"):
    if DEFECT != "close-forgotten":
        return skeleton.close(handle)
    del handles[handle]


def fcntl(cmd, handle=b"default", arg=None):
    fd = handles[handle]
    require(cmd in (b"F_GETFL", b"F_SETFL", b"F_GETFD", b"F_GETPIPE_SZ", b"F_SETPIPE_SZ"), f"there is no command {cmd}")
    require((arg is not None) == (cmd in (b"F_SETFL", b"F_SETPIPE_SZ")), "the argument does not fit the command")
    if cmd == b"F_GETFD":
        return {"return": "FD_CLOEXEC" if control.fcntl(fd, control.F_GETFD) & control.FD_CLOEXEC else "0"}
    if cmd in (b"F_GETFL", b"F_SETFL"):
        all_flags = control.fcntl(fd, control.F_GETFL)
        if cmd == b"F_SETFL":
            wanted = flags(arg, os, "O_NONBLOCK")
            control.fcntl(fd, control.F_SETFL, all_flags & ~os.O_NONBLOCK | wanted)
            return {"return": 0}
        names = [("O_RDONLY", "O_WRONLY", "O_RDWR")[all_flags & os.O_ACCMODE]]
        return {"return": "|".join(names + [n for n in ("O_NONBLOCK", "O_DIRECT") if all_flags & getattr(os, n)])}
    if cmd == b"F_GETPIPE_SZ":
        return {"return": control.fcntl(fd, control.F_GETPIPE_SZ)}
    return {"return": control.fcntl(fd, control.F_SETPIPE_SZ, number(arg, 2**31 - 1, -(2**31)))}


def ioctl(request, handle=b"default"):
    require(request == b"FIONREAD", "there is only FIONREAD")
    (value,) = struct.unpack("i", control.ioctl(handles[handle], termios.FIONREAD, bytes(4)))
    return {"value": value}


def mkfifo(path, mode):
    os.mkfifo(path_of(path), permissions(mode))
    return {}


def open_(path, oflag, handle=b"default"):
    new_handles(handle)
    wanted = flags(oflag, os, "O_RDONLY", "O_WRONLY", "O_RDWR", "O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC")
    handles[handle] = os.open(path_of(path), wanted | os.O_CLOEXEC)
    return {"fd": handles[handle]}


def stat(path):
    found = os.lstat(path_of(path))
    kinds = {status.S_IFIFO: "fifo", status.S_IFREG: "file", status.S_IFDIR: "directory", status.S_IFLNK: "link",
             status.S_IFSOCK: "socket"}
    mode = status.S_IMODE(found.st_mode)
    return {"type": kinds.get(status.S_IFMT(found.st_mode), "other"), "mode": mode if DEFECT == "mode-in-decimal"
            else f"{mode:o}", "uid": found.st_uid, "gid": found.st_gid}


def unlink(path):
    os.unlink(path_of(path))
    return {}


def read(count, handle=b"default", pattern=None, offset=None, timeout=None, eintr=None):
    (seed, offset), count = expectation(pattern, offset), number(count, 2**30)

    def attempt(fd):
        room = bytearray(count)
        return bytes(room[: os.preadv(fd, [room], -1, os.RWF_NOWAIT)])
    payload = transfer(handle, select.POLLIN, lambda fd: os.read(fd, count), attempt, timeout, eintr)
    return {"return": len(payload), **received(payload, seed, offset)}


def write(buf=None, count=None, handle=b"default", pattern=None, offset=None, timeout=None, eintr=None):
    payload = sent(buf, count, pattern, offset)
    if DEFECT == "byte-lost":
        payload = payload[:-1] or payload
    return {"return": transfer(handle, select.POLLOUT, lambda fd: os.write(fd, payload),
                               lambda fd: os.pwritev(fd, [payload], -1, os.RWF_NOWAIT), timeout, eintr)}


def read_all(handle=b"default", count=None, pattern=None, offset=None):
    (seed, offset), most = expectation(pattern, offset), None if count is None else number(count, 2**30)
    fd, payload, ended = handles[handle], b"", False
    while not ended and (most is None or len(payload) < most):
        part = os.read(fd, 65536 if most is None else most - len(payload))
        payload, ended = payload + part, not part
    return {"return": len(payload), "eof": "yes" if ended else "no", **received(payload, seed, offset)}


def write_all(buf=None, count=None, handle=b"default", pattern=None, offset=None):
    payload, fd, done = sent(buf, count, pattern, offset), handles[handle], 0
    while done < len(payload):
        try:
            done += os.write(fd, payload[done:])
            if DEFECT == "short-write-as-whole":
                return {"return": len(payload)}
        except OSError as error:
            error.fields = {"call": "write", "return": done}
            raise
    return {"return": done}


def socketpair(first, second, domain, type):
    new_handles(first, second)
    kinds = {b"SOCK_STREAM": socket.SOCK_STREAM, b"SOCK_DGRAM": socket.SOCK_DGRAM, b"SOCK_SEQPACKET": socket.SOCK_SEQPACKET}
    kind, *rest = type.split(b"|")
    require(kind in kinds and rest in ([], [b"SOCK_NONBLOCK"]), f"there is no type {type}")
    require(domain == b"AF_UNIX", f"there is no domain {domain}")
    nonblocking = socket.SOCK_NONBLOCK if rest else 0
    ends = socket.socketpair(socket.AF_UNIX, kinds[kind] | nonblocking)
    handles[first], handles[second] = (end.detach() for end in ends)
    return {"fd": f"{handles[first]},{handles[second]}"}


def shutdown(how, handle=b"default"):
    ways = {b"SHUT_RD": socket.SHUT_RD, b"SHUT_WR": socket.SHUT_WR, b"SHUT_RDWR": socket.SHUT_RDWR}
    require(how in ways, f"there is no way {how}")
    copy = socket.socket(fileno=handles[handle])
    try:
        copy.shutdown(ways[how])
    finally:
        copy.detach()
    return {}


def signals(text):
    found = set()
    if text == b"0":
        return found
    for word in text.decode(errors="replace").split("|"):
        if word.isdigit():
            require(1 <= int(word) <= 64, f"there is no signal {word}")
            if int(word) not in signal.valid_signals():  # the C library reserves it
                raise OSError(errno.EINVAL, "")
            found.add(int(word))
        else:
            require(word in signal.Signals.__members__, f"there is no signal {word}")
            found.add(signal.Signals[word])
    return found


def sigprocmask(how, signum):
    ways = {b"SIG_BLOCK": signal.SIG_BLOCK, b"SIG_UNBLOCK": signal.SIG_UNBLOCK, b"SIG_SETMASK": signal.SIG_SETMASK}
    require(how in ways, f"there is no way {how}")
    signal.pthread_sigmask(ways[how], signals(signum))
    return {}


def sigpending():
    pending = sorted(int(number) for number in signal.sigpending())
    names = {int(number): name for name, number in signal.Signals.__members__.items() if not name.startswith("SIGRT")}
    return {"pending": "|".join(names.get(number, str(number)) for number in pending) or "0"}


OPERATIONS = {operation.__name__.rstrip("_"): operation for operation in (
    pid, umask, skeleton.adopt, close, fcntl, ioctl, skeleton.pipe2, mkfifo, open_, stat, unlink, read, write, read_all,
    write_all, socketpair, shutdown, sigprocmask, sigpending)}


def mixed_up(operation):  # with the wrong error number
    def perform(**fields):
        try:
            return operation(**fields)
        except BrokenPipeError:
            raise OSError(errno.EBADF, "") from None
    return perform


if DEFECT == "slow":
    time.sleep(1)
if DEFECT == "errno-mixed-up":
    OPERATIONS = {name: mixed_up(operation) for name, operation in OPERATIONS.items()}
if DEFECT == "lists-too-much":
    OPERATIONS["limits"] = lambda: {}
skeleton.serve(OPERATIONS, "partial", [] if DEFECT == "omissions-not-listed" else WITHOUT)
