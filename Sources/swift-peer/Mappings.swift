internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Mapping memory, and loads and stores in memory of any kind.
let mappingOperations: [Peer.Operation] = [
  .init("mmap", "handle mapping length prot flags offset") { peer, parameters in
    let name = try parameters.text("mapping")
    try peer.handles.require(free: name)
    let isWritable =
      switch try parameters.flags("prot", of: protections) {
      case PROT_READ: false
      case PROT_READ | PROT_WRITE: true
      default: throw Invalid("memory is mapped with PROT_READ or PROT_READ|PROT_WRITE")
      }
    let object = try peer.mappableObject(parameters, isWritable: isWritable)
    let isPrivate = try parameters.flags("flags", of: sharings, default: MAP_SHARED) == MAP_PRIVATE
    let offset = try parameters.integer("offset", default: 0)
    let count = try parameters.count("length")
    let mapping =
      switch (isWritable, isPrivate) {
      case (false, false): try object.mapReadOnly(at: offset, count: count)
      case (true, false): try object.mapReadWrite(at: offset, count: count)
      case (true, true): try object.mapPrivate(at: offset, count: count)
      case (false, true): throw Invalid("MAP_PRIVATE needs PROT_WRITE")
      }
    try peer.handles.add(mapping, as: name)
    return Fields()
  },

  .init("munmap", "handle") { peer, parameters in
    try peer.handles.close(parameters.handle, as: (any Mapping).self, "mapping")
    return Fields()
  },

  .init("mremap", "handle new_size") { peer, parameters in
    try parameters.mapping(peer).resize(to: try parameters.count("new_size"))
    return Fields()
  },

  .init("msync", "handle at length flags") { peer, parameters in
    let mapping = try parameters.mapping(peer)
    let flags = try parameters.flags("flags", of: synchronizations, default: MS_SYNC)
    try mapping.sync(
      at: try parameters.integer("at", default: 0), count: try parameters.length(), waiting: flags == MS_SYNC)
    return Fields()
  },

  .init("madvise", "handle at length advice") { peer, parameters in
    let mapping = try parameters.mapping(peer)
    guard let advice = advices[try parameters.text("advice")] else { throw Invalid("that advice does not exist here") }
    try mapping.advise(advice, at: try parameters.integer("at", default: 0), count: try parameters.length())
    return Fields()
  },

  .init("mlock", "handle at length") { peer, parameters in
    try parameters.mapping(peer).lock(at: try parameters.integer("at", default: 0), count: try parameters.length())
    return Fields()
  },

  .init("munlock", "handle at length") { peer, parameters in
    try parameters.mapping(peer).unlock(at: try parameters.integer("at", default: 0), count: try parameters.length())
    return Fields()
  },

  .init("store", "handle at buf count pattern offset") { peer, parameters in
    let memory = try parameters.memory(peer)
    let bytes = try parameters.payload("buf", length: "count")
    try memory.write(bytes, at: try parameters.integer("at", default: 0))
    return Fields()
  },

  .init("load", "handle at count pattern offset") { peer, parameters in
    let memory = try parameters.memory(peer)
    let bytes = try memory.bytes(
      at: try parameters.integer("at", default: 0), count: try parameters.count())
    var fields = Fields()
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },
]

private let protections = FlagTable(["PROT_READ": PROT_READ, "PROT_WRITE": PROT_WRITE])
private let sharings = FlagTable(["MAP_SHARED": MAP_SHARED, "MAP_PRIVATE": MAP_PRIVATE])
private let synchronizations = FlagTable(["MS_SYNC": MS_SYNC, "MS_ASYNC": MS_ASYNC])
private let advices: [String: MemoryAdvice] = [
  "MADV_NORMAL": .normal, "MADV_RANDOM": .random, "MADV_SEQUENTIAL": .sequential, "MADV_WILLNEED": .willNeed,
  "MADV_DONTNEED": .dontNeed,
]

extension Parameters {
  fileprivate func memory(_ peer: Peer) throws -> any MemoryHandle {
    try peer.handles.find(handle, as: (any MemoryHandle).self, "memory")
  }

