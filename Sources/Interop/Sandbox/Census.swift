/// Every kernel object of a sandbox at one moment.
struct Census {
  let objects: Set<String>

  /// `objects`: the kind of each, a space, and what tells it from the others.
  init(objects: [String]) { self.objects = Set(objects) }

  /// What is here and was not there before.
  func added(since before: Census) -> [String] { objects.subtracting(before.objects).sorted() }

  static func kind(of object: String) -> ObjectKind? { ObjectKind(rawValue: String(object.prefix { $0 != " " })) }
}
