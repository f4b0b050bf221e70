internal import Glibc
internal import SystemPackage

/// A POSIX semaphore: a number that is never below 0, and on which processes wait for it to be more.
///
/// It has a name, or lies in memory that processes share:
///
/// ```swift
/// let name = try POSIXSemaphore.Name(validating: "/printer")
/// let printer = try POSIXSemaphore(creatingOrOpening: name, value: 1, permissions: .ownerReadWrite)
/// if try printer.wait(patience: .atMost(.seconds(1))) == .taken {
///   use()
///   try printer.post()
/// }
/// ```
///
/// Nothing is undone at death: who dies between waiting and posting has taken one for good. ``SystemVSemaphores`` can
/// undo, and a ``SharedMutex`` tells.
///
/// `sem_overview(7)`.
@safe public struct POSIXSemaphore: ~Copyable, @unchecked Sendable {
  let address: UnsafeMutablePointer<sem_t>
  let place: Place

  /// What an error says that it is about.
  let object: IPCError.Object?

  /// Whether this opening made the semaphore.
  public let isNew: Bool

  enum Place: ~Copyable {
    case named(OpenSemaphore)
    case memory(SharedRegion)
  }

  init(opened address: UnsafeMutablePointer<sem_t>, _ object: IPCError.Object, isNew: Bool) {
    unsafe self.address = address
    place = unsafe .named(OpenSemaphore(address: address))
    self.object = object
    self.isNew = isNew
  }

  init(placed address: UnsafeMutablePointer<sem_t>, in region: SharedRegion, isNew: Bool) {
    unsafe self.address = address
    place = .memory(region)
    object = nil
    self.isNew = isNew
  }

  /// Whether it has a name, and does not lie in a ``SharedRegion``.
  var isNamed: Bool {
    switch place {
    case .named: true
    case .memory: false
    }
  }

  /// Lets the semaphore go. It stays for others, with the value that it has: a named one until its name is removed and
  /// nobody has it open, an unnamed one as long as its memory.
  ///
  /// Calls `sem_close(3)` for a named one.
  public consuming func close() throws(IPCError) {
    let object = object
    switch consume place {
    case .named(let opening): try opening.close(object)
    case .memory: break
    }
  }

  /// Whether both are the same semaphore at the same address, as when this process has opened a name twice.
  public func isSame(as other: borrowing POSIXSemaphore) -> Bool { unsafe address == other.address }
}

/// What `sem_open(3)` returned, and is owed a `sem_close(3)`.
@safe struct OpenSemaphore: ~Copyable {
  let address: UnsafeMutablePointer<sem_t>

  // A safety net: nobody is left to whom a failure could be told.
  deinit { unsafe sem_close(address) }

  consuming func close(_ object: IPCError.Object?) throws(IPCError) {
    let address = unsafe address
    discard self
    try Kernel.call("sem_close", on: object) { unsafe sem_close(address) }
  }
}
