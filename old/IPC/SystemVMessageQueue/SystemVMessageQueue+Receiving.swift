internal import CIPC
internal import Glibc
internal import SystemPackage

extension SystemVMessageQueue {
  /// What came of receiving.
  public enum ReceiveResult: Hashable, Sendable {
    /// A message of so many bytes, or, if it was cut, what there was room for.
    case received(length: Int, type: MessageType)
    /// No such message is in the queue, and there was no patience to wait.
    case wouldBlock
    /// No such message came until the deadline.
    case timedOut
  }

  /// Receives the message that was sent first of those that are selected, and waits for one.
  ///
  /// - Parameters:
  ///   - bytes: Where the message is appended.
  ///   - cutting: Takes a message for which there is not enough room, and drops what is too much, without a word:
  ///     `MSG_NOERROR`.
  ///   - patience: The kernel has no deadline for this: until one, the queue is tried and tried again, with pauses of a
  ///     tenth of a millisecond at first and ten at last. Who waits ``Patience/forever`` is woken at once, and served first.
  /// - Throws: ``IPCError`` with `.argListTooLong` (`E2BIG`) when there is less room than the message needs; it stays in the
  ///   queue. `.identifierRemoved` when the queue is removed meanwhile, `.invalidArgument` when it was before;
  ///   `.permissionDenied`; `Errno.interrupted` where that was asked for.
  ///
  /// Calls `msgrcv(2)`. As with sending, the bytes are copied once.
  public func receive(
    _ selection: Selection = .any, into bytes: inout OutputRawSpan, cutting: Bool = false,
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> ReceiveResult {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
      try unsafe receive(selection, cutting, into: buffer, filled: &count, patience, interruption)
    }
  }

  /// The same, appended to an array. One that has the room is not reallocated.
  ///
  /// - Parameter room: For how many bytes to make room. No message is larger than `/proc/sys/kernel/msgmax`, which is 8192
  ///   where nobody has changed it.
  public func receive(
    _ selection: Selection = .any, room: Int, appendingTo bytes: inout [UInt8], cutting: Bool = false,
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> ReceiveResult {
    try unsafe bytes.append(room: room) { (buffer, count) throws(IPCError) in
      try unsafe receive(selection, cutting, into: buffer, filled: &count, patience, interruption)
    }
  }

  /// Copies a message that stays in the queue, and never waits.
  ///
  /// - Parameters:
  ///   - position: Which one, in the order of sending, from 0.
  ///   - bytes: Where it is appended.
  /// - Returns: Its length and type; nil when the queue has fewer messages.
  /// - Throws: As ``receive(_:into:cutting:patience:interruption:)``, and the kernel copies no message in part; `.noFunction`
  ///   (`ENOSYS`) where it was built without this.
  ///
  /// Calls `msgrcv(2)` with `MSG_COPY | IPC_NOWAIT`.
  public func copy(
    at position: Int, into bytes: inout OutputRawSpan
  ) throws(IPCError) -> (length: Int, type: MessageType)? {
    try unsafe bytes.withUnsafeMutableBytes { (buffer, count) throws(IPCError) in
      try unsafe copy(at: position, into: buffer, filled: &count)
    }
  }

  /// The same, appended to an array.
  public func copy(
    at position: Int, room: Int, appendingTo bytes: inout [UInt8]
  ) throws(IPCError) -> (length: Int, type: MessageType)? {
    try unsafe bytes.append(room: room) { (buffer, count) throws(IPCError) in
      try unsafe copy(at: position, into: buffer, filled: &count)
    }
  }

  private func copy(
    at position: Int, into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int
  ) throws(IPCError) -> (length: Int, type: MessageType)? {
    try unsafe take(position, Int32(CIPC_MSG_COPY), into: buffer, filled: &count, .none, .retry)
  }

  private func receive(
    _ selection: Selection, _ cutting: Bool, into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int,
    _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> ReceiveResult {
    let (type, flags) = selection.mirrored
    let all = flags | (cutting ? Int32(CIPC_MSG_NOERROR) : 0)
    guard let (length, type) = try unsafe take(type, all, into: buffer, filled: &count, patience, interruption) else {
      return patience == .none ? .wouldBlock : .timedOut
    }
    return .received(length: length, type: type)
  }

  /// `msgrcv(2)`; nil when no such message is there, or came.
  private func take(
    _ type: Int, _ flags: Int32, into buffer: UnsafeMutableRawBufferPointer, filled count: inout Int,
    _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> (length: Int, type: MessageType)? {
    let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    let taken = try MessageRoom.lend(for: free.count) { (room) throws(IPCError) -> (Int, MessageType)? in
      let result = try Self.attempt(patience, interruption, busy: .noMessage) { noWait in
        unsafe msgrcv(identifier, room.start, free.count, type, flags | noWait)
      }
      switch result {
      case .success(let length):
        unsafe free.copyMemory(from: UnsafeRawBufferPointer(rebasing: room.text[..<length]))
        return (length, try MessageType(validating: room.type))
      case .failure(.noMessage): return nil
      case .failure(let reason): throw IPCError(call: "msgrcv", errno: reason, object: object)
      }
    }
    guard let (length, type) = taken else { return nil }
    count += length
    return (length, type)
  }
}
