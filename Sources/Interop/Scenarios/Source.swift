import Foundation
import SystemPackage

extension ScenarioLoader {
  /// A file that people write: its bytes, and the name that its mistakes are told by.
  struct Source: Sendable {
    let file: String
    let bytes: Data

    /// More than any person writes into one file; what reading costs is bounded by it, whatever the bytes are.
    static let most = 1 << 20
  }
}

extension ScenarioLoader.Source {
  /// Reads the file at `path`; nil, with the mistake in `log`, when that cannot be done.
  ///
  /// What is no regular file is not waited for, as a FIFO would be, nor read without end, as `/dev/zero` would be.
  init?(at path: String, as file: String, log: MistakeLog) {
    do {
      let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
      defer { try? descriptor.close() }
      var status = stat()
      guard unsafe fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        log.add(whole: file, "the file cannot be read: it is no regular file")
        return nil
      }
      // One more than may be, by which a file that is too long is known.
      bytes = try FileHandle(fileDescriptor: descriptor.rawValue).read(upToCount: Self.most + 1) ?? Data()
      self.file = file
    } catch {
      log.add(whole: file, "the file cannot be read: \(error)")
      return nil
    }
  }

  /// What it holds; nil, with the mistake in `log`, when that is too much, or no text.
  func text(_ log: MistakeLog) -> String? {
    guard bytes.count <= Self.most else {
      log.add(whole: file, "the file has more than \(Self.most) bytes; one that people write has not")
      return nil
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      log.add(whole: file, "the file is not valid UTF-8")
      return nil
    }
    return text
  }
}
