internal import CIPC
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Tight message loops that measure their own time.
let benchmarkOperations: [Peer.Operation] = [
  .init("bench_ping", "by write read msqid semid pid size count warmup interval") { peer, parameters in
    var benchmark = try Benchmark(parameters, .ping)
    defer { benchmark.deallocate() }
    try benchmark.run(peer, parameters)
    var fields = benchmark.progress
    fields.append("elapsed", benchmark.elapsed)
    fields.append("latency", benchmark.latency)
    fields.append("wrong", benchmark.wrong)
    if benchmark.interval > 0 { fields.append("service", benchmark.service) }
    return fields
  },

  .init("bench_pong", "by write read msqid semid pid size count") { peer, parameters in
    var benchmark = try Benchmark(parameters, .pong)
    defer { benchmark.deallocate() }
    try benchmark.run(peer, parameters)
    return benchmark.progress
  },

  .init("bench_send", "by write msqid semid pid size count") { peer, parameters in
    var benchmark = try Benchmark(parameters, .send)
    defer { benchmark.deallocate() }
    try benchmark.run(peer, parameters)
    var fields = benchmark.progress
    fields.append("elapsed", benchmark.elapsed)
    return fields
  },

  .init("bench_receive", "by read msqid semid size count warmup") { peer, parameters in
    var benchmark = try Benchmark(parameters, .receive)
    defer { benchmark.deallocate() }
    try benchmark.run(peer, parameters)
    var fields = benchmark.progress
    fields.append("elapsed", benchmark.elapsed)
    fields.append("wrong", benchmark.wrong)
    return fields
  },

  .init("bench_histogram", "values") { _, parameters in
    var histogram = LatencyHistogram()
    for word in try parameters.text("values").split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Int64(decimal: word), value >= 0 else {
        throw Invalid("values: '\(word)' is not a number below 2^63")
      }
      histogram.record(UInt64(value))
    }
    var fields = Fields()
    fields.append("latency", histogram)
    return fields
  },
]

/// A message loop and its measurements.
@safe struct Benchmark {
  enum Loop { case ping, pong, send, receive }

  let loop: Loop
  let size: Int
  let interval: UInt64
  private let count: UInt64
  private let warmup: UInt64
  private let message: UnsafeMutableRawBufferPointer

  private var done: UInt64 = 0
  private(set) var wrong: UInt64 = 0
  private(set) var elapsed: UInt64 = 0
  private(set) var latency = LatencyHistogram()
  private(set) var service = LatencyHistogram()

  init(_ parameters: Parameters, _ loop: Loop) throws {
    self.loop = loop
    size = try parameters.room("size")
    count = UInt64(try parameters.integer("count") as UInt32)
    warmup = UInt64(try parameters.integer("warmup", default: 0) as UInt32)
    interval = UInt64(try parameters.integer("interval", default: 0) as UInt32)
    guard count > 0, interval <= 1_000_000_000 else { throw Invalid("count is 1 or more, and interval at most 10^9") }
    unsafe message = Self.pattern(size)
  }

  /// Allocates a buffer and fills it with a message.
  private static func pattern(_ size: Int) -> UnsafeMutableRawBufferPointer {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
    var bytes = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    Pattern(seed: 0).append(size, to: &bytes)
    return unsafe buffer
  }

  /// Frees the message.
  func deallocate() { unsafe message.deallocate() }

  /// The response fields common to all benchmarks.
  var progress: Fields {
    var fields = Fields()
    fields.append("return", done)
    return fields
  }

  /// A function that receives a message and returns its length, or nil at the end.
  typealias Receive = (inout OutputRawSpan) throws(IPCError) -> Int?
  typealias Send = (RawSpan) throws(IPCError) -> Void

