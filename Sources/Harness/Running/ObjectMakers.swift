/// The programs that may have created a cell's objects.
final class ObjectMakers {
  private var makers: [KernelObject: String] = [:]
  private var ended: Set<String> = []

  /// The name of the program that created an object, or the names of all programs that may have created it; nil if
  /// unknown.
  subscript(object: KernelObject) -> String? { makers[object] }

  func names(of kind: ObjectKind) -> Set<String> { Set(makers.keys.filter { $0.kind == kind }.compactMap(\.name)) }

  func knows(_ object: KernelObject) -> Bool { makers[object] != nil }

  func record(_ object: KernelObject, of roles: [RoleProcess]) {
    makers[object] = roles.isEmpty ? nil : roles.map(\.name).joined(separator: " or ")
  }

  /// Returns whether a program had terminated before the last observation.
  func hasEnded(_ role: RoleProcess) -> Bool { ended.contains(role.name) }

  func recordEnd(of role: RoleProcess) { ended.insert(role.name) }
}
