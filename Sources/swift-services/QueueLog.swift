internal import FoundationEssentials
internal import SwiftExamples
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A change to a queue server's state.
///
/// The servers in both languages write and read the same records.
struct Record: Codable {
  var create: String?
  var publish: Int?
  var queue: String?
  var payload: JSON?
  var priority: Int?
  var expires: Int64?
  var remove: Int?
  var dead: Int?
  var last: Int?
}

extension Record {
  @ServiceActor init(publishing item: Item) {
    self.init(
      publish: item.number, queue: item.queue.name, payload: item.payload, priority: item.priority.rawValue,
      expires: item.expires ?? 0)
  }
}

/// A queue server's log.
///
/// A record consists of its length and its CRC-32, each as a 4-byte little-endian number, and of a JSON object. Records
/// are durable after ``commit()``. After a crash, the log may end with data that was not committed.
@ServiceActor
final class QueueLog {
  private static let headerSize = 8
  private static let smallestLarge = 16 << 20

  private let path: FilePath
  private var file: FileDescriptor
  private var size = 0
  private var rewrittenSize = 0
  private var pending: [UInt8] = []

  /// Opens or creates the log, and removes an incomplete record at its end.
  ///
  /// - Throws: `FileError` with `.wouldBlock` if another server is using the log.
  init(_ path: FilePath, replay: (Record) -> Void) throws {
    self.path = path
    repeat {
      file = try Self.open(path, [.create, .noFollow])
      // Another server may have replaced the log between the two calls.
    } while try !Self.isNamed(file, path)
    try Self.syncDirectory(of: path)
    try readAll(replay)
    rewrittenSize = size
  }

  // Writing

  func append(_ record: Record) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let body = try? encoder.encode(record) else { preconditionFailure("a record cannot be encoded") }
    pending += Self.bytes(UInt32(body.count)) + Self.bytes(Self.checksum(body)) + body
  }

  /// Writes the pending records to disk.
  ///
  /// If `fdatasync(2)` fails, the kernel may discard the data. Therefore, the call is not retried, and the next server
  /// to start reads whatever is on disk.
  func commit() throws {
    if pending.isEmpty { return }
    try named("write") { size += try file.writeAll(toAbsoluteOffset: Int64(size), pending) }
    try named("fdatasync") { try check(fdatasync(file.rawValue)) }
    pending.removeAll(keepingCapacity: true)
  }

  /// Whether most of the log could be obsolete.
  var isLarge: Bool { size > Self.smallestLarge && size / 2 > rewrittenSize }

  /// Replaces the log with one that contains only the given records.
  func rewrite(_ records: [Record]) throws {
    try commit()
    let newPath = FilePath(path.string + ".new")
    // A killed server may have left this file behind.
    _ = unsafe newPath.withPlatformString { unsafe unlink($0) }
    let old = file
    file = try Self.open(newPath, [.create, .exclusiveCreate])
    size = 0
    for record in records { append(record) }
    try commit()
    try named("rename") {
      try check(fsync(file.rawValue))
      try check(unsafe newPath.withPlatformString { new in unsafe path.withPlatformString { unsafe rename(new, $0) } })
    }
    try Self.syncDirectory(of: path)
    try old.close()
    rewrittenSize = size
  }

  // Reading

  private func readAll(_ replay: (Record) -> Void) throws {
    let length = Int(try file.seek(offset: 0, from: .end))
    while let (record, count) = try readRecord() {
      replay(record)
      size += count
    }
    if size == length { return }
    say("Queue Server: removed \(length - size) bytes of incomplete records.")
    try named("ftruncate") {
      try check(ftruncate(file.rawValue, size))
      try check(fsync(file.rawValue))
    }
  }

  /// Returns the next record and its length, or nil at the end or if the record is incomplete.
  private func readRecord() throws -> (Record, Int)? {
    guard let header = try read(Self.headerSize, at: size) else { return nil }
    let length = Int(Self.number(header[..<4]))
    // A record is only slightly larger than a message payload.
    guard length <= 2 * Message<JSON>.maximumLength,
      let body = try read(length, at: size + Self.headerSize),
      Self.checksum(body) == Self.number(header[4...]),
      let record = try? JSONDecoder().decode(Record.self, from: Data(body))
    else { return nil }
    return (record, Self.headerSize + length)
  }

  private func read(_ count: Int, at offset: Int) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var total = 0
    while total < count {
      let part = try named("read") {
        try unsafe bytes.withUnsafeMutableBytes {
          try unsafe file.read(
            fromAbsoluteOffset: Int64(offset + total), into: UnsafeMutableRawBufferPointer(rebasing: $0[total...]))
        }
      }
      if part == 0 { return nil }
      total += part
    }
    return bytes
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  /// Computes the IEEE 802.3 CRC-32.
  private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(UInt32.max) { sum, byte in
      var sum = sum ^ UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
      return sum
    }
  }

  // Files

  private static func open(_ path: FilePath, _ options: FileDescriptor.OpenOptions) throws -> FileDescriptor {
    do {
      let file = try FileDescriptor.open(
        path, .readWrite, options: options.union(.closeOnExec), permissions: .ownerReadWrite)
      try check(flock(file.rawValue, LOCK_EX | LOCK_NB))
      return file
    } catch let reason as Errno {
      throw FileError(call: "open", path: path, reason: reason)
    }
  }

  /// Whether the path refers to an open file.
  private static func isNamed(_ file: FileDescriptor, _ path: FilePath) throws -> Bool {
    var (opened, named) = (stat(), stat())
    try check(unsafe fstat(file.rawValue, &opened))
    guard unsafe path.withPlatformString({ unsafe stat($0, &named) }) == 0, opened.st_ino == named.st_ino,
      opened.st_dev == named.st_dev
    else {
      try file.close()
      return false
    }
    return true
  }

  /// Makes the log's directory entry durable.
  private static func syncDirectory(of path: FilePath) throws {
    let parent = path.removingLastComponent()
    let directory = try FileDescriptor.open(
      parent.isEmpty ? "." : parent, .readOnly, options: [.directory, .closeOnExec])
    try directory.closeAfter { try check(fsync(directory.rawValue)) }
  }

  private func named<Value>(_ call: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let reason as Errno {
      throw FileError(call: call, path: path, reason: reason)
    }
  }
}

private func check(_ result: Int32) throws {
  if result == -1 { throw Errno(rawValue: errno) }
}

/// A failed file operation.
struct FileError: Error, CustomStringConvertible {
  let call: String
  let path: FilePath
  let reason: Errno

  var description: String { "\(call) '\(path)': \(reason)" }
}
