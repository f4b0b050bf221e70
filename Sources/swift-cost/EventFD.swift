internal import IPC

/// An eventfd, which transfers no bytes.
let eventFDCosts = [
  Cost(name: "eventfd", kind: .calls) { run in
    let event = try EventFD()
    for _ in 0..<run.count {
      try event.write(1)
      require(try event.read() == 1)
    }
  }
]
