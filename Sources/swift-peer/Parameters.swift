internal import IPC
internal import PeerProtocol
internal import SystemPackage

extension FixedWidthInteger {
  /// Parses digits, after a `-` if the number is negative.
  ///
  /// The initializer without a label would also accept a `+`.
  init?(decimal text: some StringProtocol) {
    guard text.utf8.first != UInt8(ascii: "+") else { return nil }
    self.init(text)
  }
}

/// A request's parameters, with an accessor for each type.
///
/// The methods throw ``Invalid`` if a parameter is missing or malformed.
struct Parameters {
  private let fields: Fields

  init(_ fields: Fields) { self.fields = fields }

  func has(_ key: String) -> Bool { fields[bytes: key] != nil }

  /// Returns a text parameter.
  ///
  /// It must not contain a NUL, which would end a C string.
  func text(_ key: String) throws -> String {
    let text = try given(key, fields[key])
    return try valid(key, text.utf8.contains(0) ? nil : text, "no NUL in it")
  }

  func bytes(_ key: String) throws -> [UInt8] { try given(key, fields[bytes: key]) }

  func integer<Value: FixedWidthInteger>(_ key: String) throws -> Value {
    try valid(key, Value(decimal: try text(key)), "a decimal number in range")
  }

  func integer<Value: FixedWidthInteger>(_ key: String, default value: Value) throws -> Value {
    has(key) ? try integer(key) : value
  }

  /// Returns a count, 0 or more.
  func count(_ key: String = "count", upTo most: Int = .max) throws -> Int {
    let count: Int = try integer(key)
    guard 0...most ~= count else { throw Invalid("\(key)=\(count): 0 to \(most) expected") }
    return count
  }

  /// Returns the size of a buffer to allocate, in bytes.
  func room(_ key: String) throws -> Int { try count(key, upTo: 1 << 30) }

  /// Returns the pattern offset at which a payload starts.
  func patternOffset() throws -> Int { has("offset") ? try count("offset", upTo: 1 << 62) : 0 }

  /// Returns permissions, in octal.
  func permissions(_ key: String = "mode") throws -> FilePermissions {
    let digits = try text(key)
    let isShort = 1...5 ~= digits.utf8.count && digits.utf8.first != UInt8(ascii: "+")
    let mode = isShort ? CInterop.Mode(digits, radix: 8) : nil
    return FilePermissions(rawValue: try valid(key, mode, "1 to 5 octal digits"))
  }

  /// Returns permissions, or the default if the request has none.
  func permissions(_ key: String = "mode", default value: FilePermissions) throws -> FilePermissions {
    has(key) ? try permissions(key) : value
  }

  /// Parses symbolic names joined by `|`, or `0`.
  func flags(_ key: String, of table: FlagTable) throws -> Int32 {
    try table.parse(try text(key), parameter: key)
  }

  /// Parses symbolic names joined by `|`; returns the default if the request has none.
  func flags(_ key: String, of table: FlagTable, default value: Int32) throws -> Int32 {
    has(key) ? try flags(key, of: table) : value
  }

  /// Parses decimal seconds: an optional sign, at most 10 digits, and at most 9 digits after the point.
  func duration(_ key: String) throws -> Duration {
    try valid(key, Duration(decimalSeconds: try text(key)), "a time in decimal seconds")
  }

  /// Returns the timeout, in seconds from now.
  ///
  /// Without a timeout, the call waits indefinitely.
  func timeout(_ key: String = "timeout") throws -> Timeout {
    has(key) ? .after(try duration(key)) : .never
  }

  /// Whether the request has `eintr=retry`; without it, an interrupted call fails, as in C.
  func retryOnInterrupt() throws -> Bool {
    switch fields["eintr"] {
    case nil: false
    case "retry": true
    case let other?: throw Invalid("eintr=\(other): only eintr=retry exists")
    }
  }

  /// Whether a parameter is `yes`; `no` or a missing parameter means false.
  func isSet(_ key: String) throws -> Bool {
    switch fields[key] {
    case nil, "no": false
    case "yes": true
    case let other?: throw Invalid("\(key)=\(other): only yes and no exist")
    }
  }

  /// The name of the handle in the request.
  var handle: String { fields["handle"] ?? "default" }

  private func given<Value>(_ key: String, _ value: Value?) throws -> Value {
    guard let value else { throw Invalid("the parameter '\(key)' is missing") }
    return value
  }

  private func valid<Value>(_ key: String, _ value: Value?, _ expected: String) throws -> Value {
    guard let value else { throw Invalid("\(key)=\(fields[key] ?? ""): \(expected) expected") }
    return value
  }
}
