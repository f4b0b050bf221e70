import Glibc
import SystemPackage

/// A descriptor that is closed when nobody needs it any more, also when what it was made for fails half-way.
final class OwnedDescriptor {
  let descriptor: FileDescriptor
  var number: Int32 { descriptor.rawValue }

  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  deinit { try? descriptor.close() }
}

/// A pipe between the harness and a child: both ends are closed on execution, and the harness's never blocks.
struct ChildPipe {
  let reader: OwnedDescriptor
  let writer: OwnedDescriptor

  /// Which end stays in the harness.
  enum End { case reader, writer }

  init(keeping kept: End) throws(SandboxError) {
    let ends: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
    do { ends = try FileDescriptor.pipe() } catch { throw SandboxError("pipe: \(error)") }
    (reader, writer) = (OwnedDescriptor(ends.readEnd), OwnedDescriptor(ends.writeEnd))
    // Between the pipe and these flags another thread may start a warden that inherits the ends: a warden closes on
    // its start what was not meant for it.
    for end in [reader, writer] where fcntl(end.number, F_SETFD, FD_CLOEXEC) == -1 {
      throw SandboxError(call: "fcntl", on: "a new pipe")
    }
    let ours = kept == .reader ? reader : writer
    if fcntl(ours.number, F_SETFL, O_NONBLOCK) == -1 { throw SandboxError(call: "fcntl", on: "a new pipe") }
  }
}
