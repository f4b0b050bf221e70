import CIPC
import CReal
import Glibc

@c(__wrap_cipc_bind) func bindTo(_ socket: Int32, _ address: UnsafePointer<cipc_address>?) -> Int32 {
  var address = unsafe fullLength(address)
  if Mutant.socketPathRemovedFirst.isOn { removePath(address) }
  return unsafe __real_cipc_bind(socket, &address)
}

@c(__wrap_cipc_bind_path) func bindToPath(
  _ socket: Int32, _ address: UnsafePointer<cipc_address>?, _ mode: UInt32, _ exactly: Int32
) -> Int32 {
  var address = unsafe fullLength(address)
  if Mutant.socketPathRemovedFirst.isOn { removePath(address) }
  return unsafe __real_cipc_bind_path(socket, &address, mode, exactly)
}

/// Removes any file with the name: `try? FileManager.default.removeItem(atPath: path)`.
private func removePath(_ address: cipc_address) {
  var address = address
  var length = 0
  guard let path = unsafe cipc_unix_path(&address, &length), length > 0, unsafe path.pointee != 0 else { return }
  let text = unsafe String(decoding: UnsafeBufferPointer(start: path, count: length), as: UTF8.self)
  _ = unsafe text.withCString { unsafe __real_unlink($0) }
}

private func fullLength(_ address: UnsafePointer<cipc_address>?) -> cipc_address {
  guard let address = unsafe address else { return cipc_address() }
  var copy = unsafe address.pointee
  let family = unsafe withUnsafeBytes(of: &copy) { unsafe $0.load(as: UInt16.self) }
  // The length is `MemoryLayout<sockaddr_un>.size`, which is correct for paths but not for abstract names.
  guard Int32(family) == AF_UNIX else { return copy }
  if Mutant.addressOfFullLength.isOn { copy.length = UInt32(MemoryLayout<sockaddr_un>.size) }
  // For an abstract name, `String(cString:)` stops at the next NUL.
  if Mutant.abstractNameAsCString.isOn, copy.length > 3 {
    let bytes = unsafe withUnsafeBytes(of: &copy) { unsafe Array($0) }
    if let end = bytes[3..<Int(copy.length)].firstIndex(of: 0) { copy.length = UInt32(end) }
  }
  return copy
}

@c(__wrap_cipc_peer_credentials) func peerCredentials(
  _ socket: Int32, _ credentials: UnsafeMutablePointer<cipc_credentials>?
) -> Int32 {
  let result = unsafe __real_cipc_peer_credentials(socket, credentials)
  guard result == 0, let credentials = unsafe credentials else { return result }
  // struct ucred is not imported. The code declares its fields from memory, in the wrong order.
  if Mutant.credentialsFromMemory.isOn {
    let found = unsafe credentials.pointee
    unsafe credentials.pointee = cipc_credentials(
      process: Int32(bitPattern: found.group), user: UInt32(bitPattern: found.process), group: found.user)
  }
  // The code declares `uid_t` from memory, as a 16-bit type.
  if Mutant.peerUserOfUInt16.isOn { unsafe credentials.pointee.user &= 0xFFFF }
  // The user ID is that of this process, as if the code had queried the wrong end of the connection.
  if Mutant.everyUserServed.isOn { unsafe credentials.pointee.user = geteuid() }
  // The user ID is converted to Int32, which traps for user -1.
  if Mutant.unknownUserOverflows.isOn {
    unsafe credentials.pointee.user = unsafe UInt32(Int32(credentials.pointee.user))
  }
  return result
}

@c(__wrap_cipc_socket_name) func socketName(
  _ socket: Int32, _ ofPeer: Int32, _ address: UnsafeMutablePointer<cipc_address>?
) -> Int32 {
  // The meaning of the parameter `ofPeer` is inverted.
  unsafe __real_cipc_socket_name(socket, Mutant.otherEndNamed.isOn ? 1 - ofPeer : ofPeer, address)
}

@c(__wrap_cipc_set_socket_option) func setSocketOption(
  _ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32
) -> Int32 {
  // The code changes the option only in a struct, which it never applies to the socket.
  if Mutant.optionOfACopy.isOn { return 0 }
  // The property's setter ignores `newValue`.
  let kept = Mutant.newValueIgnored.isOn && option == CIPC_SO_PASSCRED ? 1 : value
  // The option number is the one that SO_REUSEADDR has on Apple's systems.
  let number = Mutant.optionOfApple.isOn && level == SOL_SOCKET && option == SO_REUSEADDR ? 4 : option
  // The offset is unsigned, so -1 becomes 0.
  let offset = Mutant.peekOffsetUnsigned.isOn && option == SO_PEEK_OFF ? max(0, kept) : kept
  return __real_cipc_set_socket_option(socket, level, number, offset)
}

@c(__wrap_cipc_accept) func acceptFrom(_ listener: Int32, _ address: UnsafeMutablePointer<cipc_address>?) -> Int32 {
  let connection = unsafe __real_cipc_accept(listener, address)
  // The connection is not close-on-exec, because accept(2) is called instead of accept4(2), which Swift does not
  // import.
  if connection != -1, Mutant.acceptedByChildren.isOn { _ = fcntl(connection, F_SETFD, 0) }
  return connection
}

@c(__wrap_listen) func listenAt(_ socket: Int32, _ backlog: Int32) -> Int32 {
  // The code does not pass on the caller's backlog, so the default value is used.
  __real_listen(socket, Mutant.backlogOfDefault.isOn ? 128 : backlog)
}

@c(__wrap_cipc_disconnect) func disconnect(_ socket: Int32) -> Int32 {
  // The code sets only the property with the connected address to nil, so the socket stays connected.
  Mutant.disconnectedByProperty.isOn ? 0 : __real_cipc_disconnect(socket)
}

@c(__wrap_cipc_set_socket_timeout) func setTimeLimit(_ socket: Int32, _ sending: Int32, _ microseconds: Int64) -> Int32
{
  // The time limit is rounded up to whole seconds.
  __real_cipc_set_socket_timeout(
    socket, sending, Mutant.timeLimitInSeconds.isOn ? (microseconds + 999_999) / 1_000_000 * 1_000_000 : microseconds)
}

@c(__wrap_cipc_receive_many) func receiveMany(
  _ socket: Int32, _ bytes: UnsafeMutableRawPointer?, _ size: Int, _ lengths: UnsafeMutablePointer<Int>?,
  _ count: UInt32, _ flags: Int32
) -> Int32 {
  let received = unsafe __real_cipc_receive_many(socket, bytes, size, lengths, count, flags)
  // The message length is the number of received bytes, even if a truncated message was longer.
  if Mutant.lengthOfArray.isOn, received > 0, let lengths = unsafe lengths {
    for index in 0..<Int(received) { unsafe lengths[index] = unsafe min(lengths[index], size) }
  }
  return received
}
