internal import CIPC
internal import IPC
internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The directory that contains all of a file server's files.
///
/// The kernel rejects paths that lead out of the directory or through a symbolic link.
struct RootDirectory: ~Copyable {
  private let directory: OwnedDescriptor

  /// Opens the directory.
  ///
  /// - Throws: `FileError`, including when the kernel does not support `openat2(2)`.
  init(_ path: FilePath) throws {
    let opened: FileDescriptor
    do {
      opened = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
    } catch {
      throw FileError(call: "open", path: path, reason: error as? Errno ?? .ioError)
    }
    let root = OwnedDescriptor(taking: opened)
    do throws(Errno) {
      _ = try Self.open(".", O_RDONLY | O_DIRECTORY, beneath: root)
    } catch {
      let advice = "use Linux 5.6 or later, and allow the call in containers"
      throw FileError(call: "openat2 (\(advice))", path: path, reason: error)
    }
    directory = root
  }

  /// Opens a regular file.
  func open(_ path: String) throws(ServiceError) -> MemoryObject<ReadWriteAccess> {
    try Self.memoryObject(try opened(path, O_RDWR, beneath: directory))
  }

  /// Creates a file of the given size durably, and passes it to `body`; on any error, removes the file.
  func create<Result>(
    _ path: String, size: Int, _ body: (consuming MemoryObject<ReadWriteAccess>) throws(ServiceError) -> Result
  ) throws(ServiceError) -> Result {
    let slash = path.lastIndex(of: "/")
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let directory = try opened(parent, O_RDONLY | O_DIRECTORY, beneath: directory)
    let file = try opened(name, O_RDWR | O_CREAT | O_EXCL, 0o600, beneath: directory)
    let status = try? FileStatus(of: file.descriptor)
    do throws(ServiceError) {
      let object = try Self.memoryObject(file)
      try ServiceError.ofCall { () throws(IPCError) in if size > 0 { try object.allocate(size) } }
      try ServiceError.ofFsync(object.descriptor)
      try ServiceError.ofFsync(directory.descriptor)
      return try body(object)
    } catch {
      if let status { Self.remove(name, status, in: directory.descriptor) }
      throw error
    }
  }

  /// Checks that an open file is a regular file.
  private static func memoryObject(
    _ opened: consuming OwnedDescriptor
  ) throws(ServiceError) -> MemoryObject<ReadWriteAccess> {
    do throws(IPCError) {
      let object = try MemoryObject<ReadWriteAccess>(adopting: opened.descriptor)
      _ = opened.release()
      return object
    } catch {
      throw ServiceError("\(error.call)", error.errno)
    }
  }

  /// Removes a file, unless its name now refers to another file.
  private static func remove(_ name: String, _ created: FileStatus, in directory: FileDescriptor) {
    var found = stat()
    guard unsafe fstatat(directory.rawValue, name, &found, AT_SYMLINK_NOFOLLOW) == 0,
      UInt64(found.st_dev) == created.device, UInt64(found.st_ino) == created.inode
    else { return }
    _ = unsafe unlinkat(directory.rawValue, name, 0)
  }

  private func opened(
    _ path: String, _ flags: Int32, _ mode: UInt32 = 0, beneath directory: borrowing OwnedDescriptor
  ) throws(ServiceError) -> OwnedDescriptor {
    do throws(Errno) {
      return try Self.open(path, flags, mode, beneath: directory)
    } catch {
      throw ServiceError("openat2", error)
    }
  }

  private static func open(
    _ path: String, _ flags: Int32, _ mode: UInt32 = 0, beneath directory: borrowing OwnedDescriptor
  ) throws(Errno) -> OwnedDescriptor {
    // A FIFO or a device must not block the call. O_NONBLOCK has no effect on a regular file.
    let flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    let number = directory.descriptor.rawValue
    let opened = try Syscall.result { unsafe cipc_open_beneath(number, path, flags, mode) }.get()
    return OwnedDescriptor(taking: FileDescriptor(rawValue: opened))
  }
}

extension ServiceError {
  /// Creates the error for a failed system call, including errors caused by the path in the request.
  init(_ call: String, _ reason: Errno) {
    switch reason {
    case .noSuchFileOrDirectory, .notDirectory: self.init(.notFound, "there is no file at this path")
    case .fileExists: self.init(.exists, "there is a file at this path")
    case .improperLink: self.init(.invalidPayload, "the path leads out of the root directory")
    case .tooManySymbolicLinkLevels: self.init(.invalidPayload, "the path contains a symbolic link")
    case .fileNameTooLong: self.init(.invalidPayload, "the path is too long")
    case .isDirectory, .operationNotSupportedByDevice, .noSuchAddressOrDevice:
      self.init(.invalidPayload, "this is not a regular file")
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem: self.init(.limit, "too many descriptors are in use")
    default: self.init(.failed, "\(call): \(reason)")
    }
  }

  /// Converts library errors thrown by `body` to service errors.
  static func ofCall<Value: ~Copyable>(_ body: () throws(IPCError) -> Value) throws(ServiceError) -> Value {
    do throws(IPCError) {
      return try body()
    } catch {
      throw ServiceError("\(error.call)", error.errno)
    }
  }

  /// Syncs a file's contents and size to disk.
  static func ofFsync(_ file: FileDescriptor) throws(ServiceError) {
    if case .failure(let reason) = Syscall.result({ fsync(file.rawValue) }) { throw ServiceError("fsync", reason) }
  }
}
