internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Stamped records through a pipe or a socket, in tight loops: whether they stay whole is what the atomicity check asks.
let recordOperations: [Peer.Operation] = [
  .init("write_records") { peer, parameters in
    let end = try peer.bytes(parameters)
    let (writer, count): (UInt32, UInt32) = (try parameters.integer("writer"), try parameters.integer("count"))
    let patience = try end.patience(parameters)
    let frame = try unsafe parameters.frame()
    defer { unsafe frame.deallocate() }
    var fields = Fields()
    for sequence in 0..<count {
      var record = unsafe OutputRawSpan(buffer: frame, initializedCount: 0)
      Record.append(writer: writer, sequence: sequence, size: frame.count, to: &record)
      do {
        let result = try end.writeAll(record.bytes, patience: patience, interruption: .report)
        guard case .wrote = result else {
          fields.append("return", sequence)
          _ = try result.written(fields)
          break
        }
      } catch let error as IPCError {
        fields.append("return", sequence)
        throw Failure(error, fields)
      }
    }
    fields.append("return", count)
    return fields
  },

  .init("read_records") { peer, parameters in
    let end = try peer.bytes(parameters)
    let patience = try end.patience(parameters)
    let frame = try unsafe parameters.frame()
    defer { unsafe frame.deallocate() }
    var tally = Tally()
    while true {
      var record = unsafe OutputRawSpan(buffer: frame, initializedCount: 0)
      switch try end.readExactly(into: &record, patience: patience, interruption: .report) {
      case .read: tally.count(record.bytes)
      case .endOfFile(let rest):
        if rest > 0 { tally.torn += 1 }
        return tally.fields
      case .wouldBlock: throw Failure(.wouldBlock)
      case .timedOut: throw Failure(.timedOut)
      }
    }
  },
]

/// What a reader knows of the records that it has read.
private struct Tally {
  var torn = 0
  private var records = 0
  private var disordered = 0
  private var writers: [Writer] = []

  private struct Writer {
    let number: UInt32
    var last: UInt32
    var largest: UInt32
    var seen = 1
  }

  mutating func count(_ frame: RawSpan) {
    guard let (number, sequence) = Record.check(frame) else {
      torn += 1
      return
    }
    records += 1
    guard let index = writers.firstIndex(where: { $0.number == number }) else {
      writers.append(Writer(number: number, last: sequence, largest: sequence))
      return
    }
    if sequence <= writers[index].last { disordered += 1 }
    writers[index].seen += 1
    writers[index].last = sequence
    writers[index].largest = max(writers[index].largest, sequence)
  }

  var fields: Fields {
    var fields = Fields()
    fields.append("records", records)
    fields.append("torn", torn)
    fields.append("lost", writers.reduce(0) { $0 + Int($1.largest) + 1 - $1.seen })
    fields.append("disordered", disordered)
    fields.append("writers", writers.count)
    return fields
  }
}

extension Parameters {
  /// Room for one record, made once.
  fileprivate func frame() throws -> UnsafeMutableRawBufferPointer {
    let size = try room("size")
    guard size >= Record.headerSize else {
      throw Invalid("size=\(size): a record has \(Record.headerSize) bytes at least")
    }
    return .allocate(byteCount: size, alignment: 8)
  }
}
