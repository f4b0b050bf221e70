internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Memory objects: POSIX shared memory, regular files, anonymous memory.
let memoryObjectOperations: [Peer.Operation] = [
  .init("shm_open", "handle name oflag mode exact") { peer, parameters in
    let name = try parameters.posixName()
    return try peer.open(parameters) { flags, permissions, applyUmask in
      switch flags & (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC) {
      case O_RDONLY: readable(try POSIXSharedMemory.open(name, access: .readOnly))
      case O_RDWR: writable(try POSIXSharedMemory.open(name))
      case O_RDWR | O_TRUNC: writable(try POSIXSharedMemory.open(name, truncating: true))
      case O_RDONLY | O_CREAT:
        readable(
          try POSIXSharedMemory.createOrOpen(
            name, access: .readOnly, permissions: permissions, applyUmask: applyUmask))
      case O_RDWR | O_CREAT:
        writable(try POSIXSharedMemory.createOrOpen(name, permissions: permissions, applyUmask: applyUmask))
      case O_RDONLY | O_CREAT | O_EXCL:
        readable(
          try POSIXSharedMemory.create(name, access: .readOnly, permissions: permissions, applyUmask: applyUmask))
      case O_RDWR | O_CREAT | O_EXCL:
        writable(try POSIXSharedMemory.create(name, permissions: permissions, applyUmask: applyUmask))
      default: throw Invalid("shared memory is opened with O_RDONLY or O_RDWR")
      }
    }
  },

  .init("shm_unlink", "name") { _, parameters in
    try POSIXSharedMemory.unlink(try parameters.posixName())
    return Fields()
  },

  .init("open_file", "handle path oflag mode exact") { peer, parameters in
    let path = FilePath(try parameters.text("path"))
    if try parameters.flags("oflag", of: openFlags) & O_APPEND != 0 { return try peer.openToAppend(path, parameters) }
    return try peer.open(parameters) { flags, permissions, applyUmask in
      switch flags & (O_ACCMODE | O_CREAT | O_EXCL) {
      case O_RDONLY: readable(try MappedFile.open(path, access: .readOnly))
      case O_RDWR: writable(try MappedFile.open(path))
      case O_RDWR | O_CREAT | O_EXCL:
        writable(try MappedFile.create(path, permissions: permissions, applyUmask: applyUmask))
      default: throw Invalid("a file is opened with O_RDONLY or O_RDWR, or created with O_RDWR|O_CREAT|O_EXCL")
      }
    }
  },

  .init("memfd_create", "handle name flags") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let flags = try parameters.flags("flags", of: anonymousFlags, default: 0)
    let object = try MemoryObject.anonymous(
      try parameters.text("name"), sealable: flags & Int32(CIPC_MFD_ALLOW_SEALING) != 0)
    return try peer.add(writable(object), parameters)
  },

  .init("ftruncate", "handle length") { peer, parameters in
    try peer.memoryObject(parameters).resize(to: try parameters.integer("length"))
    return Fields()
  },

  .init("fallocate", "handle length") { peer, parameters in
    try peer.memoryObject(parameters).allocate(try parameters.integer("length"))
    return Fields()
  },

  .init("fstat", "handle") { peer, parameters in
    let status = try peer.memoryObject(parameters).status()
    var fields = Fields()
    fields.append("st_size", status.size)
    fields.append("mode", String(status.permissions.rawValue, radix: 8))
    fields.append("uid", status.user.rawValue)
    fields.append("gid", status.group.rawValue)
    return fields
  },

  .init("lseek", "handle offset whence") { peer, parameters in
    let origins: [String: FileDescriptor.SeekOrigin] = ["SEEK_SET": .start, "SEEK_CUR": .current, "SEEK_END": .end]
    let offset: Int64 = try parameters.integer("offset", default: 0)
    let whence = try parameters.text("whence")
    guard let origin = origins[whence] else { throw Invalid("whence=\(whence): this symbol does not exist here") }
    var fields = Fields()
    do {
      fields.append("return", try peer.descriptor(parameters.handle).seek(offset: offset, from: origin))
    } catch let reason as Errno {
      throw Failure(reason)
    }
    return fields
  },

  // These two operations call glibc. For a single buffer at an offset, swift-system has the calls, so the library has
  // none.
  .init("pread", "handle at count pattern offset") { peer, parameters in
    let descriptor = try peer.descriptor(parameters.handle).rawValue
    let (offset, count) = (try parameters.fileOffset(), try parameters.room("count"))
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

  .init("pwrite", "handle at buf count pattern offset") { peer, parameters in
    let descriptor = try peer.descriptor(parameters.handle).rawValue
    let offset = try parameters.fileOffset()
    let bytes = try parameters.payload("buf", length: "count")
    let length = unsafe pwrite(descriptor, bytes, bytes.count, offset)
    guard length >= 0 else { throw Failure(Errno(rawValue: errno)) }
    var fields = Fields()
    fields.append("return", length)
    return fields
  },

  .init("preadv", "handle at parts count pattern offset") { peer, parameters in
    let descriptor = try peer.descriptor(parameters.handle)
    let offset = Int64(try parameters.fileOffset())
    var parts = try parameters.room(of: try parameters.room("count"))
    let count = try descriptor.read(fromAbsoluteOffset: offset, into: &parts)
    var fields = Fields()
    fields.append("return", count)
    try parameters.report(Array(parts.joined().prefix(count)), as: "buf", in: &fields)
    return fields
  },

  .init("pwritev", "handle at parts buf count pattern offset") { peer, parameters in
    let descriptor = try peer.descriptor(parameters.handle)
    let offset = Int64(try parameters.fileOffset())
    let parts = try parameters.parts(of: try parameters.payload("buf", length: "count"))
    var fields = Fields()
    fields.append("return", try descriptor.write(toAbsoluteOffset: offset, parts: parts))
    return fields
  },
]

