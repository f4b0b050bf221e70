internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// What can be mapped: POSIX shared memory, regular files, memory without a name.
let memoryObjectOperations: [Peer.Operation] = [
  .init("shm_open") { peer, parameters in
    let name = try POSIXSharedMemory.Name(validating: try parameters.text("name"))
    return try peer.open(parameters) { (_, flags, permissions, umask) in
      switch flags & (O_ACCMODE | O_CREAT | O_EXCL) {
      case O_RDONLY: readable(try .init(opening: name))
      case O_RDWR: writable(try .init(opening: name))
      case O_RDONLY | O_CREAT: readable(try .init(creatingOrOpening: name, permissions: permissions, umask: umask))
      case O_RDWR | O_CREAT: writable(try .init(creatingOrOpening: name, permissions: permissions, umask: umask))
      case O_RDONLY | O_CREAT | O_EXCL: readable(try .init(creating: name, permissions: permissions, umask: umask))
      case O_RDWR | O_CREAT | O_EXCL: writable(try .init(creating: name, permissions: permissions, umask: umask))
      default: throw Invalid("shared memory is opened with O_RDONLY or O_RDWR")
      }
    }
  },

  .init("shm_unlink") { _, parameters in
    try POSIXSharedMemory.Name(validating: try parameters.text("name")).unlink()
    return Fields()
  },

  .init("open_file") { peer, parameters in
    let path = FilePath(try parameters.text("path"))
    return try peer.open(parameters) { (_, flags, permissions, umask) in
      switch flags & (O_ACCMODE | O_CREAT | O_EXCL) {
      case O_RDONLY: readable(try .init(opening: path))
      case O_RDWR: writable(try .init(opening: path))
      case O_RDWR | O_CREAT | O_EXCL: writable(try .init(creating: path, permissions: permissions, umask: umask))
      default: throw Invalid("a file is opened with O_RDONLY or O_RDWR, or made with O_RDWR|O_CREAT|O_EXCL")
      }
    }
  },

  .init("memfd_create") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let flags = try parameters.flags("flags", of: anonymousFlags, default: 0)
    let object = try ReadWriteObject(
      anonymous: try parameters.text("name"), sealable: flags & Int32(CIPC_MFD_ALLOW_SEALING) != 0)
    return try peer.add(writable(object), parameters)
  },

  .init("ftruncate") { peer, parameters in
    try peer.memoryObject(parameters).resize(to: try parameters.integer("length"))
    return Fields()
  },

  .init("fallocate") { peer, parameters in
    try peer.memoryObject(parameters).allocate(try parameters.integer("length"))
    return Fields()
  },

  .init("fstat") { peer, parameters in
    let status = try peer.memoryObject(parameters).status()
    var fields = Fields()
    fields.append("st_size", status.size)
    fields.append("mode", String(status.permissions.rawValue, radix: 8))
    fields.append("uid", status.user)
    fields.append("gid", status.group)
    return fields
  },

  // The library maps, and reads and writes no files: these two are for whoever wants to see the same bytes without it.
  .init("pread") { peer, parameters in
    let descriptor = try peer.memoryObject(parameters).descriptor.rawValue
    let (offset, count) = (try parameters.place(), try parameters.room("count"))
    let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let length = unsafe pread(descriptor, buffer.baseAddress, count, offset)
      guard length >= 0 else { throw Failure(Errno(rawValue: errno)) }
      filled = length
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("pwrite") { peer, parameters in
    let descriptor = try peer.memoryObject(parameters).descriptor.rawValue
    let offset = try parameters.place()
    let bytes = try parameters.payload("buf", length: "count")
    let length = unsafe pwrite(descriptor, bytes, bytes.count, offset)
    guard length >= 0 else { throw Failure(Errno(rawValue: errno)) }
    var fields = Fields()
    fields.append("return", length)
    return fields
  },
]

private typealias ReadWriteObject = MemoryObject<ReadWrite>

private let openFlags = FlagTable([
  "O_RDONLY": O_RDONLY, "O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR, "O_CREAT": O_CREAT, "O_EXCL": O_EXCL,
  "O_CLOEXEC": O_CLOEXEC,
])
private let anonymousFlags = FlagTable([
  "MFD_ALLOW_SEALING": Int32(CIPC_MFD_ALLOW_SEALING), "MFD_CLOEXEC": Int32(CIPC_MFD_CLOEXEC),
])
let memorySeals = FlagTable([
  "F_SEAL_SEAL": Int32(CIPC_F_SEAL_SEAL), "F_SEAL_SHRINK": Int32(CIPC_F_SEAL_SHRINK),
  "F_SEAL_GROW": Int32(CIPC_F_SEAL_GROW), "F_SEAL_WRITE": Int32(CIPC_F_SEAL_WRITE),
])

