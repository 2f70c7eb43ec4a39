/// `torture bench`.
enum BenchCommand {
  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    throw .usage("bench")
  }
}
