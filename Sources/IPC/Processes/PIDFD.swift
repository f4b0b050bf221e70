public import SystemPackage

/// A descriptor of a process: unlike its number, it never refers to another process.
///
/// `pidfd_open(2)`.
public struct PIDFD: ~Copyable, Sendable, DescriptorOwner {
  private let owned: OwnedDescriptor

  package init(_ owned: consuming OwnedDescriptor) { self.owned = owned }

  public var descriptor: FileDescriptor { owned.descriptor }
  public consuming func takeDescriptor() -> OwnedDescriptor { owned }
}
