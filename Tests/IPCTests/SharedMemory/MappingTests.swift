import Glibc
import IPC
import Synchronization
import SystemPackage
import Testing

/// Whether this process may lock two pages: `RLIMIT_MEMLOCK`.
private let canLockTwoPages: Bool = {
  var limit = rlimit()
  return unsafe getrlimit(Int32(__RLIMIT_MEMLOCK.rawValue), &limit) == 0 && limit.rlim_cur >= 2 * UInt(getpagesize())
}()

@Suite struct MappingTests {
  @Test(arguments: [0, -1, .min])
  func `A region has at least one byte`(_ size: Int) {
    #expect(reason { _ = try SharedRegion(size: size) } == .invalidArgument)
  }

  @Test func `New memory is zero, and one mapping reads what another writes`() throws {
    let object = try scratchMemory(8192)
    let writer = try object.map()
    let reader = try object.mapReadOnly()
    #expect(reader.size == 8192)
    #expect(try reader.copyBytes(count: 8192) == [UInt8](repeating: 0, count: 8192))
    let bytes: [UInt8] = [1, 2, 3]
    try writer.copy(bytes.span, at: 4095)
    #expect(try reader.copyBytes(at: 4094, count: 5) == [0, 1, 2, 3, 0])
    let filled = try unsafe [UInt8](unsafeUninitializedCapacity: 4) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      span.append(9)
      try reader.copy(at: 4095, into: &span)
      count = unsafe span.finalize(for: memory)
    }
    #expect(filled == [9, 1, 2, 3])
  }

  @Test func `Values, spans and atomics are accessed in place`() throws {
    let object = try scratchMemory(4096)
    let memory = try object.map()
    let other = try object.mapReadOnly()
    try memory.store(UInt32(0x0102_0304), at: 8)
    #expect(try other.load(as: UInt32.self, at: 8) == 0x0102_0304)
    let sum = try memory.withAtomic(UInt64.self, at: 16) { word in
      word.add(40, ordering: .relaxed)
      return word.add(2, ordering: .releasing).newValue
    }
    #expect(sum == 42)
    #expect(try other.loadAcquiring(as: UInt64.self, at: 16) == 42)
    #expect(try other.loadAcquiring(as: UInt32.self, at: 8) == 0x0102_0304)
    try memory.withMutableBytes(at: 100, count: 2) { bytes in
      bytes.storeBytes(of: 7, toByteOffset: 1, as: UInt8.self)
    }
    #expect(try other.withBytes(at: 100) { $0.byteCount } == 3996)
    #expect(try other.withBytes(at: 100, count: 2) { unsafe $0.unsafeLoad(fromByteOffset: 1, as: UInt8.self) } == 7)
    try unsafe memory.withUnsafeMutableBytes(at: 101, count: 1) { unsafe $0[0] = 8 }
    #expect(try unsafe other.withUnsafeBytes(at: 101, count: 1) { unsafe $0[0] } == 8)
  }

  @Test(.enabled(if: canLockTwoPages, "RLIMIT_MEMLOCK is less than two pages"))
  func `Locked pages are not released before they are unlocked`() throws {
    let page = Int(getpagesize())
    let memory = try scratchMemory(2 * page).map()
    try memory.lock(at: 10, count: 10)
    #expect(reason { try memory.advise(.dontNeed, at: 0, count: page) } == .invalidArgument)
    try memory.advise(.dontNeed, at: page)
    try memory.lock()
    try memory.unlock()
    try memory.advise(.dontNeed)
  }

  @Test(arguments: [
    (100, 1), (99, 2), (0, 101), (-1, 1), (-1, 0), (0, -1), (101, 0), (Int.max, 1), (1, Int.max), (Int.max, Int.max),
    (Int.min, 1), (Int.min, Int.min), (50, Int.max - 49),
  ])
  func `No access reaches outside the mapping`(offset: Int, count: Int) throws {
    let memory = try scratchMemory(4096).map(count: 100)
    #expect(reason { _ = try memory.copyBytes(at: offset, count: count) } == .badAddress)
    #expect(reason { try memory.withBytes(at: offset, count: count) { _ in } } == .badAddress)
    #expect(reason { try memory.withMutableBytes(at: offset, count: count) { _ in } } == .badAddress)
    #expect(reason { try memory.sync(at: offset, count: count) } == .badAddress)
    #expect(reason { try memory.advise(.normal, at: offset, count: count) } == .badAddress)
    #expect(reason { try memory.lock(at: offset, count: count) } == .badAddress)
    #expect(reason { try memory.unlock(at: offset, count: count) } == .badAddress)
    guard 0...101 ~= count else { return }
    let bytes = [UInt8](repeating: 1, count: count)
    #expect(reason { try memory.copy(bytes.span, at: offset) } == .badAddress)
    #expect(try memory.copyBytes(count: 100).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [-8, 93, 96, 100, 4096, Int.max, Int.min])
  func `A value that does not fit is refused, and the error names the object`(offset: Int) throws {
    let memory = try scratchMemory(4096).map(count: 100)
    let expected = IPCError(.memcpy, .badAddress, on: .label("scratch"))
    #expect(failure { _ = try memory.load(as: UInt64.self, at: offset) } == expected)
    #expect(failure { try memory.store(UInt64(1), at: offset) } == expected)
    #expect(failure { try memory.withAtomic(UInt64.self, at: offset) { _ in } } == expected)
    #expect(failure { _ = try memory.loadAcquiring(as: UInt64.self, at: offset) } == expected)
  }

  @Test(arguments: [1, 2, 4, 12])
  func `A misaligned value is refused`(offset: Int) throws {
    let memory = try scratchMemory(4096).map()
    #expect(reason { _ = try memory.load(as: UInt64.self, at: offset) } == .invalidArgument)
    #expect(reason { try memory.store(UInt64(1), at: offset) } == .invalidArgument)
    #expect(reason { try memory.withAtomic(UInt64.self, at: offset) { _ in } } == .invalidArgument)
    #expect(try memory.load(as: UInt8.self, at: offset) == 0)
  }

  @Test(arguments: [(0, 0), (100, 0), (0, 100), (99, 1)])
  func `Every byte of the mapping is accessible`(offset: Int, count: Int) throws {
    let memory = try scratchMemory(4096).mapReadOnly(count: 100)
    #expect(try memory.copyBytes(at: offset, count: count).count == count)
    #expect(try memory.withBytes(at: offset, count: count) { $0.byteCount } == count)
  }

  @Test func `A copy reports the number of bytes before a missing page`() throws {
    let object = try scratchMemory(12288)
    let memory = try object.map()
    try memory.copy([UInt8](repeating: 7, count: 12288).span)
    try object.resize(to: 4096)
    let read = failure { _ = try memory.copyBytes(at: 96, count: 8192) }
    #expect(read == IPCError(.processVMRead, .badAddress, on: .label("scratch"), transferred: 4000))
    let write = failure { try memory.copy([UInt8](repeating: 8, count: 8192).span, at: 4000) }
    #expect(write == IPCError(.processVMWrite, .badAddress, on: .label("scratch"), transferred: 96))
    #expect(reason { _ = try memory.copyBytes(at: 4096, count: 1) } == .badAddress)
    #expect(try memory.copyBytes(at: 3999, count: 3) == [7, 8, 8])
    #expect(try object.status().size == 4096)
  }

  @Test func `A failed copy appends nothing`() throws {
    let object = try scratchMemory(8192)
    let memory = try object.map()
    try object.resize(to: 4096)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    #expect(throws: IPCError.self) { try memory.copy(into: &room) }
    #expect(room.byteCount == 0)
  }

  @Test func `A mapping is unmapped explicitly or when it is destroyed`() throws {
    let object = try scratchMemory(4096)
    do {
      let first = try object.map()
      let second = try object.map()
      try first.unmap()
      // The object cannot be sealed against writing while it is mapped for writing.
      #expect(reason { try object.add(.write) } == .resourceBusy)
      #expect(try second.copyBytes(count: 1) == [0])
    }
    try object.add(.write)
  }

  @Test func `A region owns the memory that it took over`() throws {
    let object = try scratchMemory(4096)
    var region: SharedRegion? = SharedRegion(try object.map())
    try region?.store(UInt8(5), at: 4095)
    #expect(try region?.load(as: UInt8.self, at: 4095) == 5)
    #expect(reason { try object.add(.write) } == .resourceBusy)
    region = nil
    try object.add(.write)
    #expect(try SharedRegion(size: 100).copyBytes(count: 100) == [UInt8](repeating: 0, count: 100))
  }

  @Test func `A mapping outlives the object`() throws {
    let object = try scratchMemory(4096)
    let memory = try object.map()
    try object.close()
    #expect(try memory.load(as: UInt8.self, at: 0) == 0)
  }

  @Test func `A mapping can follow the object when it grows`() throws {
    let object = try scratchMemory(4096)
    var memory = try object.map()
    try memory.store(UInt8(5), at: 4095)
    try object.resize(to: 1 << 20)
    try memory.resize(to: 1 << 20)
    #expect(memory.size == 1 << 20)
    try memory.store(UInt8(6), at: 1 << 20 - 1)
    #expect(try memory.copyBytes(at: 4095, count: 2) == [5, 0])
    for count in [0, -1, Int.min] {
      #expect(reason { try memory.resize(to: count) } != nil)
      #expect(memory.size == 1 << 20)
    }
    #expect(try memory.copyBytes(at: 4095, count: 1) == [5])
  }

  @Test func `Changes of a private mapping do not reach the object`() throws {
    let object = try scratchMemory(4096)
    let copy = try object.mapPrivate()
    try copy.store(UInt8(1), at: 0)
    #expect(try copy.load(as: UInt8.self, at: 0) == 1)
    #expect(try object.map().load(as: UInt8.self, at: 0) == 0)
    try copy.advise(.dontNeed)
    #expect(try copy.copyBytes(count: 1) == [0])
  }

  @Test(arguments: [(1, 4096), (4095, 1), (0, 0), (-4096, 4096), (0, -1), (8192, nil)] as [(Int, Int?)])
  func `An impossible mapping is refused`(offset: Int, count: Int?) throws {
    let object = try scratchMemory(8192)
    #expect(reason { _ = try object.map(at: offset, count: count) } != nil)
  }

  @Test func `Access and copies do not allocate`() throws {
    let memory = try scratchMemory(4096).map()
    let message = [UInt8](repeating: 7, count: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    let count = try allocations(in: 1_000) {
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      try memory.copy(message.span, at: 36)
      try memory.copy(at: 36, into: &room)
      try memory.store(try memory.load(as: UInt64.self, at: 8) &+ 1, at: 8)
      try memory.withAtomic(UInt64.self, at: 16) { $0.store(1, ordering: .releasing) }
      try memory.withMutableBytes { $0.storeBytes(of: 1, as: UInt8.self) }
    }
    #expect(count == 0)
  }
}
