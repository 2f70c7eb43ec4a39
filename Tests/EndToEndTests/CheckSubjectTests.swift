import Glibc
import Testing

extension EndToEndTests {
  @Suite(
    "A subject walked through the protocol",
    .enabled(if: Machine.runsForeignSubjects, "/dev/fuse does not open, or there is no Python"))
  struct CheckSubjectTests {
    @Test("The kits' examples honour everything, alone and with threads")
    func examples() throws {
      let kits = Machine.package + "/Sources/Kits"
      for words in ["", " --threads 4"] {
        let outcome = try Self.check("\(Machine.python) \(kits)/Python/example_store.py\(words)")
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(!outcome.output.contains("NOT"), "\(outcome.output)")
        #expect(outcome.output.contains("ok    put: a barrier before the answer (write, "))
      }
      let workspace = try Workspace()
      let program = workspace.path + "/example_store"
      let compiled = try Started(
        ["cc", "-Wall", "-Werror", "-o", program, "\(kits)/C/example_store.c", "-lm", "-lpthread"],
        environment: ["PATH=/usr/bin:/bin"], output: workspace.path
      ).wait()
      try #require(compiled.status == 0, "\(compiled.errors)")
      for words in ["", " 4"] {
        let outcome = try Self.check(program + words)
        #expect(outcome.status == 0, "\(outcome.output)")
      }
    }

    @Test("What looks odd and is allowed is no fault")
    func harmless() throws {
      for way in [
        "", "crlf,spaces,odd-order,extra-fields,chatty-errors", "escapes,floats,in-pieces,child",
        "exponents,no-echo,slow-start",
      ] {
        let outcome = try Self.awkward(way)
        #expect(outcome.status == 0, "\(way): \(outcome.output)")
        #expect(!outcome.output.contains("NOT"), "\(way): \(outcome.output)")
      }
    }

    /// What a subject does, several things at a time, and the lines that must say so.
    static let wrongs: [(ways: String, says: [String])] = [
      (
        "no-fsync,normalised,case-folded,ids-cut,delete-missing,one-metric,scratch,unknown-ok",
        [
          "NOT   put: a barrier before the answer", "none of them a barrier: nothing was synced",
          "NOT   ids: upper and lower case are two ids",
          "NOT   ids: two spellings of an accented letter are two ids",
          "NOT   ids: 1,024 bytes", "NOT   delete: ok for what is not there",
          "NOT   search: cosine", "NOT   the disk: nothing is kept outside the directory of open",
          "NOT   an unknown operation is unsupported",
        ]
      ),
      (
        "zero-unsigned,digits-lost,metadata-kept,one-namespace,not-isolated,batch-reversed,"
          + "bad-kind",
        [
          "NOT   vectors: -0.0 and 0.0 are two", "NOT   vectors: the least and the greatest",
          "NOT   metadata: absent is {}, also in the place of some",
          "NOT   namespaces: one id in two of them is two records",
          "NOT   transactions: seen inside at once, outside at the commit",
          "NOT   batch: its members in order", "NOT   an unknown operation is unsupported",
        ]
      ),
      (
        "nan-null,metadata-strings,begin-io,clear-nothing,get-fails,lsn-reused,opens-once,noise",
        [
          "NOT   vectors: nan, inf and -inf", "NOT   metadata: every kind of value",
          "NOT   transactions: a second begin may be refused",
          "NOT   clear: with no namespace everything goes",
          "NOT   get: null for what is not there",
          "NOT   close: another open may follow in the same process",
          "NOT   standard output: answers and nothing else",
        ]
      ),
      (
        "dump-short,operation-unknown,feature-unknown,contract-key,no-transactions,banner",
        [
          "NOT   dump: shows what get shows", "NOT   hello: operations are names of the protocol",
          "NOT   hello: features are names of the protocol",
          "NOT   contract: its keys are the protocol's",
          "NOT   contract: transactions are supported",
          "NOT   standard output: answers and nothing else",
        ]
      ),
      ("outside", ["NOT   open: an empty directory", "Permission denied"]),
      ("lsn-reused", ["NOT   stats: lsn is the highest number so far"]),
      (
        "lsn-at-close",
        [
          "NOT   stats: lsn is not lower in the process after one that did not close",
          "stats reports lsn 0 after a restart; 1 was reported before it",
        ]
      ),
      ("contract-value", ["NOT   hello: is answered", "must be one of \"prefix\", \"per-key\""]),
      ("no-dump,no-protocol", ["missing: dump", "NOT   hello: protocol 1"]),
      ("protocol-2", ["NOT   hello: is answered"]), ("no-name", ["\"name\" is missing"]),
      ("concurrent-unnumbered", ["NOT   request: its number comes back"]),
      ("concurrent-lost", ["NOT   concurrency: 4 requests at once"]),
      ("closed-input", ["NOT   hello: is answered"]), ("wrong-number", ["was asked"]),
      ("no-line-end", ["bytes without a line end: end each answer with one, and flush"]),
      ("crash", ["the subject was ended by signal 11", "the process is lost each time"]),
      ("array", ["a line that is no JSON object: [true]"]),
      ("stays", ["NOT   end of input: the process ends, after a close"]),
    ]

