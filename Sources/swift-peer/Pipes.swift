internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Creating, opening and removing anonymous pipes and FIFOs.
let pipeOperations: [Peer.Operation] = [
  .init("pipe2", "reader writer flags") { peer, parameters in
    let (reader, writer) = (try parameters.text("reader"), try parameters.text("writer"))
    try peer.handles.require(free: reader, writer)
    let flags = try parameters.flags("flags", of: pipeFlags, default: 0)
    let pipe = try AnonymousPipe(nonBlocking: flags & O_NONBLOCK != 0, packets: flags & directFlag != 0)
    var fields = Fields()
    fields.append("fd", "\(pipe.reader.descriptor.rawValue),\(pipe.writer.descriptor.rawValue)")
    try peer.handles.add(PipeHandle(pipe.reader), as: reader)
    try peer.handles.add(PipeHandle(pipe.writer), as: writer)
    return fields
  },

  .init("mkfifo", "path mode exact") { _, parameters in
    try parameters.fifo().create(
      permissions: try parameters.permissions(), applyUmask: try !parameters.isSet("exact"))
    return Fields()
  },

  .init("open", "handle path oflag timeout") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let handle = try open(parameters.fifo(), parameters)
    try peer.handles.add(handle, as: parameters.handle)
    var fields = Fields()
    fields.append("fd", handle.descriptor.rawValue)
    return fields
  },

  .init("stat", "path") { _, parameters in
    var status = stat()
    guard unsafe lstat(try parameters.text("path"), &status) == 0 else { throw Failure(Errno(rawValue: errno)) }
    var fields = Fields()
    fields.append("type", types[status.st_mode & S_IFMT] ?? "other")
    fields.append("mode", String(status.st_mode & 0o7777, radix: 8))
    fields.append("uid", status.st_uid)
    fields.append("gid", status.st_gid)
    return fields
  },

  .init("unlink", "path") { _, parameters in
    do {
      try parameters.fifo().unlink()
    } catch let error as IPCError where error.errno == .invalidArgument {
      // The library removes only FIFOs, so other files are removed with unlink(2).
      guard unsafe unlink(try parameters.text("path")) == 0 else { throw Failure(Errno(rawValue: errno)) }
    }
    return Fields()
  },
]

private func open(_ fifo: FIFO, _ parameters: Parameters) throws -> PipeHandle {
  let flags = try parameters.flags("oflag", of: openFlags)
  let nonBlocking = flags & O_NONBLOCK != 0
  let timeout = parameters.has("timeout") ? try parameters.timeout() : nonBlocking ? .immediate : .never
  switch flags & O_ACCMODE {
  case O_RDONLY:
    guard !parameters.has("timeout") else { throw Invalid("a timeout is for O_WRONLY") }
    return PipeHandle(
      try fifo.openForReading(timeout: timeout, nonBlocking: nonBlocking, retryOnInterrupt: false))
  case O_WRONLY:
    return PipeHandle(
      try fifo.openForWriting(timeout: timeout, nonBlocking: nonBlocking, retryOnInterrupt: false))
  default:
    return PipeHandle(try fifo.openForReadingAndWriting(nonBlocking: nonBlocking))
  }
}

extension Parameters {
  fileprivate func fifo() throws -> FIFO { FIFO(FilePath(try text("path"))) }
}

private let pipeFlags = FlagTable(["O_NONBLOCK": O_NONBLOCK, "O_DIRECT": directFlag, "O_CLOEXEC": O_CLOEXEC])
private let openFlags = FlagTable([
  "O_RDONLY": O_RDONLY, "O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR, "O_NONBLOCK": O_NONBLOCK, "O_NOFOLLOW": O_NOFOLLOW,
  "O_CLOEXEC": O_CLOEXEC,
])
private let types: [mode_t: String] = [
  S_IFIFO: "fifo", S_IFREG: "file", S_IFDIR: "directory", S_IFLNK: "link", S_IFSOCK: "socket",
]
