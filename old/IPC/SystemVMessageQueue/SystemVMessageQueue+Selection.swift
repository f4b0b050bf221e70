internal import CIPC
internal import SystemPackage

extension SystemVMessageQueue {
  /// The type of a message: 1 or more. What it means is for those who use the queue to agree.
  ///
  /// The `mtype` of `msgop(2)`.
  public struct MessageType: Hashable, Comparable, Sendable {
    public let rawValue: Int

    /// - Returns: nil when no message can have this type.
    public init?(rawValue: Int) {
      guard rawValue > 0 else { return nil }
      self.rawValue = rawValue
    }

    /// - Throws: ``IPCError`` with `.invalidArgument`, as `msgsnd(2)` says of a type that is not positive.
    public init(validating rawValue: Int) throws(IPCError) {
      guard rawValue > 0 else { throw IPCError(call: "msgsnd", errno: .invalidArgument) }
      self.rawValue = rawValue
    }

    public static func < (left: MessageType, right: MessageType) -> Bool { left.rawValue < right.rawValue }
  }

  /// Which message to receive. Of those that are meant it is the one that was sent first.
  ///
  /// The `msgtyp` of `msgrcv(2)`, whose sign and flags say the same.
  public enum Selection: Hashable, Sendable {
    /// Of any type.
    case any
    /// Of this type.
    case type(MessageType)
    /// Of the lowest type in the queue that is not above this one: so types serve as priorities.
    case lowest(upTo: MessageType)
    /// Of any type but this one: `MSG_EXCEPT`.
    case except(MessageType)
  }
}

extension SystemVMessageQueue.MessageType: ExpressibleByIntegerLiteral {
  /// A literal that is not positive is a mistake in the program, and ends it.
  public init(integerLiteral value: Int) {
    precondition(value > 0, "the type of a message is 1 or more")
    rawValue = value
  }
}

extension SystemVMessageQueue.MessageType: CustomStringConvertible {
  public var description: String { "\(rawValue)" }
}

extension SystemVMessageQueue.Selection {
  /// As the kernel takes it.
  var mirrored: (type: Int, flags: Int32) {
    switch self {
    case .any: (0, 0)
    case .type(let type): (type.rawValue, 0)
    case .lowest(let type): (-type.rawValue, 0)
    case .except(let type): (type.rawValue, Int32(CIPC_MSG_EXCEPT))
    }
  }
}
