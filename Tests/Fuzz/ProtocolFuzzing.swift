import FuzzedC
import Glibc
import PeerProtocol
import SystemPackage

@testable import Harness

/// Targets for output from peers and the sandbox init, which the harness does not trust.
extension FuzzTarget {
  /// Parses a line from a peer.
  ///
  /// If the result is written and parsed again, it must be the same.
  static let contract = FuzzTarget(name: "contract") { input in
    let line = String(decoding: input, as: UTF8.self)
    if let answer = try? Response(parsing: line) {
      try demand(try Response(parsing: answer.description) == answer, "a response that differs when parsed again")
      if case .ok(let fields) = answer {
        let check = ResponseCheck(registry: OperationRegistry([]))
        for key in fields.keys {
          let encoded = PercentEncoding.encode(fields[bytes: key] ?? [])
          let mismatch = check.mismatch(
            key: key, relation: .equal(Template(pieces: [])), expected: encoded, actual: fields[bytes: key])
          try demand(mismatch == nil, "a value that differs from itself: \(mismatch?.reason ?? "")")
          _ = check.mismatch(key: key, relation: .less(Template(pieces: [])), expected: "7", actual: [])
        }
      }
    }
    if let request = try? Request(parsing: line) {
      try demand(try Request(parsing: request.description) == request, "a request that differs when parsed again")
    }
    if let greeting = try? Greeting(parsing: line) {
      try demand(
        try Greeting(parsing: greeting.description) == greeting, "a greeting that differs when parsed again")
    }
    let shown = line.escapedForDisplay
    try demand(!shown.unicodeScalars.contains(where: \.isUnsafeToDisplay), "not escaped: \(Array(shown.utf8))")
    let encoded = PercentEncoding.encode(input)
    try demand(PercentEncoding.decode(encoded).map { $0 == input } == true, "encoding and decoding changes the bytes")
    _ = PercentEncoding.decode(line)
  }

  /// Splits peer output into lines, without losing or adding bytes.
  static let lines = FuzzTarget(name: "lines") { input in
    let ends = try FileDescriptor.pipe(options: .closeOnExec)
    let limit = input.first.map { Int($0) * 64 } ?? 64
    let source = LineSource(OwnedDescriptor(ends.readEnd), limit: limit)
    let bytes = Array(input.prefix(32_000))
    _ = try ends.writeEnd.writeAll(bytes)
    try ends.writeEnd.close()
    var lines: [String] = []
    while !source.isEnded {
      source.receive()
      while let line = source.nextLine() { lines.append(line) }
    }
    if let rest = source.takeRest() { lines.append(rest) }
    try demand(source.isFlooded == (bytes.count > limit), "\(bytes.count) bytes where \(limit) are allowed")
    if !source.isFlooded {
      var wanted = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      if wanted.last?.isEmpty == true { wanted.removeLast() }
      try demand(lines == wanted, "the lines \(lines) of \(bytes)")
    }
  }

  /// Parses a line of the sandbox-init protocol, in C and in the harness.
  ///
  /// Both must return the same result.
  static let wire = FuzzTarget(name: "wire") { input in
    var key: [UInt8] = []
    var rest = input[...]
    while let byte = rest.popFirst(), byte != 0 { key.append(byte) }
    let line = rest.filter { $0 != 0 && $0 != UInt8(ascii: "\n") }
    let theirs = unsafe (line + [0]).withUnsafeBufferPointer { line in
      unsafe (key + [0]).withUnsafeBufferPointer { key in
        var length = 0
        let value = unsafe fuzzed_field(line.baseAddress, key.baseAddress, &length)
        return unsafe value.map { unsafe Array(UnsafeBufferPointer(start: $0, count: length)) }
      }
    }
    let text = String(decoding: line, as: UTF8.self)
    let isPlain = !key.isEmpty && !key.contains(UInt8(ascii: "=")) && !key.contains(UInt8(ascii: " "))
    if isPlain, Array(text.utf8) == line, let request = try? Request(parsing: text),
      !text.hasPrefix(" ")
    {
      let ours = request.fields[bytes: String(decoding: key, as: UTF8.self)]
      try demand(ours == theirs, "\(key) in \(line): here \(ours ?? []), there \(theirs ?? [])")
    }
    var encoded = [UInt8](repeating: 0, count: 3 * rest.count)
    let count = unsafe Array(rest).withUnsafeBufferPointer { bytes in
      unsafe encoded.withUnsafeMutableBufferPointer {
        unsafe fuzzed_encode(bytes.baseAddress, bytes.count, $0.baseAddress, $0.count)
      }
    }
    try demand(
      String(decoding: encoded.prefix(count), as: UTF8.self) == PercentEncoding.encode(rest), "encoding differs from C")
  }
}
