import PeerProtocol

/// Compares what the roles in a cell did with a recording.
struct RecordingComparison {
  let expected: CellRecording
  let actual: CellRecording
  /// The values of a recording's variables in the cell.
  let values: CellValues

  /// Returns all differences, in recording order.
  func differences() -> [RecordingDifference] {
    var rest = Array(actual.objects.indices)
    var pairs: [(expected: RecordedObject, actual: RecordedObject?)] = []
    func take(_ isIt: (RecordedObject) -> Bool) -> RecordedObject? {
      guard let position = rest.firstIndex(where: { isIt(actual.objects[$0]) }) else { return nil }
      return actual.objects[rest.remove(at: position)]
    }
    for object in expected.objects {
      pairs.append((object, take { $0.kind == object.kind && $0.name == object.name }))
    }
    // Pair the remaining objects, whose names differ, by kind and in order.
    for index in pairs.indices where pairs[index].actual == nil {
      pairs[index].actual = take { $0.kind == pairs[index].expected.kind }
    }
    var found: [RecordingDifference] = []
    for (object, counterpart) in pairs {
      guard let counterpart else {
        found.append(difference(object, object.creation?.role ?? object.parts.first?.role, .missingObject))
        continue
      }
      if object.name != counterpart.name, object.name != Self.anyName {
        let role = counterpart.creation?.role ?? counterpart.parts.first?.role
        found.append(difference(object, role, .name(actual: counterpart.name)))
      }
      found += creation(object, counterpart) + removal(object, counterpart) + use(object, counterpart)
    }
    for index in rest {
      let object = actual.objects[index]
      found.append(difference(object, object.creation?.role ?? object.parts.first?.role, .extraObject))
    }
    return found
  }

  /// A placeholder for a name that matches every other name.
  static let anyName = "*"

  private func difference(
    _ object: RecordedObject, _ role: String?, _ what: RecordingDifference.What, _ time: Int? = nil
  ) -> RecordingDifference {
    RecordingDifference(kind: object.kind, name: object.name, role: role, what: what, time: time)
  }

  // MARK: - Creation and removal

  private func creation(_ object: RecordedObject, _ counterpart: RecordedObject) -> [RecordingDifference] {
    guard let wanted = object.creation else { return [] }
    guard let found = counterpart.creation else {
      return object.tolerance.roles
        ? [] : [difference(object, wanted.role, .creator(expected: wanted.role, actual: nil))]
    }
    var differences: [RecordingDifference] = []
    func add(_ what: RecordingDifference.What) { differences.append(difference(object, found.role, what)) }
    if wanted.role != found.role, !object.tolerance.roles {
      add(.creator(expected: wanted.role, actual: found.role))
    }
    if let mode = wanted.mode, let actual = found.mode, mode != actual {
      let isMask =
        found.requested.map {
          $0.mask != 0 && $0.mode & ~$0.mask == actual && ($0.mode == mode || object.kind.isSocket)
        } ?? false
      add(.mode(expected: mode, actual: actual, mask: isMask ? found.requested?.mask : nil))
    }
    if wanted.isExclusive, !found.isExclusive { add(.notExclusive) }
    for limit in RecordedObject.Creation.Limit.allCases where wanted.limits[limit] != found.limits[limit] {
      // A file's bytes already determine its size.
      if limit == .size, object.kind == .file, wanted.limits[limit] == nil || found.limits[limit] == nil { continue }
      add(.limit(limit, expected: wanted.limits[limit], actual: found.limits[limit]))
    }
    return differences
  }

  private func removal(_ object: RecordedObject, _ counterpart: RecordedObject) -> [RecordingDifference] {
    switch (object.remover, counterpart.remover) {
    case (let wanted?, nil): [difference(object, wanted, .notRemoved(expected: wanted))]
    case (nil, let found?): [difference(object, found, .extraRemoval)]
    case (let wanted?, let found?) where wanted != found && !object.tolerance.roles:
      [difference(object, found, .remover(expected: wanted, actual: found))]
    default: []
    }
  }

  // MARK: - Messages

