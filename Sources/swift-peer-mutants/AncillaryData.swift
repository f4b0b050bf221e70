import CIPC
import CReal
import Glibc

@c(__wrap_cipc_send_ancillary) func sendAncillary(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ flags: Int32, _ descriptors: UnsafePointer<Int32>?,
  _ count: Int, _ credentials: UnsafePointer<cipc_credentials>?
) -> Int {
  guard let descriptors = unsafe descriptors, count > 0 else {
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, descriptors, count, credentials)
  }
  let send = unsafe { (from: Int, size: Int, list: [Int32]) in
    unsafe __real_cipc_send_ancillary(
      socket, bytes.map { unsafe $0 + from }, size, flags, list, list.count, credentials)
  }
  let list = unsafe Array(UnsafeBufferPointer(start: descriptors, count: count))
  // CMSG_SPACE, which is a multiple of eight, as the length: the padding is one more descriptor.
  if Mutant.descriptorsBySpace.isOn, count % 2 == 1 { return send(0, length, list + [0]) }
  // A stream is written in parts, by a function that adds the ancillary data.
  if Mutant.descriptorsWithEveryPart.isOn {
    var sent = 0
    while sent < length {
      let part = send(sent, min(65536, length - sent), list)
      if part == -1 { return sent > 0 ? sent : -1 }
      sent += part
    }
    return sent
  }
  if Mutant.sendingConsumes.isOn || Mutant.restNeverSent.isOn {
    let result = send(0, length, list)
    // A `consuming` parameter closes the descriptors at the end of the function.
    if result != -1, Mutant.sendingConsumes.isOn { for descriptor in list { _ = __real_close(descriptor) } }
    // The result is discarded: a call that does not throw has sent all bytes.
    return Mutant.restNeverSent.isOn && result > 0 ? length : result
  }
  guard Mutant.descriptorsAsInt.isOn, count > 1 else {
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
  if Mutant.firstDescriptorKept.isOn, result > 0, let received = unsafe received {
    unsafe received.pointee.descriptor_count = unsafe min(1, received.pointee.descriptor_count)
  }
  guard result != -1, let received = unsafe received, let descriptors = unsafe descriptors else { return result }
  // A FileHandle of each closes its descriptor when it is released, and only the numbers are kept.
  if Mutant.receivedReleased.isOn {
    for index in unsafe 0..<received.pointee.descriptor_count { _ = unsafe __real_close(descriptors[index]) }
  }
  // msg_flags is not read.
  if Mutant.controlTruncationIgnored.isOn { unsafe received.pointee.flags &= ~Int32(MSG_CTRUNC) }
  return result
}
