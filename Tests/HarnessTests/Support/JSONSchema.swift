import Foundation
import SystemPackage
import Testing

/// One of the project's JSON schemas.
///
/// The type implements only those parts of JSON Schema that the project's files use.
struct JSONSchema {
  private let root: [String: Any]

  /// Reads a schema file from the checkout.
  init(_ path: String) throws {
    let file = URL(fileURLWithPath: Checkout.root.appending(path).string)
    root = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
  }

  /// Returns the violations of the schema in a document.
  func problems(in text: String) throws -> [String] {
    problems(try JSONSerialization.jsonObject(with: Data(text.utf8)), root, "")
  }

  private func problems(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    if let reference = schema["$ref"] as? String, let definitions = root["$defs"] as? [String: [String: Any]],
      let name = reference.split(separator: "/").last, let target = definitions[String(name)]
    {
      return problems(value, target, path)
    }
    if let choices = schema["oneOf"] as? [[String: Any]] {
      return choices.contains { problems(value, $0, path).isEmpty } ? [] : ["\(path) is none of the alternatives"]
    }
    if let allowed = schema["enum"] as? [NSObject] {
      return (value as? NSObject).map(allowed.contains) == true ? [] : ["\(path) is '\(value)'"]
    }
    if let constant = schema["const"] as? NSObject {
      return constant == value as? NSObject ? [] : ["\(path) is '\(value)'"]
    }
    switch schema["type"] as? String {
    case "object":
      guard let object = value as? [String: Any] else { return ["\(path) is not an object"] }
      let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
      let others = schema["additionalProperties"] as? [String: Any]
      let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }.map { "\(path) has no \($0)" }
      return missing
        + object.flatMap { key, value in
          (properties[key] ?? others).map { problems(value, $0, "\(path)/\(key)") } ?? ["\(path) has \(key)"]
        }
    case "array":
      guard let list = value as? [Any] else { return ["\(path) is not an array"] }
      let items = schema["items"] as? [String: Any] ?? [:]
      return list.enumerated().flatMap { problems($1, items, "\(path)/\($0)") }
    case "string": return value is String ? [] : ["\(path) is not a string"]
    case "boolean", "integer", "number": return value is NSNumber ? [] : ["\(path) is not a number"]
    default: return ["\(path): the schema has no type"]
    }
  }
}
