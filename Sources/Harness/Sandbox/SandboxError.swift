import Glibc

/// A sandbox failure that was not caused by a peer.
package struct SandboxError: Error, CustomStringConvertible {
  package let description: String
  /// Whether the sandbox init works but the kernel refused its request.
  let isRefusal: Bool

  package init(_ description: String) { self.init(description, isRefusal: false) }

  init(_ description: String, isRefusal: Bool) {
    self.description = description
    self.isRefusal = isRefusal
  }

  /// Creates an error for a failed system call in the runner.
  package init(call: String, on object: String, errno number: Int32 = errno) {
    self.init("\(call) \(object): \(reason(of: number))")
  }
}

/// Returns the error message from `strerror(3)`.
package func reason(of number: Int32) -> String { unsafe String(cString: strerror(number)) }
