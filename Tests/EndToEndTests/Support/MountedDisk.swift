import Glibc
import Testing

/// A `torture mount` that runs in a workspace, and programs on it.
final class MountedDisk {
  let workspace: Workspace
  /// Where the disk is.
  let path: String
  /// Its control socket.
  let socket: String
  /// The server.
  let server: Started

  init(_ options: [String] = []) throws {
    workspace = try Workspace()
    path = workspace.path + "/disk"
    socket = workspace.path + "/control"
    try #require(mkdir(path, 0o755) == 0)
    server = try workspace.start(["mount", path, "--control", socket] + options)
    let (server, path) = (server, path)
    let isReady = server.poll(seconds: 20) {
      server.printed.contains("torture: mounted \(path), ") || server.hasEnded()
    }
    try #require(isReady && !server.hasEnded(), "\(server.printed)")
  }

  /// Sends a request through `torture control`.
  @discardableResult
  func control(_ request: String...) throws -> Outcome {
    try workspace.torture(["control", socket] + request)
  }

  /// Sends a request that must be carried out, and gives what was printed.
  @discardableResult
  func ask(_ request: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String
  {
    let outcome = try workspace.torture(["control", socket] + request)
    try #require(
      outcome.status == 0, "\(request): \(outcome.errors)", sourceLocation: sourceLocation)
    return outcome.output
  }

  /// Starts a shell script with the disk as its directory, in which `set -e` holds.
  func start(_ script: String, _ environment: [String] = []) throws -> Started {
    try Started(
      ["sh", "-c", "set -e; cd \"$DISK\"; \(script)"],
      environment: environment + [
        "DISK=\(path)", "OUT=\(workspace.path)", "LANG=C.UTF-8", "HOME=\(workspace.path)",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ], output: workspace.path)
  }

  /// Runs a shell script on the disk to its end.
  @discardableResult
  func sh(_ script: String) throws -> Outcome { try start(script).wait() }

  /// Runs a shell script that must succeed, and gives what it printed.
  @discardableResult
  func run(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let outcome = try sh(script)
    #expect(
      outcome.status == 0, "\(script)\n\(outcome.output.suffix(2_000))\(outcome.errors)",
      sourceLocation: sourceLocation)
    return outcome.output
  }

  /// Unmounts, and checks that nothing is left.
  func end(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let outcome = try control("unmount")
    #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
    let ended = try server.wait(seconds: 20)
    #expect(ended.status == 0, "\(ended.errors)", sourceLocation: sourceLocation)
    #expect(ended.errors == "", sourceLocation: sourceLocation)
    workspace.expectNothingLeft(sourceLocation: sourceLocation)
    #expect(access(socket, F_OK) != 0, sourceLocation: sourceLocation)
  }
}
