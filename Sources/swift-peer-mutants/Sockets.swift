import CIPC
import CReal
import Glibc

@c(__wrap_cipc_bind) func bindTo(_ socket: Int32, _ address: UnsafePointer<cipc_address>?) -> Int32 {
  var address = unsafe fullLength(address)
  return unsafe __real_cipc_bind(socket, &address)
}

@c(__wrap_cipc_bind_path) func bindToPath(
  _ socket: Int32, _ address: UnsafePointer<cipc_address>?, _ mode: UInt32, _ exactly: Int32
) -> Int32 {
  var address = unsafe fullLength(address)
  return unsafe __real_cipc_bind_path(socket, &address, mode, exactly)
}

private func fullLength(_ address: UnsafePointer<cipc_address>?) -> cipc_address {
  guard let address = unsafe address else { return cipc_address() }
  var copy = unsafe address.pointee
  let family = unsafe withUnsafeBytes(of: &copy) { unsafe $0.load(as: UInt16.self) }
  // `MemoryLayout<sockaddr_un>.size` is passed as the length, which works for paths but not for abstract names.
  guard Int32(family) == AF_UNIX else { return copy }
  if Mutant.addressOfFullLength.isOn { copy.length = UInt32(MemoryLayout<sockaddr_un>.size) }
  // `String(cString:)` of an abstract name ends at its next NUL.
  if Mutant.abstractNameAsCString.isOn, copy.length > 3 {
    let bytes = unsafe withUnsafeBytes(of: &copy) { unsafe Array($0) }
    if let end = bytes[3..<Int(copy.length)].firstIndex(of: 0) { copy.length = UInt32(end) }
  }
  return copy
}

@c(__wrap_cipc_send_ancillary) func sendAncillary(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ flags: Int32, _ descriptors: UnsafePointer<Int32>?,
  _ count: Int, _ credentials: UnsafePointer<cipc_credentials>?
) -> Int {
  // The kernel adds the sender's own credentials, so nothing is sent.
  if Mutant.credentialsNotSent.isOn {
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, descriptors, count, nil)
  }
  // The numbers are bytes of a Data.
  if Mutant.descriptorsOfUInt8.isOn, count > 0 {
    let numbers = (0..<count).map { unsafe Int32(UInt8(truncatingIfNeeded: descriptors?[$0] ?? 0)) }
    return unsafe numbers.withUnsafeBufferPointer {
      unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, $0.baseAddress, count, credentials)
    }
  }
  // `numbers.capacity`, or the size of another type: half of the descriptors.
  if Mutant.halfOfDescriptors.isOn {
    return unsafe __real_cipc_send_ancillary(
      socket, bytes, length, flags, descriptors, (count * MemoryLayout<Int32>.size + 7) / 8, credentials)
  }
  guard Mutant.descriptorsAsInt.isOn, let descriptors = unsafe descriptors, count > 1 else {
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, descriptors, count, credentials)
  }
  // The peer sends numbers as Int: the receiver reads the upper half of the first as the second, standard input.
  let numbers = (0..<count).map { unsafe Int(descriptors[$0]) }
  return unsafe numbers.withUnsafeBytes { raw in
    let start = unsafe raw.baseAddress?.assumingMemoryBound(to: Int32.self)
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, start, count, credentials)
  }
}

@c(__wrap_cipc_receive_ancillary) func receiveAncillary(
  _ socket: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32,
  _ descriptors: UnsafeMutablePointer<Int32>?, _ received: UnsafeMutablePointer<cipc_received>?
) -> Int {
  let result = unsafe __real_cipc_receive_ancillary(socket, bytes, count, flags, descriptors, received)
  // The peer expects one descriptor and takes it; the others stay open.
  // `msg_flags` is not checked.
  if Mutant.flagsNotChecked.isOn, result != -1, let received = unsafe received { unsafe received.pointee.flags = 0 }
  if Mutant.firstDescriptorKept.isOn, result > 0, let received = unsafe received {
    unsafe received.pointee.descriptor_count = unsafe min(1, received.pointee.descriptor_count)
  }
  return result
}

@c(__wrap_cipc_peer_credentials) func peerCredentials(
  _ socket: Int32, _ credentials: UnsafeMutablePointer<cipc_credentials>?
) -> Int32 {
  let result = unsafe __real_cipc_peer_credentials(socket, credentials)
  guard result == 0, let credentials = unsafe credentials else { return result }
  // struct ucred is not imported, and its fields were declared from memory, in the wrong order.
  if Mutant.credentialsFromMemory.isOn {
    let found = unsafe credentials.pointee
    unsafe credentials.pointee = cipc_credentials(
      process: Int32(bitPattern: found.group), user: UInt32(bitPattern: found.process), group: found.user)
  }
  // User -1 is converted to Int32, which traps.
  if Mutant.unknownUserOverflows.isOn {
    unsafe credentials.pointee.user = unsafe UInt32(Int32(credentials.pointee.user))
  }
  return result
}

@c(__wrap_recvmsg) func receiveMessage(
  _ socket: Int32, _ message: UnsafeMutablePointer<msghdr>?, _ flags: Int32
) -> Int {
  // Close-on-exec is set later, or not at all.
  let asked = Mutant.inheritedByChildren.isOn ? flags & ~Int32(MSG_CMSG_CLOEXEC) : flags
  return unsafe __real_recvmsg(socket, message, asked)
}

@c(__wrap_cipc_socket_name) func socketName(
  _ socket: Int32, _ ofPeer: Int32, _ address: UnsafeMutablePointer<cipc_address>?
) -> Int32 {
  // A Boolean parameter has the opposite meaning.
  unsafe __real_cipc_socket_name(socket, Mutant.otherEndNamed.isOn ? 1 - ofPeer : ofPeer, address)
}

@c(__wrap_cipc_set_socket_option) func setSocketOption(
  _ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32
) -> Int32 {
  // A property whose setter ignores `newValue`.
  let kept = Mutant.newValueIgnored.isOn && option == CIPC_SO_PASSCRED ? 1 : value
  // SO_REUSEADDR has another number on Apple's systems.
  let number = Mutant.optionOfApple.isOn && level == SOL_SOCKET && option == SO_REUSEADDR ? 4 : option
  return __real_cipc_set_socket_option(socket, level, number, kept)
}