  private func use(_ object: RecordedObject, _ counterpart: RecordedObject) -> [RecordingDifference] {
    var roles = object.parts.map(\.role)
    roles += counterpart.parts.map(\.role).filter { !roles.contains($0) }
    func parts(_ role: String) -> (wanted: RecordedObject.Part, found: RecordedObject.Part) {
      (
        object.parts.first { $0.role == role } ?? RecordedObject.Part(role: role),
        counterpart.parts.first { $0.role == role } ?? RecordedObject.Part(role: role)
      )
    }
    var isSentEqually = true
    let differences = roles.flatMap { role -> [RecordingDifference] in
      let (wanted, found) = parts(role)
      var differences = messages(object, role, wanted.messages, found.messages)
      isSentEqually = isSentEqually && differences.isEmpty
      if wanted.closesOnExec == true, found.closesOnExec == false {
        differences.insert(difference(object, role, .keptOnExec), at: 0)
      }
      return differences
    }
    // Compare the received data only if the sent data is equal. Otherwise, the same difference would be reported twice.
    guard object.hasReceptions, isSentEqually else { return differences }
    return differences
      + roles.flatMap { role -> [RecordingDifference] in
        let (wanted, found) = parts(role)
        return messages(object, role, wanted.received, found.received).map {
          var difference = $0
          difference.isReception = true
          return difference
        }
      }
  }

  private func messages(
    _ object: RecordedObject, _ role: String, _ wanted: [RecordedMessage], _ found: [RecordedMessage]
  ) -> [RecordingDifference] {
    let matches = object.tolerance.order ? unordered(wanted, found) : MessageAlignment(wanted, found, equal).pairs
    // The same messages in a different order count as one difference, not several.
    if !object.tolerance.order, wanted.count == found.count, !zip(wanted, found).allSatisfy(equal),
      unordered(wanted, found).allSatisfy({ pair in
        guard let expected = pair.expected, let actual = pair.actual else { return false }
        return equal(wanted[expected], found[actual])
      })
    {
      let first = zip(wanted, found).enumerated().first { !equal($1.0, $1.1) }?.offset ?? 0
      return [difference(object, role, .order(index: first), found[first].calls.first?.time)]
    }
    var differences: [RecordingDifference] = []
    for (expected, actual) in matches {
      switch (expected, actual) {
      case (let expected?, let actual?):
        let time = time(of: found[actual], differingFrom: wanted[expected])
        differences += compare(wanted[expected], found[actual]).map {
          var difference = difference(object, role, .message(index: expected, $0), time)
          if case .bytes = $0 {
            difference.bytes = DifferingBytes(
              recorded: wanted[expected].content, actual: found[actual].content, values.value)
          }
          return difference
        }
      case (let expected?, nil) where !object.tolerance.count:
        differences.append(difference(object, role, .missingMessage(index: expected, wanted[expected])))
      case (nil, let actual?) where !object.tolerance.count:
        differences.append(
          difference(object, role, .extraMessage(index: actual, found[actual]), found[actual].calls.first?.time))
      default: break
      }
    }
    return differences
  }

  /// Returns the start time of the call that sent the first differing byte.
  private func time(of actual: RecordedMessage, differingFrom expected: RecordedMessage) -> Int? {
    let wanted = expected.content.filled(values.value) ?? []
    let found = actual.content.filled(values.value) ?? []
    let same = zip(wanted, found).prefix { $0 == $1 }.count
    return actual.calls.last { $0.offset <= same }?.time ?? actual.calls.first?.time
  }

  private func equal(_ expected: RecordedMessage, _ actual: RecordedMessage) -> Bool {
    compare(expected, actual).isEmpty
  }

  /// Pairs equal messages first, and then pairs the rest in order.
  private func unordered(
    _ wanted: [RecordedMessage], _ found: [RecordedMessage]
  ) -> [(expected: Int?, actual: Int?)] {
    var rest = Array(found.indices)
    var pairs: [(expected: Int?, actual: Int?)] = []
    var unmatched: [Int] = []
    for index in wanted.indices {
      if let position = rest.firstIndex(where: { equal(wanted[index], found[$0]) }) {
        pairs.append((index, rest.remove(at: position)))
      } else {
        unmatched.append(index)
      }
    }
    for (offset, index) in unmatched.enumerated() {
      pairs.append((index, rest.indices.contains(offset) ? rest[offset] : nil))
    }
    return pairs + rest.dropFirst(unmatched.count).map { (nil, $0) }
  }

