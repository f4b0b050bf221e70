import Glibc
import IPC
import SystemPackage
import Testing

/// As in the kernel, paths are bytes: a path that is not UTF-8 must not be changed into a different path.
@Suite struct PathTests {
  /// Returns a path in `scratch` that is not UTF-8.
  private func path(in scratch: borrowing Scratch) -> FilePath {
    let bytes = Array("\(scratch.path)/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
    return FilePath(platformString: bytes)
  }

  /// Whether the directory has an entry with exactly this path.
  private func exists(_ path: FilePath) -> Bool {
    unsafe path.withPlatformString { unsafe access($0, F_OK) } == 0
  }

  @Test func `The path of a FIFO`() throws {
    let scratch = try Scratch()
    let path = path(in: scratch)
    for applyUmask in [false, true] {
      try FIFO(path).create(applyUmask: applyUmask)
      #expect(exists(path))
      let reader = try FIFO(path).openForReading(timeout: .immediate)
      let writer = try FIFO(path).openForWriting(timeout: .immediate)
      #expect(try writer.write([1].span) == 1)
      _ = reader
      try FIFO(path).unlink()
      #expect(!exists(path))
    }
  }

  @Test func `The path of a mapped file`() throws {
    let scratch = try Scratch()
    let path = path(in: scratch)
    try MappedFile.create(path, size: 8).close()
    #expect(exists(path))
    #expect(try MappedFile.open(path).status().size == 8)
    // If the file cannot be completed, the call removes it.
    try MappedFile.unlink(path)
    #expect(!exists(path))
    #expect(reason { _ = try MappedFile.create(path, size: 1 << 60) } != nil)
    #expect(!exists(path))
  }

  @Test func `The path of a System V key`() throws {
    let scratch = try Scratch()
    let path = path(in: scratch)
    try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: [.ownerReadWrite]).close()
    defer { _ = unsafe path.withPlatformString { unsafe unlink($0) } }
    #expect(reason { _ = try SystemVKey(path: path, project: 1) } == nil)
  }

  @Test func `The working directory of a child`() throws {
    let scratch = try Scratch()
    let path = path(in: scratch)
    try #require(unsafe path.withPlatformString { unsafe mkdir($0, 0o700) } == 0)
    defer { _ = unsafe path.withPlatformString { unsafe rmdir($0) } }
    let nothing: [UInt8] = []
    let (output, status) = try ChildProcess.filter(
      "pwd", arguments: ["-P"], input: nothing.span, options: .init(workingDirectory: path))
    #expect(status == .exited(0))
    #expect(output.dropLast().last == 0xFF)
  }
}
