import SubjectProtocol

extension ConformanceSteps {
  static let transactions: [ConformanceStep] = [
    ConformanceStep(
      "transactions: seen inside at once, outside at the commit",
      says: "the table: \"mutations inside carry it too\"; design: its reads show its own writes",
      #"{"op":"begin","transaction":1}"#,
      #"{"op":"put","id":"t","vector":[1,2,1,2],"transaction":1}"#,
      #"{"op":"get","id":"t","transaction":1}"#, #"{"op":"get","id":"t"}"#,
      #"{"op":"commit","transaction":1}"#, #"{"op":"get","id":"t"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "transactions: an abort leaves nothing", says: "the table: begin, commit, abort",
      #"{"op":"put","id":"u","vector":[1,1,1,1]}"#, #"{"op":"begin","transaction":2}"#,
      #"{"op":"put","id":"v","vector":[9,9,9,9],"transaction":2}"#,
      #"{"op":"delete","id":"u","transaction":2}"#, #"{"op":"abort","transaction":2}"#,
      #"{"op":"dump"}"#),
    ConformanceStep(
      "transactions: a second begin may be refused, with unsupported or conflict",
      says: "Fine print: \"A second begin while one is open may be refused as unsupported or "
        + "conflict\"",
      mayFail: [.unsupported, .conflict, .invalid], #"{"op":"begin","transaction":3}"#,
      #"{"op":"begin","transaction":4}"#, #"{"op":"abort","transaction":4}"#,
      #"{"op":"abort","transaction":3}"#, #"{"op":"dump"}"#),
  ]

  static let namespaces: [ConformanceStep] = [
    ConformanceStep(
      "namespaces: one id in two of them is two records",
      says: "the table: put, get and dump have a namespace", needs: .namespaces,
      mayFail: [.notFound], #"{"op":"put","id":"x","vector":[1,0,0,0]}"#,
      #"{"op":"put","id":"x","vector":[2,0,0,0],"namespace":"one"}"#,
      #"{"op":"get","id":"x","namespace":"one"}"#, #"{"op":"get","id":"x"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "namespaces: the absent one is the empty one",
      says: "Fine print: \"an absent namespace is the default one, equals \"\"\"",
      needs: .namespaces, #"{"op":"put","id":"y","vector":[3,0,0,0],"namespace":""}"#,
      #"{"op":"get","id":"y"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "namespaces: one that was created takes records", says: "the table: create-namespace",
      needs: .namespaces, #"{"op":"create-namespace","namespace":"two"}"#,
      #"{"op":"put","id":"z","vector":[4,0,0,0],"namespace":"two"}"#,
      #"{"op":"get","id":"z","namespace":"two"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "namespaces: one that is dropped is empty, and others are not",
      says: "Fine print: drop-namespace is one mutation", needs: .namespaces,
      #"{"op":"create-namespace","namespace":"gone"}"#,
      #"{"op":"put","id":"g","vector":[5,0,0,0],"namespace":"gone"}"#,
      #"{"op":"put","id":"g","vector":[6,0,0,0]}"#,
      #"{"op":"drop-namespace","namespace":"gone"}"#, #"{"op":"get","id":"g"}"#,
      #"{"op":"dump"}"#),
  ]

  static let clears: [ConformanceStep] = [
    ConformanceStep(
      "clear: with no namespace everything goes",
      says: "Fine print: \"clear without a namespace empties all\"",
      #"{"op":"put","id":"c1","vector":[1,0,0,1]}"#, #"{"op":"put","id":"c2","vector":[2,0,0,1]}"#,
      #"{"op":"clear"}"#, #"{"op":"dump"}"#, #"{"op":"put","id":"c3","vector":[3,0,0,1]}"#,
      #"{"op":"dump"}"#),
    ConformanceStep(
      "clear: with a namespace that one alone goes", says: "the table: clear has a namespace",
      needs: .namespaces, mayFail: [.notFound], #"{"op":"put","id":"c4","vector":[4,0,0,1]}"#,
      #"{"op":"put","id":"c5","vector":[5,0,0,1],"namespace":"part"}"#,
      #"{"op":"clear","namespace":"part"}"#, #"{"op":"dump"}"#),
  ]

  static let barriers: [ConformanceStep] = [
    ConformanceStep(
      "flush: ok", says: "the table: flush", #"{"op":"put","id":"fl","vector":[1,2,2,2]}"#,
      #"{"op":"flush"}"#, #"{"op":"dump"}"#),
    ConformanceStep(
      "checkpoint: ok, and nothing is gone", says: "the table: checkpoint",
      #"{"op":"put","id":"ch","vector":[2,2,2,2]}"#, #"{"op":"checkpoint"}"#, #"{"op":"dump"}"#),
  ]

  private static let searched = [
    #"{"op":"put","id":"near","vector":[1,0,0,0]}"#,
    #"{"op":"put","id":"far","vector":[-3,4,0.5,2]}"#,
    #"{"op":"put","id":"mid","vector":[0.5,0.5,0,0.25]}"#,
  ]

  static let searches: [ConformanceStep] = ["l2", "cosine", "dot"].map { metric in
    var step = ConformanceStep(
      "search: \(metric), nearest first, with exact distances",
      says:
        "Fine print: l2 is the squared Euclidean distance, cosine one minus the cosine, dot the "
        + "negative inner product")
    let query = #"{"op":"search","vector":[2,0.5,0,0.25],"metric":"\#(metric)""#
    step.lines = searched + [query + #","count":2}"#, query + #","count":50}"#]
    return step
  }

  static let stats: [ConformanceStep] = [
    ConformanceStep(
      "stats: lsn is the highest number so far, and is not lower after another open",
      says: "Fine print: \"lsn is the highest number given to a mutation so far, never lower after "
        + "a restart\"",
      #"{"op":"put","id":"st","vector":[1,2,2,1]}"#, #"{"op":"stats"}"#,
      #"{"op":"put","id":"st","vector":[2,2,2,1]}"#, #"{"op":"stats"}"#, #"{"op":"close"}"#,
      #"{"op":"open","directory":"WORLD","dimension":4,"options":{}}"#, #"{"op":"stats"}"#)
  ]

  static let closes: [ConformanceStep] = [
    ConformanceStep(
      "close: another open may follow in the same process, and shows the same",
      says: "\"After close, another open may follow in the same process\"",
      #"{"op":"put","id":"cl","vector":[1,3,3,1]}"#, #"{"op":"close"}"#,
      #"{"op":"open","directory":"WORLD","dimension":4,"options":{}}"#,
      #"{"op":"get","id":"cl"}"#, #"{"op":"dump"}"#,
      #"{"op":"put","id":"cl","vector":[2,3,3,1]}"#, #"{"op":"get","id":"cl"}"#)
  ]
}
