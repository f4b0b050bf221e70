import CIPC
import CReal
import Glibc

@c(__wrap_cipc_mq_send) func mqSend(
  _ queue: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ priority: UInt32
) -> Int32 {
  // Messages are received in ascending order of priority, the order that `sorted()` produces.
  if Mutant.sortedAscending.isOn { return unsafe __real_cipc_mq_send(queue, bytes, length, 32767 - priority) }
  guard let bytes = unsafe bytes else { return unsafe __real_cipc_mq_send(queue, bytes, length, priority) }
  // The message is passed as a C string, so it ends at its first NUL.
  if Mutant.messageAsCString.isOn {
    return unsafe __real_cipc_mq_send(
      queue, bytes, strnlen(bytes.assumingMemoryBound(to: CChar.self), length), priority)
  }
  // The length is `text.count` instead of `text.utf8.count`, which is greater for non-ASCII characters.
  if Mutant.messageLengthInCharacters.isOn {
    let text = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    return unsafe __real_cipc_mq_send(queue, bytes, text.count, priority)
  }
  // The priorities are an enumeration whose raw value is a UInt8.
  let kept = Mutant.priorityOfUInt8.isOn ? UInt32(UInt8(truncatingIfNeeded: priority)) : priority
  return unsafe __real_cipc_mq_send(queue, bytes, length, kept)
}

@c(__wrap_cipc_mq_open) func mqOpen(
  _ name: UnsafePointer<CChar>?, _ flags: Int32, _ permissions: UInt32,
  _ attributes: UnsafePointer<cipc_mq_attributes>?
) -> Int32 {
  // The initializer's options do not include `.exclusive`.
  if Mutant.createWithoutExclusive.isOn {
    return unsafe __real_cipc_mq_open(name, flags & ~O_EXCL, permissions, attributes)
  }
  // The attributes are not passed, because Swift does not import the four-argument form of mq_open(3).
  if Mutant.queueWithoutAttributes.isOn { return unsafe __real_cipc_mq_open(name, flags, permissions, nil) }
  guard Mutant.attributesExchanged.isOn, var wanted = unsafe attributes?.pointee else {
    let queue = unsafe __real_cipc_mq_open(name, flags, permissions, attributes)
    unsafe AtExit.remove(.queueRemovedAtExit, name, queue, flags: flags) { _ = unsafe cipc_mq_unlink($0) }
    return queue
  }
  // The two arguments of an initializer without labels are swapped.
  (wanted.maximum_messages, wanted.message_size) = (wanted.message_size, wanted.maximum_messages)
  return unsafe __real_cipc_mq_open(name, flags, permissions, &wanted)
}

@c(__wrap_cipc_mq_getattr) func mqGetAttributes(
  _ queue: Int32, _ attributes: UnsafeMutablePointer<cipc_mq_attributes>?
) -> Int32 {
  let result = unsafe __real_cipc_mq_getattr(queue, attributes)
  // The attributes are cached in a `lazy var`, so the number of messages stays 0.
  if Mutant.attributesCached.isOn, let attributes = unsafe attributes { unsafe attributes.pointee.current_messages = 0 }
  return result
}

@c(__wrap_cipc_mq_notify_signal) func mqNotify(_ queue: Int32, _ signal: Int32, _ value: Int32) -> Int32 {
  // The value is lost. Swift imports only the pointer member of union sigval, which stays nil.
  __real_cipc_mq_notify_signal(queue, signal, Mutant.notificationValueNil.isOn ? 0 : value)
}

@c(__wrap_cipc_mq_receive) func mqReceive(
  _ queue: Int32, _ room: UnsafeMutableRawPointer?, _ size: Int, _ priority: UnsafeMutablePointer<UInt32>?
) -> Int {
  // The receive call uses a buffer of fixed size. A message that is too long for the caller is truncated instead of
  // rejected.
  if Mutant.bufferOfFixedSize.isOn, size < 8192 {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 1)
    defer { unsafe buffer.deallocate() }
    let length = unsafe __real_cipc_mq_receive(queue, buffer.baseAddress, buffer.count, priority)
    guard length > 0, let room = unsafe room, let start = buffer.baseAddress else { return length }
    unsafe room.copyMemory(from: start, byteCount: min(length, size))
    return min(length, size)
  }
  var length = unsafe __real_cipc_mq_receive(queue, room, size, priority)
  // The call is retried after a second, although the queue is nonblocking.
  if Mutant.nonblockingTriesAgain.isOn, length == -1, errno == EAGAIN {
    sleep(1)
    length = unsafe __real_cipc_mq_receive(queue, room, size, priority)
  }
  if length >= 0, Mutant.priorityUnread.isOn { unsafe priority?.pointee = 0 }
  // The function returns the buffer's size instead of the call's result.
  if Mutant.countOfBuffer.isOn, length > 0 { return size }
  guard let room = unsafe room, length > 0, Mutant.messageRepaired.isOn else { return length }
  // `String(decoding:)` never fails: it replaces invalid UTF-8.
  return unsafe repair(room, length, size)
}

