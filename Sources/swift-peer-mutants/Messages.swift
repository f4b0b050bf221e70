import CIPC
import CReal
import Glibc

@c(__wrap_cipc_mq_send) func mqSend(
  _ queue: Int32, _ bytes: UnsafeRawPointer?, _ length: Int, _ priority: UInt32
) -> Int32 {
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
  let length = unsafe __real_cipc_mq_receive(queue, room, size, priority)
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

@c(__wrap_cipc_msgsnd) func msgSend(
  _ queue: Int32, _ type: Int, _ text: UnsafeRawPointer?, _ length: Int, _ flags: Int32
) -> Int32 {
  guard Mutant.textByReference.isOn, length > 0 else {
    return unsafe __real_cipc_msgsnd(queue, type, text, length, flags)
  }
  // A struct of the type and an array contains the reference to the array, not its elements.
  var array = unsafe Array(UnsafeRawBufferPointer(start: text, count: length))
  return unsafe withUnsafeBytes(of: &array) {
    unsafe __real_cipc_msgsnd(queue, type, $0.baseAddress, min(length, 8), flags)
  }
}
