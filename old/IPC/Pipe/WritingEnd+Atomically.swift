internal import SystemPackage

extension WritingEnd where Self: PipeEnd & ~Copyable {
  /// Writes `bytes` as a whole that no other writer's bytes are mixed with.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` for more than ``Pipe/atomicWriteLimit`` bytes, before anything is
  ///   written.
  ///
  /// Calls `write(2)`.
  @discardableResult
  public func writeAtomically(
    _ bytes: RawSpan, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    guard bytes.byteCount <= Pipe.atomicWriteLimit else {
      throw IPCError(call: "write", errno: .messageTooLong, object: .descriptor(descriptor))
    }
    return try write(bytes, patience: patience, interruption: interruption)
  }

  /// Like ``writeAtomically(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
  @discardableResult
  public func writeAtomically(
    _ bytes: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    try writeAtomically(unsafe bytes.bytes, patience: patience, interruption: interruption)
  }
}
