import Glibc
import SystemPackage

/// The harness's end of a child's input. It never blocks; whoever writes decides what to do while it is full.
final class LineSink {
  private var end: OwnedDescriptor?

  init(_ end: OwnedDescriptor) { self.end = end }

  /// The child reads the end of its input.
  func close() { end = nil }

  enum Outcome { case all, some(Int), gone }

  /// Writes as much of `bytes` as goes in now.
  func write(_ bytes: ArraySlice<UInt8>) -> Outcome {
    guard let descriptor = end?.descriptor else { return .gone }
    do {
      let count = unsafe try bytes.withUnsafeBytes { unsafe try descriptor.write($0) }
      return count == bytes.count ? .all : .some(count)
    } catch let error as Errno where error == .resourceTemporarilyUnavailable {
      return .some(0)
    } catch {
      return .gone
    }
  }
}
