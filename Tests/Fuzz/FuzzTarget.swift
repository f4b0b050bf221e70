/// A function under test that reads untrusted bytes: from a file, from a peer, or from memory that another process can
/// write.
///
/// `make fuzz` runs each target on millions of inputs. The tests run it on the inputs in `fixtures/corpus`.
struct FuzzTarget: Sendable, CustomStringConvertible {
  let name: String
  /// Throws an error if the code violates a property for an input.
  ///
  /// Traps, out-of-bounds accesses and endless loops are detected without an explicit check.
  let run: @Sendable ([UInt8]) throws -> Void

  var description: String { name }

  static let all = [
    scenarios, operations, transcripts, pitfalls, peers, expectations, mutants,
    contract, lines, wire, recordings, events,
    names, channel, queue, lock, ring, ancillary,
  ]
}

/// A violation of a property that must hold for every input.
struct Violation: Error, CustomStringConvertible {
  let description: String
}

func demand(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Violation(description: what()) }
}

/// Reads numbers and bytes from the start of an input.
///
/// After the end of the input, all numbers are zero.
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