  fileprivate func mapping(_ peer: Peer) throws -> any Mapping {
    try peer.handles.find(handle, as: (any Mapping).self, "mapping")
  }

  /// Returns the parameter `length`, or nil for all bytes to the end.
  fileprivate func length() throws -> Int? { has("length") ? try count("length") : nil }
}

/// A handle to memory that this process shares by any mechanism.
protocol MemoryHandle: Handle {
  func bytes(at offset: Int, count: Int) throws -> [UInt8]
  func write(_ bytes: [UInt8], at offset: Int) throws
}

/// A handle to memory in which objects can be placed.
protocol SharedHandle: MemoryHandle {
  func placement() throws -> SharedRegion
}

extension Peer {
  /// Returns the memory in which a request's object is placed.
  ///
  /// The C library keeps the addresses of locked mutexes in a list, so the region must stay mapped as long as the
  /// handle exists.
  func region(_ parameters: Parameters) throws -> SharedRegion { try region(named: try parameters.text("memory")) }

  func region(named name: String) throws -> SharedRegion {
    let memory = try handles.find(name, as: (any MemoryHandle).self, "memory")
    // Read-only memory has no method that writes. In C, the write would raise SIGSEGV.
    guard let shared = memory as? any SharedHandle else { throw Failure(.badAddress) }
    return try shared.placement()
  }
}

extension SharedRegion {
  /// Increments an 8-byte number in two steps.
  ///
  /// If another process increments the number between the two steps, its increment is lost.
  func increment(at offset: Int) throws(IPCError) {
    try store(try load(as: UInt64.self, at: offset) &+ 1, at: offset)
  }
}

/// A handle to a mapping, read-only or read-write.
protocol Mapping: MemoryHandle {
  func resize(to count: Int) throws
  func sync(at offset: Int, count: Int?, waiting: Bool) throws
  func advise(_ advice: MemoryAdvice, at offset: Int, count: Int?) throws
  func lock(at offset: Int, count: Int?) throws
  func unlock(at offset: Int, count: Int?) throws
}

class MappingHandle<Access: MemoryAccess>: Mapping {
  private final var memory: MemoryMapping<Access>?

  init(_ memory: consuming MemoryMapping<Access>) { self.memory = consume memory }

  final func close() throws { try memory.take()?.unmap() }

  final func use<Value: ~Copyable>(_ body: (borrowing MemoryMapping<Access>) throws -> Value) throws -> Value {
    switch memory {
    case let memory?: try body(memory)
    case nil: throw Invalid("the memory is unmapped")
    }
  }

  final func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    try use { try $0.copyBytes(at: offset, count: count) }
  }

  func resize(to count: Int) throws { try memory?.resize(to: count) }

  final func sync(at offset: Int, count: Int?, waiting: Bool) throws {
    try use { try $0.sync(at: offset, count: count, waiting: waiting) }
  }

  final func advise(_ advice: MemoryAdvice, at offset: Int, count: Int?) throws {
    try use { try $0.advise(advice, at: offset, count: count) }
  }

  final func lock(at offset: Int, count: Int?) throws { try use { try $0.lock(at: offset, count: count) } }
  final func unlock(at offset: Int, count: Int?) throws { try use { try $0.unlock(at: offset, count: count) } }

  /// Fails with the error that the protocol specifies, because a read-only mapping has no method that writes.
  ///
  /// In C, the write would raise SIGSEGV.
  func write(_ bytes: [UInt8], at offset: Int) throws { throw Failure(.badAddress) }
}

final class WritableMappingHandle: MappingHandle<ReadWriteAccess>, SharedHandle {
  private var region: SharedRegion?

  override func write(_ bytes: [UInt8], at offset: Int) throws { try use { try $0.copy(bytes.span, at: offset) } }

  override func resize(to count: Int) throws {
    try super.resize(to: count)
    region = nil
  }

  /// Maps the same memory a second time, for the objects placed in it.
  func placement() throws -> SharedRegion {
    if let region { return region }
    let region = SharedRegion(try use { try $0.mapAgain() })
    self.region = region
    return region
  }
}
