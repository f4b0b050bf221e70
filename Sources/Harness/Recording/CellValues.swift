import PeerProtocol

/// The process IDs and names in one cell, which a recording contains as variables.
struct CellValues: Sendable {
  /// The process IDs, with the names of their variables: `client.pid`, `client.child-1.pid`.
  private var pids: [(variable: String, pid: Int)] = []
  private let names: CellNames
  private let scratch: String

  init(_ traces: [RoleTrace], names: CellNames, scratch: String) {
    self.names = names
    self.scratch = scratch
    for trace in traces {
      pids.append(("\(trace.role).pid", trace.pid))
      var children = 0
      for event in trace.events where event.kind == "process" {
        children += 1
        pids.append(("\(trace.role).child-\(children).pid", event.pid))
      }
    }
  }

  /// Returns the value of a variable in a recording; nil if the cell does not have that variable.
  func value(of variable: String) -> String? {
    if let pid = pids.first(where: { $0.variable == variable })?.pid { return "\(pid)" }
    var names = names
    return variable.hasPrefix("key") ? nil : names.value(of: variable, scratch: scratch)
  }

  func variable(ofProcess pid: Int) -> String? { pids.first { $0.pid == pid }?.variable }

  /// The smallest number that is replaced with a variable.
  ///
  /// Smaller numbers are often not process IDs.
  private static let smallestPID = 256

  // MARK: - Replacing values

  /// Returns a name with variables in place of this cell's values.
  func name(_ text: String) -> String {
    let pieces = pieces(of: Array(text.utf8), hasIntegers: false)
    return pieces.map { piece in
      switch piece {
      case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
      case .variable(let name, _): "{\(name)}"
      case .digest: ""
      }
    }.joined()
  }

  /// Returns a System V key as text: `{key}` is the first key of the cell.
  func key(_ key: Int) -> String {
    guard let number = Int32(exactly: key), names.keys.contains(number) else { return "\(key)" }
    return number == names.firstKey ? "{key}" : "{key-\(Int(number - names.firstKey) + 1)}"
  }

  /// Returns the bytes with variables in place of this cell's values.
  func recorded(_ bytes: [UInt8]) -> RecordedBytes {
    guard bytes.count <= RecordedBytes.maximum else {
      return RecordedBytes(pieces: [.digest(count: bytes.count, Digest(bytes))])
    }
    return RecordedBytes(pieces: pieces(of: bytes, hasIntegers: true))
  }

  /// Returns a message type in a System V queue, which is often the process ID of the client waiting for the message.
  func type(_ number: Int) -> MessageType {
    let variable = number >= Self.smallestPID ? variable(ofProcess: number) : nil
    return variable.map(MessageType.process) ?? .number(number)
  }

  private func pieces(of bytes: [UInt8], hasIntegers: Bool) -> [RecordedBytes.Piece] {
    var pieces: [RecordedBytes.Piece] = []
    var literal: [UInt8] = []
    var index = 0
    func end(_ variable: String, width: Int?, length: Int) {
      if !literal.isEmpty { pieces.append(.bytes(literal)) }
      literal = []
      pieces.append(.variable(variable, width: width))
      index += length
    }
    while index < bytes.count {
      if let (variable, length) = text(in: bytes, at: index) {
        end(variable, width: nil, length: length)
      } else if hasIntegers, index % 4 == 0, let variable = integer(in: bytes, at: index) {
        end(variable, width: 4, length: 4)
      } else {
        literal.append(bytes[index])
        index += 1
      }
    }
    if !literal.isEmpty { pieces.append(.bytes(literal)) }
    return pieces
  }

  /// Returns the variable whose text begins at `index`, and its length.
  private func text(in bytes: [UInt8], at index: Int) -> (String, Int)? {
    for (prefix, kinds) in [
      ("/\(names.token)-", ["mq", "shm"]), ("\(scratch)/\(names.token)-", ["fifo", "path"]),
      ("\(names.token)-", ["abstract"]),
    ] where bytes[index...].starts(with: prefix.utf8) {
      let rest = bytes[(index + prefix.utf8.count)...].prefix {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || $0 == UInt8(ascii: "-")
      }
      // A program may append text to a name, as in `{mq}7`; only a name that has a value is a variable.
      let text = String(decoding: rest, as: UTF8.self)
      if let kind = kinds.first(where: text.hasPrefix) {
        let variable = text == kind || text.hasPrefix("\(kind)-") ? text : kind
        return (variable, prefix.utf8.count + variable.utf8.count)
      }
    }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard digits.contains(bytes[index]), index == 0 || !digits.contains(bytes[index - 1]) else { return nil }
    let run = bytes[index...].prefix { digits.contains($0) }
    guard run.count <= 10, let pid = Int(String(decoding: run, as: UTF8.self)), pid >= Self.smallestPID,
      let variable = variable(ofProcess: pid)
    else { return nil }
    return (variable, run.count)
  }

  /// Returns the variable whose value is the 32-bit integer at `index`, in host byte order.
  private func integer(in bytes: [UInt8], at index: Int) -> String? {
    guard index + 4 <= bytes.count else { return nil }
    let number = bytes[index..<index + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    return number >= Self.smallestPID ? variable(ofProcess: number) : nil
  }
}
