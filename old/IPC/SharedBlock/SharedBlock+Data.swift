internal import Synchronization
internal import SystemPackage

extension SharedBlock {
  /// Copies bytes to the beginning of the data, sets the flag behind them, and wakes all who wait for it. The rest of the
  /// data stays as it is.
  ///
  /// - Throws: ``IPCError`` with `.messageTooLong` for more than ``capacity``; nothing is written then.
  ///
  /// A store with release, and `futex(2)`.
  public func publish(_ bytes: RawSpan) throws(IPCError) {
    guard bytes.byteCount <= Self.capacity else { throw IPCError(call: "memcpy", errno: .messageTooLong) }
    unsafe bytes.withUnsafeBytes { unsafe data.copyMemory(from: $0) }
    set(1)
  }

  /// Like ``publish(_:)-(RawSpan)``, for the bytes of an array or a string.
  public func publish(_ bytes: Span<UInt8>) throws(IPCError) { try publish(unsafe bytes.bytes) }

  /// Takes the flag back, and wakes all who wait for that: the data may become other data.
  public func reset() { set(0) }

  /// Copies the data from its beginning until `buffer` is full. Whether it is what was published, ``isReady`` has told.
  ///
  /// - Throws: ``IPCError`` with `.badAddress` for more than ``capacity``; nothing is appended then.
  public func read(into buffer: inout OutputRawSpan) throws(IPCError) {
    guard buffer.freeCapacity <= Self.capacity else { throw IPCError(call: "memcpy", errno: .badAddress) }
    unsafe buffer.withUnsafeMutableBytes { bytes, filled in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
      unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: data[..<room.count]))
      filled = bytes.count
    }
  }

  /// Adds to the counter, which wraps at 2⁶⁴, and returns what it is then. No addition of another is lost.
  @discardableResult
  public func add(_ count: UInt64) -> UInt64 {
    unsafe counterWord.pointee.wrappingAdd(count, ordering: .sequentiallyConsistent).newValue
  }

  /// The counter at one moment.
  public var counter: UInt64 { unsafe counterWord.pointee.load(ordering: .sequentiallyConsistent) }

  /// Sets the counter, as before it is published.
  public func setCounter(_ value: UInt64) { unsafe counterWord.pointee.store(value, ordering: .sequentiallyConsistent) }

  private func set(_ value: UInt32) {
    unsafe flag.pointee.store(value, ordering: .releasing)
    unsafe Kernel.wake(flag, .max)
  }
}
