package import IPC
internal import SystemPackage

/// Prints a line and flushes it, because a line must be visible before the program waits.
package func say(_ line: String) {
  // If no process reads the output, the program continues.
  _ = try? FileDescriptor.standardOutput.writeAll("\(line)\n".utf8)
}

/// Prints an error: the program, the call, its object, the reason, and optional advice.
package func report(_ role: String, _ error: IPCError, _ advice: String? = nil) {
  let object =
    switch error.object {
    // Use the format that these programs' options accept.
    case .key(let key)?: " key \(key.rawValue)"
    case let object?: " \(object)"
    case nil: ""
    }
  let advice = advice.map { " (\($0))" } ?? ""
  _ = try? FileDescriptor.standardError.writeAll("\(role): \(error.call)\(object): \(error.errno)\(advice)\n".utf8)
}

/// Prints an error detected by the program itself.
package func report(_ role: String, _ text: String) {
  _ = try? FileDescriptor.standardError.writeAll("\(role): \(text)\n".utf8)
}

/// Prints an error from a call outside the library, or an error with another object than the library reports.
func report(_ role: String, _ call: String, _ reason: Errno) {
  _ = try? FileDescriptor.standardError.writeAll("\(role): \(call): \(reason)\n".utf8)
}

/// Returns bytes as text, with unprintable bytes escaped and a trailing NUL removed.
func visible(_ bytes: [UInt8]) -> String {
  let shown = bytes.last == 0 ? bytes.dropLast() : bytes[...]
  return shown.map { byte in
    switch byte {
    case 0x20..<0x7F: String(UnicodeScalar(byte))
    default: "\\x" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
    }
  }.joined()
}