private let openFlags = FlagTable([
  "O_RDONLY": O_RDONLY, "O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR, "O_CREAT": O_CREAT, "O_EXCL": O_EXCL,
  "O_TRUNC": O_TRUNC, "O_APPEND": O_APPEND, "O_CLOEXEC": O_CLOEXEC,
])
private let anonymousFlags = FlagTable([
  "MFD_ALLOW_SEALING": Int32(CIPC_MFD_ALLOW_SEALING), "MFD_CLOEXEC": Int32(CIPC_MFD_CLOEXEC),
])
let memorySeals = FlagTable([
  "F_SEAL_SEAL": Int32(CIPC_F_SEAL_SEAL), "F_SEAL_SHRINK": Int32(CIPC_F_SEAL_SHRINK),
  "F_SEAL_GROW": Int32(CIPC_F_SEAL_GROW), "F_SEAL_WRITE": Int32(CIPC_F_SEAL_WRITE),
  "F_SEAL_FUTURE_WRITE": Int32(CIPC_F_SEAL_FUTURE_WRITE),
])

extension Parameters {
  /// Returns a name, with its bytes unchanged.
  func posixName() throws -> POSIXName {
    let bytes = try bytes("name")
    guard !bytes.contains(0) else { throw Invalid("name: no NUL in it expected") }
    return POSIXName(bytes: bytes)
  }

  fileprivate func fileOffset() throws -> Int { has("at") ? try count("at") : 0 }
}

/// A regular file that cannot be mapped, because it was opened for appending or only for writing.
private final class FileHandle: FileByteHandle {
  let descriptor: FileDescriptor
  private var owned: OwnedDescriptor?

  init(_ file: consuming OwnedDescriptor) {
    descriptor = file.descriptor
    owned = consume file
  }

  func close() throws { try owned.take()?.close() }
}

extension Peer {
  /// Opens a file for appending, with swift-system, as a ported program would.
  fileprivate func openToAppend(_ path: FilePath, _ parameters: Parameters) throws -> Fields {
    try handles.require(free: parameters.handle)
    let flags = try parameters.flags("oflag", of: openFlags)
    let permissions = try parameters.permissions(default: .ownerReadWrite)
    guard try !parameters.isSet("exact"), flags & O_TRUNC == 0 else { throw Invalid("O_APPEND excludes this") }
    var options: FileDescriptor.OpenOptions = [.append, .closeOnExec]
    if flags & O_CREAT != 0 { options.insert(.create) }
    if flags & O_EXCL != 0 { options.insert(.exclusiveCreate) }
    let mode: FileDescriptor.AccessMode =
      flags & O_ACCMODE == O_RDONLY ? .readOnly : flags & O_ACCMODE == O_WRONLY ? .writeOnly : .readWrite
    let file: OwnedDescriptor
    do {
      file = OwnedDescriptor(taking: try FileDescriptor.open(path, mode, options: options, permissions: permissions))
    } catch let reason as Errno {
      throw Failure(reason, in: "open")
    }
    var status = stat()
    guard unsafe fstat(file.descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(.operationNotSupportedByDevice, in: "mmap")
    }
    let handle = FileHandle(file)
    try handles.add(handle, as: parameters.handle)
    var fields = Fields()
    fields.append("fd", handle.descriptor.rawValue)
    return fields
  }

  fileprivate func open(
    _ parameters: Parameters, _ open: (Int32, FilePermissions, Bool) throws -> any MemoryObjectHandle
  ) throws -> Fields {
    try handles.require(free: parameters.handle)
    let object = try open(
      try parameters.flags("oflag", of: openFlags), try parameters.permissions(default: .ownerReadWrite),
      try !parameters.isSet("exact"))
    return try add(object, parameters)
  }

  fileprivate func add(_ object: any MemoryObjectHandle, _ parameters: Parameters) throws -> Fields {
    try handles.add(object, as: parameters.handle)
    var fields = Fields()
    fields.append("fd", object.descriptor.rawValue)
    return fields
  }

