extension Storage {
  /// The whole content of the file at `path`; nil where there is none.
  public func contents(of path: String) throws(Errno) -> [UInt8]? {
    let file: FileID
    do throws(Errno) {
      file = try open(path, .read)
    } catch .noSuchFile {
      return nil
    } catch {
      throw error
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: Int(try size(file)))
    var done = 0
    while done < bytes.count {
      let start = done
      let count = try bytes.withUnsafeMutableBytes { all in
        result { () throws(Errno) in
          try read(
            file, at: UInt64(start), into: UnsafeMutableRawBufferPointer(rebasing: all[start...]))
        }
      }.get()
      if count == 0 { break }
      done += count
    }
    return Array(bytes[..<done])
  }

  /// Writes all of `bytes` at `offset`, in as many calls as it takes. Volatile until `synchronize`;
  /// after an error any part of them may be written.
  public func writeAll(_ bytes: [UInt8], to file: FileID, at offset: UInt64) throws(Errno) {
    var done = 0
    while done < bytes.count {
      let start = done
      done += try bytes.withUnsafeBytes { all in
        result { () throws(Errno) in
          try write(
            file, at: offset + UInt64(start), UnsafeRawBufferPointer(rebasing: all[start...]))
        }
      }.get()
    }
  }

  /// What `body` gives or throws: closures over the bytes of an array carry no typed error.
  private func result(_ body: () throws(Errno) -> Int) -> Result<Int, Errno> {
    do throws(Errno) { return .success(try body()) } catch { return .failure(error) }
  }
}