  /// Returns the differences between two messages.
  func compare(_ expected: RecordedMessage, _ actual: RecordedMessage) -> [MessageDifference] {
    var differences: [MessageDifference] = []
    if let difference = bytes(expected.content, actual.content) { differences.append(difference) }
    if let wanted = expected.priority, let found = actual.priority, wanted != found {
      differences.append(.priority(expected: wanted, actual: found))
    }
    if let wanted = expected.type, let found = actual.type,
      wanted != found, wanted.number(values.value) != found.number(values.value) || found.number(values.value) == nil
    {
      differences.append(.type(expected: wanted, actual: found))
    }
    if let wanted = expected.offset, let found = actual.offset, wanted != found {
      differences.append(.offset(expected: wanted, actual: found))
    }
    if expected.passed != actual.passed {
      differences.append(.passed(expected: expected.passed, actual: actual.passed))
    }
    if expected.operation != actual.operation {
      differences.append(.operation(expected: expected.operation ?? "none", actual: actual.operation ?? "none"))
    }
    return differences
  }

  private func bytes(_ expected: RecordedBytes, _ actual: RecordedBytes) -> MessageDifference? {
    if let wanted = expected.digest {
      let found = actual.digest ?? actual.filled(values.value).map { ($0.count, Digest($0)) }
      // Bytes that cannot be filled in are unknown, and therefore differ.
      guard let found else { return .bytes(.mismatch, expected: wanted.count, actual: 0) }
      guard found.0 != wanted.count || found.1 != wanted.digest else { return nil }
      return .bytes(
        found.0 == wanted.count ? .mismatch : .length(firstDifference: 0), expected: wanted.count, actual: found.0)
    }
    guard let found = actual.filled(values.value) else {
      return .bytes(
        .length(firstDifference: 0), expected: expected.filled(values.value)?.count ?? 0,
        actual: actual.digest?.count ?? 0)
    }
    if expected.isPattern {
      return expected.matches(found, values.value)
        ? nil : .bytes(.mismatch, expected: found.count, actual: found.count)
    }
    guard let wanted = expected.filled(values.value) else {
      return .bytes(.mismatch, expected: found.count, actual: found.count)
    }
    return ContentDifference.between(wanted, found, ignoring: expected.ignoredRanges(values.value)).map {
      .bytes($0, expected: wanted.count, actual: found.count)
    }
  }
}

/// Pairs a role's messages with the recorded messages, in order.
struct MessageAlignment {
  /// The indices of the paired messages; nil stands for a missing counterpart.
  let pairs: [(expected: Int?, actual: Int?)]

  /// The maximum number of comparisons; beyond this limit, messages are paired by index.
  private static let maximum = 250_000

  init(
    _ expected: [RecordedMessage], _ actual: [RecordedMessage], _ equal: (RecordedMessage, RecordedMessage) -> Bool
  ) {
    let (rows, columns) = (expected.count, actual.count)
    let isEqual = rows == columns && zip(expected, actual).allSatisfy(equal)
    guard !isEqual, rows * columns <= Self.maximum else {
      pairs = (0..<max(rows, columns)).map { ($0 < rows ? $0 : nil, $0 < columns ? $0 : nil) }
      return
    }
    // The longest common subsequence: `lengths[i][j]` is its length for the messages starting at i and j.
    var lengths = Array(repeating: Array(repeating: 0, count: columns + 1), count: rows + 1)
    for row in (0..<rows).reversed() {
      for column in (0..<columns).reversed() {
        lengths[row][column] =
          equal(expected[row], actual[column])
          ? lengths[row + 1][column + 1] + 1 : max(lengths[row + 1][column], lengths[row][column + 1])
      }
    }
    var pairs: [(expected: Int?, actual: Int?)] = []
    var (row, column) = (0, 0)
    while row < rows || column < columns {
      if row < rows, column < columns, equal(expected[row], actual[column]) {
        pairs.append((row, column))
        (row, column) = (row + 1, column + 1)
      } else if row < rows, column == columns || lengths[row + 1][column] >= lengths[row][column + 1] {
        pairs.append((row, nil))
        row += 1
      } else {
        pairs.append((nil, column))
        column += 1
      }
    }
    self.pairs = Self.joined(pairs)
  }

  /// Merges adjacent missing and extra messages into one message that differs.
  private static func joined(_ pairs: [(expected: Int?, actual: Int?)]) -> [(expected: Int?, actual: Int?)] {
    var result: [(expected: Int?, actual: Int?)] = []
    for pair in pairs {
      let run = result.reversed().prefix { $0.actual == nil }.count
      if pair.expected == nil, run > 0 {
        result[result.count - run].actual = pair.actual
      } else {
        result.append(pair)
      }
    }
    return result
  }
}
