import Glibc

/// A failure of a sandbox, or of something in it.
///
/// The peers are not the cause.
package struct SandboxError: Error, CustomStringConvertible {
  package let description: String
  /// Whether the sandbox init works and the kernel refused the request.
  let isRefusal: Bool

  package init(_ description: String) { self.init(description, isRefusal: false) }

  init(_ description: String, isRefusal: Bool) {
    self.description = description
    self.isRefusal = isRefusal
  }

  /// Creates an error for a failed system call of the runner.
  package init(call: String, on object: String, errno number: Int32 = errno) {
    self.init("\(call) \(object): \(reason(of: number))")
  }
}

/// The words of `strerror(3)`.
package func reason(of number: Int32) -> String { unsafe String(cString: strerror(number)) }
