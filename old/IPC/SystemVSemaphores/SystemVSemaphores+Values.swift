internal import CIPC
internal import Glibc
internal import SystemPackage

extension SystemVSemaphores {
  /// The value of one semaphore. Others may have changed it when this returns.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for an index beyond the set; `.permissionDenied`.
  ///
  /// Calls `semctl(2)` with `GETVAL`.
  public func value(of index: Int) throws(IPCError) -> Int { Int(try control(GETVAL, index)) }

  /// Sets the value of one semaphore, and wakes who can go on now. What ended processes would take back of this semaphore
  /// is forgotten.
  ///
  /// - Throws: ``IPCError`` with `.outOfRange` for a value that is not 0 to 32767; `.invalidArgument` for an index beyond
  ///   the set; `.permissionDenied`; `.identifierRemoved` or `.invalidArgument` when the set is gone.
  ///
  /// Calls `semctl(2)` with `SETVAL`.
  public func set(_ index: Int, to value: Int) throws(IPCError) {
    let number = Int32(exactly: index) ?? -1
    let value = Int32(exactly: value) ?? -1
    try Kernel.call("semctl", on: object) { cipc_semctl_value(identifier, number, SETVAL, value) }
  }

  /// The values of all semaphores, at one moment.
  ///
  /// Calls `semctl(2)` with `GETALL`.
  public func values() throws(IPCError) -> [Int] {
    var values = [UInt16](repeating: 0, count: try status().count)
    try Kernel.call("semctl", on: object) { unsafe cipc_semctl_array(identifier, GETALL, &values) }
    return values.map(Int.init)
  }

  /// Sets the values of all semaphores at one moment.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` when there are not as many values as semaphores; `.outOfRange` for a
  ///   value that is not 0 to 32767; `.permissionDenied`.
  ///
  /// Calls `semctl(2)` with `SETALL`, which reads as many values as the set has, whatever it is given.
  public func setAll(_ values: [Int]) throws(IPCError) {
    let count = try status().count
    guard values.count == count else {
      throw IPCError(call: "semctl", errno: .invalidArgument, object: object)
    }
    // What does not fit is out of range for the kernel as well.
    var array = values.map { UInt16(exactly: $0) ?? .max }
    try Kernel.call("semctl", on: object) { unsafe cipc_semctl_array(identifier, SETALL, &array) }
  }
}

extension SystemVSemaphores {
  /// The process that performed the last operation on the semaphore; 0 when none has.
  ///
  /// Calls `semctl(2)` with `GETPID`.
  public func lastProcess(of index: Int) throws(IPCError) -> Int32 { try control(GETPID, index) }

  /// How many wait for the semaphore's value to grow.
  ///
  /// Calls `semctl(2)` with `GETNCNT`.
  public func waitingForIncrease(of index: Int) throws(IPCError) -> Int { Int(try control(GETNCNT, index)) }

  /// How many wait for the semaphore to be 0.
  ///
  /// Calls `semctl(2)` with `GETZCNT`.
  public func waitingForZero(of index: Int) throws(IPCError) -> Int { Int(try control(GETZCNT, index)) }
}
