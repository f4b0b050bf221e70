import Glibc
import SystemPackage

/// A descriptor that is closed when nobody needs it any more, also when what it was made for fails half-way.
final class OwnedDescriptor {
  let descriptor: FileDescriptor
  var number: Int32 { descriptor.rawValue }

  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  deinit { try? descriptor.close() }
}

/// A pipe between the harness and a child: both ends are close-on-exec from birth, and the harness's never blocks.
struct ChildPipe {
  let reader: OwnedDescriptor
  let writer: OwnedDescriptor

  /// Which end stays in the harness.
  enum End { case reader, writer }

  init(keeping kept: End) throws(SandboxError) {
    let ends: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
    do { ends = try FileDescriptor.pipe(options: .closeOnExec) } catch { throw SandboxError("pipe2: \(error)") }
    (reader, writer) = (OwnedDescriptor(ends.readEnd), OwnedDescriptor(ends.writeEnd))
    let ours = kept == .reader ? reader : writer
    if fcntl(ours.number, F_SETFL, O_NONBLOCK) == -1 { throw SandboxError(call: "fcntl", on: "a new pipe") }
  }
}
