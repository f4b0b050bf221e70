import CIPC
import CReal
import Glibc

@c(__wrap_cipc_send_ancillary) func sendAncillary(
  _ socket: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ flags: Int32, _ descriptors: UnsafePointer<Int32>?,
  _ count: Int, _ credentials: UnsafePointer<cipc_credentials>?
) -> Int {
  // The code omits the requested credentials. It relies on the kernel, which adds the credentials of the sender.
  if Mutant.credentialsNotSent.isOn {
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, descriptors, count, nil)
  }
  // The code stores the descriptors in a Data, whose elements are bytes.
  if Mutant.descriptorsOfUInt8.isOn, count > 0 {
    let numbers = (0..<count).map { unsafe Int32(UInt8(truncatingIfNeeded: descriptors?[$0] ?? 0)) }
    return unsafe numbers.withUnsafeBufferPointer {
      unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, $0.baseAddress, count, credentials)
    }
  }
  // The total size is divided by 8, the size of an Int, so only half of the descriptors are sent.
  if Mutant.halfOfDescriptors.isOn {
    return unsafe __real_cipc_send_ancillary(
      socket, bytes, length, flags, descriptors, (count * MemoryLayout<Int32>.size + 7) / 8, credentials)
  }
  if let descriptors = unsafe descriptors, count > 0 {
    let start = { (offset: Int) in unsafe bytes.map { unsafe $0 + offset } }
    let list = unsafe Array(UnsafeBufferPointer(start: descriptors, count: count))
    let result = sendChanged(list, length) {
      unsafe __real_cipc_send_ancillary(
        socket, start($1), $2, flags, $0, $0.count, credentials)
    }
    if let result { return result }
  }
  guard Mutant.descriptorsAsInt.isOn, let descriptors = unsafe descriptors, count > 1 else {
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, descriptors, count, credentials)
  }
  // The descriptors are sent as 8-byte Ints, so the receiver reads the upper half of the first Int as descriptor 0.
  let numbers = (0..<count).map { unsafe Int(descriptors[$0]) }
  return unsafe numbers.withUnsafeBytes { raw in
    let start = unsafe raw.baseAddress?.assumingMemoryBound(to: Int32.self)
    return unsafe __real_cipc_send_ancillary(socket, bytes, length, flags, start, count, credentials)
  }
}

/// Sends a message and descriptors with the selected mutant's defect; returns nil if no such mutant is selected.
private func sendChanged(
  _ descriptors: [Int32], _ length: Int, _ send: (_ descriptors: [Int32], _ offset: Int, _ length: Int) -> Int
) -> Int? {
  // The length in the header is CMSG_SPACE instead of CMSG_LEN, so the padding is sent as another descriptor.
  if Mutant.descriptorsBySpace.isOn, descriptors.count % 2 == 1 { return send(descriptors + [0], 0, length) }
  // The bytes are written in several parts, and the ancillary data is added to each part.
  if Mutant.descriptorsWithEveryPart.isOn {
    var sent = 0
    while sent < length {
      let part = send(descriptors, sent, min(65536, length - sent))
      if part == -1 { return sent > 0 ? sent : -1 }
      sent += part
    }
    return sent
  }
  // The descriptors are passed as a `consuming` parameter, so they are closed at the end of the function.
  if Mutant.sendingConsumes.isOn {
    let result = send(descriptors, 0, length)
    if result != -1 { for descriptor in descriptors { _ = __real_close(descriptor) } }
    return result
  }
  // The number of bytes sent is discarded. The code assumes that a call that does not throw has sent all bytes.
  if Mutant.restNeverSent.isOn {
    let result = send(descriptors, 0, length)
    return result > 0 ? length : result
  }
  return nil
}

@c(__wrap_cipc_receive_ancillary) func receiveAncillary(
  _ socket: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32,
  _ descriptors: UnsafeMutablePointer<Int32>?, _ received: UnsafeMutablePointer<cipc_received>?
) -> Int {
  let result = unsafe __real_cipc_receive_ancillary(socket, bytes, count, flags, descriptors, received)
  // The peer does not check `msg_flags`, so truncated ancillary data goes undetected.
  if Mutant.flagsNotChecked.isOn, result != -1, let received = unsafe received { unsafe received.pointee.flags = 0 }
  // The pidfd refers to the receiver instead of the sender.
  if Mutant.senderIsReceiver.isOn, result != -1, let received = unsafe received, unsafe received.pointee.process >= 0 {
    _ = unsafe __real_close(received.pointee.process)
    unsafe received.pointee.process = cipc_pidfd_open(getpid(), 0)
  }
  // Process IDs are parsed as UInt16.
  if Mutant.receivedCredentialsOfUInt16.isOn, result != -1, let received = unsafe received {
    unsafe received.pointee.credentials.process &= 0xFFFF
  }
  // The code expects a single descriptor and adopts only the first one; the others stay open.
  if Mutant.firstDescriptorKept.isOn, result > 0, let received = unsafe received {
    unsafe received.pointee.descriptor_count = unsafe min(1, received.pointee.descriptor_count)
  }
  // The code keeps only the descriptor numbers and releases the FileHandles, which close the descriptors.
  if Mutant.receivedReleased.isOn, result != -1, let received = unsafe received, let descriptors = unsafe descriptors {
    for index in unsafe 0..<received.pointee.descriptor_count { _ = unsafe __real_close(descriptors[index]) }
  }
  return result
}

@c(__wrap_recvmsg) func receiveMessage(
  _ socket: Int32, _ message: UnsafeMutablePointer<msghdr>?, _ flags: Int32
) -> Int {
  // The code does not pass MSG_CMSG_CLOEXEC.
  let asked = Mutant.inheritedByChildren.isOn ? flags & ~Int32(MSG_CMSG_CLOEXEC) : flags
  return unsafe __real_recvmsg(socket, message, asked)
}
