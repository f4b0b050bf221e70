package import CIPC

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An internet socket address: an IP address and a port.
///
/// This corresponds to `struct sockaddr_in` (`ip(7)`) or `struct sockaddr_in6` (`ipv6(7)`). Using it does not allocate.
public struct SocketAddress: Sendable {
  /// The address in the kernel's layout, so that sending and receiving need no conversion; `version` is 4 or 6.
  package let parts: cipc_internet_address

  /// Creates an address; if the port is 0, the kernel chooses an unused port when a socket is bound to the address.
  public init(_ address: IPAddress, port: UInt16) {
    parts = cipc_internet_address(
      first: address.first, second: address.second, scope: address.scope, port: port,
      version: address.version == .v4 ? 4 : 6)
  }

  /// Creates an address from the kernel's structure; nil if it has a different address family.
  init?(_ raw: cipc_address) {
    let parts = unsafe withUnsafePointer(to: raw) { unsafe cipc_internet_of_address($0) }
    guard parts.version != 0 else { return nil }
    self.init(parts)
  }

  /// Creates an address from the sender's address that a receive call stored.
  init(_ parts: cipc_internet_address) { self.parts = parts }

  /// The IP address, without the port.
  public var address: IPAddress {
    IPAddress(version: parts.version == 6 ? .v6 : .v4, first: parts.first, second: parts.second, scope: parts.scope)
  }

  /// The port; if it is 0, the kernel chooses an unused one.
  public var port: UInt16 { parts.port }

  var raw: cipc_address { cipc_address_of_internet(parts) }
}

extension SocketAddress: Hashable {
  /// Compares the IP addresses and the ports.
  public static func == (left: Self, right: Self) -> Bool { left.address == right.address && left.port == right.port }

  /// Hashes the IP address and the port.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(address)
    hasher.combine(port)
  }
}

extension SocketAddress: LosslessStringConvertible {
  /// Parses `127.0.0.1:80` or `[::1]:80`.
  public init?(_ description: String) {
    guard let colon = description.lastIndex(of: ":") else { return nil }
    let digits = description[description.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { return nil }
    let host = description[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    guard let address = IPAddress(String(isBracketed ? host.dropFirst().dropLast() : host)),
      isBracketed == (address.version == .v6)
    else { return nil }
    self.init(address, port: port)
  }

  /// The text that ``init(_:)`` parses: `127.0.0.1:80` or `[::1]:80`.
  public var description: String {
    address.version == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }
}

/// A version of the Internet Protocol.
public enum IPVersion: Hashable, Sendable, CaseIterable {
  /// IPv4 (`AF_INET`).
  case v4
  /// IPv6 (`AF_INET6`).
  case v6
}

/// A numeric IP address.
///
/// ```swift
/// guard let address = IPAddress("fe80::1%eth0") else { return }
/// ```
///
/// A host name is not an address: resolve it with `getaddrinfo(3)`, which can block.
public struct IPAddress: Hashable, Sendable {
  /// The version of the Internet Protocol, 4 or 6.
  public let version: IPVersion
  /// The bytes in network byte order; the first byte has the lowest memory address.
  let first: UInt64
  let second: UInt64
  /// The interface index of a link-local IPv6 address; 0 for none.
  public let scope: UInt32

  init(version: IPVersion, first: UInt64, second: UInt64 = 0, scope: UInt32 = 0) {
    self.version = version
    self.first = first
    self.second = second
    self.scope = scope
  }

  /// Returns the loopback address: `127.0.0.1` or `::1`.
  public static func loopback(_ version: IPVersion) -> IPAddress {
    switch version {
    case .v4: IPAddress(version: .v4, first: (UInt64(0x7F00_0001) << 32).bigEndian)
    case .v6: IPAddress(version: .v6, first: 0, second: UInt64(1).bigEndian)
    }
  }

  /// Returns the wildcard address, `0.0.0.0` or `::`, for listening on all local addresses.
  public static func any(_ version: IPVersion) -> IPAddress { IPAddress(version: version, first: 0) }
}

extension IPAddress: LosslessStringConvertible {
  /// Parses `127.0.0.1`, `::1`, or `fe80::1%eth0`, where the interface is the name of an existing interface, or an
  /// index.
  ///
  /// An IPv4 address must consist of four decimal numbers, so `127.1` results in nil.
  ///
  /// Calls `inet_pton(3)` and `if_nametoindex(3)`.
  public init?(_ description: String) {
    // inet_pton(3) would stop at a NUL.
    if description.utf8.contains(0) { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    if unsafe inet_pton(AF_INET, description, &words) == 1 {
      self.init(version: .v4, first: words.0)
      return
    }
    let parts = description.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    guard unsafe inet_pton(AF_INET6, String(parts[0]), &words) == 1 else { return nil }
    var scope: UInt32 = 0
    if parts.count == 2 {
      scope = unsafe UInt32(parts[1]) ?? if_nametoindex(String(parts[1]))
      if scope == 0 { return nil }
    }
    self.init(version: .v6, first: words.0, second: words.1, scope: scope)
  }

  /// The text that ``init(_:)`` parses.
  ///
  /// Calls `inet_ntop(3)`.
  public var description: String {
    var words = (first, second)
    let text = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
      // inet_ntop(3) fails only if the buffer is too small.
      _ = unsafe inet_ntop(
        version == .v4 ? AF_INET : AF_INET6, &words, buffer.baseAddress, socklen_t(buffer.count))
      return unsafe buffer.baseAddress.map { unsafe String(cString: $0) } ?? ""
    }
    return scope == 0 ? text : "\(text)%\(scope)"
  }
}
