import IPC
import SystemPackage

/// Shared memory with an object at its end.
///
/// Another process has overwritten some bytes of the object.
///
/// To detect accesses outside the object, the bytes before the object have a known value, and the page after it is
/// unmapped.
@safe struct UntrustedMemory {
  private static let length = 8192
  private static let guardByte: UInt8 = 0xA5

  let region: SharedRegion
  /// The offset of the object in the region.
  let offset: Int
  private let size: Int
  private let initialByte: UInt8
  private let base: UnsafeMutableRawPointer

  /// Allocates memory for an object of `size` bytes, and fills it with `initialByte`.
  init(objectSize size: Int, filledWith initialByte: UInt8) throws {
    region = try SharedRegion(size: Self.length)
    offset = Self.length - size
    self.size = size
    self.initialByte = initialByte
    unsafe base = try region.place(bytes: Self.length, alignment: 8, at: 0)
  }

  /// The address of the object, for C.
  @unsafe var object: UnsafeMutableRawPointer { unsafe base + offset }

  /// Recreates the object, and overwrites some of its bytes.
  func overwrite(
    with bytes: some Sequence<UInt8>, at start: Int = 0, create: (SharedRegion, Int) throws -> Void
  ) throws {
    unsafe base.initializeMemory(as: UInt8.self, repeating: Self.guardByte, count: Self.length)
    unsafe object.initializeMemory(as: UInt8.self, repeating: initialByte, count: size)
    try create(region, offset)
    for (index, byte) in bytes.prefix(size - start).enumerated() {
      unsafe object.storeBytes(of: byte, toByteOffset: start + index, as: UInt8.self)
    }
  }

  /// Checks the bytes before the object, and returns the object's bytes.
  ///
  /// - Throws: ``Violation`` if bytes before the object were changed.
  func contents(after language: String) throws -> [UInt8] {
    let all = unsafe Array(UnsafeRawBufferPointer(start: base, count: Self.length))
    if let changed = all.prefix(offset).firstIndex(where: { $0 != Self.guardByte }) {
      throw Violation(description: "\(language) wrote to byte \(changed - offset) of the object")
    }
    return Array(all.dropFirst(offset))
  }
}
