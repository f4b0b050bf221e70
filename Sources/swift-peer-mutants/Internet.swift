import CIPC
import CReal
import Glibc

@c(__wrap_cipc_socket_write) func socketWrite(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  let result = unsafe __real_cipc_socket_write(socket, bytes, count, flags)
  // The result is discardable, and was discarded: what threw nothing has sent all.
  return Mutant.shortSendAsWhole.isOn && result > 0 ? count : result
}

@c(__wrap_cipc_socket_read) func socketRead(
  _ socket: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  let result = unsafe __real_cipc_socket_read(socket, room, count, flags)
  // `try?`, and nil is the end.
  return Mutant.resetAsEndOfFile.isOn && result == -1 && errno == ECONNRESET ? 0 : result
}

@c(__wrap_shutdown) func shutDown(_ socket: Int32, _ how: Int32) -> Int32 {
  // There is one verb for the end, and that ends both directions.
  __real_shutdown(socket, Mutant.halfCloseAsClose.isOn ? Int32(SHUT_RDWR) : how)
}

@c(__wrap_cipc_internet_receive) func internetReceive(
  _ socket: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32,
  _ from: UnsafeMutablePointer<cipc_internet_address>?
) -> Int {
  let result = unsafe __real_cipc_internet_receive(socket, room, count, flags, from)
  // An empty array is nothing, and nothing is nil.
  guard Mutant.emptyDatagramAsNil.isOn, result == 0, count > 0 else { return result }
  errno = ENOTCONN
  return -1
}

@c(__wrap_cipc_internet_connect) func internetConnect(
  _ socket: Int32, _ address: UnsafePointer<cipc_internet_address>?
) -> Int32 {
  guard Mutant.portAsItIs.isOn, let address = unsafe address else {
    return unsafe __real_cipc_internet_connect(socket, address)
  }
  // `sin_port` is an `in_port_t`, and that is a `UInt16` like others: without `bigEndian`.
  var other = unsafe address.pointee
  other.port = other.port.byteSwapped
  return unsafe __real_cipc_internet_connect(socket, &other)
}
