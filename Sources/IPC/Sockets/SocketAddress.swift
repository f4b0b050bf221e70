internal import CIPC

/// The address of an internet socket: an IP address and a port.
///
/// The `struct sockaddr_in` of `ip(7)`, and the `struct sockaddr_in6` of `ipv6(7)`. Using one does not allocate.
public struct SocketAddress: Hashable, Sendable {
  public let address: IPAddress
  /// 0 lets the kernel choose an unused port.
  public let port: UInt16

  public init(_ address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// nil for an address of another family.
  init?(_ raw: cipc_address) {
    self.init(unsafe withUnsafePointer(to: raw) { unsafe cipc_internet_of_address($0) })
  }

  init?(_ parts: cipc_internet_address) {
    guard parts.version != 0 else { return nil }
    self.init(
      IPAddress(
        version: parts.version == 6 ? .v6 : .v4, first: parts.first, second: parts.second, scope: parts.scope),
      port: parts.port)
  }

  var raw: cipc_address { cipc_address_of_internet(parts) }

  var parts: cipc_internet_address {
    cipc_internet_address(
      first: address.first, second: address.second, scope: address.scope, port: port,
      version: address.version == .v4 ? 4 : 6)
  }
}

extension SocketAddress: LosslessStringConvertible {
  /// Parses `127.0.0.1:80`, or `[::1]:80`.
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

  public var description: String {
    address.version == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }
}
