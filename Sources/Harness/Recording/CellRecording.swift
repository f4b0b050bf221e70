/// A cell's recording: its IPC objects, and the bytes that each role sent.
public struct CellRecording: Sendable, Equatable {
  /// The scenario id, with the parameters.
  public let scenario: String
  /// The objects, in the order in which the roles use them.
  var objects: [RecordedObject]
}

/// One IPC object, as used by the roles in a cell.
struct RecordedObject: Sendable, Equatable {
  /// The kinds of objects; the raw values are the keys in a recording.
  enum Kind: String, Sendable, CaseIterable {
    case fifo, pipe, file
    case messageQueue = "posix-mq"
    case sharedMemory = "posix-shm"
    case semaphore = "posix-sem"
    case messages = "sysv-msg"
    case segment = "sysv-shm"
    case semaphores = "sysv-sem"
    case memory = "memfd"
    case anonymous = "shared-mapping"
    case unixStream = "unix-stream"
    case unixDatagram = "unix-datagram"
    case unixSequenced = "unix-seqpacket"
    case socketPair = "socketpair"
    case tcp, udp
    case signals

    /// Whether the object is a Unix socket; only bind(2) sets the mode of such a socket.
    var isSocket: Bool { [.unixStream, .unixDatagram, .unixSequenced].contains(self) }
  }

  let kind: Kind
  /// The object's name or key, with variables for the parts that differ between cells: `{mq}`, `{client.pid}`.
  var name: String
  var creation: Creation?
  /// The role that removed the object; nil if no role did.
  var remover: String?
  /// The data that each role sent to, stored in or received from the object, in role order.
  var parts: [Part] = []
  /// The differences that the user allows.
  var tolerance = Tolerance()

  /// How a role created the object.
  struct Creation: Sendable, Equatable {
    var role: String
    /// The actual permissions; nil if objects of this kind have no permissions.
    var mode: Int?
    /// The requested permissions and the process's umask, used to explain a difference in mode.
    var requested: (mode: Int, mask: Int)?
    /// Whether the creation fails if the object exists.
    var isExclusive = false
    /// Sizes and limits: `size`, `maxmsg`, `msgsize`, `semaphores`.
    var limits: [Limit: Int] = [:]

    enum Limit: String, Sendable, CaseIterable { case size, maxmsg, msgsize, semaphores }

    /// Compares only the properties that a recording contains, so the requested mode is ignored.
    static func == (left: Creation, right: Creation) -> Bool {
      left.role == right.role && left.mode == right.mode && left.isExclusive == right.isExclusive
        && left.limits == right.limits
    }
  }

  /// One role's use of the object.
  struct Part: Sendable, Equatable {
    let role: String
    /// The messages that the role sent or stored.
    var messages: [RecordedMessage] = []
    /// The messages that the role received, or the bytes from each stream.
    var received: [RecordedMessage] = []
    /// Whether all the role's descriptors for the object are close-on-exec; nil if the role has none.
    var closesOnExec: Bool?
  }

  /// The accepted differences.
  struct Tolerance: Sendable, Equatable {
    /// Whether a role's messages may come in any order.
    var order = false
    /// Whether any role may create or remove the object.
    var roles = false
    /// Whether the number of messages may differ.
    var count = false
  }

  /// Whether a recording contains the data that roles received from the object.
  var hasReceptions: Bool { parts.contains { !$0.received.isEmpty } }

  /// Whether roles receive data from other roles through the object, rather than just read its contents.
  var isChannel: Bool {
    switch kind {
    case .fifo, .pipe, .messageQueue, .messages, .unixStream, .unixDatagram, .unixSequenced, .socketPair, .tcp, .udp:
      true
    case .file, .sharedMemory, .semaphore, .segment, .semaphores, .memory, .anonymous, .signals: false
    }
  }

  /// Whether the object carries a byte stream, in which a reader does not see the boundaries between writes.
  var isStream: Bool {
    switch kind {
    case .fifo, .pipe, .file, .unixStream, .tcp: true
    default: false
    }
  }
}

/// A message, the bytes in one direction of a connection, a store to memory, a semaphore operation or a signal.
struct RecordedMessage: Sendable, Equatable {
  var content = RecordedBytes([])
  /// The message priority in a POSIX queue.
  var priority: Int?
  /// The message type in a System V queue; nil in a recording if any type is accepted.
  var type: MessageType?
  /// The offset of a store.
  var offset: Int?
  /// The descriptors passed with the message: `file /tmp/x`, `pipe`.
  var passed: [String] = []
  /// An operation or a signal: `0:-1/undo`, `set 0=1`, `SIGUSR1 value=5`.
  var operation: String?
  /// The calls that sent or stored the message; these are not part of a recording.
  var calls: [Call] = []

  /// A call that sent the bytes starting at an offset, and its start time on the monotonic clock in nanoseconds.
  struct Call: Sendable {
    var offset: Int
    let time: Int
  }

  /// Compares only the properties that a recording contains.
  static func == (left: RecordedMessage, right: RecordedMessage) -> Bool {
    left.content == right.content && left.priority == right.priority && left.type == right.type
      && left.offset == right.offset && left.passed == right.passed && left.operation == right.operation
  }
}

/// A message type in a System V queue.
enum MessageType: Sendable, Equatable {
  case number(Int)
  /// The process ID of a role or its child, such as `client.pid`, used as the type of a reply to that process.
  case process(variable: String)

  /// The type in the format of a recording: `7`, `{client.pid}`.
  var text: String {
    switch self {
    case .number(let number): "\(number)"
    case .process(let variable): "{\(variable)}"
    }
  }

  /// Parses ``text``; nil if it is neither a number nor a process ID.
  init?(parsing text: String) {
    if let number = Int(text) {
      self = .number(number)
    } else if text.hasPrefix("{"), text.hasSuffix(".pid}") {
      self = .process(variable: String(text.dropFirst().dropLast()))
    } else {
      return nil
    }
  }

  /// Returns the type's number in a cell; nil if the cell has no such process.
  func number(_ value: (String) -> String?) -> Int? {
    switch self {
    case .number(let number): number
    case .process(let variable): value(variable).flatMap { Int($0) }
    }
  }
}
