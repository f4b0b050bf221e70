internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Monitoring changes to files and directories: `inotify(7)`.
let changeOperations: [Peer.Operation] = [
  .init("inotify_init1", "handle flags") { peer, parameters in
    try peer.handles.require(free: parameters.handle)
    let isNonBlocking = try parameters.flags("flags", of: instanceFlags, default: 0) != 0
    return try peer.hold(try Inotify(nonBlocking: isNonBlocking), as: parameters.handle)
  },

  .init("inotify_add_watch", "handle path mask") { peer, parameters in
    let path = FilePath(try parameters.text("path"))
    let events = Inotify.Events(rawValue: UInt32(bitPattern: try parameters.flags("mask", of: eventFlags)))
    var fields = Fields()
    // As in C, the kernel decides whether the descriptor is an inotify instance.
    fields.append("wd", try peer.changes(parameters) { try $0.watch(path, for: events).rawValue })
    return fields
  },

  .init("inotify_rm_watch", "handle wd") { peer, parameters in
    let watch = Inotify.Watch(rawValue: try parameters.integer("wd"))
    try peer.changes(parameters) { try $0.remove(watch) }
    return Fields()
  },

  .init("inotify_read", "handle timeout eintr") { peer, parameters in
    let retry = try parameters.retryOnInterrupt()
    var (watches, events, cookies, names): ([String], [String], [UInt32], [[UInt8]]) = ([], [], [], [])
    let count = try peer.changes(parameters) { changes in
      try changes.read(timeout: try changes.timeout(parameters), retryOnInterrupt: retry) { event, name in
        watches.append("\(event.watch.rawValue)")
        events.append(eventFlags.describe(Int32(bitPattern: event.events.rawValue)))
        cookies.append(event.cookie)
        names.append(name.indices.map { name[$0] })
      }
    }
    var fields = Fields()
    fields.append("return", count)
    fields.append("wd", watches.joined(separator: ","))
    fields.append("mask", events.joined(separator: ","))
    // Cookies differ between runs, so a response numbers the moves: events with the same cookie get the same number.
    var moves: [UInt32] = []
    for cookie in cookies where cookie != 0 && !moves.contains(cookie) { moves.append(cookie) }
    let numbers = cookies.map { cookie in moves.firstIndex(of: cookie).map { "\($0 + 1)" } ?? "0" }
    fields.append("cookie", numbers.joined(separator: ","))
    fields.append("name", bytes: Array(names.joined(separator: [UInt8(ascii: ",")])))
    return fields
  },

  .init("inotify_read_all", "handle") { peer, parameters in
    var count = 0
    var last: (watch: Int32, events: UInt32, name: [UInt8]) = (0, 0, [])
    try peer.changes(parameters) { changes in
      do {
        while true {
          count += try changes.read(timeout: .after(.zero)) { event, name in
            last = (event.watch.rawValue, event.events.rawValue, name.indices.map { name[$0] })
          }
        }
      } catch let error as IPCError where error.errno == .timedOut {}
    }
    var fields = Fields()
    fields.append("return", count)
    fields.append("wd", last.watch)
    fields.append("mask", eventFlags.describe(Int32(bitPattern: last.events)))
    fields.append("name", bytes: last.name)
    return fields
  },
]

extension Peer {
  fileprivate func changes<Value>(
    _ parameters: Parameters, _ body: (borrowing Inotify) throws -> Value
  ) throws -> Value {
    try use(Inotify.self, "inotify instance", parameters, body)
  }
}

private let instanceFlags = FlagTable(["IN_NONBLOCK": 0o4000])
private let eventFlags = FlagTable([
  "IN_ACCESS": 0x1, "IN_MODIFY": 0x2, "IN_ATTRIB": 0x4, "IN_CLOSE_WRITE": 0x8, "IN_CLOSE_NOWRITE": 0x10,
  "IN_OPEN": 0x20, "IN_MOVED_FROM": 0x40, "IN_MOVED_TO": 0x80, "IN_CREATE": 0x100, "IN_DELETE": 0x200,
  "IN_DELETE_SELF": 0x400, "IN_MOVE_SELF": 0x800, "IN_UNMOUNT": 0x2000, "IN_Q_OVERFLOW": 0x4000,
  "IN_IGNORED": 0x8000, "IN_ONLYDIR": 0x100_0000, "IN_DONT_FOLLOW": 0x200_0000, "IN_EXCL_UNLINK": 0x400_0000,
  "IN_MASK_CREATE": 0x1000_0000, "IN_MASK_ADD": 0x2000_0000, "IN_ISDIR": 0x4000_0000,
  "IN_ONESHOT": Int32(bitPattern: 0x8000_0000),
])