  /// Returns the object to map; the library rejects a file that is not open for reading.
  func mappableObject(_ parameters: Parameters, isWritable: Bool) throws -> any MemoryObjectHandle {
    guard let file = try handles.find(parameters.handle) as? FileHandle,
      fcntl(file.descriptor.rawValue, F_GETFL) & O_ACCMODE == O_WRONLY
    else { return try memoryObject(parameters) }
    // The handle owns its descriptor, so the library gets a duplicate, which it does not take if it rejects the file.
    let copy = try duplicate(file.descriptor, from: 0)
    do {
      if isWritable {
        _ = try MemoryObject<ReadWriteAccess>(adopting: copy)
      } else {
        _ = try MemoryObject<ReadOnlyAccess>(adopting: copy)
      }
    } catch {
      try copy.close()
      throw error
    }
    throw Invalid("the library accepted a file that is not open for reading")
  }

  func memoryObject(_ parameters: Parameters) throws -> any MemoryObjectHandle {
    try handles.find(parameters.handle, as: (any MemoryObjectHandle).self, "memory object")
  }
}

/// Creates a handle to an inherited memory object; returns nil for other kinds of descriptors.
func adoptedMemoryObject(_ descriptor: FileDescriptor, _ accessMode: Int32) throws -> (any DescriptorHandle)? {
  var status = stat()
  guard unsafe fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
  switch accessMode {
  case O_RDONLY: return readable(try .init(adopting: descriptor))
  case O_RDWR: return writable(try .init(adopting: descriptor))
  default: return FileHandle(try OwnedDescriptor(adopting: descriptor))
  }
}

private func readable(_ object: consuming MemoryObject<ReadOnlyAccess>) -> any MemoryObjectHandle {
  ObjectHandle(object)
}
private func writable(_ object: consuming MemoryObject<ReadWriteAccess>) -> any MemoryObjectHandle {
  WritableObjectHandle(object)
}

/// A handle to a file that can be read and written at its offset.
protocol FileByteHandle: ByteHandle {}

extension FileByteHandle {
  var transport: Transport { .file }

  /// Returns `.never`: a regular file is always ready, even if its open file description is nonblocking.
  func timeout(_ parameters: Parameters) throws -> Timeout { .never }
}

/// A handle to a memory object, read-only or read-write.
protocol MemoryObjectHandle: FileByteHandle {
  func mapReadOnly(at offset: Int, count: Int) throws -> any Mapping
  func mapReadWrite(at offset: Int, count: Int) throws -> any Mapping
  func mapPrivate(at offset: Int, count: Int) throws -> any Mapping
  func status() throws -> FileStatus
  func resize(to size: Int) throws
  func allocate(_ size: Int) throws
  func add(_ seals: MemorySeals) throws
  func seals() throws -> MemorySeals
}

private class ObjectHandle<Access: MemoryAccess>: MemoryObjectHandle {
  final let descriptor: FileDescriptor
  private final var object: MemoryObject<Access>?

  init(_ object: consuming MemoryObject<Access>) {
    descriptor = object.descriptor
    self.object = consume object
  }

  final func close() throws { try object.take()?.close() }

  final func use<Value: ~Copyable>(_ body: (borrowing MemoryObject<Access>) throws -> Value) throws -> Value {
    switch object {
    case let object?: try body(object)
    case nil: throw Invalid("the object is closed")
    }
  }

  final func mapReadOnly(at offset: Int, count: Int) throws -> any Mapping {
    try use { MappingHandle(try $0.mapReadOnly(at: offset, count: count)) }
  }

  final func mapPrivate(at offset: Int, count: Int) throws -> any Mapping {
    try use { WritableMappingHandle(try $0.mapPrivate(at: offset, count: count)) }
  }

  final func status() throws -> FileStatus { try use { try $0.status() } }
  final func seals() throws -> MemorySeals { try use { try $0.seals() } }

  // The library's read-only objects have none of these methods. In C, the kernel would return these errors.
  func mapReadWrite(at offset: Int, count: Int) throws -> any Mapping { throw Failure(.permissionDenied) }
  func resize(to size: Int) throws { throw Failure(.invalidArgument) }
  func allocate(_ size: Int) throws { throw Failure(.badFileDescriptor) }
  func add(_ seals: MemorySeals) throws { throw Failure(.notPermitted) }
}

private final class WritableObjectHandle: ObjectHandle<ReadWriteAccess> {
  override func mapReadWrite(at offset: Int, count: Int) throws -> any Mapping {
    try use { WritableMappingHandle(try $0.map(at: offset, count: count)) }
  }

  override func resize(to size: Int) throws { try use { try $0.resize(to: size) } }
  override func allocate(_ size: Int) throws { try use { try $0.allocate(size) } }
  override func add(_ seals: MemorySeals) throws { try use { try $0.add(seals) } }
}
