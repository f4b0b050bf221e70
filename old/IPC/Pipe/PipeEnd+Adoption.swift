internal import CIPC
internal import Glibc
public import SystemPackage

extension OwnedDescriptor {
  /// Takes over a descriptor that is open already, if it is the end of a pipe or FIFO that `accesses` name.
  ///
  /// It was inherited, so it cannot have been close-on-exec; from now on it is.
  fileprivate init(adopting descriptor: FileDescriptor, for accesses: [Int32]) throws(IPCError) {
    var status = stat()
    try Kernel.call("fstat", on: .descriptor(descriptor)) { unsafe fstat(descriptor.rawValue, &status) }
    guard status.st_mode & S_IFMT == S_IFIFO else {
      throw IPCError(call: "fstat", errno: .invalidArgument, object: .descriptor(descriptor))
    }
    let flags = try Kernel.call("fcntl F_GETFL", on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_GETFL) }
    // What names a file and has not opened it has no access mode, which looks like that for reading.
    guard accesses.contains(flags & (O_ACCMODE | Int32(CIPC_O_PATH))) else {
      throw IPCError(call: "fcntl F_GETFL", errno: .badFileDescriptor, object: .descriptor(descriptor))
    }
    try Kernel.call("fcntl F_SETFD", on: .descriptor(descriptor)) { fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
    self.init(taking: descriptor)
  }
}

extension Pipe.Reader {
  /// Takes over a descriptor that this process was started with, and makes it close-on-exec.
  ///
  /// When it throws, the descriptor still belongs to whom it belonged before.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for what is neither pipe nor FIFO, `.badFileDescriptor` for what
  ///   is not open, or not for reading.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    self.init(try OwnedDescriptor(adopting: descriptor, for: [O_RDONLY]))
  }
}

extension Pipe.Writer {
  /// Takes over a descriptor that this process was started with, and makes it close-on-exec.
  ///
  /// When it throws, the descriptor still belongs to whom it belonged before.
  ///
  /// - Throws: ``IPCError`` with `.invalidArgument` for what is neither pipe nor FIFO, `.badFileDescriptor` for what
  ///   is not open, or not for writing.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    self.init(try OwnedDescriptor(adopting: descriptor, for: [O_WRONLY]))
  }
}

extension FIFO.ReaderWriter {
  /// Takes over a descriptor that this process was started with, and makes it close-on-exec.
  ///
  /// - Throws: As ``Pipe/Reader/init(adopting:)`` does.
  public init(adopting descriptor: FileDescriptor) throws(IPCError) {
    self.init(try OwnedDescriptor(adopting: descriptor, for: [O_RDWR]))
  }
}
