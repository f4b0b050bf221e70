/// How well each mechanism meets each need, and the Swift types for each mechanism.
public struct MechanismGuide: Sendable {
  let needs: [NeedFacts]
  /// The mechanisms, in order of preference.
  let mechanisms: [MechanismFacts]

  func facts(of need: Need) -> NeedFacts? { needs.first { $0.need == need } }

  func mechanism(_ id: String) -> MechanismFacts? { mechanisms.first { $0.id == id } }

  /// Returns the needs that apply to a purpose, in question order.
  public func needs(for purpose: Purpose) -> [Need] {
    needs.filter { $0.purposes.contains(purpose) }.map(\.need)
  }
}

/// A need, with the default rating for mechanisms that the file does not rate for this need.
struct NeedFacts: Sendable {
  let need: Need
  let purposes: [Purpose]
  /// The minimum message size or rate at which the need applies.
  let threshold: Int?
  let otherwise: Fitness
}

/// How well a mechanism meets a need, and why.
struct Fitness: Sendable {
  let level: Level
  let reason: String
  /// Another mechanism that the program must use as well.
  var addition: String?

  enum Level: String, Sendable, CaseIterable, Encodable {
    case lacks, works, fits

    var score: Int {
      switch self {
      case .lacks: 0
      case .works: 1
      case .fits: 2
      }
    }
  }
}

/// The facts about a mechanism.
struct MechanismFacts: Sendable {
  let id: String
  let name: String
  let summary: String
  let purposes: [Purpose]
  let fitness: [Need: Fitness]
  /// The maximum message size in bytes, and the reason for it.
  let limit: (size: Int, reason: String)?
  let functions: [String]
  /// The C header to copy.
  let header: String?
  let types: [String]
  /// The name of the library article about the mechanism.
  let page: String
  let examples: [String]
  /// The pitfalls that a user of the mechanism should know.
  let warnings: [String]
  /// The benchmarks that show the mechanism's costs for particular needs.
  var benchmarks: [Need: String] = [:]
}
