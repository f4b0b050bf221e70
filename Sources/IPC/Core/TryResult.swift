/// The result of a call that does not wait, where the end of a stream must be told from a stream that is empty for now.
@frozen
public enum TryResult<Value: ~Copyable>: ~Copyable {
  /// The value that the waiting call returns.
  case ready(Value)
  /// The call would have to wait.
  case wouldBlock
  /// Nothing more will come.
  case endOfStream
}

extension TryResult: Copyable where Value: Copyable {}
extension TryResult: Sendable where Value: Sendable & ~Copyable {}
extension TryResult: Equatable where Value: Equatable {}
extension TryResult: Hashable where Value: Hashable {}
