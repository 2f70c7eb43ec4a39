import Testing

/// What holds for the sources as text.
@Suite("The repository")
struct RepositoryTests {}
