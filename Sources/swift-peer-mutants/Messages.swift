import CIPC
import CReal
import Glibc

@c(__wrap_cipc_mq_send) func mqSend(
  _ queue: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ priority: UInt32
) -> Int32 {
  // The largest priority is sorted to the end, as `sorted()` does.
  if Mutant.sortedAscending.isOn { return unsafe __real_cipc_mq_send(queue, bytes, length, 32767 - priority) }
  guard let bytes = unsafe bytes else { return unsafe __real_cipc_mq_send(queue, bytes, length, priority) }
  // A String is passed to C as a C string, which ends at the first NUL.
  if Mutant.messageAsCString.isOn {
    return unsafe __real_cipc_mq_send(
      queue, bytes, strnlen(bytes.assumingMemoryBound(to: CChar.self), length), priority)
  }
  // `text.count` instead of `text.utf8.count`: they differ for characters that are not ASCII.
  if Mutant.messageLengthInCharacters.isOn {
    let text = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    return unsafe __real_cipc_mq_send(queue, bytes, text.count, priority)
  }
  return unsafe __real_cipc_mq_send(queue, bytes, length, priority)
}

@c(__wrap_cipc_mq_receive) func mqReceive(
  _ queue: Int32, _ room: UnsafeMutableRawPointer?, _ size: Int, _ priority: UnsafeMutablePointer<UInt32>?
) -> Int {
  // A buffer that is always long enough, of which the caller gets a part.
  if Mutant.bufferOfFixedSize.isOn, size < 8192 {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 1)
    defer { unsafe buffer.deallocate() }
    let length = unsafe __real_cipc_mq_receive(queue, buffer.baseAddress, buffer.count, priority)
    guard length > 0, let room = unsafe room, let start = unsafe buffer.baseAddress else { return length }
    unsafe room.copyMemory(from: start, byteCount: min(length, size))
    return min(length, size)
  }
  let length = unsafe __real_cipc_mq_receive(queue, room, size, priority)
  if length >= 0, Mutant.priorityUnread.isOn { unsafe priority?.pointee = 0 }
  // The array was created with `repeating:count:`, and is returned whole.
  if length > 0, Mutant.messageWithItsBuffer.isOn { return size }
  guard let room = unsafe room, length > 0, Mutant.messageRepaired.isOn else { return length }
  // `String(decoding:)` never fails: invalid UTF-8 is replaced.
  return unsafe repair(room, length, size)
}

@c(__wrap_cipc_mq_timedreceive) func mqTimedReceive(
  _ queue: Int32, _ room: UnsafeMutableRawPointer?, _ size: Int, _ priority: UnsafeMutablePointer<UInt32>?,
  _ seconds: Int64, _ nanoseconds: Int
) -> Int {
  // `Date.timeIntervalSinceReferenceDate`: Foundation's epoch is 2001.
  let since = Mutant.deadlineSince2001.isOn ? seconds - 978_307_200 : seconds
  return unsafe __real_cipc_mq_timedreceive(queue, room, size, priority, since, nanoseconds)
}

@c(__wrap_cipc_mq_open) func mqOpen(
  _ name: UnsafePointer<CChar>?, _ flags: Int32, _ mode: UInt32, _ attributes: UnsafePointer<cipc_mq_attributes>?
) -> Int32 {
  // The options of the initializer have no `.exclusive`.
  let flags = Mutant.createWithoutExclusive.isOn ? flags & ~O_EXCL : flags
  // mq_open is variadic, and the form with two arguments is the one that is imported.
  return unsafe __real_cipc_mq_open(name, flags, mode, Mutant.queueWithoutAttributes.isOn ? nil : attributes)
}

@c(__wrap_cipc_mq_notify_signal) func mqNotify(_ queue: Int32, _ signal: Int32, _ value: Int32) -> Int32 {
  // `sigevent()`, and its union is left as it is.
  __real_cipc_mq_notify_signal(queue, signal, Mutant.notificationWithoutValue.isOn ? 0 : value)
}

@c(__wrap_cipc_msgrcv) func msgReceive(
  _ queue: Int32, _ text: UnsafeMutableRawPointer?, _ length: Int, _ selection: Int, _ flags: Int32
) -> cipc_msg_received {
  // A message that is too long is cut, because there is no case for this error.
  let flags = Mutant.cutWithoutError.isOn ? flags | Int32(CIPC_MSG_NOERROR) : flags
  return unsafe __real_cipc_msgrcv(queue, text, length, selection, flags)
}

@c(__wrap_cipc_msg_stat) func msgStatus(_ queue: Int32, _ status: UnsafeMutablePointer<cipc_msg_status>?) -> Int32 {
  let result = unsafe __real_cipc_msg_stat(queue, status)
  // The fields of a tuple are taken in the order in which they were written.
  if result == 0, Mutant.tupleInOtherOrder.isOn, let status = unsafe status {
    let sender = unsafe status.pointee.last_sender
    unsafe status.pointee.last_sender = status.pointee.last_receiver
    unsafe status.pointee.last_receiver = sender
  }
  return result
}

@c(__wrap_cipc_msgsnd) func msgSend(
  _ queue: Int32, _ type: Int, _ text: UnsafeRawPointer?, _ length: Int, _ flags: Int32
) -> Int32 {
  // The type is declared as Int32.
  if Mutant.typeAsInt32.isOn {
    return unsafe __real_cipc_msgsnd(queue, Int(Int32(truncatingIfNeeded: type)), text, length, flags)
  }
  // `MemoryLayout<Message>.size` includes the type; msgsz does not.
  if Mutant.typeCounted.isOn {
    let longer = unsafe Array(UnsafeRawBufferPointer(start: text, count: length)) + [UInt8](repeating: 0, count: 8)
    return unsafe longer.withUnsafeBytes {
      unsafe __real_cipc_msgsnd(queue, type, $0.baseAddress, $0.count, flags)
    }
  }
  guard Mutant.textByReference.isOn, length > 0 else {
    return unsafe __real_cipc_msgsnd(queue, type, text, length, flags)
  }
  // A struct of the type and an array contains the reference to the array, not its elements.
  var array = unsafe Array(UnsafeRawBufferPointer(start: text, count: length))
  return unsafe withUnsafeBytes(of: &array) {
    unsafe __real_cipc_msgsnd(queue, type, $0.baseAddress, min(length, 8), flags)
  }
}
