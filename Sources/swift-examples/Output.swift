internal import IPC
internal import SystemPackage

/// Prints a line at once: what a program says before it waits must not be held back in a buffer.
func say(_ line: String) {
  // When nobody reads what it says, a program does its work all the same.
  _ = try? FileDescriptor.standardOutput.writeAll("\(line)\n".utf8)
}

/// Tells which call failed, of which program, on what and why, and what to do about it.
func complain(_ role: String, _ error: IPCError, _ advice: String? = nil) {
  let object = error.object.map { " \($0)" } ?? ""
  let advice = advice.map { " (\($0))" } ?? ""
  _ = try? FileDescriptor.standardError.writeAll("\(role): \(error.call)\(object): \(error.errno)\(advice)\n".utf8)
}

/// Bytes as text: as many as there are, wherever a NUL may stand. One at the end is not shown, and what a terminal
/// would not show is escaped.
func visible(_ bytes: [UInt8]) -> String {
  let shown = bytes.last == 0 ? bytes.dropLast() : bytes[...]
  return shown.map { byte in
    switch byte {
    case 0x20..<0x7F: String(UnicodeScalar(byte))
    default: "\\x" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
    }
  }.joined()
}