extension Parameters {
  /// Where in a file.
  fileprivate func place() throws -> Int { has("at") ? try count("at") : 0 }
}

extension Peer {
  fileprivate func open(
    _ parameters: Parameters,
    _ open: (Parameters, Int32, FilePermissions, Umask) throws -> any MemoryObjectHandle
  ) throws -> Fields {
    try handles.require(free: parameters.handle)
    let object = try open(
      parameters, try parameters.flags("oflag", of: openFlags),
      try parameters.permissions(default: .ownerReadWrite), try parameters.isSet("exact") ? .overridden : .obeyed)
    return try add(object, parameters)
  }

  fileprivate func add(_ object: any MemoryObjectHandle, _ parameters: Parameters) throws -> Fields {
    try handles.add(object, as: parameters.handle)
    var fields = Fields()
    fields.append("fd", object.descriptor.rawValue)
    return fields
  }

  func memoryObject(_ parameters: Parameters) throws -> any MemoryObjectHandle {
    try handles.find(parameters.handle, as: (any MemoryObjectHandle).self, "object that can be mapped")
  }
}

/// An inherited descriptor as an object that can be mapped; nil when it is something else.
func memoryObject(adopting descriptor: FileDescriptor, _ accessMode: Int32) throws -> (any MemoryObjectHandle)? {
  var status = stat()
  guard unsafe fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
  switch accessMode {
  case O_RDONLY: return readable(try .init(adopting: descriptor))
  case O_RDWR: return writable(try .init(adopting: descriptor))
  default: return nil
  }
}

private func readable(_ object: consuming MemoryObject<ReadOnly>) -> any MemoryObjectHandle { ObjectHandle(object) }
private func writable(_ object: consuming MemoryObject<ReadWrite>) -> any MemoryObjectHandle {
  WritableObjectHandle(object)
}

/// An open object that can be mapped, whatever for.
protocol MemoryObjectHandle: DescriptorHandle {
  func mapReadOnly(at offset: Int, count: Int) throws -> any Mapping
  func mapReadWrite(at offset: Int, count: Int) throws -> any Mapping
  func mapPrivate(at offset: Int, count: Int) throws -> any Mapping
  func status() throws -> MemoryObjectStatus
  func resize(to size: Int) throws
  func allocate(_ size: Int) throws
  func add(_ seals: MemorySeals) throws
  func seals() throws -> MemorySeals
}

private class ObjectHandle<Access: MemoryAccess>: MemoryObjectHandle {
  final let descriptor: FileDescriptor
  /// Nil once it is closed, and then nobody has this any more.
  fileprivate final var object: MemoryObject<Access>?

  init(_ object: consuming MemoryObject<Access>) {
    descriptor = object.descriptor
    self.object = consume object
  }

  final func close() throws { try object.take()?.close() }

  final func mapReadOnly(at offset: Int, count: Int) throws -> any Mapping {
    guard let mapping = try object?.mapReadOnly(at: offset, count: count) else { throw Failure(.badFileDescriptor) }
    return MappingHandle(mapping)
  }

  final func mapPrivate(at offset: Int, count: Int) throws -> any Mapping {
    guard let mapping = try object?.mapPrivate(at: offset, count: count) else { throw Failure(.badFileDescriptor) }
    return WritableMappingHandle(mapping)
  }

  final func status() throws -> MemoryObjectStatus {
    guard let status = try object?.status() else { throw Failure(.badFileDescriptor) }
    return status
  }

  final func seals() throws -> MemorySeals { try object?.seals() ?? [] }

  // What is opened read-only has no way to do these; C would be told by the kernel, in these words.
  func mapReadWrite(at offset: Int, count: Int) throws -> any Mapping { throw Failure(.permissionDenied) }
  func resize(to size: Int) throws { throw Failure(.invalidArgument) }
  func allocate(_ size: Int) throws { throw Failure(.badFileDescriptor) }
  func add(_ seals: MemorySeals) throws { throw Failure(.notPermitted) }
}

private final class WritableObjectHandle: ObjectHandle<ReadWrite> {
  override func mapReadWrite(at offset: Int, count: Int) throws -> any Mapping {
    guard let mapping = try object?.map(at: offset, count: count) else { throw Failure(.badFileDescriptor) }
    return WritableMappingHandle(mapping)
  }

  override func resize(to size: Int) throws { try object?.resize(to: size) }
  override func allocate(_ size: Int) throws { try object?.allocate(size) }
  override func add(_ seals: MemorySeals) throws { try object?.add(seals) }
}
