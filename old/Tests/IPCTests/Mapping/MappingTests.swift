import IPC
import SystemPackage
import Testing

@Suite struct MappingTests {
  @Test func `new memory is zero, and what one mapping writes another reads`() throws {
    let object = try scratchMemory(8192)
    let writer = try object.map()
    let reader = try object.mapReadOnly()
    #expect(reader.size == 8192)
    #expect(try reader.bytes(count: 8192) == [UInt8](repeating: 0, count: 8192))
    let bytes: [UInt8] = [1, 2, 3]
    try writer.write(bytes.span, at: 4095)
    #expect(try reader.bytes(at: 4094, count: 5) == [0, 1, 2, 3, 0])
    let filled = try unsafe [UInt8](unsafeUninitializedCapacity: 4) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      span.append(9)
      try reader.read(at: 4095, into: &span)
      count = unsafe span.finalize(for: memory)
    }
    #expect(filled == [9, 1, 2, 3])
  }

  @Test(arguments: [
    (100, 1), (99, 2), (0, 101), (-1, 1), (-1, 0), (0, -1), (101, 0), (Int.max, 1), (1, Int.max), (Int.max, Int.max),
    (Int.min, 1), (Int.min, Int.min), (50, Int.max - 49),
  ])
  func `nothing beyond the mapping is reached, whatever the numbers`(offset: Int, count: Int) throws {
    let memory = try scratchMemory(4096).map(count: 100)
    #expect(reason { _ = try memory.bytes(at: offset, count: count) } == .badAddress)
    #expect(reason { try memory.sync(at: offset, count: count) } == .badAddress)
    #expect(reason { try memory.advise(.normal, at: offset, count: count) } == .badAddress)
    guard 0...101 ~= count else { return }
    let bytes = [UInt8](repeating: 1, count: count)
    #expect(reason { try memory.write(bytes.span, at: offset) } == .badAddress)
    #expect(try memory.bytes(count: 100).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [(0, 0), (100, 0), (0, 100), (99, 1)])
  func `everything inside the mapping is reached`(offset: Int, count: Int) throws {
    #expect(try scratchMemory(4096).mapReadOnly(count: 100).bytes(at: offset, count: count).count == count)
  }

  @Test func `a page that is gone is an error that tells how far it got`() throws {
    let object = try scratchMemory(12288)
    let memory = try object.map()
    try memory.write([UInt8](repeating: 7, count: 12288).span)
    try object.resize(to: 4096)
    do {
      _ = try memory.bytes(at: 96, count: 8192)
      Issue.record("bytes that are not there were read")
    } catch {
      #expect(error.call == "process_vm_readv")
      #expect(error.errno == .badAddress)
      #expect(error.transferred == 4000)
    }
    do {
      try memory.write([UInt8](repeating: 8, count: 8192).span, at: 4000)
      Issue.record("bytes that are not there were written")
    } catch {
      #expect(error.call == "process_vm_writev")
      #expect(error.transferred == 96)
    }
    #expect(reason { _ = try memory.bytes(at: 4096, count: 1) } == .badAddress)
    #expect(try memory.bytes(at: 3999, count: 3) == [7, 8, 8])
    #expect(try object.status().size == 4096)
  }

  @Test func `nothing is appended to the room of who asked for more than there is`() throws {
    let object = try scratchMemory(8192)
    let memory = try object.map()
    try object.resize(to: 4096)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    #expect(throws: IPCError.self) { try memory.read(into: &room) }
    #expect(room.byteCount == 0)
  }

  @Test func `a mapping is given back when its owner goes, or earlier`() throws {
    let object = try scratchMemory(4096)
    do {
      let first = try object.map()
      let second = try object.map()
      try first.unmap()
      // As long as somebody has it mapped to be written, it cannot be sealed against that.
      #expect(reason { try object.add(.write) } == .resourceBusy)
      #expect(try second.bytes(count: 1) == [0])
    }
    try object.add(.write)
  }

  @Test func `a mapping outlives the object`() throws {
    let object = try scratchMemory(4096)
    let memory = try object.map()
    try object.close()
    #expect(try memory.bytes(count: 1) == [0])
  }

  @Test func `a mapping follows the object when it grows`() throws {
    let object = try scratchMemory(4096)
    var memory = try object.map()
    let bytes: [UInt8] = [5]
    try memory.write(bytes.span, at: 4095)
    try object.resize(to: 1 << 20)
    try memory.resize(to: 1 << 20)
    #expect(memory.size == 1 << 20)
    try memory.write(bytes.span, at: 1 << 20 - 1)
    #expect(try memory.bytes(at: 4095, count: 2) == [5, 0])
    for count in [0, -1, Int.min] {
      #expect(reason { try memory.resize(to: count) } != nil)
      #expect(memory.size == 1 << 20)
    }
    #expect(try memory.bytes(at: 4095, count: 1) == [5])
  }

  @Test func `a private mapping keeps what is written into it to itself`() throws {
    let object = try scratchMemory(4096)
    let mine = try object.mapPrivate()
    let bytes: [UInt8] = [1]
    try mine.write(bytes.span)
    #expect(try mine.bytes(count: 1) == [1])
    #expect(try object.map().bytes(count: 1) == [0])
    try mine.advise(.dontNeed)
    #expect(try mine.bytes(count: 1) == [0])
  }

  @Test(arguments: [(1, 4096), (4095, 1), (0, 0), (-4096, 4096), (0, -1), (8192, nil)] as [(Int, Int?)])
  func `what cannot be mapped is refused`(offset: Int, count: Int?) throws {
    let object = try scratchMemory(8192)
    #expect(reason { _ = try object.map(at: offset, count: count) } != nil)
  }

  @Test func `seals keep what they say from everybody`() throws {
    let object = try scratchMemory(4096)
    #expect(try object.seals() == [])
    do {
      let memory = try object.map()
      #expect(reason { try object.add(.write) } == .resourceBusy)
      try memory.unmap()
    }
    try object.add([.shrink, .grow])
    #expect(reason { try object.resize(to: 0) } == .notPermitted)
    #expect(reason { try object.allocate(8192) } == .notPermitted)
    try object.add([.write, .seal])
    #expect(try object.seals() == [.shrink, .grow, .write, .seal])
    #expect(reason { _ = try object.map() } == .notPermitted)
    #expect(reason { try object.add(.write) } == .notPermitted)
    #expect(try MemoryObject<ReadWrite>(anonymous: "plain", sealable: false).seals() == .seal)
  }
}
