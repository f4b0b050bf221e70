import CIPC
import CReal
import Glibc

@c(__wrap_cipc_bind) func bindTo(_ socket: Int32, _ address: UnsafePointer<cipc_address>?) -> Int32 {
  guard Fault.addressOfFullLength.isOn, let address = unsafe address,
    unsafe cipc_internet_of_address(address).version == 0
  else { return unsafe __real_cipc_bind(socket, address) }
  // `MemoryLayout<sockaddr_un>.size` works as the length of a path, and not of an abstract name.
  var whole = unsafe address.pointee
  whole.length = UInt32(MemoryLayout<sockaddr_un>.size)
  return unsafe __real_cipc_bind(socket, &whole)
}

@c(__wrap_cipc_send_ancillary) func sendEnclosing(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ flags: Int32, _ descriptors: UnsafePointer<Int32>?,
  _ count: Int, _ credentials: UnsafePointer<cipc_credentials>?
) -> Int {
  guard Fault.descriptorsAsInt.isOn, let descriptors = unsafe descriptors, count > 1 else {
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, descriptors, count, credentials)
  }
  // Numbers are Int: the upper half of the first is the second, and that is standard input.
  let numbers = (0..<count).map { unsafe Int(descriptors[$0]) }
  return unsafe numbers.withUnsafeBytes { raw in
    let start = unsafe raw.baseAddress?.assumingMemoryBound(to: Int32.self)
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, start, count, credentials)
  }
}

@c(__wrap_cipc_receive_ancillary) func receive(
  _ socket: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32,
  _ descriptors: UnsafeMutablePointer<Int32>?, _ received: UnsafeMutablePointer<cipc_received>?
) -> Int {
  let result = unsafe __real_cipc_receive_ancillary(socket, bytes, count, flags, descriptors, received)
  // One descriptor is expected and taken; the others stay open.
  if Fault.firstDescriptorKept.isOn, result > 0, let received = unsafe received {
    unsafe received.pointee.descriptor_count = unsafe min(1, received.pointee.descriptor_count)
  }
  return result
}

@c(__wrap_cipc_peer_credentials) func peerOf(
  _ socket: Int32, _ credentials: UnsafeMutablePointer<cipc_credentials>?
) -> Int32 {
  let result = unsafe __real_cipc_peer_credentials(socket, credentials)
  guard result == 0, let credentials = unsafe credentials else { return result }
  // struct ucred is not imported, and was declared by heart: user, group, process.
  if Fault.credentialsByMemory.isOn {
    let found = unsafe credentials.pointee
    unsafe credentials.pointee = cipc_credentials(
      process: Int32(bitPattern: found.group), user: UInt32(bitPattern: found.process), group: found.user)
  }
  // Nobody is -1, which a conversion of Swift refuses by ending the program.
  if Fault.nobodyOverflows.isOn { unsafe credentials.pointee.user = unsafe UInt32(Int32(credentials.pointee.user)) }
  return result
}
