internal import FoundationEssentials

/// A service message, as docs/services.md defines it.
struct Message<Payload> {
  static var maximumLength: Int { 1 << 20 }

  var id: String
  var type: String
  var payload: Payload
  /// The time in milliseconds since 1970.
  var timestamp: Int64

  init(id: String, type: String, payload: Payload) {
    (self.id, self.type, self.payload, timestamp) = (id, type, payload, .millisecondsNow)
  }
}

extension Message: Sendable where Payload: Sendable {}
extension Message: Encodable where Payload: Encodable {}
extension Message: Decodable where Payload: Decodable {}

extension Int64 {
  /// The time in milliseconds since 1970.
  static var millisecondsNow: Int64 { Int64(Date.now.timeIntervalSince1970 * 1000) }
}

/// A request whose payload has not been decoded.
struct Request {
  let id: String
  let type: String
  private let bytes: Data

  /// Parses and validates a message.
  init(_ bytes: [UInt8]) throws(ServiceError) {
    guard bytes.isAcceptableJSON else { throw ServiceError(.invalidJSON, "a message is a JSON object") }
    self.bytes = Data(bytes)
    guard let message = try? JSONDecoder().decode(JSON.self, from: self.bytes) else {
      throw ServiceError(.invalidJSON, "a message is a JSON object")
    }
    guard case .object(let members) = message, case .string(let id)? = members["id"],
      case .string(let type)? = members["type"], members["payload"] != nil, case .integer? = members["timestamp"],
      1...64 ~= id.utf8.count, 1...32 ~= type.utf8.count
    else { throw ServiceError.notAMessage }
    (self.id, self.type) = (id, type)
  }

  /// Returns the ID of a message that is invalid in other ways, or `-` if it has no ID.
  static func id(of bytes: [UInt8]) -> String {
    struct Identified: Decodable { let id: String }
    let id = try? JSONDecoder().decode(Identified.self, from: Data(bytes)).id
    return id.flatMap { 1...64 ~= $0.utf8.count ? $0 : nil } ?? "-"
  }

  /// Decodes the payload.
  func payload<Payload: Decodable>(as type: Payload.Type = Payload.self) throws(ServiceError) -> Payload {
    do {
      return try JSONDecoder().decode(Message<Payload>.self, from: bytes).payload
    } catch {
      if let error = error as? ServiceError { throw error }
      throw ServiceError(.invalidPayload, "the payload does not fit the type '\(self.type)'")
    }
  }
}

/// The payload of an `error` reply.
struct ServiceError: Error, Codable {
  enum Code: String, Codable {
    case invalidJSON = "invalid-json"
    case invalidMessage = "invalid-message"
    case invalidPayload = "invalid-payload"
    case unknownType = "unknown-type"
    case tooLarge = "too-large"
    case notPermitted = "not-permitted"
    case limit
    case notFound = "not-found"
    case exists
    case failed
    case wouldBlock = "would-block"
    case timedOut = "timed-out"
    case canceled
    case notHeld = "not-held"
    case removed
    case stopped
  }

  let code: Code
  let message: String

  init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }

  static let notAMessage = ServiceError(.invalidMessage, "a message is {id, type, payload, timestamp}")
  static let unknownType = ServiceError(.unknownType, "there is no request of this type")
}

/// The name of a queue, a segment or a semaphore: 1 to 64 letters, digits, and `._-`.
struct Name: Hashable, Codable, CustomStringConvertible {
  let description: String

  init(from decoder: any Decoder) throws {
    description = try decoder.singleValueContainer().decode(String.self)
    let isValid = description.utf8.allSatisfy { byte in
      switch UInt8(byte) {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isValid, 1...64 ~= description.utf8.count else {
      throw ServiceError(.invalidPayload, "a name has 1 to 64 letters, digits, and ._-")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
