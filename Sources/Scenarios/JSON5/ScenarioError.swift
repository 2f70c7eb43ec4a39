/// What is wrong with a scenario or schedule, and where: the one line that a user gets.
public struct ScenarioError: Error, Equatable, Sendable {
  /// The file, as the user named it.
  public let file: String
  /// The line, from 1.
  public let line: Int
  /// The column in characters, from 1; nil where the line says enough.
  public let column: Int?
  /// What is wrong.
  public let message: String

  /// Makes an error.
  public init(file: String, line: Int, column: Int? = nil, message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }
}

extension ScenarioError: CustomStringConvertible {
  /// `FILE:LINE: message` or `FILE:LINE:COLUMN: message`.
  public var description: String {
    if let column { return "\(file):\(line):\(column): \(message)" }
    return "\(file):\(line): \(message)"
  }
}
