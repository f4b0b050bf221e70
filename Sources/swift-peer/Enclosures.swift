internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// What travels with a message besides its bytes: descriptors and credentials.
let enclosureOperations: [Peer.Operation] = [
  .init("sendmsg") { peer, parameters in
    let socket = try peer.socket(parameters)
    let bytes = try parameters.payload("buf", length: "len")
    let descriptors = try parameters.names("fds").map {
      try peer.handles.find($0, as: (any DescriptorHandle).self, "descriptor").descriptor
    }
    let credentials = try parameters.credentials()
    let patience = try parameters.patience(of: socket, flags: socketSendFlags)
    let interruption = try parameters.interruption()
    var count = bytes.count
    do {
      try socket.use(as: UnixSocket.StreamStyle.self) {
        try $0.send(
          unsafe bytes.span.bytes, enclosing: descriptors.span, credentials: credentials, patience: patience,
          interruption: interruption
        ).check()
      }
    } catch let error as IPCError where error.transferred > 0 {
      count = error.transferred  // sendmsg(2) has returned that
    }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("recvmsg") { peer, parameters in
    let socket = try peer.socket(parameters)
    let names = try parameters.names("fds")
    try peer.handles.require(free: names)
    switch socket.type {
    case SOCK_DGRAM where socket.version != nil:
      return try socket.receiveDatagram(parameters, addressed: true, flagged: true)
    case SOCK_DGRAM: return try receive(peer, parameters, socket, names, UnixSocket.DatagramStyle.self)
    case SOCK_SEQPACKET: return try receive(peer, parameters, socket, names, UnixSocket.SequencedPacketStyle.self)
    default: return try receive(peer, parameters, socket, names, UnixSocket.StreamStyle.self)
    }
  },
]

private func receive<Style: UnixSocket.Style>(
  _ peer: Peer, _ parameters: Parameters, _ socket: SocketHandle, _ names: [String], _ style: Style.Type
) throws -> Fields {
  let peeking = try parameters.flags("flags", of: socketReceiveFlags, default: 0) & Int32(MSG_PEEK) != 0
  let patience = try parameters.patience(of: socket, flags: socketReceiveFlags)
  let interruption = try parameters.interruption()
  let limit = try parameters.room("len")
  var bytes: [UInt8] = []
  var enclosure = UnixSocket.Enclosure()
  let result = try socket.use(as: style) {
    try $0.receive(
      atMost: limit, appendingTo: &bytes, enclosure: &enclosure, room: names.count, peeking: peeking,
      patience: patience, interruption: interruption)
  }
  var fields = Fields()
  fields.append("return", bytes.count)
  let sender: UnixSocket.Address
  var flags: [String] = []
  switch result {
  case .received(let arrival):
    sender = arrival.sender
    if arrival.isTruncated { flags.append("MSG_TRUNC") }
  case .endOfFile: sender = .unnamed
  case .wouldBlock: throw Failure(.wouldBlock)
  case .timedOut: throw Failure(.timedOut)
  }
  if enclosure.descriptorsWereLost { flags.append("MSG_CTRUNC") }
  fields.append("msg_flags", flags.isEmpty ? "0" : flags.joined(separator: "|"))
  fields.append(sender)
  if let credentials = enclosure.credentials { fields.append(credentials) }
  try keepDescriptors(&enclosure, peer, names, &fields)
  try parameters.report(bytes, as: "buf", in: &fields)
  return fields
}

/// Gives each descriptor that came the next of the names.
private func keepDescriptors(
  _ enclosure: inout UnixSocket.Enclosure, _ peer: Peer, _ names: [String], _ fields: inout Fields
) throws {
  var numbers: [String] = []
  var closedOnExec = true
  for name in names {
    guard let descriptor = enclosure.takeDescriptor() else { break }
    numbers.append("\(descriptor.rawValue)")
    // Before it is adopted, which would see to that.
    closedOnExec = closedOnExec && fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0
    try peer.handles.add(try adopted(descriptor), as: name)
  }
  if numbers.isEmpty { return }
  fields.append("fd", numbers.joined(separator: ","))
  fields.append("cloexec", closedOnExec ? "yes" : "no")
}

extension Parameters {
  /// Names joined by commas; none where there is no such parameter.
  fileprivate func names(_ key: String) throws -> [String] {
    has(key) ? try text(key).split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
  }

  /// What the sender says that it is; nil where it says nothing. What it does not say is as it is.
  fileprivate func credentials() throws -> UnixSocket.Credentials? {
    guard has("pid") || has("uid") || has("gid") else { return nil }
    return UnixSocket.Credentials(
      process: try integer("pid", default: getpid()), user: try integer("uid", default: getuid()),
      group: try integer("gid", default: getgid()))
  }
}
