import FuzzedC
import Glibc
import SystemPackage

@testable import IPC

extension FuzzTarget {
  /// Parses names and addresses.
  ///
  /// If a name or address is accepted, it must preserve the bytes and the meaning of the text.
  static let names = FuzzTarget(name: "names") { input in
    let text = String(decoding: input, as: UTF8.self)
    try checkName(POSIXName(bytes: input), input[...])
    try checkName(POSIXName(text), Array(text.utf8)[...])
    if let address = IPAddress(text), "\(address)".contains("%") == text.contains("%") {
      try demand(IPAddress("\(address)") == address, "the address \(address)")
    }
    if let address = SocketAddress(text) {
      try demand(SocketAddress("\(address)") == address, "the address \(address)")
    }
    if let key = SystemVKey(text) {
      try demand(SystemVKey("\(key)") == key, "the key \(key)")
    }
    if let address = try? UnixSocket.Address(path: FilePath(text)) {
      try demand(address.path == FilePath(text), "the path \(address)")
    }
    if let address = try? UnixSocket.Address(abstract: input) {
      try demand(address.abstractName == input, "the abstract name \(address)")
    }
  }

  /// Checks that the C library receives exactly the bytes of the name, and that a valid name refers to a file directly
  /// in `/dev/shm`.
  private static func checkName(_ name: POSIXName, _ bytes: ArraySlice<UInt8>) throws {
    try demand(name.bytes == bytes, "the name \(name)")
    do throws(IPCError) {
      try name.validate(for: .shmOpen, maximumLength: 255)
    } catch {
      return
    }
    let inC = unsafe name.withCString { unsafe Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    try demand(inC == Array(bytes), "the name \(name) in C")
    let file = FilePath("/dev/shm" + String(decoding: bytes.map { $0 < 0x80 ? $0 : 0x78 }, as: UTF8.self))
    try demand(bytes.count <= 256 && bytes.first == UInt8(ascii: "/"), "the valid name \(name)")
    try demand(
      file.lexicallyNormalized().removingLastComponent() == "/dev/shm", "the valid name \(name) outside /dev/shm")
  }
}
