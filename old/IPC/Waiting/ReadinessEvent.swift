internal import CIPC

/// Something that was waited for has become ready.
public struct ReadinessEvent: Hashable, Sendable {
  // As the kernel fills it in.
  private let raw: cipc_epoll_event

  init(token: UInt64, readiness: Readiness) {
    raw = cipc_epoll_event(data: token, events: UInt32(UInt16(bitPattern: readiness.rawValue)))
  }

  /// What its descriptor was given when it was added, and only the caller knows the meaning of.
  public var token: UInt64 { raw.data }

  /// What it is ready for. Beside what was asked for this has ``Readiness/error``, ``Readiness/hangUp`` and
  /// ``Readiness/notOpen`` where they hold.
  public var readiness: Readiness { Readiness(rawValue: Int16(truncatingIfNeeded: raw.events)) }

  public static func == (left: ReadinessEvent, right: ReadinessEvent) -> Bool {
    left.token == right.token && left.readiness == right.readiness
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(token)
    hasher.combine(readiness)
  }
}
