internal import CIPC
internal import Glibc
internal import SystemPackage

extension SocketEnd where Self: ReadingEnd & ~Copyable {
  /// Appends bytes of a stream that stay, to be read again.
  ///
  /// Like ``ReadingEnd/read(atMost:appendingTo:patience:interruption:)``.
  ///
  /// Calls `recv(2)` with `MSG_PEEK`.
  public func peek(
    atMost limit: Int, appendingTo bytes: inout [UInt8], patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> ReadResult {
    if limit == 0 { return .read(0) }
    return try unsafe bytes.append(room: limit) { (buffer, count) throws(IPCError) in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      let outcome = try Transfer.transfer("recv", descriptor, .readable, patience, interruption) {
        unsafe cipc_socket_read(
          descriptor.rawValue, room.baseAddress, room.count, Int32(MSG_PEEK) | ($0 ? Int32(MSG_DONTWAIT) : 0))
      }
      return ReadResult(outcome, filled: &count)
    }
  }
}
