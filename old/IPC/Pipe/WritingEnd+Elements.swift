extension WritingEnd where Self: ~Copyable {
  /// Like ``write(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
  public func write(
    _ bytes: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    try write(unsafe bytes.bytes, patience: patience, interruption: interruption)
  }

  /// Like ``writeAll(_:patience:interruption:)-(RawSpan,_,_)``, for the bytes of an array or a string.
  @discardableResult
  public func writeAll(
    _ bytes: Span<UInt8>, patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> WriteResult {
    try writeAll(unsafe bytes.bytes, patience: patience, interruption: interruption)
  }
}
