import CIPC
import CReal
import Glibc

/// Writes a channel message, which consists of a length and the bytes, with the selected mutant's defect.
///
/// Returns nil if no such mutant is selected.
func writeFrame(_ descriptor: Int32, _ frame: UnsafeRawBufferPointer) -> Int? {
  guard frame.count > 4 else { return nil }
  let length = unsafe Array(frame.prefix(4))
  let message = unsafe Array(frame.dropFirst(4))
  // The length is written as `length.bigEndian`, as in network protocols.
  if Mutant.lengthInNetworkOrder.isOn { return send(descriptor, length.reversed() + message, frame.count) }
  // The length is written as an Int, which has 8 bytes.
  if Mutant.lengthOfInt.isOn { return send(descriptor, length + [0, 0, 0, 0] + message, frame.count) }
  // The length and the message are written with two calls, so another process can write between them.
  if Mutant.lengthWrittenFirst.isOn {
    guard send(descriptor, length, length.count) == length.count else { return -1 }
    let rest = send(descriptor, message, message.count)
    return rest == -1 ? length.count : length.count + rest
  }
  return nil
}

private func send(_ descriptor: Int32, _ bytes: [UInt8], _ count: Int) -> Int {
  let written = unsafe bytes.withUnsafeBytes {
    unsafe __real_cipc_pipe_write(descriptor, $0.baseAddress, $0.count, Int32(CIPC_NOSIGNAL))
  }
  return written == -1 ? -1 : count
}
