import ArgumentParser
import Foundation
import Interop

/// Why the command cannot do what it was asked, and the status that says so.
struct Failure: Error, CustomStringConvertible, CustomNSError {
  let description: String
  let status: ExitStatus

  init(_ description: String, _ status: ExitStatus) {
    self.description = description
    self.status = status
  }

  /// ArgumentParser exits with the code of the error, and prints its description.
  var errorCode: Int { Int(status.rawValue) }
}
