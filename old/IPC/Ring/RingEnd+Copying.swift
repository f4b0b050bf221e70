internal import Synchronization

extension RingEnd {
  /// Copies into the data from a position of the stream on, around its end. There must be room.
  func put(_ bytes: RawSpan, at position: UInt64) {
    let (place, first) = run(position, bytes.byteCount)
    unsafe bytes.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      unsafe (header.data + place).copyMemory(from: source, byteCount: first)
      unsafe header.data.copyMemory(from: source + first, byteCount: bytes.count - first)
    }
  }

  /// Copies `count` bytes out of the data from a position of the stream on, around its end, for which `buffer` has room.
  func take(_ count: Int, at position: UInt64, into buffer: inout OutputRawSpan) {
    let (place, first) = run(position, count)
    unsafe buffer.withUnsafeMutableBytes { bytes, filled in
      guard let destination = bytes.baseAddress else { return }
      unsafe (destination + filled).copyMemory(from: header.data + place, byteCount: first)
      unsafe (destination + filled + first).copyMemory(from: header.data, byteCount: count - first)
      filled += count
    }
  }

  /// The two numbers in front of a record, which begins at a multiple of 8, and so never lies around the end.
  func putFrame(length: UInt32, at position: UInt64) {
    let place = unsafe header.data + run(position, 8).place
    unsafe place.storeBytes(of: length, as: UInt32.self)
    unsafe place.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
  }

  /// Each is read once: the other side may write another one after it was checked.
  func frame(at position: UInt64) -> (length: UInt32, zeros: UInt32) {
    let place = unsafe (header.data + run(position, 8).place).assumingMemoryBound(to: Atomic<UInt32>.self)
    return (unsafe place[0].load(ordering: .relaxed), unsafe place[1].load(ordering: .relaxed))
  }

  /// Where a position of the stream is in the data, and how many of `count` bytes lie before its end.
  private func run(_ position: UInt64, _ count: Int) -> (place: Int, first: Int) {
    let place = Int(position & (capacity - 1))
    return (place, min(count, Int(capacity) - place))
  }
}
