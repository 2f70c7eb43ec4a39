import FoundationEssentials
import Glibc

/// Reading and writing whole files, with one clear line when it does not work.
enum Files {
  /// The text of the file at `path`.
  static func read(_ path: String) throws(RunError) -> String {
    do {
      let data = try Data(contentsOf: URL(filePath: path))
      guard let text = String(validating: data, as: UTF8.self) else {
        throw RunError.usage("\(path): not UTF-8 text")
      }
      return text
    } catch let error as RunError {
      throw error
    } catch {
      throw .usage("\(path): cannot be read: \(reason(error))")
    }
  }

  /// Writes a file so that it is there whole or not at all.
  static func write(_ text: String, to path: String) throws(RunError) {
    try write(Data(text.utf8), to: path)
  }

  /// Writes a file so that it is there whole or not at all.
  static func write(_ data: Data, to path: String) throws(RunError) {
    do {
      try data.write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw .harness("\(path): cannot be written: \(reason(error)); is the disk full?")
    }
  }

  /// Makes a directory and those above it.
  static func makeDirectory(_ path: String) throws(RunError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .harness("\(path): cannot be made: \(reason(error))")
    }
  }

  /// Removes a file or a directory and what is in it; nothing happens when there is none.
  static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Whether something stands at `path`.
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// Whether a file, and no directory, stands at `path`.
  static func isFile(_ path: String) -> Bool {
    var isDirectory = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory
  }

  /// The names in a directory, sorted by byte; none when it cannot be read.
  static func names(in path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
  }

  /// Whether two paths lead to the same file or directory.
  static func isSame(_ one: String, _ other: String) -> Bool {
    guard let first = realpath(one, nil), let second = realpath(other, nil) else { return false }
    defer {
      free(first)
      free(second)
    }
    return strcmp(first, second) == 0
  }

  /// Copies a file or a directory with all that is in it; nothing may stand at `target`.
  static func copy(_ source: String, to target: String) throws(RunError) {
    do {
      try FileManager.default.copyItem(atPath: source, toPath: target)
    } catch {
      throw .harness("\(target): cannot be written: \(reason(error))")
    }
  }

  /// Moves what stands at `source`, in place of what stands at `target`.
  static func move(_ source: String, to target: String) throws(RunError) {
    remove(target)
    do {
      try FileManager.default.moveItem(atPath: source, toPath: target)
    } catch {
      throw .harness("\(target): cannot be written: \(reason(error))")
    }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? CocoaError else { return "\(error)" }
    return switch error.code {
    case .fileReadNoSuchFile, .fileNoSuchFile: "there is no such file"
    case .fileReadNoPermission, .fileWriteNoPermission: "no permission"
    case .fileWriteOutOfSpace: "no space left on the device"
    case .fileWriteVolumeReadOnly: "the file system is read-only"
    case .fileWriteFileExists: "something else is there"
    default:
      (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
        ?? "error \(error.code.rawValue)"
    }
  }
}
