internal import Glibc
package import SystemPackage

/// The one way to the kernel: nothing else in this module reads `errno`.
package enum Kernel {
  /// Performs a call that returns -1 when it fails, for a caller that plans for some failures.
  ///
  /// With ``Interruption/retry`` the result is never `.interrupted`.
  package static func attempt<Value: FixedWidthInteger>(
    _ interruption: Interruption = .retry, _ call: () -> Value
  ) -> Result<Value, Errno> {
    while true {
      let value = call()
      if value != -1 { return .success(value) }
      let reason = Errno(rawValue: errno)
      if reason != .interrupted || interruption == .report { return .failure(reason) }
    }
  }

  /// Performs a call that returns -1 when it fails, and throws then.
  @discardableResult
  package static func call<Value: FixedWidthInteger>(
    _ name: String, on object: IPCError.Object? = nil, _ interruption: Interruption = .retry, _ call: () -> Value
  ) throws(IPCError) -> Value {
    switch attempt(interruption, call) {
    case .success(let value): return value
    case .failure(let reason): throw IPCError(call: name, errno: reason, object: object)
    }
  }

  /// Performs a call of pthread, which returns the reason of its failure instead of leaving it in `errno`.
  package static func perform(_ name: String, _ call: () -> Int32) throws(IPCError) {
    let code = call()
    if code != 0 { throw IPCError(call: name, errno: Errno(rawValue: code)) }
  }
}
