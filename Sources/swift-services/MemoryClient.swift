internal import ArgumentParser
internal import FoundationEssentials
internal import IPC
internal import SwiftExamples
internal import SystemPackage

/// Attaches segments, and reads and writes them in place.
struct MemoryClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory_client", abstract: "Attaches segments, and reads and writes them in place.",
    discussion: """
      Types: create segment= size= [others= persistent=], attach segment= [access=], detach attachment=, remove segment=, \
      information segment=, statistics, list
      In an attached segment: read attachment= count= [at=], write attachment= text= [at=]
      """)

  @OptionGroup var options: ClientOptions

  func run() throws {
    let attached = AttachedSegments()
    try options.run(at: "/tmp/memory_server") { _, message, descriptor in
      if let descriptor { try attached.add(message.payload, descriptor) }
      return true
    } local: { type, payload in
      try attached.handle(type, payload)
    }
  }
}

/// A client's attached segments, by attachment number.
@ServiceActor
private final class AttachedSegments {
  private var byNumber: [Int64: AttachedSegment] = [:]

  nonisolated init() {}

  func add(_ payload: JSON, _ descriptor: consuming OwnedDescriptor) throws {
    guard case .object(let members) = payload, case .integer(let number)? = members["attachment"] else { return }
    let memory = try MemoryObject<ReadOnlyAccess>(adopting: descriptor)
    // Without the seal, another process could shrink the segment, and an access could raise SIGBUS.
    guard try memory.seals().contains(.shrink) else {
      report("client", "the segment is not sealed")
      throw ExitCode.failure
    }
    byNumber[number] = AttachedSegment(memory)
  }

  private struct Read: Decodable {
    let attachment: Int64
    let count: Int
    let at: Int?
  }

  private struct Write: Decodable {
    let attachment: Int64
    let text: String
    let at: Int?
  }

  /// Handles a request that does not need the server, and returns the result.
  func handle(_ type: String, _ payload: JSON) throws -> JSON? {
    switch type {
    case "read":
      let read: Read = try decode(payload, type)
      return .string(try segment(read.attachment).read(at: read.at ?? 0, count: read.count))
    case "write":
      let write: Write = try decode(payload, type)
      try segment(write.attachment).write(write.text, at: write.at ?? 0)
      return .integer(Int64(write.text.utf8.count))
    case "detach":
      // Close the descriptor before the server removes the attachment.
      if case .object(let members) = payload, case .integer(let number)? = members["attachment"] {
        byNumber[number] = nil
      }
      return nil
    default: return nil
    }
  }

  private func segment(_ number: Int64) throws(Refusal) -> AttachedSegment {
    guard let segment = byNumber[number] else { throw Refusal("this client does not have the attachment") }
    return segment
  }

  private func decode<Value: Decodable>(_ payload: JSON, _ type: String) throws(Refusal) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(payload.text.utf8))
    } catch {
      throw Refusal("the payload does not fit the type '\(type)'")
    }
  }
}

/// An attached segment; each access maps the whole segment.
private final class AttachedSegment: Sendable {
  private let memory: MemoryObject<ReadOnlyAccess>

  init(_ memory: consuming MemoryObject<ReadOnlyAccess>) { self.memory = memory }

  func read(at offset: Int, count: Int) throws -> String {
    try check(offset, count)
    let bytes = try memory.map().copyBytes(at: offset, count: count)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Refusal("the bytes are not UTF-8") }
    return text
  }

  func write(_ text: String, at offset: Int) throws {
    try check(offset, text.utf8.count)
    // The kernel checks whether the descriptor was opened for writing.
    let duplicate = OwnedDescriptor(taking: try memory.descriptor.duplicate())
    do throws(IPCError) {
      let memory = try MemoryObject<ReadWriteAccess>(adopting: duplicate).map()
      try memory.copy(text.utf8.span, at: offset)
    } catch {
      throw error.errno == .permissionDenied ? Refusal("mmap: Permission denied") : error
    }
  }

  private func check(_ offset: Int, _ count: Int) throws {
    let size = try memory.status().size
    guard offset >= 0, offset <= size, count >= 0, count <= size - offset else {
      throw Refusal("the bytes are outside the segment")
    }
  }
}
