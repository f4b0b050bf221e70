import Glibc
import PeerProtocol

/// Builds a cell's recording from its roles' events.
///
/// `TraceDecoder+Objects.swift` decodes the objects, and `TraceDecoder+Messages.swift` decodes the messages and stores.
struct TraceDecoder {
  let traces: [RoleTrace]
  let values: CellValues
  var objects: [Building] = []
  /// The indices in `objects`, by the recorder's identifier or by socket address.
  var places: [String: Int] = [:]
  /// The socket addresses that roles have bound.
  var addresses: Set<String> = []

  /// An object whose events are being decoded.
  struct Building {
    var object: RecordedObject
    /// The object's path or name in this cell; nil if it has none.
    var path: String?
    /// The permissions and size that the recorder last saw.
    var mode: Int?
    var size: Int?
    var limits: [RecordedObject.Creation.Limit: Int] = [:]
    var parts: [String: PartBuilding] = [:]
    var isKept = false
  }

  /// One role's use of an object.
  struct PartBuilding {
    var messages: [MessageBuilding] = []
    var received: [MessageBuilding] = []
    /// Whether each descriptor is close-on-exec, by process and number.
    var descriptors: [Descriptor: Bool] = [:]
    var writers: Set<Int> = []
    var readers: Set<Int> = []
  }

  struct Descriptor: Hashable {
    let pid: Int
    let number: Int
  }

  /// A message whose bytes may arrive in several events.
  struct MessageBuilding {
    var bytes: [UInt8] = []
    var message = RecordedMessage()
    /// The connection; the writes to a stream connection are concatenated.
    var connection: String?
    /// Whether another role may have made this store.
    var isUncertain = false
    var pid = 0
  }

  /// The state for the role whose events are being read.
  struct Reading {
    let role: String
    /// The objects that sockets are connected to, by socket identifier.
    var connections: [String: Int] = [:]
    /// The objects that the role's descriptors refer to.
    var descriptors: [Descriptor: Int] = [:]
    var passed: [String] = []
    /// The list to which further parts of the last message belong.
    var open: (place: Int, list: WritableKeyPath<PartBuilding, [MessageBuilding]>)?
    var sockets: [String: Fields] = [:]
  }

  /// Returns the recording of the roles' actions in a cell.
  static func recording(
    of scenario: String, _ traces: [RoleTrace], values: CellValues
  ) -> CellRecording {
    var decoder = TraceDecoder(traces: traces, values: values)
    for trace in traces {
      for event in trace.events where event.kind == "bind" {
        if let address = event.fields["local"] ?? event.fields["address"], !address.hasSuffix(":0") {
          decoder.addresses.insert(address)
        }
      }
    }
    for trace in traces {
      var reading = Reading(role: trace.role)
      for event in trace.events { decoder.read(event, &reading) }
    }
    decoder.resolveUncertainStores()
    return CellRecording(scenario: scenario, objects: decoder.finished())
  }

  private mutating func read(_ event: TraceEvent, _ reading: inout Reading) {
    switch event.kind {
    case "object": readObject(event, &reading)
    case "open", "create": readCreation(event, &reading)
    case "get": readKey(event, &reading)
    case "link", "rename": readName(event)
    case "unlink": readRemoval(event, by: reading.role)
    case "remove":
      if let place = places[event.id] { objects[place].object.remover = reading.role }
    case "mode":
      if let place = places[event.id], let mode = event.octal("mode") { setMode(mode, of: place) }
    case "size":
      if let place = places[event.id], let size = event.number("size") { setSize(size, of: place) }
    case "cloexec":
      if let number = event.number("fd"), let place = reading.descriptors[Descriptor(pid: event.pid, number: number)] {
        note(Descriptor(pid: event.pid, number: number), closes: event.number("on") != 0, at: place, &reading)
      }
    case "map":
      if let place = places[event.id], objects[place].object.kind == .file { objects[place].isKept = true }
    case "socket", "socketpair", "bind", "connect", "accept": readSocket(event, &reading)
    case "send": readTransfer(event, \.messages, \.writers, &reading)
    case "receive": readTransfer(event, \.received, \.readers, &reading)
    case "part":
      if let (place, list) = reading.open, var part = objects[place].parts[reading.role], !part[keyPath: list].isEmpty {
        objects[place].parts[reading.role] = nil  // avoids copying the bytes
        part[keyPath: list][part[keyPath: list].count - 1].bytes += event.bytes
        objects[place].parts[reading.role] = part
      }
    case "pass": reading.passed.append(passed(event))
    case "store": readStore(event, by: reading.role)
    case "values", "semop": readOperation(event, by: reading.role)
    case "signal": readSignal(event, by: reading.role)
    default: break
    }
  }

