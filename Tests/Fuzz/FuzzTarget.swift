/// Something that is given bytes which nobody vouches for: a file that somebody wrote, what a peer says, what stands in
/// memory that others can write.
///
/// `make fuzz` gives each of them millions of inputs; `make unit` gives them those of `fixtures/corpus` again.
struct FuzzTarget: Sendable, CustomStringConvertible {
  let name: String
  /// Throws when what must hold of all bytes does not hold of these. A trap, an access beyond what is there and an endless
  /// loop are found without being asked for.
  let run: @Sendable ([UInt8]) throws -> Void

  var description: String { name }

  static let all = [
    scenarios, operations, transcripts, pitfalls, peers, expectations, mutants,
    contract, lines, wire,
    names, channel, queue, lock, ring, enclosures,
  ]
}

/// What must hold of all bytes, and does not hold of some.
struct Violation: Error, CustomStringConvertible {
  let description: String
}

func demand(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Violation(description: what()) }
}

/// Takes numbers from the front of an input, and what is left as it is. What is not there any more is zero.
struct Ingredients {
  private(set) var rest: ArraySlice<UInt8>

  init(_ input: [UInt8]) { rest = input[...] }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number {
    (0..<Number.bitWidth / 8).reduce(0) { $0 | Number(truncatingIfNeeded: byte()) << (8 * $1) }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
}
