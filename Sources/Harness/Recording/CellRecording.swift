/// The recording of a cell: its IPC objects, and the bytes that each role sent.
public struct CellRecording: Sendable, Equatable {
  /// The id of the scenario, with its parameters.
  public let scenario: String
  /// The objects, in the order in which the roles use them.
  var objects: [RecordedObject]
}

/// One IPC object, as the roles of a cell used it.
struct RecordedObject: Sendable, Equatable {
  /// The kinds of objects, with their keys in a recording.
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

    /// Whether the object is a Unix socket, whose mode comes only from bind(2).
    var isSocket: Bool { [.unixStream, .unixDatagram, .unixSequenced].contains(self) }
  }

  let kind: Kind
  /// The name or key, in which variables replace what differs between cells: `{mq}`, `{client.pid}`.
  var name: String
  var creation: Creation?
  /// The role that removed it; nil if no role did.
  var remover: String?
  /// The data that each role sent to the object, stored in it or received from it, in the order of the roles.
  var parts: [Part] = []
  /// The differences that the user allows.
  var tolerance = Tolerance()

  /// How a role created the object.
  struct Creation: Sendable, Equatable {
    var role: String
    /// The actual permissions; nil if the kind has none.
    var mode: Int?
    /// The permissions that were requested, and the umask of the process; they explain a difference.
    var requested: (mode: Int, mask: Int)?
    /// Whether the creation fails if the object exists.
    var isExclusive = false
    /// Sizes and limits: `size`, `maxmsg`, `msgsize`, `semaphores`.
    var limits: [Limit: Int] = [:]

    enum Limit: String, Sendable, CaseIterable { case size, maxmsg, msgsize, semaphores }

    /// Compares what a recording contains, which does not include the requested mode.
    static func == (left: Creation, right: Creation) -> Bool {
      left.role == right.role && left.mode == right.mode && left.isExclusive == right.isExclusive
        && left.limits == right.limits
    }
  }

  /// The use of the object by one role.
  struct Part: Sendable, Equatable {
    let role: String
    /// The messages that it sent or stored.
    var messages: [RecordedMessage] = []
    /// The messages that it received, or the bytes of each stream.
    var received: [RecordedMessage] = []
    /// Whether every descriptor of the object is closed by exec(2); nil if the role has none.
    var closesOnExec: Bool?
  }

  /// The accepted differences.
  struct Tolerance: Sendable, Equatable {
    /// Whether the messages of a role may come in any order.
    var order = false
    /// Whether any role may create or remove the object.
    var roles = false
    /// Whether the number of messages may differ.
    var count = false
  }

  /// Whether a recording contains what the roles received from the object.
  var hasReceptions: Bool { parts.contains { !$0.received.isEmpty } }

  /// Whether roles receive what others send through the object, instead of only reading its contents.
  var isChannel: Bool {
    switch kind {
    case .fifo, .pipe, .messageQueue, .messages, .unixStream, .unixDatagram, .unixSequenced, .socketPair, .tcp, .udp:
      true
    case .file, .sharedMemory, .semaphore, .segment, .semaphores, .memory, .anonymous, .signals: false
    }
  }

  /// Whether writes are bytes of a stream, so the reader does not see their boundaries.
  var isStream: Bool {
    switch kind {
    case .fifo, .pipe, .file, .unixStream, .tcp: true
    default: false
    }
  }
}

/// A message, the bytes of one direction of a connection, a store into memory, or a semaphore operation.
struct RecordedMessage: Sendable, Equatable {
  var content = RecordedBytes([])
  /// The priority of a message in a POSIX queue.
  var priority: Int?
  /// The type of a message in a System V queue; nil in a recording if any type is accepted.
  var type: MessageType?
  /// The offset of a store.
  var offset: Int?
  /// The descriptors that were passed with it: `file /tmp/x`, `pipe`.
  var passed: [String] = []
  /// An operation or a signal: `0:-1/undo`, `set 0=1`, `SIGUSR1 value=5`.
  var operation: String?
  /// The calls that sent or stored it, which a recording does not contain.
  var calls: [Call] = []

  /// A call that sent the bytes from an offset on, and its start in nanoseconds of the monotonic clock.
  struct Call: Sendable {
    var offset: Int
    let time: Int
  }

  /// Compares what a recording contains.
  static func == (left: RecordedMessage, right: RecordedMessage) -> Bool {
    left.content == right.content && left.priority == right.priority && left.type == right.type
      && left.offset == right.offset && left.passed == right.passed && left.operation == right.operation
  }
}

/// The type of a message in a System V queue.
enum MessageType: Sendable, Equatable {
  case number(Int)
  /// The process ID of a role or of its child, such as `client.pid`: the type of a reply to that process.
  case process(variable: String)

  /// The type in a recording: `7`, `{client.pid}`.
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

  /// Returns the number that it has in a cell; nil if the cell has no such process.
  func number(_ value: (String) -> String?) -> Int? {
    switch self {
    case .number(let number): number
    case .process(let variable): value(variable).flatMap { Int($0) }
    }
  }
}
