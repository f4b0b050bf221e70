internal import ArgumentParser
internal import IPC
internal import SwiftExamples
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A client's access to a segment.
enum SegmentAccess: String, Codable {
  case none
  case readOnly = "read-only"
  case readWrite = "read-write"

  func includes(_ other: SegmentAccess) -> Bool { self == .readWrite || self == other }
}

/// A memory server's limits.
struct SegmentLimits: ParsableArguments {
  @Option(help: "The maximum number of segments.")
  var maxSegments = Limit(64)

  @Option(help: "The maximum segment size, in bytes.")
  var maxSize = 64 << 20

  @Option(help: "The maximum total size of all segments, in bytes.")
  var maxBytes = 256 << 20

  @Option(help: "The number of seconds after which a segment that no client has attached is removed.")
  var unused: Seconds?

  func validate() throws {
    guard maxSize > 0, maxBytes > 0 else { throw ValidationError("a limit must be greater than 0") }
  }
}

/// A sealed memfd, passed to clients as a descriptor.
@ServiceActor
final class Segment {
  let name: String
  let size: Int
  let user: UserID
  /// The access granted to other users.
  let others: SegmentAccess
  let isPersistent: Bool
  /// The client that created the segment; nil after this client has disconnected.
  var creator: Client?
  /// Whether the segment was removed.
  ///
  /// A removed segment has no name, but stays in use until the last client has detached it.
  var isRemoved = false
  var attachments: [Attachment] = []
  /// The time at which the last client detached the segment.
  var unusedSince = SuspendingClock.now
  private let memory: SharedDescriptor

  init(_ name: Name, size: Int, others: SegmentAccess, isPersistent: Bool, creator: Client) throws {
    (self.name, self.size, self.others) = (name.description, size, others)
    (self.isPersistent, self.creator, user) = (isPersistent, creator, creator.credentials.user)
    // The memory is allocated in advance, so an access cannot raise SIGBUS for lack of memory.
    let object = try MemoryObject.anonymous(name.description, size: size)
    // With this mode, a process cannot reopen a read-only descriptor for writing through /proc/self/fd.
    guard fchmod(object.descriptor.rawValue, S_IRUSR) == 0 else { throw Errno(rawValue: errno) }
    // The seals fix the size. Without them, a client could shrink the segment, and an access would raise SIGBUS.
    try object.add([.shrink, .grow, .seal])
    memory = SharedDescriptor(object.takeDescriptor())
  }

  /// Returns a user's access to the segment.
  func access(of user: UserID) -> SegmentAccess { user == self.user ? .readWrite : others }

  /// Returns a descriptor with the given access.
  func open(_ access: SegmentAccess) throws -> SharedDescriptor {
    if access == .readWrite { return memory }
    // A duplicate would have the same access mode. Reopening the memory creates a separate open file description with
    // its own mode.
    let path = FilePath("/proc/self/fd/\(memory.owned.descriptor.rawValue)")
    return SharedDescriptor(OwnedDescriptor(taking: try FileDescriptor.open(path, .readOnly, options: .closeOnExec)))
  }

  func isAttached(by client: Client) -> Bool { attachments.contains { $0.client === client } }
}

/// A segment that a client has attached.
struct Attachment {
  /// The attachment's number, which is never reused.
  let number: Int
  let segment: Segment
  let client: Client
}

/// A server's segments and its clients' attachments.
@ServiceActor
final class Segments {
  /// All segments, oldest first, including removed segments that are still attached.
  private var all: [Segment] = []
  private var attachments: [Int: Attachment] = [:]
  private var lastNumber = 0
  private(set) var totals = Totals()
  private let limits: SegmentLimits

  /// The reply to `statistics`.
  struct Totals: Encodable {
    var segments = 0
    var bytes = 0
    var attached = 0
    var created = 0
    var removed = 0
  }

  init(_ limits: SegmentLimits) { self.limits = limits }

  var names: [String] { all.filter { !$0.isRemoved }.map(\.name) }

  func find(_ name: String) -> Segment? { all.first { !$0.isRemoved && $0.name == name } }

  // Segments

  func create(_ name: Name, size: Int, others: SegmentAccess, isPersistent: Bool, by client: Client) throws {
    let problem = "the segment cannot be created"
    if size > limits.maxSize { throw ServiceError(.tooLarge, problem) }
    if find(name.description) != nil { throw ServiceError(.exists, problem) }
    if totals.segments >= limits.maxSegments.value || size > limits.maxBytes - totals.bytes {
      throw ServiceError(.limit, problem)
    }
    all.append(try Segment(name, size: size, others: others, isPersistent: isPersistent, creator: client))
    totals.segments += 1
    totals.bytes += size
    totals.created += 1
  }

  /// Removes a segment's name.
  ///
  /// Notifies the segment's creator and its users, but not the client that requested the removal.
  func remove(_ segment: Segment, reason: String, requester: Client? = nil) {
    for attachment in segment.attachments where attachment.client !== requester {
      notify(attachment.client, segment, reason)
    }
    if let creator = segment.creator, creator !== requester, !segment.isAttached(by: creator) {
      notify(creator, segment, reason)
    }
    segment.isRemoved = true
    totals.removed += 1
    freeIfUnused(segment)
  }

  private func notify(_ client: Client, _ segment: Segment, _ reason: String) {
    // The message cannot be too large, because names are short.
    try? client.notify("removed", ["segment": segment.name, "reason": reason])
  }

  /// Frees a removed segment that no client has attached.
  private func freeIfUnused(_ segment: Segment) {
    guard segment.isRemoved, segment.attachments.isEmpty else { return }
    all.removeAll { $0 === segment }
    totals.segments -= 1
    totals.bytes -= segment.size
  }

  // Attachments

  /// Attaches a segment to a client, and returns the attachment number.
  func attach(_ segment: Segment, to client: Client) -> Int {
    lastNumber += 1
    let attachment = Attachment(number: lastNumber, segment: segment, client: client)
    attachments[lastNumber] = attachment
    segment.attachments.append(attachment)
    totals.attached += 1
    return lastNumber
  }

  /// Detaches a segment; returns false if the client does not have this attachment.
  func detach(_ number: Int, from client: Client) -> Bool {
    guard let attachment = attachments[number], attachment.client === client else { return false }
    let segment = attachment.segment
    attachments[number] = nil
    segment.attachments.removeAll { $0.number == number }
    segment.unusedSince = .now
    totals.attached -= 1
    freeIfUnused(segment)
    return true
  }

  /// Detaches all segments of a disconnected client, and removes those that it created.
  func forget(_ client: Client) {
    for attachment in attachments.values where attachment.client === client {
      _ = detach(attachment.number, from: client)
    }
    for segment in all where segment.creator === client {
      segment.creator = nil
      if !segment.isPersistent, !segment.isRemoved { remove(segment, reason: "creator") }
    }
  }

  /// Removes segments that have been unused for too long.
  func tick() -> SuspendingClock.Instant? {
    guard let limit = limits.unused?.duration else { return nil }
    let now = SuspendingClock.now
    let unused = all.filter { $0.attachments.isEmpty }
    for segment in unused where segment.unusedSince + limit <= now { remove(segment, reason: "unused") }
    return unused.filter { !$0.isRemoved }.map { $0.unusedSince + limit }.min()
  }
}
