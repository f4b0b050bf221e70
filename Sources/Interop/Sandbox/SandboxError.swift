import Glibc

/// A sandbox, or something in it, that could not be had: it says nothing about the peers.
package struct SandboxError: Error, CustomStringConvertible {
  package let description: String
  /// The warden was well, and the kernel refused.
  let isRefusal: Bool

  package init(_ description: String) { self.init(description, isRefusal: false) }

  init(_ description: String, isRefusal: Bool) {
    self.description = description
    self.isRefusal = isRefusal
  }

  /// A system call of the harness itself that failed.
  package init(call: String, on object: String, errno number: Int32 = errno) {
    self.init("\(call) \(object): \(reason(of: number))")
  }
}

/// The words of `strerror(3)`.
package func reason(of number: Int32) -> String { unsafe String(cString: strerror(number)) }
