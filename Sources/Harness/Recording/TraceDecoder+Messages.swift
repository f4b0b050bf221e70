import Glibc
import PeerProtocol

/// Decodes sockets, messages, stores to shared memory, and operations.
extension TraceDecoder {
  // MARK: - Sockets

  mutating func readSocket(_ event: TraceEvent, _ reading: inout Reading) {
    let socket = reading.sockets[event.id]
    let number = event.number("fd") ?? -1
    switch event.kind {
    case "socketpair":
      let place = add(RecordedObject(kind: .socketPair, name: ""), path: nil, as: event.id)
      reading.connections[event.id] = place
    case "bind", "connect", "accept":
      let named = event.kind == "connect" ? event.fields["address"] : event.fields["local"]
      guard let address = named, let place = place(of: address, socket) else { return }
      // A client that binds an address before it connects still sends to the address that it connects to.
      reading.connections[event.id] = place
      if event.kind == "bind", objects[place].object.creation == nil {
        objects[place].object.creation = RecordedObject.Creation(role: reading.role)
        objects[place].mode = event.octal("mode")
        // bind(2) requests all permissions, and the umask removes some of them.
        if let mask = event.octal("umask") { objects[place].object.creation?.requested = (0o777, mask) }
      }
    default: break
    }
    let flags = event.number("flags").map { Int32(truncatingIfNeeded: $0) }
    if let place = reading.connections[event.id], let flags {
      note(Descriptor(pid: event.pid, number: number), closes: flags & O_CLOEXEC != 0, at: place, &reading)
    } else if let flags {
      // The object becomes known only when the socket is bound or connected.
      reading.sockets[event.id]?.append("closes", flags & O_CLOEXEC != 0 ? 1 : 0)
    } else if let closes = socket?["closes"], let place = reading.connections[event.id] {
      note(Descriptor(pid: event.pid, number: number), closes: closes == "1", at: place, &reading)
    }
  }

  /// Returns the object for a socket address: the name that a role bound.
  private mutating func place(of address: String, _ socket: Fields?) -> Int? {
    let kind: RecordedObject.Kind
    switch (socket?["domain"], socket?["style"]) {
    case ("unix", "stream"): kind = .unixStream
    case ("unix", "datagram"): kind = .unixDatagram
    case ("unix", "seqpacket"): kind = .unixSequenced
    case ("inet", "stream"), ("inet6", "stream"): kind = .tcp
    case ("inet", "datagram"), ("inet6", "datagram"): kind = .udp
    default: return nil
    }
    let name = socketName(address)
    let key = "\(kind.rawValue) \(name)"
    if let known = places[key] { return known }
    let path = address.hasPrefix("unix:") ? String(address.dropFirst(5)) : nil
    return add(RecordedObject(kind: kind, name: name), path: path, as: key)
  }

  /// Returns an address as an object name: a path, `@` and an abstract name, or a port.
  private func socketName(_ address: String) -> String {
    if address.hasPrefix("unix:") { return values.name(String(address.dropFirst(5))) }
    if address.hasPrefix("abstract:") { return "@" + values.name(String(address.dropFirst(9))) }
    return "port " + (address.split(separator: ":").last ?? "")
  }

  // MARK: - Messages

  /// Reads a message that the role sent or received, and adds it to a list in the role's part.
  mutating func readTransfer(
    _ event: TraceEvent, _ list: WritableKeyPath<PartBuilding, [MessageBuilding]>,
    _ processes: WritableKeyPath<PartBuilding, Set<Int>>, _ reading: inout Reading
  ) {
    defer { reading.passed = [] }
    reading.open = nil
    guard let place = channel(of: event, reading) else { return }
    var building = MessageBuilding(bytes: event.bytes)
    building.message.priority = event.number("priority")
    building.message.type = event.number("type").map(values.type)
    building.message.passed = reading.passed
    building.message.calls = calls(event)
    building.connection = event.id
    building.pid = event.pid
    // Receiving nothing from a stream or sequenced-packet socket means end of file.
    let hasEnds = objects[place].object.isStream || [.unixSequenced, .socketPair].contains(objects[place].object.kind)
    if event.kind == "receive", hasEnds, building.bytes.isEmpty { return }
    objects[place].parts[reading.role, default: PartBuilding()][keyPath: list].append(building)
    objects[place].parts[reading.role]?[keyPath: processes].insert(event.pid)
    reading.open = (place, list)
  }

