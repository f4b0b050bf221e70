internal import IPC
internal import SwiftExamples
internal import SystemPackage

/// A file server's mapped files, and the clients that have mapped them.
@ServiceActor
final class ServedFiles {
  private let root: RootDirectory
  private let limits: FileLimits
  private let interval: Duration?
  private var files: [ServedFile] = []
  private let totals = FileTotals()
  private var lastNumber = 0

  init(_ root: consuming RootDirectory, _ limits: FileLimits, interval: Duration?) {
    (self.limits, self.interval) = (limits, interval)
    self.root = root
  }

  // Requests

  /// Maps a file for a client, unless the client has already mapped it.
  func open(_ path: String, _ client: Client) throws(ServiceError) -> ServedFile {
    let object = try root.open(path)
    let status = try ServiceError.ofCall { () throws(IPCError) in try object.status() }
    // A file has only one mapping, even if it has several names.
    if let file = files.first(where: { $0.status.isSameFile(as: status) }) {
      file.clients[client.number] = client
      return file
    }
    try checkLimits(moreFiles: 1, status.size, moreBytes: status.size)
    return try add(path, object, status, client)
  }

  /// Durably creates a file, and maps it for a client.
  func create(_ path: String, size: Int, _ client: Client) throws(ServiceError) -> ServedFile {
    try checkLimits(moreFiles: 1, size, moreBytes: size)
    return try root.create(path, size: size) { (object) throws(ServiceError) in
      let status = try ServiceError.ofCall { () throws(IPCError) in try object.status() }
      return try add(path, object, status, client)
    }
  }

  private func add(
    _ path: String, _ object: consuming MemoryObject<ReadWriteAccess>, _ status: FileStatus, _ client: Client
  ) throws(ServiceError) -> ServedFile {
    let file = try ServedFile(lastNumber + 1, path, object, status, interval, totals)
    lastNumber += 1
    totals.opened += 1
    files.append(file)
    file.clients[client.number] = client
    return file
  }

  private func checkLimits(moreFiles: Int, _ size: Int, moreBytes: Int) throws(ServiceError) {
    if files.count + moreFiles > limits.maxFiles.value {
      throw ServiceError(.limit, "there are already \(limits.maxFiles.value) mapped files")
    }
    if size > limits.maxSize.value {
      throw ServiceError(.limit, "a file has at most \(limits.maxSize.value) bytes")
    }
    if totals.mapped + moreBytes > limits.maxMapped.value {
      throw ServiceError(.limit, "all mapped files have at most \(limits.maxMapped.value) bytes")
    }
  }

  /// Returns a file that the client has mapped.
  func file(_ number: Int, of client: Client) throws(ServiceError) -> ServedFile {
    guard let file = files.first(where: { $0.number == number }), file.clients[client.number] != nil else {
      throw ServiceError(.notFound, "this client has not mapped the file")
    }
    return file
  }

  func grow(_ file: ServedFile, to size: Int) throws(ServiceError) {
    if size < file.size {
      throw ServiceError(.invalidPayload, "the file has \(file.size) bytes, and does not become shorter")
    }
    try checkLimits(moreFiles: 0, size, moreBytes: size - file.size)
    try file.extend(to: size)
  }

  /// Unmaps a file for a client; after the last client, syncs the file and unmaps it, even if the sync fails.
  func unmap(_ file: ServedFile, _ client: Client) throws(ServiceError) {
    file.clients[client.number] = nil
    guard file.clients.isEmpty else { return }
    files.removeAll { $0 === file }
    try file.unmap()
  }

  // Clients and time

  /// Unmaps a disconnected client's files.
  func forget(_ client: Client) {
    for file in files where file.clients[client.number] != nil {
      do throws(ServiceError) {
        try unmap(file, client)
      } catch {
        report(FileService.name, "sync '\(file.path)': \(error.message)")
      }
    }
  }

  /// Syncs files that are due, and notifies their clients.
  func tick() -> SuspendingClock.Instant? {
    let now = SuspendingClock.now
    for file in files {
      guard let due = file.due, due <= now else { continue }
      let dirty = file.dirty.count
      do throws(ServiceError) {
        try file.sync()
        for client in file.clients.values { try? client.notify("synced", Synced(file: file.number, synced: dirty)) }
      } catch {
        report(FileService.name, "sync '\(file.path)': \(error.message)")
        let event = Failure(file: file.number, message: error.message)
        for client in file.clients.values { try? client.notify("sync-failed", event) }
      }
    }
    return files.compactMap(\.due).min()
  }

  private struct Synced: Encodable {
    let file: Int
    let synced: Int
  }

  private struct Failure: Encodable {
    let file: Int
    let message: String
  }

  // Reports

  var statistics: [String: Int] {
    [
      "files": files.count, "mapped": totals.mapped, "dirty": files.reduce(0) { $0 + $1.dirty.count },
      "opened": totals.opened, "read": totals.read, "written": totals.written, "syncs": totals.syncs,
      "failed": totals.failed,
    ]
  }

  struct Entry: Encodable {
    let file: Int
    let path: String
    let size: Int
    let clients: Int
  }

  var list: [Entry] {
    files.map { Entry(file: $0.number, path: $0.path, size: $0.size, clients: $0.clients.count) }
  }
}
