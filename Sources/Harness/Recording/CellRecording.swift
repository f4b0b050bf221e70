/// What the roles of a cell did on the wire: the objects of IPC, and the bytes that each role sent.
public struct CellRecording: Sendable, Equatable {
  /// The id of the scenario, with its parameters.
  public let scenario: String
  /// The objects, in the order in which the roles use them.
  public var objects: [RecordedObject]
}

/// One object of IPC, as the roles of a cell used it.
public struct RecordedObject: Sendable, Equatable {
  /// The kinds of objects, with their keys in a recording.
  public enum Kind: String, Sendable, CaseIterable {
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
  }

  public let kind: Kind
  /// The name or key, in which variables replace what differs between cells: `{mq}`, `{client.pid}`.
  public var name: String
  public var creation: Creation?
  /// The role that removed it; nil if no role did.
  public var remover: String?
  /// What each role sent to it or stored in it, in the order of the roles.
  public var parts: [Part] = []
  /// What may differ, as the user states it.
  public var tolerance = Tolerance()

  /// How a role created the object.
  public struct Creation: Sendable, Equatable {
    public var role: String
    /// The permissions that it has; nil if the kind has none.
    public var mode: Int?
    /// The permissions that were requested, and the mask of the process; they explain a difference.
    var requested: (mode: Int, mask: Int)?
    /// Whether the creation fails if the object exists.
    public var isExclusive = false
    /// Sizes and limits: `size`, `maxmsg`, `msgsize`, `semaphores`.
    public var limits: [Limit: Int] = [:]

    public enum Limit: String, Sendable, CaseIterable { case size, maxmsg, msgsize, semaphores }

    public static func == (left: Creation, right: Creation) -> Bool {
      left.role == right.role && left.mode == right.mode && left.isExclusive == right.isExclusive
        && left.limits == right.limits
    }
  }

  /// The use of the object by one role.
  public struct Part: Sendable, Equatable {
    public let role: String
    public var messages: [RecordedMessage] = []
    /// Whether every descriptor of the object is closed by exec(2); nil if the role has none.
    public var closesOnExec: Bool?
  }

  /// The differences that are accepted.
  public struct Tolerance: Sendable, Equatable {
    /// Whether the messages of a role may come in any order.
    public var order = false
    /// Whether any role may create or remove the object.
    public var roles = false
    /// Whether the number of messages may differ.
    public var count = false
  }

  /// Whether writes are bytes of a stream, whose boundaries do not reach the reader.
  var isStream: Bool {
    switch kind {
    case .fifo, .pipe, .file, .unixStream, .tcp: true
    default: false
    }
  }

  /// Whether the object exists until a role removes it.
  var isPersistent: Bool {
    switch kind {
    case .fifo, .file, .messageQueue, .sharedMemory, .semaphore, .messages, .segment, .semaphores: true
    case .unixStream, .unixDatagram, .unixSequenced: name.hasPrefix("/")
    case .pipe, .memory, .anonymous, .socketPair, .tcp, .udp, .signals: false
    }
  }
}

/// A message, the bytes of one direction of a connection, a store into memory, or an operation of a semaphore.
public struct RecordedMessage: Sendable, Equatable {
  public var content = RecordedBytes([])
  /// The priority of a message in a POSIX queue.
  public var priority: Int?
  /// The type of a message in a System V queue.
  public var type: Int?
  /// The offset of a store.
  public var offset: Int?
  /// The descriptors that were passed with it: `file /tmp/x`, `pipe`.
  public var passed: [String] = []
  /// An operation or a signal: `0:-1/undo`, `set 0=1`, `SIGUSR1 value=5`.
  public var operation: String?
}
