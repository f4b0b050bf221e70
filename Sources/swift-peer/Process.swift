internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Operations on the process itself, which call glibc because the library does not provide them.
let processOperations: [Peer.Operation] = [
  .init("pid", "") { _, _ in
    var fields = Fields()
    fields.append("pid", getpid())
    fields.append("ppid", getppid())
    fields.append("uid", geteuid())
    fields.append("gid", getegid())
    return fields
  },

  .init("umask", "mask") { _, parameters in
    var fields = Fields()
    fields.append("mask", String(umask(try parameters.permissions("mask").rawValue), radix: 8))
    return fields
  },

  // glibc's time(2) reads the clock that sets the timestamps of System V objects; CLOCK_REALTIME may be a tick ahead.
  .init("time", "") { _, _ in
    var fields = Fields()
    fields.append("now", time(nil))
    return fields
  },

  .init("setpgid", "pid pgid") { _, parameters in
    let (process, group): (Int32, Int32) = (
      try parameters.integer("pid", default: 0), try parameters.integer("pgid", default: 0)
    )
    guard setpgid(process, group) == 0 else { throw Failure(Errno(rawValue: errno)) }
    return Fields()
  },

  .init("setrlimit", "resource rlim_cur") { _, parameters in
    let name = try parameters.text("resource")
    guard let resource = resources[name] else { throw Invalid("there is no resource '\(name)' here") }
    var limit = rlimit()
    guard unsafe getrlimit(Int32(resource.rawValue), &limit) == 0 else { throw Failure(Errno(rawValue: errno)) }
    limit.rlim_cur = try parameters.integer("rlim_cur")
    guard unsafe setrlimit(Int32(resource.rawValue), &limit) == 0 else { throw Failure(Errno(rawValue: errno)) }
    return Fields()
  },
]

private let resources: [String: __rlimit_resource] = [
  "RLIMIT_NOFILE": RLIMIT_NOFILE, "RLIMIT_MSGQUEUE": __RLIMIT_MSGQUEUE, "RLIMIT_FSIZE": RLIMIT_FSIZE,
  "RLIMIT_SIGPENDING": __RLIMIT_SIGPENDING, "RLIMIT_MEMLOCK": __RLIMIT_MEMLOCK,
]
