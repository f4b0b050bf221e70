internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Many messages through a channel, in tight loops.
let channelSeriesOperations: [Peer.Operation] = [
  .init("channel_send_all", "handle pattern least most count") { peer, parameters in
    let channel = try peer.channel(parameters)
    let (series, count) = (try Series(parameters), try parameters.integer("count") as UInt32)
    var fields = Fields()
    var message: [UInt8] = []
    for index in 0..<count {
      series.make(index, in: &message)
      do {
        try channel.send(unsafe message.span.bytes, parameters)
      } catch let error as IPCError {
        fields.append("return", index)
        throw Failure(error, fields)
      }
    }
    fields.append("return", count)
    return fields
  },

  .init("channel_receive_all", "handle pattern least most") { peer, parameters in
    let channel = try peer.channel(parameters)
    var tally = Tally(try Series(parameters))
    var message: [UInt8] = []
    do {
      while try channel.receive(&message, parameters) != nil { tally.count(message) }
    } catch let error as IPCError {
      throw Failure(error, tally.fields)
    }
    return tally.fields
  },

  .init("channel_ping", "handle pattern least most count") { peer, parameters in
    var connection = try peer.channel(parameters).connection()
    let (series, count) = (try Series(parameters), try parameters.integer("count") as UInt32)
    var tally = Tally(series)
    var (message, reply): ([UInt8], [UInt8]) = ([], [])
    for index in 0..<count {
      series.make(index, in: &message)
      do {
        try connection.request(message.span, reply: &reply, retryOnInterrupt: false)
      } catch let error as IPCError {
        throw Failure(error, tally.fields)
      }
      tally.count(reply)
    }
    return tally.fields
  },

  .init("channel_pong", "handle") { peer, parameters in
    var connection = try peer.channel(parameters).connection()
    var count = 0
    var fields = Fields()
    do {
      try connection.serve { request, reply in
        reply.append(contentsOf: request)
        count += 1
      }
    } catch let error as IPCError {
      fields.append("return", count)
      throw Failure(error, fields)
    }
    fields.append("return", count)
    return fields
  },
]

/// Messages whose sizes and bytes are computed from a seed.
private struct Series {
  let seed: UInt32
  let sizes: ClosedRange<Int>

  init(_ parameters: Parameters) throws {
    seed = try parameters.integer("pattern")
    let (least, most) = (try parameters.room("least"), try parameters.room("most"))
    guard least <= most else { throw Invalid("'least' is above 'most'") }
    sizes = least...most
  }

  func length(_ index: UInt32) -> Int {
    sizes.lowerBound + Int(Pattern(seed: UInt64(seed)).word(Int(index)) % UInt64(sizes.count))
  }

  func bytes(_ index: UInt32) -> Pattern { Pattern(seed: UInt64(seed) << 32 | UInt64(index)) }

  /// Replaces the contents of `message` with message number `index`.
  ///
  /// The array is reused, so that no memory is allocated per message.
  func make(_ index: UInt32, in message: inout [UInt8]) {
    let length = length(index)
    message.removeAll(keepingCapacity: true)
    message.append(addingCapacity: length) { (span: inout OutputSpan<UInt8>) in
      unsafe span.withUnsafeMutableBufferPointer { (buffer, count) in
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: count)
        bytes(index).append(length, to: &room)
        count = room.byteCount
      }
    }
  }
}

/// The number of messages received from a series, and the first incorrect one.
private struct Tally {
  private let series: Series
  private var count: UInt32 = 0
  private var differs: UInt32?

  init(_ series: Series) { self.series = series }

  mutating func count(_ message: [UInt8]) {
    let isRight =
      message.count == series.length(count)
      && series.bytes(count).firstDifference(in: unsafe message.span.bytes) == nil
    if differs == nil, !isRight { differs = count }
    count += 1
  }

  var fields: Fields {
    var fields = Fields()
    fields.append("return", count)
    fields.append("differs", differs.map(String.init) ?? "none")
    return fields
  }
}
