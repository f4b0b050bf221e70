internal import SystemPackage

extension IPCError: CustomStringConvertible {
  /// As in `mq_open '/jobs': No such file or directory (ENOENT)`, and what to do about it where that is known.
  public var description: String {
    let about = object.map { " \($0)" } ?? ""
    let progress = transferred > 0 ? " after \(transferred) bytes" : ""
    let advice = advice.map { ". \($0)" } ?? ""
    return "\(call)\(about): \(errno) (\(symbol))\(progress)\(advice)"
  }
}

extension IPCError.Object: CustomStringConvertible {
  public var description: String {
    switch self {
    case .path(let path): "'\(path)'"
    case .name(let name): "'\(name)'"
    case .descriptor(let descriptor): "descriptor \(descriptor.rawValue)"
    case .key(let key): "'\(key)'"
    case .identifier(let identifier): "identifier \(identifier)"
    case .process(let process): "process \(process)"
    }
  }
}
