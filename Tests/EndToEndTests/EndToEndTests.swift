import Testing

/// The built program as a newcomer meets it: on real mounts, with subjects that nobody here wrote,
/// with whatever a machine or a subject does to it.
///
/// One after another: each run has two processors' worth of work, and mounts are counted.
@Suite("End to end", .serialized)
struct EndToEndTests {}
