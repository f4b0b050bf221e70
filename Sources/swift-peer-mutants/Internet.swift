import CIPC
import CReal
import Glibc

@c(__wrap_cipc_socket_write) func socketWrite(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  let result = unsafe __real_cipc_socket_write(socket, bytes, count, flags)
  if result == -1 {
    let reason = errno
    leaveTraces(on: socket, after: reason)
    errno = reason
  }
  // The number of bytes sent is discarded. The code assumes that a call that does not throw has sent all bytes.
  let isDiscarded = Mutant.shortSendAsWhole.isOn || Mutant.restOfFrameForgotten.isOn
  return isDiscarded && result > 0 ? count : result
}

@c(__wrap_cipc_socket_read) func socketRead(
  _ socket: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  // The function's `options` parameter has a default value, so the caller's MSG_PEEK is lost.
  let flags = Mutant.peekOptionLost.isOn ? flags & ~Int32(MSG_PEEK) : flags
  // The code treats the result of the first read as the whole message.
  if Mutant.oneReadIsAll.isOn, unsafe hasRead { return 0 }
  let result = unsafe __real_cipc_socket_read(socket, room, count, flags)
  if result > 0 { unsafe hasRead = true }
  if result == -1, errno == ECONNRESET { unsafe hasFailed = true }
  if Mutant.receiverLeftNonBlocking.isOn, result == -1, errno == EAGAIN { leaveNonBlocking(socket) }
  // The code treats end of file, where a read returns 0 bytes, like a read that would block.
  if Mutant.endOfFileOverlooked.isOn, result == 0, count > 0 {
    errno = EAGAIN
    return -1
  }
  // The code calls `try? read()` and treats nil as end of file.
  return Mutant.resetAsEndOfFile.isOn && result == -1 && errno == ECONNRESET ? 0 : result
}

/// Whether this process has received bytes from a socket.
nonisolated(unsafe) private var hasRead = false

@c(__wrap_shutdown) func shutDown(_ socket: Int32, _ how: Int32) -> Int32 {
  // The code never calls shutdown(2), because `deinit` closes the socket anyway.
  if Mutant.shutdownLeftToDeinit.isOn { return 0 }
  // The connection is always shut down in both directions, because the ported code has no other method.
  return __real_shutdown(socket, Mutant.halfCloseAsClose.isOn ? Int32(SHUT_RDWR) : how)
}

@c(__wrap_cipc_internet_receive) func receiveFrom(
  _ socket: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32,
  _ from: UnsafeMutablePointer<cipc_internet_address>?
) -> Int {
  let result = unsafe __real_cipc_internet_receive(socket, room, count, flags, from)
  // The port is not converted with `UInt16(bigEndian:)`.
  if Mutant.receivedPortNotConverted.isOn, result != -1, let from = unsafe from {
    unsafe from.pointee.port = unsafe from.pointee.port.byteSwapped
  }
  // The code treats an empty datagram as if no datagram had been received.
  guard Mutant.emptyDatagramAsNil.isOn, result == 0, count > 0 else { return result }
  errno = ENOTCONN
  return -1
}

@c(__wrap_cipc_connect) func connectTo(_ socket: Int32, _ address: UnsafePointer<cipc_address>?) -> Int32 {
  guard let address = unsafe address else { return unsafe __real_cipc_connect(socket, address) }
  if Mutant.pathOfFourteenBytes.isOn || Mutant.abstractAsPath.isOn {
    return unsafe connectToUnix(socket, address.pointee)
  }
  guard Mutant.portNotConverted.isOn else {
    let result = unsafe __real_cipc_connect(socket, address)
    // The code does not treat EINPROGRESS as a failure, so it considers the socket connected too early.
    return result == -1 && errno == EINPROGRESS && Mutant.inProgressAsConnected.isOn ? 0 : result
  }
  // The port is stored in `sin_port` without `bigEndian`, that is, in host byte order.
  var other = unsafe address.pointee
  unsafe withUnsafeMutableBytes(of: &other) { bytes in
    let family = unsafe bytes.load(as: UInt16.self)
    if Int32(family) == AF_INET || Int32(family) == AF_INET6 { unsafe bytes.swapAt(2, 3) }
  }
  return unsafe __real_cipc_connect(socket, &other)
}

@c(__wrap_cipc_set_socket_linger) func setLinger(_ socket: Int32, _ seconds: Int32) -> Int32 {
  // The option is only a Bool, so the linger time is always one second.
  if Mutant.lingerAsFlag.isOn, seconds >= 0 { return __real_cipc_set_socket_linger(socket, 1) }
  // The `Duration` is converted to milliseconds instead of seconds.
  return __real_cipc_set_socket_linger(socket, Mutant.lingerOfDuration.isOn && seconds > 0 ? seconds * 1000 : seconds)
}

@c(__wrap_cipc_internet_send) func sendTo(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32,
  _ to: UnsafePointer<cipc_internet_address>?
) -> Int {
  // Because of `guard !data.isEmpty else { return }`, an empty datagram is not sent.
  Mutant.emptyDatagramNotSent.isOn && count == 0 ? 0 : unsafe __real_cipc_internet_send(socket, bytes, count, flags, to)
}

private func connectToUnix(_ socket: Int32, _ address: cipc_address) -> Int32 {
  var address = address
  // The code uses the 14-byte `sockaddr.sa_data` instead of `sockaddr_un.sun_path`.
  if Mutant.pathOfFourteenBytes.isOn { address.length = min(address.length, 16) }
  // An abstract name is written with an at sign, as tools print it.
  if Mutant.abstractAsPath.isOn {
    unsafe withUnsafeMutableBytes(of: &address) { if unsafe $0[2] == 0 { unsafe $0[2] = UInt8(ascii: "@") } }
  }
  return unsafe __real_cipc_connect(socket, &address)
}
