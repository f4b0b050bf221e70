internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Stamped records through a pipe or a socket, in tight loops, for the atomicity check.
let recordOperations: [Peer.Operation] = [
  .init("write_records", "handle writer count size") { peer, parameters in
    let stream = try peer.bytes(parameters)
    let (writer, count): (UInt32, UInt32) = (try parameters.integer("writer"), try parameters.integer("count"))
    let timeout = try stream.timeout(parameters)
    let frame = try unsafe parameters.frame()
    defer { unsafe frame.deallocate() }
    var fields = Fields()
    for sequence in 0..<count {
      var record = unsafe OutputRawSpan(buffer: frame, initializedCount: 0)
      Record.append(writer: writer, sequence: sequence, size: frame.count, to: &record)
      do {
        try stream.writeAll(record.bytes, timeout: timeout, retryOnInterrupt: false)
      } catch let error as IPCError {
        fields.append("return", sequence)
        throw Failure(error, fields)
      }
    }
    fields.append("return", count)
    return fields
  },

  .init("read_records", "handle size") { peer, parameters in
    let stream = try peer.bytes(parameters)
    let timeout = try stream.timeout(parameters)
    let frame = try unsafe parameters.frame()
    defer { unsafe frame.deallocate() }
    var tally = Tally()
    while true {
      var record = unsafe OutputRawSpan(buffer: frame, initializedCount: 0)
      let count = try stream.readExactly(into: &record, timeout: timeout, retryOnInterrupt: false)
      if count == frame.count {
        tally.count(record.bytes)
        continue
      }
      if count > 0 { tally.torn += 1 }
      return tally.fields
    }
  },
]

/// A reader's intermediate results.
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
  /// Allocates a buffer for one record.
  fileprivate func frame() throws -> UnsafeMutableRawBufferPointer {
    let size = try room("size")
    guard size >= Record.headerSize else {
      throw Invalid("size=\(size): a record has at least \(Record.headerSize) bytes")
    }
    return .allocate(byteCount: size, alignment: 8)
  }
}
