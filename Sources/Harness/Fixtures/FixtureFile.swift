import Foundation
import SystemPackage

/// The bytes of a fixture file, and its name in error messages.
struct FixtureFile: Sendable {
  let file: String
  let bytes: Data
  /// The maximum file size, to limit the cost of reading a file.
  static let maximumSize = 1 << 20

  init(file: String, bytes: Data) {
    self.file = file
    self.bytes = bytes
  }

  /// Reads the file at `path`.
  ///
  /// On failure, logs the reason and returns nil.
  ///
  /// Only regular files are read: opening a FIFO would block, and `/dev/zero` never ends.
  init?(at path: String, as file: String, log: DiagnosticLog) {
    do {
      let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
      defer { try? descriptor.close() }
      var status = stat()
      guard unsafe fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        log.add(whole: file, "the file cannot be read: it is not a regular file")
        return nil
      }
      // Read one byte more than the maximum, to detect a file that is too long.
      bytes = try FileHandle(fileDescriptor: descriptor.rawValue).read(upToCount: Self.maximumSize + 1) ?? Data()
      self.file = file
    } catch {
      log.add(whole: file, "the file cannot be read: \(error)")
      return nil
    }
  }

  /// Returns the text of the file; if it is too long or not UTF-8, logs the reason and returns nil.
  func text(_ log: DiagnosticLog) -> String? {
    guard bytes.count <= Self.maximumSize else {
      log.add(whole: file, "the file is longer than \(Self.maximumSize) bytes")
      return nil
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      log.add(whole: file, "the file is not valid UTF-8")
      return nil
    }
    return text
  }

  /// Whether the file contains only comments and empty lines.
  var isBlank: Bool {
    bytes.split { $0 == UInt8(ascii: "\n") }.allSatisfy { line in
      let first = line.first { $0 != UInt8(ascii: " ") }
      return first == nil || first == UInt8(ascii: "#")
    }
  }
}
