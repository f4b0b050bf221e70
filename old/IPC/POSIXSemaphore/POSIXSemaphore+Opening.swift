internal import CIPC
internal import Glibc
public import SystemPackage

extension POSIXSemaphore {
  /// The greatest value that a semaphore can have.
  public static var maximumValue: UInt32 { UInt32(Int32.max) }

  /// Opens the semaphore of this name.
  ///
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, or `.permissionDenied`.
  ///
  /// Calls `sem_open(3)`.
  public init(opening name: Name) throws(IPCError) {
    let address = try unsafe Self.open(name) { unsafe sem_open($0, 0) }
    // The C library maps whatever has the name. In a file that is too short, the first access would be the last.
    if case .failure(let reason) = Kernel.attempt(.retry, { unsafe cipc_populate(address, MemoryLayout<sem_t>.size) }),
      reason != .invalidArgument  // before Linux 5.14 nobody tells
    {
      unsafe sem_close(address)
      throw IPCError(call: "madvise", errno: reason, object: .name(name.description))
    }
    unsafe self.init(opened: address, .name(name.description), isNew: false)
  }

  /// Creates a semaphore of this name; fails when there is one.
  ///
  /// - Parameters:
  ///   - value: What it begins with.
  ///   - permissions: Who may open it. To open one is to read and to write it.
  ///   - umask: Whether the umask of the process, which `sem_open(3)` obeys, takes from the permissions.
  /// - Throws: ``IPCError`` with `.fileExists`; `.invalidArgument` for a value beyond ``maximumValue``.
  ///
  /// Calls `sem_open(3)` with `O_CREAT | O_EXCL`, and `chmod(2)`.
  public init(
    creating name: Name, value: UInt32, permissions: FilePermissions, umask: Umask = .overridden
  ) throws(IPCError) {
    let address = try unsafe Self.open(name) { unsafe sem_open($0, O_CREAT | O_EXCL, permissions.rawValue, value) }
    do throws(IPCError) {
      // The semaphore is open without a descriptor that could be asked: sem_overview(7) tells where it is.
      if umask == .overridden {
        let path = "/dev/shm/sem." + name.description.dropFirst()
        try Kernel.call("chmod", on: .name(name.description)) { unsafe chmod(path, permissions.rawValue) }
      }
    } catch {
      unsafe sem_close(address)
      try? name.unlink()
      throw error
    }
    unsafe self.init(opened: address, .name(name.description), isNew: true)
  }

  /// Opens the semaphore of this name, or creates it; ``isNew`` tells which.
  ///
  /// One that exists keeps its value and its permissions.
  ///
  /// Calls `sem_open(3)` with `O_CREAT | O_EXCL`, and without, until one of them succeeds.
  public init(
    creatingOrOpening name: Name, value: UInt32, permissions: FilePermissions, umask: Umask = .overridden
  ) throws(IPCError) {
    // Others may create or remove it between the two attempts: each time round, one of them has got on.
    while true {
      do throws(IPCError) {
        self = try Self(creating: name, value: value, permissions: permissions, umask: umask)
        return
      } catch  where error.errno == .fileExists {}
      do throws(IPCError) {
        self = try Self(opening: name)
        return
      } catch  where error.errno == .noSuchFileOrDirectory {}
    }
  }

  private static func open(
    _ name: Name, _ call: (UnsafePointer<CChar>) -> UnsafeMutablePointer<sem_t>?
  ) throws(IPCError) -> UnsafeMutablePointer<sem_t> {
    // A null pointer is its failure, where other calls have -1.
    let address = try Kernel.call("sem_open", on: .name(name.description)) {
      let address = unsafe name.description.withCString { unsafe Int(bitPattern: call($0)) }
      return address == 0 ? -1 : address
    }
    guard let address = unsafe UnsafeMutablePointer<sem_t>(bitPattern: address) else {
      throw IPCError(call: "sem_open", errno: .badAddress, object: .name(name.description))
    }
    return unsafe address
  }
}
