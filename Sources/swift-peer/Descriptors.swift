internal import CIPC
internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// What every descriptor has.
let descriptorOperations: [Peer.Operation] = [
  .init("adopt") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let descriptor = FileDescriptor(rawValue: try parameters.integer("fd"))
    try peer.handles.add(try adopted(descriptor), as: parameters.handle)
    return Fields()
  },

  .init("close") { peer, parameters in
    try peer.handles.close(parameters.handle)
    return Fields()
  },

  .init("fcntl") { peer, parameters in
    let command = try parameters.text("cmd")
    var fields = Fields()
    switch command {
    case "F_GETFL", "F_GETFD":
      let handle = try peer.handles.find(parameters.handle, as: (any DescriptorHandle).self, "descriptor")
      let flags = fcntl(handle.descriptor.rawValue, command == "F_GETFL" ? F_GETFL : F_GETFD)
      guard flags != -1 else { throw Failure(Errno(rawValue: errno)) }
      fields.append("return", command == "F_GETFL" ? describe(status: flags) : descriptorFlags.describe(flags))
    case "F_SETFL":
      let nonBlocking = try parameters.flags("arg", of: settableFlags) & O_NONBLOCK != 0
      if let end = try peer.handles.find(parameters.handle) as? any ByteHandle {
        try end.setNonBlocking(nonBlocking)
      } else {
        _ = try peer.withQueue(parameters) { try $0.setNonBlocking(nonBlocking) }
      }
      fields.append("return", 0)
    case "F_GETPIPE_SZ":
      fields.append("return", try peer.pipe(parameters).capacity)
    case "F_SETPIPE_SZ":
      fields.append("return", try peer.pipe(parameters).setCapacity(try parameters.integer("arg")))
    case "F_ADD_SEALS":
      try peer.memoryObject(parameters).add(
        MemorySeals(rawValue: try parameters.flags("arg", of: memorySeals)))
      fields.append("return", 0)
    case "F_GET_SEALS":
      fields.append("return", memorySeals.describe(try peer.memoryObject(parameters).seals().rawValue))
    default:
      throw Invalid("cmd=\(command): there is no such command here")
    }
    return fields
  },

  .init("ioctl") { peer, parameters in
    let request = try parameters.text("request")
    guard request == "FIONREAD" else { throw Invalid("request=\(request): only FIONREAD exists here") }
    var fields = Fields()
    fields.append("value", try peer.bytes(parameters).bytesWaiting)
    return fields
  },
]

/// The handle of a descriptor that was inherited or received, by what it turns out to be.
func adopted(_ descriptor: FileDescriptor) throws -> any DescriptorHandle {
  let flags = fcntl(descriptor.rawValue, F_GETFL)
  guard flags != -1 else { throw Failure(Errno(rawValue: errno), in: "fcntl") }
  let access = flags & O_ACCMODE
  if let object = try memoryObject(adopting: descriptor, access) { return object }
  if let pipe = try adoptedPipe(descriptor, access) { return pipe }
  if let socket = try SocketHandle(adopting: descriptor) { return socket }
  if let event = try adoptedEvent(descriptor) { return event }
  return try AdoptedHandle(descriptor)
}

private func adoptedPipe(_ descriptor: FileDescriptor, _ access: Int32) throws -> PipeHandle? {
  do {
    switch access {
    case O_RDONLY: return PipeHandle.owning(try Pipe.Reader(adopting: descriptor))
    case O_WRONLY: return PipeHandle.owning(try Pipe.Writer(adopting: descriptor))
    default: return PipeHandle.owning(try FIFO.ReaderWriter(adopting: descriptor))
    }
  } catch let error where error.errno == .invalidArgument {
    return nil
  }
}

/// A descriptor that was inherited and is no pipe. What else it is shows when it is used.
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

/// `O_DIRECT`, which glibc's import does not show.
let directFlag = Int32(CIPC_O_DIRECT)

private func describe(status flags: Int32) -> String {
  let access = [O_RDONLY: "O_RDONLY", O_WRONLY: "O_WRONLY", O_RDWR: "O_RDWR"][flags & O_ACCMODE] ?? "O_ACCMODE"
  let others = statusFlags.describe(flags)
  return others == "0" ? access : "\(access)|\(others)"
}

private let statusFlags = FlagTable(["O_NONBLOCK": O_NONBLOCK, "O_DIRECT": directFlag])
private let settableFlags = FlagTable(["O_NONBLOCK": O_NONBLOCK])
private let descriptorFlags = FlagTable(["FD_CLOEXEC": FD_CLOEXEC])
