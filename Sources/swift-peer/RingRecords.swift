internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Many bytes and records through a ring, in tight loops.
let ringRecordOperations: [Peer.Operation] = [
  .init("ring_write_all", "handle buf count pattern offset piece") { peer, parameters in
    let ring = try peer.ring(parameters)
    let bytes = try parameters.payload("buf", length: "count")
    let piece = try parameters.piece()
    var done = 0
    return try reporting({ ["return": UInt64(done)] }) {
      while done < bytes.count {
        let rest = bytes.span.extracting(droppingFirst: done)
        done += try ring.write(unsafe rest.extracting(first: piece).bytes, .never, false)
      }
    }
  },

  .init("ring_read_all", "handle count pattern offset piece") { peer, parameters in
    let ring = try peer.ring(parameters)
    let piece = try parameters.piece()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 8)
    defer { unsafe buffer.deallocate() }
    let limit = try parameters.room("count")
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(piece, limit - bytes.count)])
      var room = unsafe OutputRawSpan(buffer: part, initializedCount: 0)
      let count = try ring.read(into: &room, .never, false)
      if count == 0 { break }
      unsafe bytes.append(contentsOf: buffer[..<count])
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("ring_write_records", "handle count size") { peer, parameters in
    let ring = try peer.ring(parameters)
    let count = UInt64(try parameters.count())
    let record = try unsafe parameters.words()
    defer { unsafe record.deallocate() }
    var done: UInt64 = 0
    return try reporting({ ["return": done] }) {
      while done < count {
        unsafe number(record, done)
        try ring.send(unsafe UnsafeRawBufferPointer(record).bytes, .never, false)
        done += 1
      }
    }
  },

  .init("ring_read_records", "handle size") { peer, parameters in
    let ring = try peer.ring(parameters)
    let record = try unsafe parameters.words()
    defer { unsafe record.deallocate() }
    var (records, wrong): (UInt64, UInt64) = (0, 0)
    return try reporting({ ["records": records, "wrong": wrong] }) {
      while true {
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(record), initializedCount: 0)
        guard let length = try ring.receive(into: &room, .never, false) else { return }
        if length != record.count * 8 || !(unsafe isNumbered(record, records)) { wrong += 1 }
        records += 1
      }
    }
  },
]

/// Fills a numbered record: word i of record n is the first word of pattern n, plus i.
///
/// The receiver can check every byte, and filling a record costs no more than a copy.
private func number(_ record: UnsafeMutableBufferPointer<UInt64>, _ number: UInt64) {
  let first = Pattern(seed: number).word(0)
  for index in record.indices { unsafe record[index] = (first &+ UInt64(index)).littleEndian }
}

private func isNumbered(_ record: UnsafeMutableBufferPointer<UInt64>, _ number: UInt64) -> Bool {
  let first = Pattern(seed: number).word(0)
  var difference: UInt64 = 0
  for index in record.indices {
    unsafe difference |= UInt64(littleEndian: record[index]) ^ (first &+ UInt64(index))
  }
  return difference == 0
}

/// Runs `perform`, and reports the progress even if `perform` fails.
private func reporting(_ progress: () -> KeyValuePairs<String, UInt64>, _ perform: () throws -> Void) throws -> Fields {
  var fields: Fields {
    var fields = Fields()
    for (key, value) in progress() { fields.append(key, value) }
    return fields
  }
  do {
    try perform()
    return fields
  } catch let error as IPCError {
    throw Failure(error, fields)
  }
}

extension Parameters {
  fileprivate func piece() throws -> Int {
    let piece: Int = try integer("piece")
    guard piece > 0, piece <= 65536 else { throw Invalid("piece=\(piece): a piece has 1 to 65536 bytes") }
    return piece
  }

  /// Allocates a buffer for one numbered record.
  fileprivate func words() throws -> UnsafeMutableBufferPointer<UInt64> {
    let size: Int = try integer("size")
    guard size >= 8, size <= 1 << 30, size % 8 == 0 else {
      throw Invalid("size=\(size): a counted record consists of words of 8 bytes")
    }
    let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: size / 8)
    unsafe words.initialize(repeating: 0)
    return unsafe words
  }
}
