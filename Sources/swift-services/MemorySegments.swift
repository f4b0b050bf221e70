internal import ArgumentParser
internal import IPC
internal import SwiftExamples
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The access of a client to a segment.
enum SegmentAccess: String, Codable {
  case none
  case readOnly = "read-only"
  case readWrite = "read-write"

  func includes(_ other: SegmentAccess) -> Bool { self == .readWrite || self == other }
}

/// The limits of a memory server.
struct SegmentLimits: ParsableArguments {
  @Option(help: "How many segments there may be.")
  var maxSegments = Limit(64)

  @Option(help: "How many bytes a segment may have.")
  var maxSize = 64 << 20

  @Option(help: "How many bytes all segments may have.")
  var maxBytes = 256 << 20

  @Option(help: "After how many seconds a segment that no client has attached is removed.")
  var unused: Seconds?

  func validate() throws {
    guard maxSize > 0, maxBytes > 0 else { throw ValidationError("a limit must be greater than 0") }
  }
}

/// Sealed memory without a file, which clients get as a descriptor.
@ServiceActor
final class Segment {
  let name: String
  let size: Int
  let user: UserID
  /// The access of other users.
  let others: SegmentAccess
  let isPersistent: Bool
  /// The client that created it; nil after it has disconnected.
  var creator: Client?
  /// A removed segment has no name any more, but counts as used until the last client detaches it.
  var isRemoved = false
  var attachments: [Attachment] = []
  /// When the last client detached it.
  var unusedSince = SuspendingClock.now
  private let memory: SharedDescriptor

  init(_ name: Name, size: Int, others: SegmentAccess, isPersistent: Bool, creator: Client) throws {
    (self.name, self.size, self.others) = (name.description, size, others)
    (self.isPersistent, self.creator, user) = (isPersistent, creator, creator.credentials.user)
    // The memory is reserved, so that an access cannot raise SIGBUS because there is not enough.
    let object = try MemoryObject.anonymous(name.description, size: size)
    // This mode prevents that a read-only descriptor is opened for writing again, at /proc/self/fd.
    guard fchmod(object.descriptor.rawValue, S_IRUSR) == 0 else { throw Errno(rawValue: errno) }
    // The size cannot change, so that an access cannot raise SIGBUS because a client made it smaller.
    try object.add([.shrink, .grow, .seal])
    memory = SharedDescriptor(object.takeDescriptor())
  }

  /// Returns what a user may do with it.
  func access(of user: UserID) -> SegmentAccess { user == self.user ? .readWrite : others }

  /// Returns a descriptor with this access.
  func open(_ access: SegmentAccess) throws -> SharedDescriptor {
    if access == .readWrite { return memory }
    // A duplicate would have the same access. Opened again, it is a description of its own, with its own access.
    let path = FilePath("/proc/self/fd/\(memory.owned.descriptor.rawValue)")
    return SharedDescriptor(OwnedDescriptor(taking: try FileDescriptor.open(path, .readOnly, options: .closeOnExec)))
  }

  func isAttached(by client: Client) -> Bool { attachments.contains { $0.client === client } }
}

/// A segment that a client has attached.
struct Attachment {
  /// It is never used again.
  let number: Int
  let segment: Segment
  let client: Client
}

/// The segments of a server, and what its clients have attached.
@ServiceActor
final class Segments {
  /// All segments, the oldest first, with those that were removed and are still attached.
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

  /// Removes the name of a segment, and notifies its creator and its users, except the client that asked for it.
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
    // It fits, because names are short.
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

  /// Returns the number of the attachment.
  func attach(_ segment: Segment, to client: Client) -> Int {
    lastNumber += 1
    let attachment = Attachment(number: lastNumber, segment: segment, client: client)
    attachments[lastNumber] = attachment
    segment.attachments.append(attachment)
    totals.attached += 1
    return lastNumber
  }

  /// Returns false if the client does not have this attachment.
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

  /// Detaches everything from a client that has disconnected, and removes the segments that it created.
  func forget(_ client: Client) {
    for attachment in attachments.values where attachment.client === client {
      _ = detach(attachment.number, from: client)
    }
    for segment in all where segment.creator === client {
      segment.creator = nil
      if !segment.isPersistent, !segment.isRemoved { remove(segment, reason: "creator") }
    }
  }

  /// Removes segments that are unused for too long.
  func tick() -> SuspendingClock.Instant? {
    guard let limit = limits.unused?.duration else { return nil }
    let now = SuspendingClock.now
    let unused = all.filter { $0.attachments.isEmpty }
    for segment in unused where segment.unusedSince + limit <= now { remove(segment, reason: "unused") }
    return unused.filter { !$0.isRemoved }.map { $0.unusedSince + limit }.min()
  }
}
