import CIPC
import CReal
import Glibc

@c(__wrap_cipc_write_now) func writeNow(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe writeFrame(descriptor, UnsafeRawBufferPointer(start: bytes, count: count))
    ?? __real_cipc_write_now(descriptor, bytes, count)
}

/// A message with its length in front of it, as a channel writes it, in one of the ways in which it is written wrongly.
func writeFrame(_ descriptor: Int32, _ frame: UnsafeRawBufferPointer) -> Int? {
  guard frame.count > 4 else { return nil }
  let length = unsafe Array(frame.prefix(4))
  let message = unsafe Array(frame.dropFirst(4))
  // `length.bigEndian`, as for network protocols.
  if Mutant.lengthInNetworkOrder.isOn { return send(descriptor, length.reversed() + message, frame.count) }
  // A length is an Int, and an Int has eight bytes.
  if Mutant.lengthOfInt.isOn { return send(descriptor, length + [0, 0, 0, 0] + message, frame.count) }
  // Two writes are easier than one array: but of two the first may go alone.
  if Mutant.lengthWrittenFirst.isOn {
    guard send(descriptor, length, length.count) == length.count else { return -1 }
    let rest = send(descriptor, message, message.count)
    return rest == -1 ? length.count : length.count + rest
  }
  return nil
}

private func send(_ descriptor: Int32, _ bytes: [UInt8], _ count: Int) -> Int {
  unsafe bytes.withUnsafeBytes { unsafe __real_write(descriptor, $0.baseAddress, $0.count) } == -1 ? -1 : count
}
