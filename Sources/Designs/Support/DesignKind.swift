internal import StorageInterface
internal import SubjectProtocol

/// What one design is: how it describes itself, and how it opens.
struct DesignKind: Sendable {
  /// The defects that its text shows.
  var defects: [KnownDefect]
  /// What it promises under the given options, and what it can do.
  var describe: @Sendable (DesignOptions) throws(DesignError) -> SubjectDescription
  /// Opens a store of vectors with so many components.
  var open: @Sendable (any Storage, Int, DesignOptions) throws(DesignError) -> any DesignStore
}
