internal import IPC
internal import SystemPackage

/// A handle to a byte stream: a pipe, a FIFO or a stream socket.
///
/// As in C, the kernel decides whether an end can be read or written (`EBADF`), so this type allows both.
protocol ByteHandle: DescriptorHandle, StreamHandle, ReadableDescriptor, WritableDescriptor {}

/// A handle to one end of a pipe or FIFO.
final class PipeHandle: ByteHandle, PipeDescriptor {
  let descriptor: FileDescriptor
  private var owned: OwnedDescriptor?

  init(_ end: consuming some DescriptorOwner & PipeDescriptor & ~Copyable) {
    descriptor = end.descriptor
    owned = end.takeDescriptor()
  }

  func close() throws { try owned.take()?.close() }
}

extension Peer {
  /// Returns the pipe or FIFO named in a request.
  func pipe(_ parameters: Parameters) throws -> PipeHandle {
    try handles.find(parameters.handle, as: PipeHandle.self, "pipe or FIFO")
  }

  /// Returns the pipe, FIFO or socket that a request reads from or writes to.
  func bytes(_ parameters: Parameters) throws -> any ByteHandle {
    try handles.find(parameters.handle, as: (any ByteHandle).self, "pipe, FIFO or socket")
  }
}

extension DescriptorRepresentable where Self: ~Copyable {
  /// Returns the timeout in a request; without one, the descriptor's `O_NONBLOCK` flag determines the timeout.
  func timeout(_ parameters: Parameters) throws -> Timeout {
    if parameters.has("timeout") { return try parameters.timeout() }
    return try isNonBlocking ? .immediate : .never
  }
}
