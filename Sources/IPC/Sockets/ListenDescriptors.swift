public import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The descriptors opened by a service manager for this process: socket activation, `sd_listen_fds(3)`.
///
/// ```swift
/// for inherited in try ListenDescriptors.take() where inherited.name == "echo" {
///   let listener = try UnixSocket.StreamListener(adopting: inherited.descriptor)
/// }
/// ```
///
/// systemd(1) passes them as descriptors numbered from 3, and sets the environment variables `LISTEN_PID`, `LISTEN_FDS`
/// and `LISTEN_FDNAMES`.
public enum ListenDescriptors {
  /// An inherited descriptor.
  public struct Inherited: Hashable, Sendable {
    /// The descriptor's name (`FileDescriptorName=` in systemd.socket(5)), usually the name of the socket unit;
    /// `unknown` if the descriptor has no name.
    public let name: String
    /// The descriptor, which is close-on-exec; the caller must adopt or close it.
    public let descriptor: FileDescriptor
  }

  /// Returns the descriptors intended for this process, and makes them close-on-exec.
  ///
  /// This method unsets the environment variables; otherwise, a child could assume that the descriptors are intended
  /// for it. Call the method once, before other threads use the environment.
  ///
  /// - Returns: The descriptors; none if the variables are unset or intended for another process.
  /// - Throws: ``IPCError`` with `.invalidArgument` if a variable is malformed; `.badFileDescriptor` if a descriptor is
  ///   not open.
  public static func take() throws(IPCError) -> [Inherited] { try take(from: first) }

  /// Returns the descriptors, numbered from `first` instead of 3.
  ///
  /// Tests call this method, because the test process itself uses the descriptors from 3 on.
  package static func take(from first: Int32) throws(IPCError) -> [Inherited] {
    let (process, count, names) = (variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES"))
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { _ = unsafe unsetenv(name) }
    guard let process, let count else { return [] }
    guard let number = Int32(process) else { throw IPCError(.sdListenFDs, .invalidArgument, on: .label(process)) }
    guard number == getpid() else { return [] }
    guard let count = Int32(count), count >= 0, count <= Int32.max - first else {
      throw IPCError(.sdListenFDs, .invalidArgument, on: .label(count))
    }
    let labels = names.map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) } ?? []
    var inherited: [Inherited] = []
    for index in 0..<Int(count) {
      let descriptor = FileDescriptor(rawValue: first + Int32(index))
      try Syscall.call(.fcntlSetCloseOnExec, on: .descriptor(descriptor)) {
        fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC)
      }
      inherited.append(
        Inherited(name: index < labels.count ? labels[index] : "unknown", descriptor: descriptor))
    }
    return inherited
  }

  /// `SD_LISTEN_FDS_START`.
  package static let first: Int32 = 3

  private static func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
