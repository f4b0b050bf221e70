extension [UInt8] {
  /// Makes room for `count` bytes more, and lets `fill` append to what is there: it is told where the array lies and how
  /// much of it is filled, which it changes. An array that has the room is not reallocated.
  mutating func append<Result>(
    room count: Int, _ fill: (UnsafeMutableRawBufferPointer, _ filled: inout Int) throws(IPCError) -> Result
  ) throws(IPCError) -> Result {
    var result: Result?
    try append(addingCapacity: count) { (span: inout OutputSpan<UInt8>) throws(IPCError) in
      result = try unsafe span.withUnsafeMutableBufferPointer { (buffer, count) throws(IPCError) in
        try unsafe fill(UnsafeMutableRawBufferPointer(buffer), &count)
      }
    }
    guard let result else { preconditionFailure("append(addingCapacity:) did not call its closure") }
    return result
  }
}