  // MARK: - The result

  /// Returns the objects, with all properties that a recording contains.
  private func finished() -> [RecordedObject] {
    var counts: [RecordedObject.Kind: Int] = [:]
    return objects.compactMap { building in
      guard isRecorded(building) else { return nil }
      var object = building.object
      if object.name.isEmpty {
        counts[object.kind, default: 0] += 1
        object.name = "\(counts[object.kind, default: 0])"
      }
      object.creation?.mode = hasMode(object.kind) ? building.mode : nil
      object.creation?.limits = building.limits
      if [.sharedMemory, .segment].contains(object.kind), let size = building.size {
        object.creation?.limits[.size] = size
      }
      object.tolerance.order = building.parts.values.contains { Self.isConcurrent($0, object) }
      object.parts = traces.compactMap { trace in
        building.parts[trace.role].flatMap { part(trace.role, $0, of: object) }
      }
      return object
    }
  }

  private func isRecorded(_ building: Building) -> Bool {
    let hasMessages = building.parts.values.contains { !$0.messages.isEmpty || !$0.received.isEmpty }
    switch building.object.kind {
    case .pipe, .memory, .anonymous, .socketPair, .signals: return hasMessages
    case .file: return building.isKept || hasMessages || building.object.remover != nil
    case .unixStream, .unixDatagram, .unixSequenced, .tcp, .udp:
      return hasMessages || building.object.creation != nil
    default: return true
    }
  }

  private func hasMode(_ kind: RecordedObject.Kind) -> Bool {
    switch kind {
    case .pipe, .memory, .anonymous, .socketPair, .signals, .tcp, .udp: false
    default: true
    }
  }

  private func part(_ role: String, _ building: PartBuilding, of object: RecordedObject) -> RecordedObject.Part? {
    var part = RecordedObject.Part(role: role)
    part.closesOnExec = building.descriptors.isEmpty ? nil : building.descriptors.values.allSatisfy(\.self)
    part.messages = recorded(building.messages, asStreams: object.isStream && !Self.isConcurrent(building, object))
    // If several of a role's processes read from one stream, it is unpredictable which process receives which bytes.
    let isDivided = object.isStream && building.readers.count > 1
    if object.isChannel, !isDivided { part.received = recorded(building.received, asStreams: object.isStream) }
    return part.messages.isEmpty && part.received.isEmpty && part.closesOnExec == nil ? nil : part
  }

  private func recorded(_ messages: [MessageBuilding], asStreams: Bool) -> [RecordedMessage] {
    (asStreams ? Self.streams(messages) : messages).map { building in
      var message = building.message
      message.content = values.recorded(building.bytes)
      return message
    }
  }

  /// Returns whether several of the role's processes write to one stream.
  ///
  /// In that case, each write is recorded separately.
  private static func isConcurrent(_ building: PartBuilding, _ object: RecordedObject) -> Bool {
    object.isStream && object.kind != .file && building.writers.count > 1
  }

  /// Concatenates the writes to each connection.
  private static func streams(_ messages: [MessageBuilding]) -> [MessageBuilding] {
    var streams: [MessageBuilding] = []
    for message in messages {
      // Stores to a mapped file are not part of the stream of writes.
      if message.message.offset == nil,
        let index = streams.firstIndex(where: { $0.message.offset == nil && $0.connection == message.connection })
      {
        let offset = streams[index].bytes.count
        streams[index].message.calls += message.message.calls.map { .init(offset: offset, time: $0.time) }
        streams[index].bytes += message.bytes
        streams[index].message.passed += message.message.passed
      } else {
        streams.append(message)
      }
    }
    return streams.filter { !$0.bytes.isEmpty || !$0.message.passed.isEmpty || $0.message.operation != nil }
  }
}
