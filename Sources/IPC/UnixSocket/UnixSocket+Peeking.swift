internal import CIPC
internal import Glibc
internal import SystemPackage

extension UnixSocket.End where Style == UnixSocket.StreamStyle {
  /// Appends bytes that stay, to be read again.
  ///
  /// Like ``ReadingEnd/read(atMost:appendingTo:patience:interruption:)``.
  ///
  /// Calls `recvmsg(2)` with `MSG_PEEK`.
  public func peek(
    atMost limit: Int, appendingTo bytes: inout [UInt8], patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    if limit == 0 { return .read(0) }
    var result = ReadResult.read(0)
    try bytes.append(addingCapacity: limit) { (span: inout OutputSpan<UInt8>) throws(IPCError) in
      result = try unsafe span.withUnsafeMutableBufferPointer { (buffer, count) throws(IPCError) in
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
        var arrival = cipc_unix_arrival()
        let outcome = try Transfer.transfer("recvmsg", descriptor, .readable, patience, interruption) {
          unsafe cipc_unix_receive(
            descriptor.rawValue, room.baseAddress, room.count,
            Int32(MSG_PEEK) | ($0 ? Int32(MSG_DONTWAIT) : 0), &arrival, nil)
        }
        switch outcome {
        case .moved(0): return .endOfFile(after: 0)
        case .moved(let length):
          count += length
          return .read(length)
        case .wouldBlock: return .wouldBlock(after: 0)
        case .timedOut: return .timedOut(after: 0)
        }
      }
    }
    return result
  }
}
