internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Many messages through a channel, in tight loops.
let channelSeriesOperations: [Peer.Operation] = [
  .init("channel_send_all") { peer, parameters in
    let channel = try peer.channel(parameters)
    let (series, count) = (try Series(parameters), try parameters.integer("count") as UInt32)
    var fields = Fields()
    var message: [UInt8] = []
    for index in 0..<count {
      series.make(index, in: &message)
      do {
        switch try channel.send(unsafe message.span.bytes, parameters) {
        case .sent: continue
        case .nobodyReads: throw Failure(.brokenPipe)
        case .wouldBlock, .timedOut: throw Failure(.wouldBlock)
        }
      } catch {
        fields.append("return", index)
        throw failure(error, fields)
      }
    }
    fields.append("return", count)
    return fields
  },

  .init("channel_receive_all") { peer, parameters in
    let channel = try peer.channel(parameters)
    var tally = Tally(try Series(parameters))
    var message: [UInt8] = []
    do {
      receiving: while true {
        switch try channel.receive(&message, parameters) {
        case .received: tally.count(message)
        case .endOfStream: break receiving
        case .wouldBlock, .timedOut: throw Failure(.wouldBlock)
        }
      }
    } catch {
      throw failure(error, tally.fields)
    }
    return tally.fields
  },

  .init("channel_ping") { peer, parameters in
    var connection = try peer.channel(parameters).connection()
    let (series, count) = (try Series(parameters), try parameters.integer("count") as UInt32)
    var tally = Tally(series)
    var (message, reply): ([UInt8], [UInt8]) = ([], [])
    for index in 0..<count {
      series.make(index, in: &message)
      do {
        let result = try connection.request(message.span, reply: &reply, interruption: .report)
        guard case .replied = result else { throw Failure(.brokenPipe) }
      } catch {
        throw failure(error, tally.fields)
      }
      tally.count(reply)
    }
    return tally.fields
  },

  .init("channel_pong") { peer, parameters in
    var connection = try peer.channel(parameters).connection()
    var count = 0
    var fields = Fields()
    do {
      try connection.serve { request, reply in
        reply.append(contentsOf: request)
        count += 1
      }
    } catch {
      fields.append("return", count)
      throw failure(error, fields)
    }
    fields.append("return", count)
    return fields
  },
]

/// The same failure, with the fields that tell how far it got.
private func failure(_ error: any Error, _ fields: Fields) -> any Error {
  switch error {
  case let error as IPCError: Failure(error, fields)
  case let failure as Failure: failure.adding(fields)
  default: error
  }
}

/// Messages whose sizes and bytes follow from a seed.
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

  /// Makes `message` that of a number. It is used again: no allocation a message.
  func make(_ index: UInt32, in message: inout [UInt8]) {
    let length = length(index)
    message.removeAll(keepingCapacity: true)
    message.append(addingCapacity: length) { span in
      unsafe span.withUnsafeMutableBufferPointer { (buffer, count) in
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: count)
        bytes(index).append(length, to: &room)
        count = room.byteCount
      }
    }
  }
}

/// How many messages of a series came, and which was the first that is not as it should be.
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
