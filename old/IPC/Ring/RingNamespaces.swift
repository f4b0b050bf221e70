internal import CIPC

/// The namespaces by which processes are told: that of their numbers, and that by whose clock they started. Each is told
/// by its inode, and is 0 where `/proc`, or such a namespace, is not to be had.
///
/// `pid_namespaces(7)`, `time_namespaces(7)`.
struct RingNamespaces: Equatable {
  let pid: UInt64
  let time: UInt64

  /// Those of this process.
  ///
  /// - Throws: ``IPCError`` where they are to be had, and memory is wanting.
  static func own() throws(IPCError) -> RingNamespaces {
    RingNamespaces(pid: try inode("/proc/self/ns/pid"), time: try inode("/proc/self/ns/time"))
  }

  private static func inode(_ path: String) throws(IPCError) -> UInt64 {
    switch Kernel.attempt(.retry, { unsafe cipc_inode(path) }) {
    case .success(let inode): return UInt64(inode)
    case .failure(let reason):
      try RingOwner.passOver(reason, of: "stat")
      return 0
    }
  }
}
