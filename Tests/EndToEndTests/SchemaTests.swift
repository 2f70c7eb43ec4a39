import FoundationEssentials
import Glibc
import Testing

/// A real browser, from Debian's package of its name.
private let chromium = "/usr/bin/chromium-headless-shell"

extension EndToEndTests {
  @Suite("The published form of a report")
  struct SchemaTests {
    /// A value of JSON, whatever it is.
    indirect enum Value: Decodable {
      case object([String: Value]), array([Value]), string(String), number(Double), bool(Bool)
      case null

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
          self = .null
        } else if let value = try? container.decode(Bool.self) {
          self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
          self = .number(value)
        } else if let value = try? container.decode(String.self) {
          self = .string(value)
        } else if let value = try? container.decode([Value].self) {
          self = .array(value)
        } else {
          self = .object(try container.decode([String: Value].self))
        }
      }

      subscript(key: String) -> Value? {
        if case .object(let members) = self { members[key] } else { nil }
      }

      var strings: [String] {
        guard case .array(let values) = self else { return [] }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
      }
    }

    /// What `value` breaks of `schema`, as far as the published schema uses the language.
    private func complaints(_ value: Value, _ schema: Value, at place: String) -> [String] {
      var complaints: [String] = []
      if let names = schema["enum"]?.strings {
        guard case .string(let text) = value, names.contains(text) else {
          return ["\(place): none of \(names)"]
        }
      }
      switch (schema["type"], value) {
      case (.string("object")?, .object(let members)):
        for name in schema["required"]?.strings ?? [] where members[name] == nil {
          complaints.append("\(place): \(name) is missing")
        }
        for (name, member) in members {
          if let known = schema["properties"]?[name] {
            complaints += self.complaints(member, known, at: "\(place).\(name)")
          } else if case .bool(false)? = schema["additionalProperties"] {
            complaints.append("\(place): \(name) is not in the schema")
          }
        }
      case (.string("array")?, .array(let elements)):
        guard let items = schema["items"] else { break }
        for (index, element) in elements.enumerated() {
          complaints += self.complaints(element, items, at: "\(place)[\(index)]")
        }
      case (.string("integer")?, .number(let number)):
        if number != number.rounded() || number < 0 { complaints.append("\(place): \(number)") }
      case (.string("number")?, .number), (.string("string")?, .string),
        (.string("boolean")?, .bool), (nil, _), (.array?, _):
        break
      default: complaints.append("\(place): of another type")
      }
      return complaints
    }

    @Test("report.json is what its schema says, with violations and without")
    func schema() throws {
      let published = try JSONDecoder().decode(
        Value.self,
        from: Data(
          contentsOf: URL(
            filePath: Machine.package + "/Sources/Harness/Harness.docc/report.schema.json")))
      for subject in ["reference", "canary-no-fsync"] {
        let workspace = try Workspace()
        _ = try workspace.run([
          Workspace.scenario("small"), "--target", "sim", "--subject", subject, "--seed", "2",
          "--seeds", "2",
        ])
        let report = try JSONDecoder().decode(
          Value.self, from: Data(contentsOf: URL(filePath: workspace.report + "/report.json")))
        let broken = complaints(report, published, at: "report")
        #expect(broken.isEmpty, "\(broken.prefix(10))")
      }
    }

    @Test("The figures of report.json, the page, the summary and junit.xml agree")
    func agreement() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run([
        Workspace.scenario("small"), "--target", "sim", "--subject", "canary-no-fsync", "--seed",
        "2", "--seeds", "2",
      ])
      let report = try ReportFile(of: workspace)
      let page = try String(file: workspace.report + "/report.html")
      let summary = try String(file: workspace.report + "/summary.md")
      let junit = try String(file: workspace.report + "/junit.xml")
      for text in [page, summary] {
        #expect(text.contains(outcome.lastLine))
        #expect(
          text.contains(
            "\(report.coverage.reached) of \(report.coverage.reachable) reachable cells"))
      }
      let never = report.coverage.reachable - report.coverage.reached
      if never > 0 {
        #expect(page.contains("Never hit: \(never) of \(report.coverage.reachable)"))
        #expect(summary.contains("Never hit: \(never) cells"))
      }
      #expect(page.components(separatedBy: "<article>").count - 1 == report.violations.count)
      #expect(junit.contains("tests=\"\(report.verdictNames.count)\" failures=\"1\" errors=\"0\""))
      for violation in report.violations {
        #expect(page.contains("torture replay \(violation.directory)"))
        #expect(summary.contains("torture replay \(violation.directory)"))
        #expect(junit.contains("torture replay \(violation.directory)"))
      }
    }

    @Test(
      "The page works in a real browser, from a file: verdict, disk picture, map, never-hit cells",
      .enabled(if: access(chromium, X_OK) == 0))
    func browser() throws {
      let workspace = try Workspace()
      _ = try workspace.run([
        Workspace.scenario("small"), "--target", "sim", "--subject", "canary-no-fsync", "--seed",
        "2", "--seeds", "2",
      ])
      let page = "file://" + workspace.report + "/report.html"
      let picture = workspace.path + "/page.png"
      let common = [
        chromium, "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000",
        "--user-data-dir=" + workspace.path + "/profile",
      ]
      let dump = try Started(
        common + ["--dump-dom", page], environment: [], output: workspace.path
      ).wait()
      #expect(dump.status == 0, "\(dump.errors)")
      // What scripts did not break, and what people look for.
      for part in [
        "id=\"violations\"", "class=\"dropped\"", "id=\"coverage\"", "button class=\"cell\"",
        "id=\"enough\"", "<polyline", "id=\"assumed\"",
      ] {
        #expect(dump.output.contains(part), "\(part)")
      }
      let shot = try Started(
        common + ["--window-size=400,900", "--screenshot=" + picture, page], environment: [],
        output: workspace.path
      ).wait()
      #expect(shot.status == 0, "\(shot.errors)")
      let size = (try? Data(contentsOf: URL(filePath: picture)))?.count ?? 0
      #expect(size > 10_000, "a blank page makes a picture of a few hundred bytes")
    }
  }
}
