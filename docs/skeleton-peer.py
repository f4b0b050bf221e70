#!/usr/bin/env python3
"""A peer with six operations, as a starting point for your own: see your-peer.md."""
import errno, os, re, struct, sys
from urllib.parse import quote_from_bytes, unquote_to_bytes

# The options that the peer does not support; remove an entry when you have implemented its option.
WITHOUT = "read:pattern,read:timeout,write:pattern,write:timeout,pipe2:flags:O_DIRECT".split(",")
FLAGS = {b"0": 0, b"O_NONBLOCK": os.O_NONBLOCK, b"O_CLOEXEC": os.O_CLOEXEC}
SYMBOLS = {**errno.errorcode, errno.EDEADLK: "EDEADLK", errno.EOPNOTSUPP: "EOPNOTSUPP"}  # Python prefers their synonyms
handles = {}  # descriptors by name

def require(condition, reason):  # a request that does not meet one is `invalid`
    if not condition:
        raise ValueError(reason)

def number(text, most, least=0):
    require(re.fullmatch(rb"-?[0-9]+", text) and least <= int(text) <= most, f"{text} is not from {least} to {most}")
    return int(text)

def new_handles(*names):
    for name in names:
        require(1 <= len(name) <= 63, "the name of a handle has 1 to 63 bytes")
        require(name not in handles and names.count(name) == 1, f"the handle {name} is in use")

def digest(payload):
    value = 0xCBF29CE484222325
    for (word,) in struct.iter_unpack("<Q", payload + bytes(-len(payload) % 8) + struct.pack("<Q", len(payload))):
        value = (value ^ word) * 0x100000001B3 & 2**64 - 1
    return f"{value:016x}"

def pid():
    return {"pid": os.getpid(), "ppid": os.getppid(), "uid": os.geteuid(), "gid": os.getegid()}

def adopt(fd, handle=b"default"):
    new_handles(handle)
    os.set_inheritable(number(fd, 2**31 - 1), False)
    handles[handle] = int(fd)

def close(handle=b"default"):
    os.close(handles.pop(handle))  # the name is free even if close(2) fails

def pipe2(reader, writer, flags=b"0"):
    new_handles(reader, writer)
    handles[reader], handles[writer] = os.pipe2(sum({FLAGS[flag] for flag in flags.split(b"|")}) | os.O_CLOEXEC)
    return {"fd": f"{handles[reader]},{handles[writer]}"}

def read(count, handle=b"default", eintr=b"retry"):  # Python repeats an interrupted call by itself
    payload = os.read(handles[handle], number(count, 2**30))
    return {"return": len(payload), **({"buf": payload} if len(payload) <= 1024 else {"digest": digest(payload)})}

def write(buf, handle=b"default", eintr=b"retry"):
    return {"return": os.write(handles[handle], buf)}

def field(word):
    key, equals, value = word.partition(b"=")
    require(key and equals and not re.search(rb"%(?![0-9A-Fa-f]{2})", value), f"{word} is not key=value")
    return key.decode(), unquote_to_bytes(value)

def respond(line, operations):
    name, *words = line.split(b" ")
    name = name.decode(errors="replace")
    try:
        require(name and len(line) < 65536, "the line is empty or too long")
        fields = dict(map(field, words))
        require(len(fields) == len(words), "a parameter is given twice")
        if name not in operations:
            return "unsupported"
        kind, results = "ok", operations[name](**fields) or {}
    except OSError as error:  # `error.fields` may have a different `call`, such as read in read_all, and `return`
        kind, results = "error", {"errno": SYMBOLS[error.errno], "call": name, **getattr(error, "fields", {})}
    except (KeyError, TypeError, ValueError) as reason:  # a handle, a parameter or a value that does not exist
        kind, results = "invalid", {"reason": reason}
    values = {key: value if isinstance(value, bytes) else str(value).encode() for key, value in results.items()}
    return " ".join([kind, *(f"{key}={quote_from_bytes(values[key], safe='-._~/|,:+@')}" for key in values)])

def serve(operations, language="mine", without=WITHOUT):  # the language is the name of the peer in reports
    print(f"hello contract=1 language={language} implementation=python-{sys.version.split()[0]}",
          f"operations={','.join(operations)}", *([f"without={','.join(without)}"] if without else []), flush=True)
    for line in sys.stdin.buffer:
        if line.endswith(b"\n"):  # the runner was interrupted while it wrote an incomplete line
            print(respond(line[:-1], operations), flush=True)

if __name__ == "__main__":
    serve({operation.__name__: operation for operation in (pid, adopt, close, pipe2, read, write)})
