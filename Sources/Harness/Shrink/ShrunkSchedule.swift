import DurabilityModel
import Scenarios

extension ScheduleFile {
  /// The text with a comment above each line that says why the line is needed.
  func text(explained reasons: LineReasons) -> String {
    var comments: [String: String] = [:]
    for (life, epoch) in epochs.enumerated() {
      for (index, request) in epoch.requests.enumerated() {
        comments["\(life) request \(request.text)"] =
          "without it: \(reasons.requests[life][index])"
      }
      for (index, fault) in epoch.faults.enumerated() {
        comments["\(life) fault \(fault.text)"] =
          "without it: \(reasons.faults[life][index])"
      }
    }
    var life = -1
    var lines: [String] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("epoch ") { life += 1 }
      if let comment = comments["\(life) \(line)"] {
        lines.append("# " + comment)
      } else if line.hasPrefix("crash "), life >= 0, let why = reasons.crashes[life] {
        lines.append("# " + why)
      }
      lines.append(String(line))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
