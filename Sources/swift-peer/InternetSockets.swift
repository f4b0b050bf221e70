internal import IPC
internal import PeerProtocol

/// Operations that open, use and close a TCP connection in one request.
let connectionOperations: [Peer.Operation] = [
  .init("accept_and_echo", "handle count") { peer, parameters in
    let count = try parameters.count()
    return try peer.socket(parameters).listener { listener in
      var bytes: [UInt8] = []
      for _ in 0..<count {
        let stream = try listener.accept(retryOnInterrupt: false)
        bytes.removeAll(keepingCapacity: true)
        try stream.readToEnd(appendingTo: &bytes, retryOnInterrupt: false)
        try stream.writeAll(bytes.span, retryOnInterrupt: false)
        try stream.close()
      }
      var fields = Fields()
      fields.append("return", count)
      return fields
    }
  },

  .init("connect_and_ask", "address port count") { peer, parameters in
    guard case .internet(let address) = try parameters.address() else { throw Invalid("an internet address expected") }
    let count = try parameters.count()
    var (wrong, response) = (0, [UInt8]())
    for number in 0..<count {
      let message = Pattern(seed: UInt64(number)).bytes(64)
      let stream = try TCP.Stream(address.address.version)
      try stream.connect(to: address, retryOnInterrupt: false)
      try stream.writeAll(message.span, retryOnInterrupt: false)
      try stream.shutDown(.sending)
      response.removeAll(keepingCapacity: true)
      try stream.readToEnd(appendingTo: &response, retryOnInterrupt: false)
      if response != message { wrong += 1 }
      try stream.close()
    }
    var fields = Fields()
    fields.append("return", count)
    fields.append("wrong", wrong)
    return fields
  },
]
