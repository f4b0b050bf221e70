extension SystemCallTrace {
  /// The same requests as if each wait that sleeps in slices had been over within the first one. How many there are is a
  /// matter of time, and a fault has to find its call whatever that was.
  var requestsInOneSlice: [[Call]] {
    var dropped: [String: Int] = [:]
    return requests.map { calls in
      var kept: [Call] = []
      var index = calls.startIndex
      while index < calls.endIndex {
        let call = calls[index]
        if let word = call.sleepsOn, call.line.contains(" = -1 ETIMEDOUT"),
          let again = calls[(index + 1)...].firstIndex(where: { $0.sleepsOn != nil }), calls[again].sleepsOn == word
        {
          for slice in calls[index..<again] { dropped[slice.name, default: 0] += 1 }
          index = again
        } else {
          kept.append(call.earlier(by: dropped[call.name, default: 0]))
          index += 1
        }
      }
      return kept
    }
  }
}

extension SystemCallTrace.Call {
  /// The word on which it sleeps; nil for all other calls.
  fileprivate var sleepsOn: Substring? {
    guard name == "futex", line.contains("FUTEX_WAIT") else { return nil }
    return line.dropFirst("futex(".count).prefix { $0 != "," }
  }

  fileprivate func earlier(by count: Int) -> Self {
    Self(name: name, number: number - count, line: line, isAnswer: isAnswer)
  }
}
