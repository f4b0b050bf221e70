internal import Glibc
internal import IPC
internal import PeerProtocol

/// The main loop: reads a request, performs it, and writes a response.
final class Peer {
  /// The objects that requests refer to by `handle`.
  let handles = Handles()

  /// The latest System V objects, for requests without `shmid`, `semid` or `msqid`.
  var latestSegment: SystemVSharedMemory?
  var latestSemaphores: SystemVSemaphores?
  var latestQueue: SystemVMessageQueue?

  /// The handles of signalfd descriptors opened with `SFD_NONBLOCK`.
  ///
  /// The peer keeps this list because the library makes every signalfd nonblocking.
  var nonBlockingSignals: Set<String> = []

  private let operations: [String: Operation]
  /// The operations' names, in the order of the tables.
  private let names: [String]
  private var input = LineInput()

  /// A protocol operation.
  struct Operation: Sendable {
    let name: String
    /// The parameter keys, separated by spaces.
    ///
    /// A peer starts thousands of times and performs few operations, so only the keys of a request are compared.
    private let keys: String
    /// Performs the operation and returns the fields of its `ok` response, or throws ``IPCError``, ``Failure`` or
    /// ``Invalid``.
    let perform: @Sendable (Peer, Parameters) throws -> Fields

    /// Creates an operation; `keys` contains its parameter keys, separated by spaces.
    init(_ name: String, _ keys: String, _ perform: @escaping @Sendable (Peer, Parameters) throws -> Fields) {
      self.name = name
      self.keys = keys
      self.perform = perform
    }

    /// Returns whether the operation has a parameter with this key.
    func takes(_ key: String) -> Bool {
      keys.utf8.split(separator: UInt8(ascii: " ")).contains { $0.elementsEqual(key.utf8) }
    }
  }

  init(operations: [[Operation]]) {
    names = operations.flatMap { $0.map(\.name) }
    self.operations = Dictionary(uniqueKeysWithValues: zip(names, operations.joined()))
  }

  /// Writes the greeting, and responds to requests until the input ends.
  func run() {
    let greeting = Greeting(
      language: "swift", implementation: "swift-6.3", library: Self.library, abi: Self.abi,
      operations: names)
    writeLine(greeting.description)
    while let line = input.next() {
      writeLine(answer(line).description)
    }
  }

  private static var library: String {
    #if canImport(Glibc)
      "glibc"
    #else
      "musl"
    #endif
  }

  private static var abi: String {
    #if arch(x86_64)
      "x86-64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "unknown"
    #endif
  }

  private func answer(_ line: LineInput.Line) -> Response {
    guard case .whole(let text) = line else { return .invalid(reason: "the line is longer than 65536 bytes") }
    return answer(text)
  }

  /// Performs a request, and returns its response.
  func answer(_ text: String) -> Response {
    var performed = ""
    do {
      let request = try Request(parsing: text)
      performed = request.operation
      guard let operation = operations[request.operation] else { return .unsupported }
      if let key = request.fields.keys.first(where: { !operation.takes($0) }) {
        throw Invalid("\(performed) takes no '\(key)'")
      }
      // In mmap and lseek, `offset` is a file offset. In all other operations, it is an offset in a pattern.
      if !["mmap", "lseek"].contains(performed), request.fields["offset"] != nil, request.fields["pattern"] == nil {
        throw Invalid("'offset' needs 'pattern'")
      }
      return .ok(try operation.perform(self, Parameters(request.fields)))
    } catch let relayed as RelayedResponse {
      return relayed.response
    } catch let error as IPCError {
      return Failure(error).answer(to: performed)
    } catch let failure as Failure {
      return failure.answer(to: performed)
    } catch let error as ProtocolError {
      return .invalid(reason: error.description)
    } catch let invalid as Invalid {
      return .invalid(reason: invalid.reason)
    } catch {
      return .invalid(reason: "\(error)")
    }
  }
}