@c(__wrap_cipc_msgsnd) func msgSend(
  _ queue: Int32, _ type: Int, _ text: UnsafeRawPointer?, _ length: Int, _ flags: Int32
) -> Int32 {
  if Mutant.typeOfInt32.isOn {
    return unsafe __real_cipc_msgsnd(queue, Int(Int32(truncatingIfNeeded: type)), text, length, flags)
  }
  // The length is the `stride` of a struct that contains a long, so it is rounded up to a multiple of 8.
  if Mutant.strideAsSize.isOn {
    var padded = unsafe Array(UnsafeRawBufferPointer(start: text, count: length))
    while padded.count % 8 != 0 { padded.append(0) }
    return unsafe padded.withUnsafeBytes {
      unsafe __real_cipc_msgsnd(queue, type, $0.baseAddress, $0.count, flags)
    }
  }
  guard Mutant.textByReference.isOn, length > 0 else {
    return unsafe __real_cipc_msgsnd(queue, type, text, length, flags)
  }
  // The message struct contains an array, so the call sends the reference to the array instead of the elements.
  var array = unsafe Array(UnsafeRawBufferPointer(start: text, count: length))
  return unsafe withUnsafeBytes(of: &array) {
    unsafe __real_cipc_msgsnd(queue, type, $0.baseAddress, min(length, 8), flags)
  }
}

@c(__wrap_cipc_msgrcv) func msgReceive(
  _ queue: Int32, _ text: UnsafeMutableRawPointer?, _ length: Int, _ selection: Int, _ flags: Int32
) -> cipc_msg_received {
  // The selection is converted with `magnitude`, which drops the sign.
  let wanted = Mutant.selectionByMagnitude.isOn ? Int(selection.magnitude) : selection
  // A message that is too long is truncated instead of causing an error.
  let flags = Mutant.cutWithoutError.isOn ? flags | Int32(CIPC_MSG_NOERROR) : flags
  var received = unsafe __real_cipc_msgrcv(queue, text, length, wanted, flags)
  // The length includes the type, as `MemoryLayout<Message>.size` does.
  if Mutant.lengthOfMessage.isOn, received.length != -1 { received.length += MemoryLayout<Int>.size }
  return received
}

@c(__wrap_cipc_msg_stat) func msgStatus(_ queue: Int32, _ status: UnsafeMutablePointer<cipc_msg_status>?) -> Int32 {
  let result = unsafe __real_cipc_msg_stat(queue, status)
  // The last sender and the last receiver are swapped, because the code reads the elements of a tuple in the wrong
  // order.
  if result == 0, Mutant.tupleInOtherOrder.isOn, let status = unsafe status {
    let sender = unsafe status.pointee.last_sender
    unsafe status.pointee.last_sender = status.pointee.last_receiver
    unsafe status.pointee.last_receiver = sender
  }
  // The process ID is truncated to `unsigned short`, the type of msg_lspid in older headers.
  if result == 0, Mutant.lastProcessOfUInt16.isOn, let status = unsafe status {
    unsafe status.pointee.last_sender &= 0xFFFF
  }
  return result
}

@c(__wrap_cipc_msg_set) func msgSet(
  _ queue: Int32, _ user: UInt32, _ group: UInt32, _ mode: UInt32, _ capacity: UInt64
) -> Int32 {
  // The code sets only the mode in the struct, so the capacity has its default value.
  __real_cipc_msg_set(queue, user, group, mode, Mutant.capacityDefaulted.isOn && mode == 0o600 ? 16384 : capacity)
}
