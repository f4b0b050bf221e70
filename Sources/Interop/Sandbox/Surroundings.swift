/// What the sandboxes of a run are like.
struct Surroundings: Sendable, CustomStringConvertible {
  let isolation: Isolation
  /// Why it is not better.
  var excuse: String?
  /// Kinds of objects that no census sees here. Nobody may be asked to make one: nothing found would look like nothing left.
  var unseen: Set<ObjectKind> = []

  var description: String {
    let blindness =
      unseen.isEmpty ? nil : "the census sees no \(unseen.map(\.rawValue).sorted().joined(separator: ", "))"
    let remarks = [excuse, blindness].compactMap { $0 }
    return isolation.rawValue + (remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))")
  }
}
