// async-cost [ROUNDS]: measures the time of one-byte round trips, with blocking and with asynchronous calls in the same
// run, and counts allocations. The exit status is 1 if round trips allocate memory.

internal import IPC
internal import IPCAsync

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
let repetitions = 9

/// Formats a duration in microseconds with one decimal place.
func microseconds(_ duration: Duration) -> String {
  let nanoseconds = duration.components.attoseconds / 1_000_000_000 + duration.components.seconds * 1_000_000_000
  let tenths = nanoseconds / Int64(rounds) / 100
  return "\(tenths / 10).\(tenths % 10)"
}

/// Prints the measurements for one type of side, and returns the number of allocations.
func report<S: Side & ~Copyable>(_ side: S.Type) async throws -> Int {
  var times: [Variant: [Duration]] = [:]
  for _ in 0..<repetitions {
    // Measure the variants in turn, so that other load on the system affects all of them.
    for variant in Variant.allCases { times[variant, default: []].append(try await variant.measure(side, rounds)) }
  }
  let fastest = times.compactMapValues { $0.min() }
  let base = fastest[.threads] ?? .zero
  for variant in Variant.allCases {
    let time = fastest[variant] ?? .zero
    let ratio = (time / base * 100).rounded() / 100
    print("\(S.name), \(variant.rawValue): \(microseconds(time)) µs, ratio \(ratio)")
  }
  let allocations = try await countAllocations(side)
  print("\(S.name): \(allocations) allocations in 1000 round trips")
  return allocations
}

let counts = [
  try await report(PipeSide.self), try await report(SocketSide.self), try await report(CounterSide.self),
]
// A few allocations are allowed, because an array in the event loop may still grow.
exit(counts.contains { $0 > 10 } ? 1 : 0)
