internal import Synchronization

/// The number of the relaxed atomic operation, or -1.
package nonisolated(unsafe) var relaxedSite = -1

// `.ci/orders` replaces `ordering: .acquiring` with `acquiring: 7`, with a different number at each call site.
extension Atomic where Value == UInt32 {
  func load(acquiring site: Int) -> Value {
    site == relaxedSite ? load(ordering: .relaxed) : load(ordering: .acquiring)
  }
  func load(sequentiallyConsistent site: Int) -> Value {
    site == relaxedSite ? load(ordering: .relaxed) : load(ordering: .sequentiallyConsistent)
  }
  func store(_ value: Value, releasing site: Int) {
    if site == relaxedSite { store(value, ordering: .relaxed) } else { store(value, ordering: .releasing) }
  }
  func store(_ value: Value, sequentiallyConsistent site: Int) {
    if site == relaxedSite { store(value, ordering: .relaxed) } else { store(value, ordering: .sequentiallyConsistent) }
  }
  func exchange(_ value: Value, acquiringAndReleasing site: Int) -> Value {
    site == relaxedSite ? exchange(value, ordering: .relaxed) : exchange(value, ordering: .acquiringAndReleasing)
  }
  func compareExchange(expected: Value, desired: Value, acquiringAndReleasing site: Int) -> (
    exchanged: Bool, original: Value
  ) {
    site == relaxedSite
      ? compareExchange(expected: expected, desired: desired, ordering: .relaxed)
      : compareExchange(expected: expected, desired: desired, ordering: .acquiringAndReleasing)
  }
  @discardableResult
  func wrappingAdd(_ value: Value, acquiringAndReleasing site: Int) -> (oldValue: Value, newValue: Value) {
    site == relaxedSite
      ? wrappingAdd(value, ordering: .relaxed) : wrappingAdd(value, ordering: .acquiringAndReleasing)
  }
  func bitwiseOr(_ value: Value, acquiringAndReleasing site: Int) -> (oldValue: Value, newValue: Value) {
    site == relaxedSite ? bitwiseOr(value, ordering: .relaxed) : bitwiseOr(value, ordering: .acquiringAndReleasing)
  }
}

extension Atomic where Value == UInt64 {
  func load(acquiring site: Int) -> Value {
    site == relaxedSite ? load(ordering: .relaxed) : load(ordering: .acquiring)
  }
  func load(sequentiallyConsistent site: Int) -> Value {
    site == relaxedSite ? load(ordering: .relaxed) : load(ordering: .sequentiallyConsistent)
  }
  func store(_ value: Value, releasing site: Int) {
    if site == relaxedSite { store(value, ordering: .relaxed) } else { store(value, ordering: .releasing) }
  }
  func store(_ value: Value, sequentiallyConsistent site: Int) {
    if site == relaxedSite { store(value, ordering: .relaxed) } else { store(value, ordering: .sequentiallyConsistent) }
  }
  func compareExchange(expected: Value, desired: Value, sequentiallyConsistent site: Int) -> (
    exchanged: Bool, original: Value
  ) {
    site == relaxedSite
      ? compareExchange(expected: expected, desired: desired, ordering: .relaxed)
      : compareExchange(expected: expected, desired: desired, ordering: .sequentiallyConsistent)
  }
  @discardableResult
  func wrappingAdd(_ value: Value, acquiringAndReleasing site: Int) -> (oldValue: Value, newValue: Value) {
    site == relaxedSite
      ? wrappingAdd(value, ordering: .relaxed) : wrappingAdd(value, ordering: .acquiringAndReleasing)
  }
  func wrappingAdd(_ value: Value, sequentiallyConsistent site: Int) -> (oldValue: Value, newValue: Value) {
    site == relaxedSite
      ? wrappingAdd(value, ordering: .relaxed) : wrappingAdd(value, ordering: .sequentiallyConsistent)
  }
}
