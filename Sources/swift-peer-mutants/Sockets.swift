import CIPC
import CReal
import Glibc

@c(__wrap_cipc_unix_bind) func bindTo(
  _ socket: Int32, _ address: UnsafePointer<cipc_unix_address>?
) -> Int32 {
  guard Mutant.addressOfFullLength.isOn, let address = unsafe address else {
    return unsafe __real_cipc_unix_bind(socket, address)
  }
  // `MemoryLayout<sockaddr_un>.size` is a length that always works: for paths.
  var whole = unsafe address.pointee
  whole.length = MemoryLayout.size(ofValue: whole.name)
  return unsafe __real_cipc_unix_bind(socket, &whole)
}

@c(__wrap_cipc_unix_send_enclosing) func sendEnclosing(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ flags: Int32, _ descriptors: UnsafePointer<Int32>?,
  _ count: Int, _ credentials: UnsafePointer<cipc_credentials>?
) -> Int {
  guard Mutant.descriptorsAsInt.isOn, let descriptors = unsafe descriptors, count > 1 else {
    return unsafe __real_cipc_unix_send_enclosing(socket, bytes, length, flags, descriptors, count, credentials)
  }
  // Numbers are Int: the upper half of the first is the second, and that is standard input.
  let numbers = (0..<count).map { unsafe Int(descriptors[$0]) }
  return unsafe numbers.withUnsafeBytes { raw in
    let start = unsafe raw.baseAddress?.assumingMemoryBound(to: Int32.self)
    return unsafe __real_cipc_unix_send_enclosing(socket, bytes, length, flags, start, count, credentials)
  }
}

@c(__wrap_cipc_unix_receive) func receive(
  _ socket: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32,
  _ arrival: UnsafeMutablePointer<cipc_unix_arrival>?, _ enclosure: UnsafeMutablePointer<cipc_enclosure>?
) -> Int {
  let result = unsafe __real_cipc_unix_receive(socket, bytes, count, flags, arrival, enclosure)
  // One descriptor was expected and one is taken; the others are never closed.
  if Mutant.firstDescriptorKept.isOn, result > 0, let enclosure = unsafe enclosure {
    unsafe enclosure.pointee.descriptor_count = unsafe min(1, enclosure.pointee.descriptor_count)
  }
  return result
}

@c(__wrap_cipc_unix_peer) func peerOf(
  _ socket: Int32, _ credentials: UnsafeMutablePointer<cipc_credentials>?
) -> Int32 {
  let result = unsafe __real_cipc_unix_peer(socket, credentials)
  guard result == 0, let credentials = unsafe credentials else { return result }
  // struct ucred is not imported, and was declared from memory: user, group, process.
  if Mutant.credentialsByMemory.isOn {
    let found = unsafe credentials.pointee
    unsafe credentials.pointee = cipc_credentials(
      process: Int32(bitPattern: found.group), user: UInt32(bitPattern: found.process), group: found.user)
  }
  // -1 for no user overflows in a conversion, which ends the program.
  if Mutant.nobodyOverflows.isOn { unsafe credentials.pointee.user = unsafe UInt32(Int32(credentials.pointee.user)) }
  return result
}
