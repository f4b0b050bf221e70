internal import IPC
internal import SystemPackage

/// A file that clients have mapped.
@ServiceActor
final class ServedFile {
  let number: Int
  let path: String
  let status: FileStatus
  /// The clients that have mapped the file, by number.
  var clients: [Int: Client] = [:]
  /// The ranges written since the last sync.
  private(set) var dirty = ByteRanges()
  /// The time at which the file is to be synced.
  private(set) var due: SuspendingClock.Instant?
  private(set) var size: Int
  private let object: MemoryObject<ReadWriteAccess>
  /// The mapping; nil while the size is 0.
  private var memory: MemoryMapping<ReadWriteAccess>?
  /// Whether the kernel may have discarded written bytes.
  private var hasFailed = false
  private let interval: Duration?
  private let totals: FileTotals
  private var (reads, writes, syncs) = (0, 0, 0)

  init(
    _ number: Int, _ path: String, _ object: consuming MemoryObject<ReadWriteAccess>, _ status: FileStatus,
    _ interval: Duration?, _ totals: FileTotals
  ) throws(ServiceError) {
    (self.number, self.path, self.status, size) = (number, path, status, status.size)
    (self.interval, self.totals) = (interval, totals)
    memory =
      status.size == 0
      ? nil : try ServiceError.ofCall { () throws(IPCError) in try object.map(count: status.size) }
    self.object = object
    totals.mapped += size
  }

  // Bytes are copied by the kernel. If another process truncates the file, the copy fails, whereas a direct memory
  // access would raise SIGBUS.

  func read(at offset: Int, count: Int) throws(ServiceError) -> [UInt8] {
    reads += 1
    var bytes: [UInt8] = []
    var failure: IPCError?
    do throws(IPCError) {
      bytes = try memory?.copyBytes(at: offset, count: count) ?? []
    } catch {
      failure = error
    }
    totals.read += failure?.transferred ?? count
    try check(offset + count, failure)
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(ServiceError) {
    writes += 1
    var failure: IPCError?
    do throws(IPCError) {
      try memory?.copy(bytes.span, at: offset)
    } catch {
      failure = error
    }
    let count = failure?.transferred ?? bytes.count
    totals.written += count
    dirty.add(offset..<offset + count)
    if count > 0, due == nil, !hasFailed { due = interval.map { .now + $0 } }
    try check(offset + bytes.count, failure)
  }

  /// Checks that the copied bytes lie within the file.
  ///
  /// The last page can extend past the end of the file, so only the file size after the copy shows whether the bytes
  /// exist.
  private func check(_ end: Int, _ failure: IPCError?) throws(ServiceError) {
    let size = try ServiceError.ofCall { () throws(IPCError) in try object.status().size }
    if size < end {
      throw ServiceError(.failed, "another process truncated the file to \(size) bytes: grow it, or unmap it")
    }
    if let failure { throw ServiceError("\(failure.call)", failure.errno) }
  }

  /// Durably extends the file, and extends its mapping.
  func extend(to newSize: Int) throws(ServiceError) {
    if newSize == 0 { return }
    try ServiceError.ofCall { () throws(IPCError) in try object.allocate(newSize) }
    do throws(ServiceError) {
      try ServiceError.ofFsync(object.descriptor)
    } catch {
      throw lost(error)
    }
    try ServiceError.ofCall { () throws(IPCError) in
      if size == 0 { memory = try object.map(count: newSize) } else { try memory?.resize(to: newSize) }
    }
    totals.mapped += newSize - size
    size = newSize
  }

  // Durability

  /// Syncs the file to disk.
  func sync() throws(ServiceError) {
    if hasFailed {
      throw ServiceError(.failed, "an earlier sync failed, and written bytes may be lost: unmap the file")
    }
    do throws(ServiceError) {
      // Sync everything, because other processes, or a server that was killed, may have written other bytes.
      try ServiceError.ofCall { () throws(IPCError) in try memory?.sync() }
    } catch {
      throw lost(error)
    }
    dirty.removeAll()
    due = nil
    syncs += 1
    totals.syncs += 1
  }

  /// Marks the file as failed: the kernel may have discarded written bytes, so a retry could succeed without them.
  private func lost(_ error: ServiceError) -> ServiceError {
    hasFailed = true
    due = nil
    totals.failed += 1
    return error
  }

  /// Syncs the file, and unmaps it even if the sync fails.
  func unmap() throws(ServiceError) {
    defer {
      memory = nil
      totals.mapped -= size
    }
    try sync()
  }

  // Reports

  struct Report: Encodable {
    let path: String
    let size: Int
    let clients: Int
    let dirty: Int
    let ranges: [[Int]]
    let reads: Int
    let writes: Int
    let syncs: Int
  }

  var report: Report {
    Report(
      path: path, size: size, clients: clients.count, dirty: dirty.count, ranges: dirty.list, reads: reads,
      writes: writes, syncs: syncs)
  }
}

/// Totals for all files since the server started.
@ServiceActor
final class FileTotals {
  /// The number of bytes currently mapped.
  var mapped = 0
  var (opened, read, written, syncs, failed) = (0, 0, 0, 0, 0)
}
