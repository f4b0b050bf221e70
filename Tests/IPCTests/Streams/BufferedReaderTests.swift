import IPC
import SystemPackage
import Testing

@Suite struct BufferedReaderTests {
  private func reader(_ text: String, pieces: [Int]? = nil, capacity: Int = 65_536) -> BufferedReader<ScriptedSource> {
    let bytes = Array(text.utf8)
    return BufferedReader(ScriptedSource(bytes, pieces: pieces ?? [bytes.count]), capacity: capacity)
  }

  @Test(arguments: [1, 2, 7, 100]) func `Lines do not depend on the pieces in which they arrive`(_ piece: Int) throws {
    let text = "first\n\nGrün\nlast"
    let count = text.utf8.count
    let pieces = Array(repeating: piece, count: count / piece) + (count % piece == 0 ? [] : [count % piece])
    var reader = reader(text, pieces: pieces, capacity: 8)
    #expect(try reader.readLine() == "first")
    #expect(try reader.readLine(strippingNewline: false) == "\n")
    #expect(try reader.readLine() == "Grün")
    #expect(try reader.readLine(strippingNewline: false) == "last")
    #expect(try reader.readLine() == nil)
    #expect(try reader.readLine() == nil)
  }

  @Test func `A line above the limit stays, and a larger limit returns it`() throws {
    var reader = reader("0123456789\nabcd", capacity: 4)
    #expect(reason { _ = try reader.readLine() } == .messageTooLong)
    #expect(reason { _ = try reader.readLine(maxLength: 10) } == .messageTooLong)
    #expect(try reader.readLine(maxLength: 11) == "0123456789")
    #expect(reason { _ = try reader.readLine(maxLength: 3) } == .messageTooLong)
    #expect(try reader.readLine() == "abcd", "a last line of exactly the limit")
  }

  @Test func `The memory is bounded by the limit`() throws {
    let bytes = [UInt8](repeating: 1, count: 1 << 20)
    var reader = BufferedReader(ScriptedSource(bytes, pieces: [bytes.count]), capacity: 16)
    #expect(reason { _ = try reader.readLine(maxLength: 1000) } == .messageTooLong)
    #expect(reader.bytesBuffered == 1001)
    #expect(reader.release().largestRoom <= 1001)
  }

  @Test func `A call that would block loses nothing`() throws {
    var reader = reader("one\ntwo\n", pieces: [2, 4, 2])
    var lines: [String] = []
    var attempts = 0
    while lines.count < 2 {
      attempts += 1
      do throws(IPCError) {
        if let line = try reader.readLine(timeout: .immediate) { lines.append(line) }
      } catch {
        #expect(error.errno == .wouldBlock)
      }
    }
    #expect(lines == ["one", "two"])
    #expect(attempts == 5)
  }

  @Test func `A delimiter of several bytes is found across pieces; a prefix of it is not enough`() throws {
    var reader = reader("a\r\r\n\r\r\n\r\nbody", pieces: Array(repeating: 1, count: 13))
    var bytes: [UInt8] = []
    #expect(try reader.read(until: "\r\n\r\n".utf8.span, appendingTo: &bytes) == 9)
    #expect(String(decoding: bytes, as: UTF8.self) == "a\r\r\n\r\r\n\r\n")
    #expect(try reader.read(until: "\r\n\r\n".utf8.span, appendingTo: &bytes) == 4)
    #expect(try reader.read(until: "\r\n\r\n".utf8.span, appendingTo: &bytes) == nil)
    #expect(String(decoding: bytes, as: UTF8.self) == "a\r\r\n\r\r\n\r\nbody")
  }

  @Test func `Counted reads and peeks return fewer bytes only at end of file`() throws {
    var reader = reader("0123456789", pieces: [3, 3, 4], capacity: 4)
    #expect(try reader.peek(5) { unsafe $0.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } } == "01234")
    var bytes: [UInt8] = []
    #expect(try reader.readExactly(7, appendingTo: &bytes) == 7)
    #expect(try reader.readExactly(0, appendingTo: &bytes) == 0)
    #expect(try reader.peek(100) { $0.byteCount } == 3)
    #expect(try reader.readExactly(100, appendingTo: &bytes) == 3)
    #expect(try reader.readExactly(1, appendingTo: &bytes) == 0)
    #expect(String(decoding: bytes, as: UTF8.self) == "0123456789")
  }

  @Test func `A read that fills a span returns fewer bytes only at end of file`() throws {
    var reader = reader("0123456789", pieces: [3, 3, 4], capacity: 4)
    var room = [UInt8](repeating: 0, count: 7)
    func read(_ reader: inout BufferedReader<ScriptedSource>, _ timeout: Timeout = .never) throws -> [UInt8] {
      try unsafe room.withUnsafeMutableBytes { buffer in
        var span = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        let count = try reader.readExactly(into: &span, timeout: timeout)
        let filled = unsafe span.finalize(for: buffer)
        #expect(filled == count)
        return unsafe Array(buffer.prefix(count))
      }
    }
    #expect(try read(&reader) == Array("0123456".utf8))
    #expect(try read(&reader) == Array("789".utf8))
    #expect(try read(&reader) == [])
    var slow = self.reader("0123456789", pieces: [4, 6])
    #expect(reason { _ = try read(&slow, .immediate) } == .wouldBlock)
    #expect(reason { _ = try read(&slow, .immediate) } == .wouldBlock)
    #expect(slow.bytesBuffered == 4, "a failed read takes nothing")
    #expect(try read(&slow) == Array("0123456".utf8))
  }

  @Test func `A failed counted read appends nothing, and continues`() throws {
    var reader = reader("0123456789", pieces: [4, 6])
    var bytes: [UInt8] = []
    #expect(reason { _ = try reader.readExactly(8, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    #expect(reason { _ = try reader.readExactly(8, appendingTo: &bytes, timeout: .immediate) } == .wouldBlock)
    #expect(bytes.isEmpty)
    #expect(reader.bytesBuffered == 4)
    #expect(try reader.readExactly(8, appendingTo: &bytes) == 8)
    #expect(reader.bytesBuffered == 2)
  }

  @Test func `A reader is a stream, for a message channel after a line`() throws {
    let bytes = Array("HELLO\n".utf8) + frames([[1, 2, 3], []])
    var reader = BufferedReader(ScriptedSource(bytes, pieces: [bytes.count]))
    #expect(try reader.readLine() == "HELLO")
    var receiver = MessageChannel.Receiver(reader)
    var message: [UInt8] = []
    #expect(try receiver.receive(into: &message) == 3)
    #expect(try receiver.receive(into: &message) == 0)
    #expect(try receiver.receive(into: &message) == nil)
  }

  @Test func `A line does not allocate`() throws {
    let pipe = try AnonymousPipe()
    let writer = pipe.writer
    var reader = BufferedReader(pipe.reader)
    let line = Array("a line of text\n".utf8)
    var lengths = 0
    let count = try allocations {
      try writer.writeAll(line.span)
      lengths += try reader.withNext(until: UInt8(ascii: "\n")) { $0.byteCount } ?? 0
    }
    #expect(count == 0)
    #expect(lengths == 10_002 * line.count)
  }
}
