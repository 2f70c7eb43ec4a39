import CBareServer

/// `torture bench-peer DIRECTORY direct|cached`: this program as the bare server of the bench.
enum BenchPeerCommand {
  static func run(_ words: [String]) -> Int32 {
    guard words.count == 2, ["direct", "cached"].contains(words[1]) else {
      Console.complain("usage: torture bench-peer DIRECTORY direct|cached")
      return 2
    }
    return cbare_serve(words[0], words[1] == "cached" ? 1 : 0) == 0 ? 0 : 3
  }
}
