import AllocationCount

/// Returns the number of allocations in `rounds` calls of `round`, after two other calls that fill caches and reused
/// buffers.
func allocations(in rounds: Int = 10_000, of round: () throws -> Void) rethrows -> Int {
  for _ in 0..<2 { try round() }
  let before = allocation_count()
  for _ in 0..<rounds { try round() }
  return allocation_count() - before
}
