import PeerProtocol

/// A peer's C library and ABI, from its greeting.
struct PeerPlatform: Sendable, Hashable, CustomStringConvertible {
  /// The C library without its version: `glibc`, `musl`.
  let library: String?
  /// The ABI; nil if the runner does not know the reported ABI.
  let abi: ABI?

  /// The ABIs whose properties the runner knows.
  enum ABI: String, Sendable, CaseIterable {
    case x86_64 = "x86-64"
    case x32
    case i386
    case i386Time64 = "i386-time64"
    case aarch64

    /// The pointer size in bits.
    var width: Int {
      switch self {
      case .x86_64, .aarch64: 64
      case .x32, .i386, .i386Time64: 32
      }
    }

    /// The machine that executes the ABI, as reported by `uname -m`.
    fileprivate var machine: String { self == .aarch64 ? "aarch64" : "x86_64" }

    /// The 32-bit C types.
    fileprivate var narrowTypes: Set<String> {
      switch self {
      case .x86_64, .aarch64: []
      case .i386: ["long", "size_t", "time_t", "off_t"]
      case .x32, .i386Time64: ["long", "size_t"]
      }
    }
  }

  init(library: String?, abi: ABI?) {
    self.library = library
    self.abi = abi
  }

  /// Creates the platform specified in a greeting.
  ///
  /// A peer that does not report its platform is assumed to use this machine's ABI and C library.
  init(_ greeting: Greeting?) {
    self.init(
      library: (greeting?.library ?? MachineFacts.current.libc).split { "- ".contains($0) }.first.map(String.init),
      abi: greeting?.abi.map { ABI(rawValue: $0) } ?? Self.nativeABI)
  }

  private static var nativeABI: ABI? { ABI.allCases.first { $0.machine == MachineFacts.current.architecture } }

  /// Returns whether the C type has only 32 bits in this ABI.
  func isNarrow(_ type: String) -> Bool { abi?.narrowTypes.contains(type) == true }

  /// Whether this machine cannot execute the ABI, so that an emulator makes the system calls.
  var isEmulated: Bool { abi.map { $0.machine != MachineFacts.current.architecture } ?? false }

  var description: String {
    [library ?? "unknown C library", abi.map { $0.rawValue + (isEmulated ? " (emulated)" : "") } ?? "unknown ABI"]
      .joined(separator: " ")
  }
}
