public import StorageInterface
public import SubjectProtocol

/// Opens the storage for the directory that an `open` request names.
public typealias StorageOpener = (String) throws(Errno) -> any Storage

/// Makes a subject that reaches the world through the given opener.
public typealias SubjectFactory = @Sendable (@escaping StorageOpener) -> any Subject
