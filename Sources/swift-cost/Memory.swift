internal import IPC

private typealias Block = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
private let large = 1 << 20

/// Mapped memory: loads, stores and copies.
let memoryCosts = [
  Cost(name: "memory-load", kind: .single(50_000_000)) { run in
    let region = try run.map(4096)
    for _ in 0..<run.count {
      var block = try region.load(as: Block.self, at: 64)
      unsafe observe(&block)
    }
  },

  Cost(name: "memory-store", kind: .single(50_000_000)) { run in
    let region = try run.map(4096)
    var block: Block = (1, 1, 1, 1, 1, 1, 1, 1)
    for _ in 0..<run.count {
      try region.store(block, at: 64)
      unsafe observe(&block)
    }
  },

  Cost(name: "memory-copy", kind: .single(2_000)) { run in
    let region = try run.map(large)
    try region.withMutableBytes { span in
      for index in span.byteOffsets { span.storeBytes(of: 1, toByteOffset: index, as: UInt8.self) }
    }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: large, alignment: 4096)
    defer { unsafe room.deallocate() }
    for _ in 0..<run.count {
      var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      try region.copy(into: &bytes)
      require(bytes.byteCount == large)
    }
  },
]

/// Does nothing, but the compiler cannot see that.
///
/// This prevents the compiler from removing or merging the measured code.
@inline(never) @_optimize(none)
private func observe(_ pointer: UnsafeRawPointer) {}
