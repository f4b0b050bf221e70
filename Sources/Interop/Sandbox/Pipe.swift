import Glibc
import SystemPackage

/// A pipe between the harness and a child: both ends are closed on execution, and the harness's never blocks.
struct ChildPipe {
  let reader: FileDescriptor
  let writer: FileDescriptor

  /// Which end stays in the harness.
  enum End { case reader, writer }

  init(keeping kept: End) throws(SandboxError) {
    let ends: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
    do { ends = try FileDescriptor.pipe() } catch { throw SandboxError("pipe: \(error)") }
    (reader, writer) = (ends.readEnd, ends.writeEnd)
    // Between the pipe and these flags another thread may start a warden that inherits the ends: a warden closes on
    // its start what was not meant for it.
    for end in [reader, writer] where fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) == -1 {
      throw SandboxError(call: "fcntl", on: "a new pipe")
    }
    let ours = kept == .reader ? reader : writer
    if fcntl(ours.rawValue, F_SETFL, O_NONBLOCK) == -1 { throw SandboxError(call: "fcntl", on: "a new pipe") }
  }
}
