import FoundationEssentials
import SubjectProtocol
import Testing

@testable import Subjects

@Suite("The settings of real databases")
struct DatabaseSettingTests {
  /// The contract page of a database, its line breaks undone.
  static func page(_ engine: DatabaseSetting.Engine) throws -> String {
    var parts = #filePath.split(separator: "/").map(String.init)
    parts.removeLast(3)
    let path = "/" + parts.joined(separator: "/") + "/" + engine.page
    let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  @Test("Each has a name of its own, by which it is found")
  func names() {
    #expect(Set(DatabaseSetting.all.map(\.name)).count == DatabaseSetting.all.count)
    for setting in DatabaseSetting.all {
      #expect(DatabaseSetting.named(setting.name)?.setting == setting.setting)
    }
    #expect(DatabaseSetting.named("sqlite") == nil)
  }

  @Test("Each promise stands on its database's contract page, word for word, beside its name")
  func pages() throws {
    for engine in DatabaseSetting.Engine.allCases {
      let page = try Self.page(engine)
      for setting in DatabaseSetting.all where setting.engine == engine {
        #expect(page.contains("`\(setting.name)`"), "\(setting.name) is not on \(engine.page)")
        #expect(page.contains("\"\(setting.promise)\""), "\(setting.name): \(setting.promise)")
      }
    }
  }

  @Test("Each database has a durable setting, and one that says it can lose acknowledged writes")
  func tiers() {
    for engine in DatabaseSetting.Engine.allCases {
      let settings = DatabaseSetting.all.filter { $0.engine == engine }
      #expect(settings.contains { $0.isDurable })
      #expect(settings.contains { !$0.isDurable })
    }
    // Only a database without a log loses what a dead process had acknowledged.
    for setting in DatabaseSetting.all where setting.name != "rocksdb-nowal" {
      #expect(setting.contract.acknowledgementAfterProcessCrash == .durable, "\(setting.name)")
    }
  }

  @Test("No operation is promised that is not supported")
  func operations() {
    for setting in DatabaseSetting.all {
      let description = setting.description
      let barriers = setting.contract.barriers
      #expect(barriers.isSubset(of: description.operations), "\(setting.name)")
      #expect(
        setting.contract.transactions == description.operations.contains(.begin),
        "\(setting.name)")
    }
  }
}
