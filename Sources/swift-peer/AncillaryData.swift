internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Messages with ancillary data: descriptors and credentials.
let ancillaryOperations: [Peer.Operation] = [
  .init("sendmsg", "handle buf len pattern offset parts fds pid uid gid flags timeout eintr") { peer, parameters in
    let socket = try peer.socket(parameters)
    let bytes = try parameters.payload("buf", length: "len")
    if parameters.has("parts") { return try sendParts(socket, bytes, parameters) }
    let descriptors = try parameters.names("fds").map {
      try peer.handles.find($0, as: (any DescriptorHandle).self, "descriptor").descriptor
    }
    let credentials = try parameters.credentials()
    let timeout = try parameters.timeout(of: socket, flags: socketSendFlags)
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    func send<Style: UnixSocket.Style>(as style: Style.Type) throws {
      try socket.use(as: style) {
        try $0.send(
          bytes.span, descriptors: descriptors.span, credentials: credentials, timeout: timeout,
          retryOnInterrupt: retryOnInterrupt)
      }
    }
    var count = bytes.count
    do {
      switch socket.type {
      case SOCK_DGRAM where socket.version == nil: try send(as: UnixSocket.DatagramStyle.self)
      case SOCK_SEQPACKET: try send(as: UnixSocket.SequencedPacketStyle.self)
      default: try send(as: UnixSocket.StreamStyle.self)
      }
    } catch let error as IPCError where error.transferred > 0 {
      count = error.transferred  // the return value of sendmsg(2)
    }
    var fields = Fields()
    fields.append("return", count)
    return fields
  },

  .init("recvmsg", "handle len pattern offset parts fds pidfd flags timeout eintr") { peer, parameters in
    let socket = try peer.socket(parameters)
    if parameters.has("parts") { return try receiveParts(socket, parameters) }
    let names = try parameters.names("fds")
    try peer.handles.require(free: names + (try parameters.names("pidfd")))
    switch socket.type {
    case SOCK_DGRAM where socket.version != nil:
      let received = try socket.receiveMessage(parameters, addressed: true)
      var fields = Fields()
      fields.append("return", received.bytes.count)
      fields.append("msg_flags", received.bytes.count < received.originalLength ? "MSG_TRUNC" : "0")
      if let sender = received.sender { fields.append(sender) }
      try parameters.report(received.bytes, as: "buf", in: &fields)
      return fields
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
  let timeout = try parameters.timeout(of: socket, flags: socketReceiveFlags)
  let retryOnInterrupt = try parameters.retryOnInterrupt()
  let maxLength = try parameters.room("len")
  var bytes: [UInt8] = []
  var ancillary = AncillaryData(maximumDescriptors: names.count)
  let message = try socket.use(as: style) {
    try $0.receive(
      maxLength: maxLength, appendingTo: &bytes, ancillary: &ancillary, peeking: peeking, timeout: timeout,
      retryOnInterrupt: retryOnInterrupt)
  }
  var fields = Fields()
  fields.append("return", bytes.count)
  var flags: [String] = []
  if message?.isTruncated ?? false { flags.append("MSG_TRUNC") }
  if ancillary.isControlTruncated { flags.append("MSG_CTRUNC") }
  fields.append("msg_flags", flags.isEmpty ? "0" : flags.joined(separator: "|"))
  fields.append(message?.sender ?? .unnamed)
  if let credentials = ancillary.credentials { fields.append(credentials) }
  try keepDescriptors(&ancillary, peer, names, sender: try parameters.names("pidfd").first, &fields)
  try parameters.report(bytes, as: "buf", in: &fields)
  return fields
}

/// Stores each received descriptor under the next name, and the sender's pidfd under the name `sender`.
private func keepDescriptors(
  _ ancillary: inout AncillaryData, _ peer: Peer, _ names: [String], sender: String?, _ fields: inout Fields
) throws {
  var numbers: [String] = []
  var closeOnExec = true
  for name in names {
    guard let descriptor = ancillary.takeDescriptor()?.release() else { break }
    numbers.append("\(descriptor.rawValue)")
    // Check the flag before adopting the descriptor, because adopting the descriptor sets the flag.
    closeOnExec = closeOnExec && fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0
    try peer.handles.add(try adopted(descriptor), as: name)
  }
  if let sender, let process = ancillary.takeSender() {
    numbers.append("\(process.descriptor.rawValue)")
    closeOnExec = closeOnExec && fcntl(process.descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0
    try peer.handles.add(OwnerHandle(process), as: sender)
  }
  if numbers.isEmpty { return }
  fields.append("fd", numbers.joined(separator: ","))
  fields.append("cloexec", closeOnExec ? "yes" : "no")
}

extension Parameters {
  /// Parses comma-separated names; returns an empty array if the parameter is missing.
  fileprivate func names(_ key: String) throws -> [String] {
    has(key) ? try text(key).split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
  }

  /// Returns the credentials to send, or nil if the request has none.
  ///
  /// Any member that the request omits has the value of this process.
  fileprivate func credentials() throws -> UnixSocket.Credentials? {
    guard has("pid") || has("uid") || has("gid") else { return nil }
    return UnixSocket.Credentials(
      process: ProcessID(rawValue: try integer("pid", default: getpid())),
      user: UserID(rawValue: try integer("uid", default: getuid())),
      group: GroupID(rawValue: try integer("gid", default: getgid())))
  }
}
