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
