import Glibc
import PeerProtocol

/// Decodes objects: their names, creation and removal.
extension TraceDecoder {
  mutating func readObject(_ event: TraceEvent, _ reading: inout Reading) {
    let type = event.fields["type"] ?? ""
    let link = event.fields["link"] ?? ""
    if type == "socket" {
      reading.sockets[event.id] = event.fields
      return
    }
    guard let (kind, name) = identity(type: type, link: link) else { return }
    let place: Int
    if let known = places[event.id] {
      place = known
    } else {
      place = add(RecordedObject(kind: kind, name: name), path: link, as: event.id)
    }
    if objects[place].mode == nil { objects[place].mode = event.octal("mode") }
    if objects[place].size == nil { objects[place].size = event.number("size") }
    for limit in RecordedObject.Creation.Limit.allCases where limit != .size {
      if let value = event.number(limit.rawValue) { objects[place].limits[limit] = value }
    }
  }

  mutating func add(_ object: RecordedObject, path: String?, as key: String) -> Int {
    objects.append(Building(object: object, path: path))
    places[key] = objects.count - 1
    return objects.count - 1
  }

  private func identity(type: String, link: String) -> (kind: RecordedObject.Kind, name: String)? {
    switch type {
    case "fifo": (.fifo, values.name(link))
    case "pipe": (.pipe, "")
    case "mq": (.messageQueue, values.name(link))
    case "memfd": (.memory, "")
    case "anonymous": (.anonymous, "")
    case "file": fileIdentity(link)
    default: nil
    }
  }

  private func fileIdentity(_ path: String) -> (kind: RecordedObject.Kind, name: String) {
    let (folder, prefix) = ("/dev/shm/", "/dev/shm/sem.")
    if path.hasPrefix(prefix) { return (.semaphore, values.name("/" + path.dropFirst(prefix.count))) }
    if path.hasPrefix(folder) { return (.sharedMemory, values.name("/" + path.dropFirst(folder.count))) }
    return (.file, values.name(path))
  }

  // MARK: - Creation

  mutating func readCreation(_ event: TraceEvent, _ reading: inout Reading) {
    guard let place = places[event.id] else { return }
    let flags = Int32(truncatingIfNeeded: event.number("flags") ?? 0)
    if flags & O_CREAT != 0, event.number("existed") != 1, objects[place].object.creation == nil {
      var creation = RecordedObject.Creation(role: reading.role)
      creation.isExclusive = flags & O_EXCL != 0 && objects[place].object.kind != .pipe
      if let mode = event.octal("mode"), let mask = event.octal("umask") { creation.requested = (mode, mask) }
      objects[place].object.creation = creation
      // sem_open(3) creates every semaphore under a temporary name, whether or not its caller requests O_EXCL.
      if objects[place].object.kind == .semaphore { objects[place].object.creation?.isExclusive = false }
      if objects[place].object.kind == .file, flags & O_ACCMODE != O_RDONLY { objects[place].isKept = true }
    }
    guard let number = event.number("fd") else { return }
    // A descriptor opened with O_PATH only locates the object.
    let isPath = flags & 0o10000000 != 0
    if !isPath { note(Descriptor(pid: event.pid, number: number), closes: flags & O_CLOEXEC != 0, at: place, &reading) }
  }

  mutating func note(_ descriptor: Descriptor, closes: Bool, at place: Int, _ reading: inout Reading) {
    reading.descriptors[descriptor] = place
    objects[place].parts[reading.role, default: PartBuilding()].descriptors[descriptor] = closes
  }

  mutating func readKey(_ event: TraceEvent, _ reading: inout Reading) {
    let kinds: [String: RecordedObject.Kind] = ["msg": .messages, "sem": .semaphores, "shm": .segment]
    guard let kind = kinds[event.fields["type"] ?? ""], let key = event.number("key") else { return }
    let place =
      places[event.id]
      ?? add(RecordedObject(kind: kind, name: key == 0 ? "" : values.key(key)), path: nil, as: event.id)
    guard event.number("create") == 1 || key == 0, event.number("existed") != 1, objects[place].object.creation == nil
    else { return }
    var creation = RecordedObject.Creation(role: reading.role)
    creation.isExclusive = event.number("exclusive") == 1
    // The umask does not apply to System V objects.
    objects[place].mode = event.octal("mode")
    if kind == .semaphores { objects[place].limits[.semaphores] = event.number("size") }
    if kind == .segment { objects[place].size = event.number("size") }
    creation.requested = event.octal("mode").map { ($0, 0) }
    objects[place].object.creation = creation
  }

  mutating func setMode(_ mode: Int, of place: Int) { objects[place].mode = mode }

  mutating func setSize(_ size: Int, of place: Int) { objects[place].size = size }

  // MARK: - Names

  mutating func readName(_ event: TraceEvent) {
    guard let to = event.fields["to"], let place = event.fields["id"].flatMap({ places[$0] }) else { return }
    objects[place].path = to
    guard [.file, .semaphore, .sharedMemory].contains(objects[place].object.kind) else { return }
    let (kind, name) = fileIdentity(to)
    objects[place].object = RecordedObject(
      kind: kind, name: name, creation: objects[place].object.creation, remover: objects[place].object.remover)
  }

  mutating func readRemoval(_ event: TraceEvent, by role: String) {
    let path = event.fields["path"] ?? event.fields["queue"] ?? ""
    let isQueue = event.fields["queue"] != nil
    let place = objects.lastIndex {
      $0.path == path && $0.object.remover == nil && ($0.object.kind == .messageQueue) == isQueue
    }
    if let place { objects[place].object.remover = role }
  }
}
