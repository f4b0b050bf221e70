import AllocationCount

/// What `rounds` of something allocate, after two that also make what is made once: what the runtime needs, and room that is
/// used again.
func allocations(in rounds: Int = 10_000, of round: () throws -> Void) rethrows -> Int {
  for _ in 0..<2 { try round() }
  let before = allocation_count()
  for _ in 0..<rounds { try round() }
  return allocation_count() - before
}
