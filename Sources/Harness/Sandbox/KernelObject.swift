import PeerProtocol

/// The kinds of objects that a cell can leave behind, with their names in `objects:` steps.
public enum ObjectKind: String, Sendable, CaseIterable, Codable {
  case sharedMemory = "shm"
  case semaphores = "sem"
  case messages = "msg"
  case messageQueue = "mq"
  /// A file in `/dev/shm`: POSIX shared memory, or a named semaphore.
  case posixSharedMemory = "posix-shm"
  case fifo
  case socket
  /// Any other file in the scratch directory.
  case file
  case abstractSocket = "abstract"
  case process
  /// A peer's open descriptor that does not belong to a handle.
  case descriptor

  /// Whether an object of this kind persists until a process removes it, according to sysvipc(7), mq_overview(7),
  /// shm_overview(7), fifo(7) and unix(7).
  var isPersistent: Bool {
    switch self {
    case .sharedMemory, .semaphores, .messages, .messageQueue, .posixSharedMemory, .fifo, .socket, .file: true
    case .abstractSocket, .process, .descriptor: false
    }
  }

  /// The kinds that a resource snapshot lists.
  static let counted = allCases.filter { $0 != .descriptor }
}

/// A kernel object in a resource snapshot.
///
/// Two objects are equal if their kind, name, key, identifier and creator are equal; attributes may differ.
public struct KernelObject: Sendable, Hashable {
  /// The kind; it determines which other properties exist.
  public let kind: ObjectKind
  /// The path or name of an object, or a process's command.
  public let name: String?
  /// The key of a System V object; nil for other kinds.
  public let key: Int32?
  /// The identifier of a System V object, the process ID, the descriptor number, or a file's inode number.
  public let id: Int?
  /// The process ID of a shared memory segment's creator.
  public let creator: Int?
  /// The attributes that can change: `mode=600 size=4096`.
  public let attributes: String?
  /// Further attributes that no report needs: `uid=100001 gid=100001 qbytes=16384`.
  let ownership: String?
  /// The role that created the object or has it open, if known.
  public var owner: String?

  package init(
    kind: ObjectKind, name: String? = nil, key: Int32? = nil, id: Int? = nil, creator: Int? = nil,
    attributes: String? = nil, ownership: String? = nil, owner: String? = nil
  ) {
    self.kind = kind
    self.name = name
    self.key = key
    self.id = id
    self.creator = creator
    self.attributes = attributes
    self.ownership = ownership
    self.owner = owner
  }

  /// Parses an object reported by the sandbox init; nil if the kind is unknown.
  init?(_ fields: Fields) {
    guard let kind = fields["kind"].flatMap(ObjectKind.init) else { return nil }
    self.init(
      kind: kind, name: fields["name"], key: fields["key"].flatMap { Int32($0) }, id: fields["id"].flatMap { Int($0) },
      creator: fields["creator"].flatMap { Int($0) }, attributes: fields["attributes"], ownership: fields["ownership"])
  }

  /// Returns the value of an attribute, such as the octal digits of `mode`; nil if the object does not have it.
  func state(_ name: String) -> Substring? {
    [attributes, ownership].lazy.compactMap { attributes in
      attributes?.split(separator: " ").first { $0.hasPrefix("\(name)=") }?.dropFirst(name.utf8.count + 1)
    }.first
  }

  /// Compares the objects' identities, but not their attributes or owners.
  public static func == (left: KernelObject, right: KernelObject) -> Bool {
    left.kind == right.kind && left.name == right.name && left.key == right.key && left.id == right.id
      && left.creator == right.creator
  }

  /// Hashes the properties that distinguish almost all objects.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(name)
    hasher.combine(key)
    hasher.combine(id)
  }
}

extension KernelObject: Comparable {
  /// Orders objects by kind, then name, then identifier.
  public static func < (left: KernelObject, right: KernelObject) -> Bool {
    (left.kind.rawValue, left.name ?? "", left.id ?? 0) < (right.kind.rawValue, right.name ?? "", right.id ?? 0)
  }
}

extension KernelObject: Codable {
  private enum CodingKeys: CodingKey { case kind, name, key, id, creator, attributes, owner }

  /// Decodes an object from a report.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      kind: try values.decode(ObjectKind.self, forKey: .kind),
      name: try values.decodeIfPresent(String.self, forKey: .name),
      key: try values.decodeIfPresent(Int32.self, forKey: .key),
      id: try values.decodeIfPresent(Int.self, forKey: .id),
      creator: try values.decodeIfPresent(Int.self, forKey: .creator),
      attributes: try values.decodeIfPresent(String.self, forKey: .attributes),
      owner: try values.decodeIfPresent(String.self, forKey: .owner))
  }
}

extension KernelObject: CustomStringConvertible {
  /// All known properties of the object: `shm key=0x1a2b id=5 mode=600 size=4096 creator=17 (sender)`.
  public var description: String {
    var words = [kind.rawValue]
    if kind == .process || kind == .descriptor, let id { words.append("\(id)") }
    if let name { words.append(name) }
    if let key {
      words.append("key=0x\(String(UInt32(bitPattern: key), radix: 16))")
      if let id { words.append("id=\(id)") }
    }
    if let attributes { words.append(attributes) }
    if let creator { words.append("creator=\(creator)") }
    if let owner { words.append("(\(owner))") }
    return words.joined(separator: " ")
  }
}

/// The kernel objects in a sandbox at one point in time.
struct ResourceSnapshot {
  let objects: Set<KernelObject>

  /// Returns the objects that `before` does not contain, sorted.
  func added(since before: ResourceSnapshot) -> [KernelObject] { objects.subtracting(before.objects).sorted() }
}
