import Glibc
import SystemPackage

/// A descriptor that is closed when its last reference is released, for example because a later step has failed.
final class OwnedDescriptor {
  let descriptor: FileDescriptor
  var number: Int32 { descriptor.rawValue }

  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  deinit { try? descriptor.close() }
}

/// A pipe between the runner and a child.
///
/// Both ends are close-on-exec from the start, and the runner's end is nonblocking.
struct ChildPipe {
  let reader: OwnedDescriptor
  let writer: OwnedDescriptor

  /// The end that the runner keeps.
  enum Side { case reader, writer }

  init(keeping kept: Side) throws(SandboxError) {
    let ends: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
    do { ends = try FileDescriptor.pipe(options: .closeOnExec) } catch { throw SandboxError("pipe2: \(error)") }
    (reader, writer) = (OwnedDescriptor(ends.readEnd), OwnedDescriptor(ends.writeEnd))
    let ours = kept == .reader ? reader : writer
    if fcntl(ours.number, F_SETFL, O_NONBLOCK) == -1 { throw SandboxError(call: "fcntl", on: "a new pipe") }
  }
}

/// A Unix stream socket through which the runner sends lines and descriptors to a child.
///
/// Both ends are close-on-exec from the start, and the runner's end is nonblocking.
struct ChildSocket {
  let ours: OwnedDescriptor
  let theirs: OwnedDescriptor

  init() throws(SandboxError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SandboxError(call: "socketpair", on: "for commands")
    }
    ours = OwnedDescriptor(FileDescriptor(rawValue: ends[0]))
    theirs = OwnedDescriptor(FileDescriptor(rawValue: ends[1]))
    if fcntl(ours.number, F_SETFL, O_NONBLOCK) == -1 { throw SandboxError(call: "fcntl", on: "a new socket") }
  }
}

extension OwnedDescriptor {
  /// Sends bytes over a nonblocking Unix socket, and duplicates of `descriptors` with the first byte.
  ///
  /// Returns whether all bytes were sent. `timeout` is how long to wait each time until the receiver has read some.
  func send(_ bytes: [UInt8], passing descriptors: [OwnedDescriptor], timeout: Duration) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let isFirst = rest.count == bytes.count
      switch Self.attempt(number, rest, isFirst ? descriptors.map(\.number) : []) {
      case .success(let count): rest = rest.dropFirst(count)
      case .failure(.interrupted): continue
      case .failure(.resourceTemporarilyUnavailable):
        var polled = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        if unsafe poll(&polled, 1, milliseconds(timeout)) == 0 { return false }
      case .failure: return false
      }
    }
    return true
  }

  private static func attempt(
    _ socket: Int32, _ bytes: ArraySlice<UInt8>, _ descriptors: [Int32]
  ) -> Result<Int, Errno> {
    // The layout of a control message, as CMSG_LEN and CMSG_SPACE of cmsg(3) define it.
    let size = MemoryLayout<cmsghdr>.size
    let length = size + descriptors.count * MemoryLayout<Int32>.stride
    var header = cmsghdr()
    header.cmsg_len = length
    header.cmsg_level = SOL_SOCKET
    header.cmsg_type = Int32(SCM_RIGHTS)
    return unsafe withUnsafeTemporaryAllocation(byteCount: length, alignment: size) { control in
      unsafe control.storeBytes(of: header, as: cmsghdr.self)
      for (index, descriptor) in descriptors.enumerated() {
        unsafe control.storeBytes(
          of: descriptor, toByteOffset: size + index * MemoryLayout<Int32>.stride, as: Int32.self)
      }
      return unsafe bytes.withUnsafeBytes { buffer in
        var part = unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress), iov_len: buffer.count)
        return unsafe withUnsafeMutablePointer(to: &part) { part in
          var message = unsafe msghdr()
          unsafe message.msg_iov = part
          unsafe message.msg_iovlen = 1
          if !descriptors.isEmpty {
            unsafe message.msg_control = control.baseAddress
            unsafe message.msg_controllen = length
          }
          let count = unsafe sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
          return count == -1 ? .failure(Errno(rawValue: errno)) : .success(count)
        }
      }
    }
  }
}

/// Returns the inode number of an open file; 0 if the descriptor is not open.
func inodeOfFile(_ descriptor: Int32) -> UInt64 {
  var status = stat()
  return unsafe fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
}

/// The runner's end of a child's input.
///
/// Writing never blocks; the caller decides what to do while the pipe is full.
final class LineSink {
  private var end: OwnedDescriptor?
  /// The inode number that identifies the pipe in `/proc`.
  let inode: UInt64

  init(_ end: OwnedDescriptor) {
    self.end = end
    inode = inodeOfFile(end.number)
  }

  /// Closes the pipe, so that the child reads end of file.
  func close() { end = nil }

  enum Outcome { case all, some(Int), gone }

  /// Writes as much of `bytes` as currently fits.
  func write(_ bytes: ArraySlice<UInt8>) -> Outcome {
    guard let descriptor = end?.descriptor else { return .gone }
    do {
      let count = unsafe try bytes.withUnsafeBytes { unsafe try descriptor.write($0) }
      return count == bytes.count ? .all : .some(count)
    } catch let error as Errno where error == .resourceTemporarilyUnavailable {
      return .some(0)
    } catch {
      return .gone
    }
  }
}