  /// Runs the loop with functions that send and receive a message of at most `room` bytes.
  ///
  /// The loops are inlined into each caller. Therefore, they call `send` and `receive` directly, as a program with a
  /// single link would.
  @inline(__always)
  mutating func run(room: Int? = nil, send: Send, receive: Receive) throws {
    let room = max(room ?? size, 1)
    let buffer =
      unsafe room > message.count
      ? UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
      : UnsafeMutableRawBufferPointer(rebasing: message[..<room])
    defer { if unsafe room > message.count { unsafe buffer.deallocate() } }
    unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: message[..<size]))
    let isComplete: Bool
    do throws(IPCError) {
      isComplete =
        switch loop {
        case .ping: try unsafe ping(buffer, send, receive)
        case .pong: try unsafe pong(buffer, send, receive)
        case .send: try unsafe sendAll(buffer, send)
        case .receive: try unsafe receiveAll(buffer, receive)
        }
    } catch {
      throw Failure(error, progress)
    }
    if !isComplete { throw Failure(.brokenPipe, progress) }
  }

  /// Stores the message number in byte 0, so that the receiver detects a lost or repeated message, or a buffer that no
  /// message has changed.
  @inline(__always)
  private func number(_ buffer: UnsafeMutableRawBufferPointer, _ number: UInt64) {
    if size > 0 { unsafe buffer[0] = UInt8(truncatingIfNeeded: number) }
  }

  @inline(__always)
  private func bytes(_ buffer: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: buffer[..<size])
  }

  @inline(__always)
  private mutating func receiveNumbered(
    _ buffer: UnsafeMutableRawBufferPointer, _ receive: Receive
  ) throws(IPCError) -> Bool {
    var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    guard let length = try receive(&room) else { return false }
    if unsafe length != size || length > 0 && buffer[0] != UInt8(truncatingIfNeeded: done) { wrong &+= 1 }
    done &+= 1
    return true
  }

  @inline(__always)
  private mutating func trip(
    _ buffer: UnsafeMutableRawBufferPointer, _ send: Send, _ receive: Receive
  ) throws(IPCError) -> Bool {
    unsafe number(buffer, done)
    try send(unsafe bytes(buffer).bytes)
    unsafe number(buffer, ~done)
    return try unsafe receiveNumbered(buffer, receive)
  }

  @inline(__always)
  private mutating func ping(
    _ buffer: UnsafeMutableRawBufferPointer, _ send: Send, _ receive: Receive
  ) throws(IPCError) -> Bool {
    while done < warmup { guard try unsafe trip(buffer, send, receive) else { return false } }
    let start = Self.now
    var (before, after) = (start, start)
    for index in 0..<count {
      if interval == 0 {
        guard try unsafe trip(buffer, send, receive) else { return false }
        after = Self.now
        latency.record(after &- before)
      } else {
        let intended = start &+ index &* interval
        while before < intended { before = Self.now }
        guard try unsafe trip(buffer, send, receive) else { return false }
        after = Self.now
        latency.record(after &- intended)
        service.record(after &- before)
      }
      before = after
    }
    elapsed = after - start
    return true
  }

  @inline(__always)
  private mutating func pong(
    _ buffer: UnsafeMutableRawBufferPointer, _ send: Send, _ receive: Receive
  ) throws(IPCError) -> Bool {
    while done < count {
      var room = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      guard try receive(&room) != nil else { return false }
      try send(unsafe bytes(buffer).bytes)
      done &+= 1
    }
    return true
  }

  @inline(__always)
  private mutating func sendAll(_ buffer: UnsafeMutableRawBufferPointer, _ send: Send) throws(IPCError) -> Bool {
    let start = Self.now
    while done < count {
      unsafe number(buffer, done)
      try send(unsafe bytes(buffer).bytes)
      done &+= 1
    }
    elapsed = Self.now - start
    return true
  }

  @inline(__always)
  private mutating func receiveAll(
    _ buffer: UnsafeMutableRawBufferPointer, _ receive: Receive
  ) throws(IPCError) -> Bool {
    while done < warmup { guard try unsafe receiveNumbered(buffer, receive) else { return false } }
    let start = Self.now
    while done < warmup + count { guard try unsafe receiveNumbered(buffer, receive) else { return false } }
    elapsed = Self.now - start
    return true
  }

  /// The clock for all measurements, in nanoseconds.
  @inline(__always)
  private static var now: UInt64 { UInt64(bitPattern: cipc_clock_monotonic()) }
}
