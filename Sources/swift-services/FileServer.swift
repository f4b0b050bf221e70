internal import ArgumentParser
internal import FoundationEssentials
internal import IPC
internal import SwiftExamples
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Maps files below a directory, and reads and writes them for clients.
struct FileServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "file_server",
    abstract: "Maps files below a directory, and reads and writes them for clients.")

  @OptionGroup var options: ServerOptions
  @OptionGroup var limits: FileLimits

  @Option(help: "The directory that contains the files.")
  var root = "."

  @Option(help: "The number of seconds after which writes are synced; by default, only when a client requests it.")
  var sync: Seconds?

  func run() throws {
    raiseDescriptorLimit()
    try options.serve(at: "/tmp/file_server") { [root, limits, sync] _ in
      FileService(ServedFiles(try RootDirectory(FilePath(root)), limits, interval: sync?.duration))
    }
  }
}

/// Raises the descriptor limit as far as possible: each file needs a descriptor, in addition to the clients'
/// descriptors.
private func raiseDescriptorLimit() {
  var limit = rlimit()
  unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = limit.rlim_max
  unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// A file server's limits.
struct FileLimits: ParsableArguments {
  @Option(help: "The maximum number of mapped files.")
  var maxFiles = Limit(64)

  @Option(help: "The maximum file size, in bytes.")
  var maxSize = ByteLimit(1 << 30)

  @Option(help: "The maximum total size of the mapped files, in bytes.")
  var maxMapped = ByteLimit(1 << 32)
}

/// A maximum number of mapped bytes.
struct ByteLimit: ExpressibleByArgument {
  let value: Int

  init(_ value: Int) { self.value = value }

  init?(argument: String) {
    guard let value = Int(argument), 1...1 << 46 ~= value else { return nil }
    self.value = value
  }

  var defaultValueDescription: String { "\(value)" }
}

@ServiceActor
final class FileService: Service {
  static let name = "File Server"

  private static let readLimit = 512 << 10

  private let files: ServedFiles

  init(_ files: ServedFiles) { self.files = files }

  func handle(_ request: Request, from client: Client) throws -> Reply? {
    switch request.type {
    case "create": return try create(request.payload(), client)
    case "open": return Reply(Mapped(try files.open(request.payload(as: Located.self).path, client)))
    case "read": return try read(request.payload(), client)
    case "write": return try write(request.payload(), client)
    case "grow": return try grow(request.payload(), client)
    case "sync": return try sync(request.payload(), client)
    case "unmap": return try unmap(request.payload(), client)
    case "status": return Reply(try files.file(request.payload(as: Selected.self).file, of: client).report)
    case "statistics": return Reply(files.statistics)
    case "list": return Reply(files.list)
    default: throw ServiceError.unknownType
    }
  }

  func disconnected(_ client: Client) { files.forget(client) }
  func tick() -> SuspendingClock.Instant? { files.tick() }

  private struct Located: Decodable { let path: String }
  private struct Selected: Decodable { let file: Int }

  private struct Created: Decodable {
    let path: String
    let size: Int
  }

  private struct Grown: Decodable {
    let file: Int
    let size: Int
  }

  private struct Bytes: Decodable {
    let file: Int
    let offset: Int
    let length: Int
    let `as`: String?
  }

  private struct Written: Decodable {
    let file: Int
    let offset: Int
    let text: String?
    let bytes: String?
  }

  private struct Mapped: Encodable {
    let file: Int
    let size: Int

    @ServiceActor init(_ mapped: ServedFile) { (file, size) = (mapped.number, mapped.size) }
  }

  // Files

  private func create(_ request: Created, _ client: Client) throws -> Reply {
    try Self.check(size: request.size)
    return Reply(Mapped(try files.create(request.path, size: request.size, client)))
  }

  private func grow(_ request: Grown, _ client: Client) throws -> Reply {
    let file = try files.file(request.file, of: client)
    try Self.check(size: request.size)
    try files.grow(file, to: request.size)
    return Reply(Mapped(file))
  }

  private static func check(size: Int) throws(ServiceError) {
    if size < 0 { throw ServiceError(.invalidPayload, "a size is not negative") }
  }

  private func sync(_ request: Selected, _ client: Client) throws -> Reply {
    let file = try files.file(request.file, of: client)
    let dirty = file.dirty.count
    try file.sync()
    return Reply(["synced": dirty])
  }

  private func unmap(_ request: Selected, _ client: Client) throws -> Reply {
    let file = try files.file(request.file, of: client)
    // If another client has mapped the file, that client may still write, so the file is not synced yet.
    let dirty = file.clients.count == 1 ? file.dirty.count : 0
    try files.unmap(file, client)
    return Reply(["synced": dirty])
  }

  // Bytes

  private func read(_ request: Bytes, _ client: Client) throws -> Reply {
    let file = try files.file(request.file, of: client)
    let isText = request.as == "text"
    guard isText || request.as ?? "bytes" == "bytes" else {
      throw ServiceError(.invalidPayload, "bytes are read as text or as bytes")
    }
    try Self.check(request.offset, request.length, in: file)
    if request.length > Self.readLimit {
      throw ServiceError(.tooLarge, "a request reads at most \(Self.readLimit) bytes")
    }
    let bytes = try file.read(at: request.offset, count: request.length)
    guard isText else { return Reply(["bytes": Data(bytes).base64EncodedString()]) }
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw ServiceError(.invalidPayload, "the bytes are not text: read them as bytes")
    }
    return Reply(["text": text])
  }

  private func write(_ request: Written, _ client: Client) throws -> Reply {
    let file = try files.file(request.file, of: client)
    guard (request.text == nil) != (request.bytes == nil) else {
      throw ServiceError(.invalidPayload, "either text or bytes must be there")
    }
    let bytes = try request.text.map { Array($0.utf8) } ?? Self.decode(request.bytes ?? "")
    try Self.check(request.offset, bytes.count, in: file)
    try file.write(bytes, at: request.offset)
    return .done
  }

  /// Decodes base64; accepts only the canonical encoding.
  private static func decode(_ text: String) throws(ServiceError) -> [UInt8] {
    guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else {
      throw ServiceError(.invalidPayload, "the bytes are not base64")
    }
    return Array(data)
  }

  /// Checks that a range is not negative and does not extend past the end of the file.
  private static func check(_ offset: Int, _ length: Int, in file: ServedFile) throws(ServiceError) {
    guard offset >= 0, length >= 0, offset <= file.size, length <= file.size - offset else {
      throw ServiceError(.invalidPayload, "the file has \(file.size) bytes")
    }
  }
}
