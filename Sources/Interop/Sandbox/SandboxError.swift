import Glibc

/// A sandbox, or something in it, that could not be had: it says nothing about the peers.
package struct SandboxError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// A system call of the harness itself that failed.
  package init(call: String, on object: String, errno number: Int32 = errno) {
    self.init("\(call) \(object): \(reason(of: number))")
  }
}

/// The words of `strerror(3)`.
package func reason(of number: Int32) -> String { unsafe String(cString: strerror(number)) }
