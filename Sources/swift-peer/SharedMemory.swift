internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// System V keys and System V shared memory.
///
/// The operations `store` and `load` are the same as for other memory.
let sharedMemoryOperations: [Peer.Operation] = [
  .init("ftok", "path proj_id") { _, parameters in
    // ftok(3) uses only the low 8 bits of its `proj_id` argument.
    let project = UInt8(truncatingIfNeeded: try parameters.integer("proj_id") as Int32)
    let key = try SystemVKey(path: FilePath(try parameters.text("path")), project: project)
    var fields = Fields()
    fields.append("key", "0x" + String(UInt32(bitPattern: key.rawValue), radix: 16))
    return fields
  },

  .init("shmget", "key size shmflg mode") { peer, parameters in
    let key = try parameters.key()
    let size = try parameters.count("size")
    let permissions = try parameters.permissions(default: .ownerReadWrite)
    let flags = try parameters.flags("shmflg", of: creationFlags, default: 0)
    let segment =
      switch flags {
      case IPC_CREAT | IPC_EXCL: try SystemVSharedMemory.create(key, size: size, permissions: permissions)
      case IPC_CREAT: try SystemVSharedMemory.createOrOpen(key, size: size, permissions: permissions)
      default: try SystemVSharedMemory.open(key, minimumSize: size, permissions: permissions)
      }
    peer.latestSegment = segment
    var fields = Fields()
    fields.append("shmid", segment.identifier)
    return fields
  },

  .init("shmat", "handle shmid shmflg") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let segment = try parameters.segment(peer)
    let isReadOnly = try parameters.flags("shmflg", of: attachFlags, default: 0) != 0
    let handle: any AttachedSegment =
      isReadOnly ? ReadOnlySegment(try segment.attachReadOnly()) : ReadWriteSegment(try segment.attach())
    try peer.handles.add(handle, as: parameters.handle)
    var fields = Fields()
    fields.append("size", handle.size)
    return fields
  },

  .init("shmdt", "handle") { peer, parameters in
    try peer.handles.close(parameters.handle, as: (any AttachedSegment).self, "attached segment")
    return Fields()
  },

  .init("shmctl", "shmid cmd mode uid gid times") { peer, parameters in
    let segment = try parameters.segment(peer)
    var fields = Fields()
    switch try parameters.text("cmd") {
    case "IPC_STAT":
      let status = try segment.status()
      fields.append(status.ownership)
      fields.append("shm_segsz", status.size)
      fields.append("shm_nattch", status.attachmentCount)
      fields.append("shm_cpid", status.creator)
      fields.append("shm_lpid", status.lastUser)
      fields.append("dest", status.isRemoved ? "yes" : "no")
      if try parameters.isSet("times") {
        fields.append("shm_atime", status.lastAttachment)
        fields.append("shm_dtime", status.lastDetachment)
        fields.append("shm_ctime", status.lastChange)
        fields.append("locked", status.isLocked ? "yes" : "no")
      }
    case "IPC_SET":
      try segment.change(
        user: try parameters.newUser(), group: try parameters.newGroup(),
        permissions: try parameters.newPermissions())
    case "IPC_RMID": try segment.remove()
    case "SHM_LOCK": try segment.lock()
    case "SHM_UNLOCK": try segment.unlock()
    case let other: throw Invalid("cmd=\(other): a command of shmctl(2) expected")
    }
    return fields
  },
]

private let attachFlags = FlagTable(["SHM_RDONLY": SHM_RDONLY])

extension Parameters {
  /// Returns the segment named in the request, or the latest segment.
  fileprivate func segment(_ peer: Peer) throws -> SystemVSharedMemory {
    try object("shmid", latest: peer.latestSegment)
  }
}

/// A handle to an attached segment, read-only or read-write.
protocol AttachedSegment: MemoryHandle {
  var size: Int { get }
}

private final class ReadOnlySegment: AttachedSegment {
  private var memory: SystemVSharedMemory.ReadOnlyAttachment?
  let size: Int

  init(_ memory: consuming SystemVSharedMemory.ReadOnlyAttachment) {
    size = memory.size
    self.memory = consume memory
  }

  func close() throws { try memory.take()?.detach() }

  func bytes(at offset: Int, count: Int) throws -> [UInt8] { try memory?.copyBytes(at: offset, count: count) ?? [] }

  /// Fails with the error that the protocol specifies, because a read-only attachment has no method that writes.
  ///
  /// In C, the write would raise SIGSEGV.
  func write(_ bytes: [UInt8], at offset: Int) throws { throw Failure(.badAddress) }
}

private final class ReadWriteSegment: AttachedSegment, SharedHandle {
  private var memory: SystemVSharedMemory.ReadWriteAttachment?
  private var region: SharedRegion?
  let size: Int

  init(_ memory: consuming SystemVSharedMemory.ReadWriteAttachment) {
    size = memory.size
    self.memory = consume memory
  }

  func close() throws { try memory.take()?.detach() }

  func bytes(at offset: Int, count: Int) throws -> [UInt8] { try memory?.copyBytes(at: offset, count: count) ?? [] }
  func write(_ bytes: [UInt8], at offset: Int) throws { try memory?.copy(bytes.span, at: offset) }

  /// Attaches the same segment a second time, for the objects placed in it.
  func placement() throws -> SharedRegion {
    if let region { return region }
    guard let segment = memory?.segment else { throw Invalid("the segment is detached") }
    let region = SharedRegion(try segment.attach())
    self.region = region
    return region
  }
}
