internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Creates shared memory, and passes it to clients as descriptors.
struct MemoryServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory_server",
    abstract: "Creates shared memory, and passes it to clients as descriptors.")

  @OptionGroup var options: ServerOptions
  @OptionGroup var limits: SegmentLimits

  func run() throws {
    try options.serve(at: "/tmp/memory_server", descriptors: limits.maxSegments.value) { [limits] _ in
      MemoryService(Segments(limits))
    }
  }
}

@ServiceActor
private final class MemoryService: Service {
  static let name = "Memory Server"

  private let segments: Segments

  init(_ segments: Segments) { self.segments = segments }

  func handle(_ request: Request, from client: Client) throws -> Reply? {
    switch request.type {
    case "create": try create(request.payload(), client)
    case "attach": try attach(request.payload(), client)
    case "detach": try detach(request.payload(as: Detached.self).attachment, client)
    case "remove": try remove(segment(request.payload(as: Named.self).segment), client)
    case "information": Reply(Information(try segment(request.payload(as: Named.self).segment)))
    case "statistics": Reply(segments.totals)
    case "list": Reply(segments.names)
    default: throw ServiceError.unknownType
    }
  }

  func disconnected(_ client: Client) { segments.forget(client) }
  func tick() -> SuspendingClock.Instant? { segments.tick() }

  private struct Created: Decodable {
    let segment: Name
    let size: Int
    let others: SegmentAccess
    let persistent: Bool

    private enum CodingKeys: CodingKey { case segment, size, others, persistent }

    init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: CodingKeys.self)
      segment = try members.decode(Name.self, forKey: .segment)
      size = try members.decode(Int.self, forKey: .size)
      others = try members.decode(SegmentAccess.self, forKey: .others, ifMissing: .none)
      persistent = try members.decode(Bool.self, forKey: .persistent, ifMissing: false)
    }
  }

  private struct Attached: Decodable {
    let segment: String
    let access: SegmentAccess

    private enum CodingKeys: CodingKey { case segment, access }

    init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: CodingKeys.self)
      segment = try members.decode(String.self, forKey: .segment)
      access = try members.decode(SegmentAccess.self, forKey: .access, ifMissing: .readOnly)
    }
  }

  private struct Detached: Decodable { let attachment: Int }
  private struct Named: Decodable { let segment: String }

  private struct AttachReply: Encodable {
    let attachment: Int
    let access: SegmentAccess
    let size: Int
  }

  private struct Information: Encodable {
    let size: Int
    let user: UInt32
    let others: SegmentAccess
    let persistent: Bool
    let attached: Int
    /// The time since the last client detached the segment, in milliseconds.
    let unused: Int64

    @ServiceActor init(_ segment: Segment) {
      (size, user, others) = (segment.size, segment.user.rawValue, segment.others)
      (persistent, attached) = (segment.isPersistent, segment.attachments.count)
      unused = attached > 0 ? 0 : Int64(segment.unusedSince.duration(to: .now) / .milliseconds(1))
    }
  }

  private func segment(_ name: String) throws(ServiceError) -> Segment {
    guard let segment = segments.find(name) else {
      throw ServiceError(.notFound, "there is no segment of this name")
    }
    return segment
  }

  private func create(_ request: Created, _ client: Client) throws -> Reply {
    guard request.size >= 1 else { throw ServiceError(.invalidPayload, "a segment has at least 1 byte") }
    try segments.create(
      request.segment, size: request.size, others: request.others, isPersistent: request.persistent, by: client)
    return .done
  }

  private func attach(_ request: Attached, _ client: Client) throws -> Reply {
    let access = request.access
    guard access != .none else { throw ServiceError(.invalidPayload, "the payload does not fit the type 'attach'") }
    let segment = try segment(request.segment)
    let user = client.credentials.user
    guard segment.access(of: user).includes(access) else {
      throw ServiceError(.notPermitted, "user \(user.rawValue) may not attach the segment with this access")
    }
    if segment.isAttached(by: client) {
      throw ServiceError(.exists, "this client has attached the segment already")
    }
    guard client.mayPassDescriptor else {
      throw ServiceError(.limit, "this client has to receive its descriptors first")
    }
    let descriptor = try segment.open(access)
    let number = segments.attach(segment, to: client)
    return Reply(AttachReply(attachment: number, access: access, size: segment.size), descriptor: descriptor)
  }

  private func detach(_ number: Int, _ client: Client) throws -> Reply {
    guard segments.detach(number, from: client) else {
      throw ServiceError(.notFound, "this client does not have the attachment")
    }
    return .done
  }

  private func remove(_ segment: Segment, _ client: Client) throws -> Reply {
    let user = client.credentials.user
    guard segment.user == user else {
      throw ServiceError(.notPermitted, "user \(user.rawValue) may not remove the segment")
    }
    segments.remove(segment, reason: "request", requester: client)
    return .done
  }
}

extension KeyedDecodingContainer {
  /// Decodes a member that may be absent but not null.
  fileprivate func decode<Value: Decodable>(
    _ type: Value.Type, forKey key: Key, ifMissing value: Value
  ) throws -> Value {
    contains(key) ? try decode(type, forKey: key) : value
  }
}