    @Test("Each thing that is not honoured is said, with the right line", arguments: wrongs.indices)
    func wrong(index: Int) throws {
      let (ways, says) = Self.wrongs[index]
      let outcome = try Self.awkward(ways)
      #expect(outcome.status == 1, "\(ways): \(outcome.output)")
      for line in says { #expect(outcome.output.contains(line), "\(ways): \(outcome.output)") }
      #expect(outcome.lastLine.hasPrefix("torture: "), "\(ways)")
      #expect(outcome.complaints == [])
    }

    @Test("What is random is told, as replay will suffer from it")
    func random() throws {
      let outcome = try Self.awkward("random-bytes")
      #expect(outcome.output.contains("note  the same twice: "), "\(outcome.output)")
    }

    @Test("A log that calls syncfs is told what that is worth, and one that maps memory")
    func told() throws {
      let log = "\(Machine.python) -ISB \(Machine.fixtures)/wal.py"
      let syncfs = try Self.check(log + " --syncfs")
      #expect(syncfs.status == 0, "\(syncfs.output)")
      #expect(syncfs.output.contains("note  syncfs: seen."))
      let mapped = try Self.check(log + " --mapped")
      #expect(mapped.status == 0, "\(mapped.output)")
      #expect(mapped.output.contains("note  memory-map: claimed"))
    }

    @Test("Options reach the subject, and misuse gives one line")
    func usage() throws {
      let workspace = try Workspace()
      for (words, says) in [
        ([], "takes one word, the command in quotes"), (["a", "b"], "takes one word"),
        ([" "], "the command is empty"), (["true", "--options", "[1]"], "an object is needed"),
        (["true", "--options", "{a"], "--options:1"),
      ] as [([String], String)] {
        let outcome = try workspace.torture(["check-subject"] + words)
        #expect(outcome.status == 2, "\(words)")
        #expect(outcome.complaints.first?.contains(says) == true, "\(words): \(outcome.errors)")
      }
      let missing = try workspace.torture(["check-subject", "no-such-program-anywhere"])
      #expect(missing.status == 3)
      #expect(missing.complaints.count == 1, "\(missing.errors)")
      workspace.expectNothingLeft()
    }

    static func awkward(_ way: String) throws -> Outcome {
      try check("\(Machine.python) -ISB \(Machine.fixtures)/awkward.py \(way)")
    }

    static func check(_ command: String) throws -> Outcome {
      let workspace = try Workspace()
      let outcome = try workspace.torture(["check-subject", command, "--seconds", "2"])
      workspace.expectNothingLeft()
      return outcome
    }
  }
}
