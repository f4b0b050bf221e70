import IPC
import SystemPackage
import Testing

@Suite struct SharedQueueSizeTests {
  @Test(arguments: [
    (0, 1), (1, 0), (-1, 1), (1, -1), ((1 << 30) + 1, 1), (1, (1 << 30) + 1), (.max, .max), (.min, .min),
  ])
  func `sizes that no queue has are an error`(_ slots: Int, _ size: Int) throws {
    let region = try SharedRegion(size: 4096)
    #expect(reason { _ = try SharedQueue.size(slots: slots, of: size) } == .invalidArgument)
    #expect(reason { _ = try SharedQueue(makingIn: region, at: 0, slots: slots, of: size) } == .invalidArgument)
  }

  @Test func `sizes that no memory has are an error of the memory`() throws {
    #expect(try SharedQueue.size(slots: 1, of: 1) == 144)
    #expect(try SharedQueue.size(slots: 1 << 30, of: 1 << 30) == 128 + (1 << 30) * (8 + (1 << 30)))
    let region = try SharedRegion(size: 4096)
    #expect(
      reason { _ = try SharedQueue(makingIn: region, at: 0, slots: 1 << 30, of: 1 << 30) } == .badAddress)
  }
}
