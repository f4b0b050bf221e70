internal import IPC

/// A queued signal with a value.
let signalCosts = [
  Cost(name: "signal", kind: .calls) { run in
    let (signal, process) = (Signal.firstRealTime, ProcessID.current)
    let signals: SignalSet = [signal]
    try signals.whileBlocked {
      for _ in 0..<run.count {
        try signal.queue(value: 7, to: process)
        let received = try signals.wait()
        require(received.signal == signal && received.value == 7)
      }
    }
  }
]
