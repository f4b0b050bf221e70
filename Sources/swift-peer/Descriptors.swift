internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Operations on descriptors of any kind.
let descriptorOperations: [Peer.Operation] = [
  .init("adopt", "handle fd") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let descriptor = FileDescriptor(rawValue: try parameters.integer("fd"))
    try peer.handles.add(try adopted(descriptor), as: parameters.handle)
    return Fields()
  },

  .init("close", "handle") { peer, parameters in
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("close_fd", "fd") { _, parameters in
    guard Glibc.close(Int32(try parameters.count("fd", upTo: Int(Int32.max)))) == 0 else {
      throw Failure(Errno(rawValue: errno), in: "close")
    }
    return Fields()
  },

  .init("close_range", "first last flags") { _, parameters in
    let range = DescriptorRange(from: try parameters.integer("first"), through: try parameters.integer("last"))
    if try parameters.flags("flags", of: rangeFlags, default: 0) == 0 {
      try range.close()
    } else {
      try range.setCloseOnExec()
    }
    return Fields()
  },

  .init("fcntl", "handle cmd arg duplicate") { peer, parameters in
    let command = try parameters.text("cmd")
    var fields = Fields()
    switch command {
    case "F_GETFL", "F_GETFD":
      let handle = try peer.handles.find(parameters.handle, as: (any DescriptorHandle).self, "descriptor")
      let flags = fcntl(handle.descriptor.rawValue, command == "F_GETFL" ? F_GETFL : F_GETFD)
      guard flags != -1 else { throw Failure(Errno(rawValue: errno)) }
      fields.append("return", command == "F_GETFL" ? describe(status: flags) : descriptorFlags.describe(flags))
    case "F_SETFL":
      let handle = try peer.handles.find(parameters.handle, as: (any DescriptorHandle).self, "descriptor")
      try handle.setNonBlocking(try parameters.flags("arg", of: settableFlags) & O_NONBLOCK != 0)
      fields.append("return", 0)
    case "F_SETFD":
      // A ported program passes a descriptor through `ChildProcess`, which clears the close-on-exec flag in the child.
      let handle = try peer.handles.find(parameters.handle, as: (any DescriptorHandle).self, "descriptor")
      let flags = try parameters.flags("arg", of: descriptorFlags)
      guard fcntl(handle.descriptor.rawValue, F_SETFD, flags) != -1 else { throw Failure(Errno(rawValue: errno)) }
      fields.append("return", 0)
    case "F_DUPFD_CLOEXEC":
      let name = try parameters.text("duplicate")
      try peer.handles.require(free: name)
      let descriptor = try duplicate(
        peer.handles.find(parameters.handle, as: (any DescriptorHandle).self, "descriptor").descriptor,
        from: try parameters.integer("arg"))
      do {
        try peer.handles.add(try adopted(descriptor), as: name)
      } catch {
        try? descriptor.close()
        throw error
      }
      fields.append("fd", descriptor.rawValue)
    case "F_GETPIPE_SZ":
      fields.append("return", try peer.pipe(parameters).capacity)
    case "F_SETPIPE_SZ":
      fields.append("return", try peer.pipe(parameters).setCapacity(try parameters.integer("arg")))
    case "F_ADD_SEALS":
      try peer.memoryObject(parameters).add(MemorySeals(rawValue: try parameters.flags("arg", of: memorySeals)))
      fields.append("return", 0)
    case "F_GET_SEALS":
      fields.append("return", memorySeals.describe(try peer.memoryObject(parameters).seals().rawValue))
    default:
      throw Invalid("cmd=\(command): this command does not exist here")
    }
    return fields
  },

  .init("ioctl", "handle request") { peer, parameters in
    let request = try parameters.text("request")
    guard request == "FIONREAD" else { throw Invalid("request=\(request): only FIONREAD exists here") }
    var fields = Fields()
    fields.append("value", try peer.bytes(parameters).bytesAvailable)
    return fields
  },
]

/// Duplicates a descriptor to the lowest free number not below `lowest`.
func duplicate(_ descriptor: FileDescriptor, from lowest: Int32) throws -> FileDescriptor {
  let number = fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, lowest)
  guard number != -1 else { throw Failure(Errno(rawValue: errno), in: "fcntl") }
  return FileDescriptor(rawValue: number)
}

/// Creates a handle for an inherited or received descriptor; its type depends on the object that the descriptor refers
/// to.
func adopted(_ descriptor: FileDescriptor) throws -> any DescriptorHandle {
  let flags = fcntl(descriptor.rawValue, F_GETFL)
  guard flags != -1 else { throw Failure(Errno(rawValue: errno), in: "fcntl") }
  let access = flags & O_ACCMODE
  for adopt in adopters {
    if let handle = try adopt(descriptor, access) { return handle }
  }
  return try AdoptedHandle(descriptor)
}

func adoptedPipe(_ descriptor: FileDescriptor, _ access: Int32) throws -> PipeHandle? {
  do {
    switch access {
    case O_RDONLY: return PipeHandle(try PipeReader(adopting: descriptor))
    case O_WRONLY: return PipeHandle(try PipeWriter(adopting: descriptor))
    default: return PipeHandle(try PipeReaderWriter(adopting: descriptor))
    }
  } catch let error where error.errno == .invalidArgument {
    return nil
  }
}

/// A handle for an inherited descriptor of an unknown kind.
private final class AdoptedHandle: DescriptorHandle {
  let descriptor: FileDescriptor

  init(_ descriptor: FileDescriptor) throws {
    guard fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) != -1 else {
      throw Failure(Errno(rawValue: errno), in: "fcntl")
    }
    self.descriptor = descriptor
  }

  func close() throws {
    guard Glibc.close(descriptor.rawValue) == 0 else { throw Failure(Errno(rawValue: errno), in: "close") }
  }
}

/// `O_DIRECT`, which Swift's Glibc module does not export.
let directFlag = Int32(CIPC_O_DIRECT)

private func describe(status flags: Int32) -> String {
  let access = [O_RDONLY: "O_RDONLY", O_WRONLY: "O_WRONLY", O_RDWR: "O_RDWR"][flags & O_ACCMODE] ?? "O_ACCMODE"
  let others = statusFlags.describe(flags)
  return others == "0" ? access : "\(access)|\(others)"
}

private let statusFlags = FlagTable(["O_NONBLOCK": O_NONBLOCK, "O_DIRECT": directFlag, "O_APPEND": O_APPEND])
private let settableFlags = FlagTable(["O_NONBLOCK": O_NONBLOCK])
private let rangeFlags = FlagTable(["CLOSE_RANGE_CLOEXEC": Int32(CIPC_CLOSE_RANGE_CLOEXEC)])
private let descriptorFlags = FlagTable(["FD_CLOEXEC": FD_CLOEXEC])