  /// Returns the object through which a message was sent or received.
  private mutating func channel(of event: TraceEvent, _ reading: Reading) -> Int? {
    if let place = places[event.id] { return place }
    let socket = reading.sockets[event.id]
    guard socket?["style"] == "datagram" else { return reading.connections[event.id] }
    // A datagram belongs to the bound address to which it was sent. A reply to any other address, such as a port chosen
    // by the kernel, belongs to its source address.
    let (to, local) = (event.fields["to"], event.fields["local"])
    for address in event.kind == "receive" ? [local, to] : [to, local] {
      guard let address, let bound = boundAddress(address) else { continue }
      return place(of: bound, socket)
    }
    return reading.connections[event.id]
  }

  private func boundAddress(_ address: String) -> String? {
    if addresses.contains(address) { return address }
    guard address.hasPrefix("inet"), let port = address.split(separator: ":").last else { return nil }
    return addresses.first { $0.hasPrefix("inet") && $0.hasSuffix(":\(port)") }
  }

  func passed(_ event: TraceEvent) -> String {
    if let place = event.fields["id"].flatMap({ places[$0] }) {
      let object = objects[place].object
      return object.name.isEmpty ? object.kind.rawValue : "\(object.kind.rawValue) \(object.name)"
    }
    let link = event.fields["link"] ?? ""
    if let bracket = link.firstIndex(of: ":"), !link.hasPrefix("/") { return String(link[..<bracket]) }
    return values.name(link)
  }

  private func calls(_ event: TraceEvent) -> [RecordedMessage.Call] {
    event.number("since").map { [RecordedMessage.Call(offset: 0, time: $0)] } ?? []
  }

  // MARK: - Shared memory

  mutating func readStore(_ event: TraceEvent, by role: String) {
    guard let place = places[event.id], let offset = event.number("offset"), (0..<1 << 40).contains(offset) else {
      return
    }
    var building = MessageBuilding(bytes: event.bytes)
    building.message.offset = offset
    building.message.calls = calls(event)
    building.isUncertain = event.number("maybe") == 1
    var part = objects[place].parts[role] ?? PartBuilding()
    // The recorder reports a long store in several events.
    if event.number("continues") == 1, !part.messages.isEmpty {
      part.messages[part.messages.count - 1].bytes += building.bytes
    } else {
      part.messages.append(building)
    }
    objects[place].parts[role] = part
  }

  /// Removes bytes from the uncertain stores, which another role may have made: those bytes that another role is known
  /// to have stored.
  mutating func resolveUncertainStores() {
    for place in objects.indices {
      let parts = objects[place].parts
      for (role, part) in parts where part.messages.contains(where: \.isUncertain) {
        let others = parts.filter { $0.key != role }.flatMap(\.value.messages).filter {
          !$0.isUncertain && $0.message.offset != nil
        }
        objects[place].parts[role]?.messages = part.messages.flatMap { $0.isUncertain ? Self.own($0, others) : [$0] }
      }
    }
  }

  /// Returns the parts of an uncertain store that are not covered by another role's certain stores.
  private static func own(_ store: MessageBuilding, _ others: [MessageBuilding]) -> [MessageBuilding] {
    let offset = store.message.offset ?? 0
    var rest: [MessageBuilding] = []
    // The recorder reports whole words.
    for start in stride(from: 0, to: store.bytes.count, by: 4) {
      let word = store.bytes[start..<min(start + 4, store.bytes.count)]
      let isOther = others.contains { other in
        let at = offset + start - (other.message.offset ?? 0)
        return at >= 0 && at + word.count <= other.bytes.count && other.bytes[at..<at + word.count].elementsEqual(word)
      }
      if isOther { continue }
      if let last = rest.last, (last.message.offset ?? 0) + last.bytes.count == offset + start {
        rest[rest.count - 1].bytes += word
      } else {
        var part = store
        part.bytes = Array(word)
        part.message.offset = offset + start
        rest.append(part)
      }
    }
    return rest
  }

  // MARK: - Semaphores and signals

  mutating func readOperation(_ event: TraceEvent, by role: String) {
    guard let place = places[event.id] else { return }
    var building = MessageBuilding()
    building.message.operation = event.fields["operations"] ?? "set \(event.fields["values"] ?? "")"
    objects[place].parts[role, default: PartBuilding()].messages.append(building)
  }

  mutating func readSignal(_ event: TraceEvent, by role: String) {
    guard let target = event.number("target"), let variable = values.variable(ofProcess: target) else { return }
    let receiver = String(variable.dropLast(".pid".count))
    // A signal to the role itself, for example from abort(3), carries nothing to another role.
    guard receiver != role else { return }
    let key = "signals \(receiver)"
    let place = places[key] ?? add(RecordedObject(kind: .signals, name: receiver), path: nil, as: key)
    var building = MessageBuilding()
    let value = event.number("value").map { " value=\($0)" } ?? ""
    building.message.operation = (event.fields["name"] ?? "") + value
    objects[place].parts[role, default: PartBuilding()].messages.append(building)
  }
}
