internal import CIPC
internal import Glibc
public import SystemPackage

extension POSIXMessageQueue.End {
  /// Opens the queue of this name.
  ///
  /// - Parameter nonBlocking: No call on this open queue waits, whatever its patience.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or `.permissionDenied`.
  ///
  /// Calls `mq_open(3)`.
  public init(opening name: POSIXMessageQueue.Name, nonBlocking: Bool = false) throws(IPCError) {
    let opened = try Self.open(name, nonBlocking ? O_NONBLOCK : 0)
    try self.init(taking: opened, name, isNew: false)
  }

  /// Creates a queue of this name; fails when there is one.
  ///
  /// - Parameters:
  ///   - attributes: nil for the system's defaults (`/proc/sys/fs/mqueue/msg_default` and `msgsize_default`).
  ///   - permissions: Who may open the queue.
  ///   - umask: Whether the umask of the process, which `mq_open(3)` obeys, takes from the permissions.
  /// - Throws: ``IPCError`` with `.fileExists`; `.invalidArgument` when the attributes are not positive, or beyond the
  ///   limits in `/proc/sys/fs/mqueue`; `.tooManyOpenFiles` when the user's queues would take more than
  ///   `RLIMIT_MSGQUEUE` bytes; `.noSpace` when the system has as many queues as it may.
  ///
  /// Calls `mq_open(3)` with `O_CREAT | O_EXCL`, and `fchmod(2)`.
  public init(
    creating name: POSIXMessageQueue.Name, _ attributes: POSIXMessageQueue.Attributes? = nil,
    permissions: FilePermissions, umask: Umask = .overridden, nonBlocking: Bool = false
  ) throws(IPCError) {
    let opened = try Self.open(name, O_CREAT | O_EXCL | (nonBlocking ? O_NONBLOCK : 0), permissions, attributes)
    do throws(IPCError) {
      if umask == .overridden {
        try Kernel.call("fchmod", on: .name(name.description)) {
          fchmod(opened.descriptor.rawValue, permissions.rawValue)
        }
      }
      try self.init(taking: opened, name, isNew: true)
    } catch {
      try? name.unlink()
      throw error
    }
  }

  /// Opens the queue of this name, or creates it; ``isNew`` tells which.
  ///
  /// A queue that exists keeps its attributes and its permissions.
  ///
  /// Calls `mq_open(3)` with `O_CREAT | O_EXCL`, and without, until one of them succeeds.
  public init(
    creatingOrOpening name: POSIXMessageQueue.Name, _ attributes: POSIXMessageQueue.Attributes? = nil,
    permissions: FilePermissions, umask: Umask = .overridden, nonBlocking: Bool = false
  ) throws(IPCError) {
    // Others may create or remove the queue between the two attempts: each time round, one of them has got on.
    while true {
      do throws(IPCError) {
        self = try Self(
          creating: name, attributes, permissions: permissions, umask: umask, nonBlocking: nonBlocking)
        return
      } catch let error where error.errno == .fileExists {}
      do throws(IPCError) {
        self = try Self(opening: name, nonBlocking: nonBlocking)
        return
      } catch let error where error.errno == .noSuchFileOrDirectory {}
    }
  }

  private static func open(
    _ name: POSIXMessageQueue.Name, _ flags: Int32, _ permissions: FilePermissions = [],
    _ attributes: POSIXMessageQueue.Attributes? = nil
  ) throws(IPCError) -> OwnedDescriptor {
    let flags = Use.accessMode.rawValue | flags
    let descriptor = try Kernel.call("mq_open", on: .name(name.description)) {
      unsafe name.description.withCString { text in
        guard let attributes else { return unsafe cipc_mq_open(text, flags, permissions.rawValue, nil) }
        var wanted = cipc_mq_attributes()
        wanted.maximum_messages = attributes.maximumMessages
        wanted.message_size = attributes.messageSize
        return unsafe cipc_mq_open(text, flags, permissions.rawValue, &wanted)
      }
    }
    return OwnedDescriptor(taking: FileDescriptor(rawValue: descriptor))
  }
}
