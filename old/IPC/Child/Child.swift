internal import CIPC
internal import Glibc
internal import SystemPackage

/// A program that runs as a child of this process, with the descriptors that it was handed.
///
/// ```swift
/// let pipe = try Pipe()
/// let child = try Child("wc", arguments: ["-c", "/dev/fd/3"], handing: [pipe.reader.handed(as: 3)])
/// ```
///
/// It has no other descriptors of this library, since those are all close-on-exec. Whoever does not wait for it leaves
/// its remains until this process ends.
public struct Child: ~Copyable, Sendable {
  /// The number of the process.
  public let process: Int32

  /// A descriptor, such as that of a pipe's end, and the one that a child is to have it as.
  public struct Handover: Hashable, Sendable {
    let descriptor: FileDescriptor
    let number: Int32
  }

  /// How a child ended.
  public enum End: Hashable, Sendable {
    case exited(status: Int32)
    case killed(signal: Int32)
  }

  /// Starts a program.
  ///
  /// This process keeps the ends that it hands over, and closes them when it has no more use for them: a reader meets
  /// the end of file only when no writer is left, this process included.
  ///
  /// - Parameters:
  ///   - program: Its path; or, without a slash, its name, which is looked for in `PATH`.
  ///   - arguments: Without the program's name, which is the first that it sees.
  ///   - ends: What it is handed, each as a descriptor of its own.
  /// - Throws: ``IPCError`` with `.noSuchFileOrDirectory`, `.permissionDenied` when it cannot be run; with `.badFileDescriptor`
  ///   for a number that no descriptor can have, and `.invalidArgument` for a program or argument with a NUL in it.
  ///
  /// Calls `posix_spawnp(3)`.
  public init(_ program: String, arguments: [String] = [], handing ends: [Handover] = []) throws(IPCError) {
    guard ([program] + arguments).allSatisfy({ !$0.utf8.contains(0) }) else {
      throw IPCError(call: "posix_spawnp", errno: .invalidArgument, object: .path(FilePath(program)))
    }
    // What has the number that one is to have would be overwritten by it: it is moved out of the way first. A number that
    // it gets there and that is wanted too stays taken, so that the next is another.
    let numbers = ends.map(\.number)
    var sources: [Int32] = []
    var moved: [Int32] = []
    defer { for number in moved { _ = OwnedDescriptor(taking: FileDescriptor(rawValue: number)) } }
    for end in ends {
      var source = end.descriptor.rawValue
      while numbers.contains(source) {
        source = try Kernel.call("fcntl F_DUPFD_CLOEXEC", on: .descriptor(end.descriptor)) {
          fcntl(source, F_DUPFD_CLOEXEC, 0)
        }
        moved.append(source)
      }
      sources.append(source)
    }
    var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    guard unsafe words.dropLast().allSatisfy({ unsafe $0 != nil }) else {
      throw IPCError(call: "strdup", errno: .noMemory)
    }
    var process: Int32 = 0
    try Kernel.call("posix_spawnp", on: .path(FilePath(program))) {
      unsafe cipc_spawn(&process, program, &words, sources, numbers, numbers.count)
    }
    self.process = process
  }

  /// Waits until the child has ended, however often it is interrupted. To wait with a deadline, or to be told of
  /// interruptions, wait for its ``descriptor()``.
  ///
  /// - Throws: ``IPCError`` with `.noChildProcess` when somebody else has waited for it.
  ///
  /// Calls `waitpid(2)`.
  public consuming func wait() throws(IPCError) -> End {
    var (status, signal): (Int32, Int32) = (0, 0)
    try Kernel.call("waitpid", on: .process(process)) { unsafe cipc_wait(process, &status, &signal) }
    return status >= 0 ? .exited(status: status) : .killed(signal: signal)
  }
}

extension DescriptorOwner where Self: ~Copyable {
  /// This end, to be handed to a child as its descriptor `number`. The end must stay open until the child has started.
  public func handed(as number: Int32) -> Child.Handover {
    Child.Handover(descriptor: descriptor, number: number)
  }
}
