internal import CIPC
internal import Glibc
internal import SystemPackage

/// What came of sending a message.
public enum SendResult: Hashable, Sendable {
  /// All of it: a message is not sent in part.
  case sent
  /// The other side of the connection is closed, or receives no more; or this side sends no more. No signal is delivered.
  case nobodyReads
  /// There was no room, and no patience to wait.
  case wouldBlock
  /// There was no room until the deadline.
  case timedOut
}

extension SocketEnd where Self: ~Copyable {
  /// Sends a message to whom the socket is connected to, and waits for room.
  func sendMessage(
    _ message: RawSpan, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) -> SendResult {
    try unsafe message.withUnsafeBytes { (bytes) throws(IPCError) in
      try SendResult(of: "send", descriptor, patience, interruption) {
        unsafe cipc_socket_write(descriptor.rawValue, bytes.baseAddress, bytes.count, $0 ? Int32(MSG_DONTWAIT) : 0)
      }
    }
  }
}

extension SendResult {
  /// Of a call that `poll(2)` can wait for: `attempt` is told whether it must not wait.
  init(
    of call: String, _ descriptor: FileDescriptor, _ patience: Patience, _ interruption: Interruption,
    _ attempt: (_ now: Bool) -> Int
  ) throws(IPCError) {
    do throws(IPCError) {
      self =
        switch try Transfer.transfer(call, descriptor, .writable, patience, interruption, attempt) {
        case .moved: .sent
        case .wouldBlock: .wouldBlock
        case .timedOut: .timedOut
        }
    } catch let error where error.errno == .brokenPipe {
      self = .nobodyReads
    }
  }
}
