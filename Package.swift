// swift-tools-version: 6.2
import PackageDescription

/// One list of settings, so that every target is held to the same rules.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

let testSettings: [SwiftSetting] = settings

/// The model is most of what tests run: without the optimizer they take five times as long. Its
/// preconditions and overflow checks stay.
let modelSettings: [SwiftSetting] =
  settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// The program carries Swift's runtime in itself and takes memory from jemalloc: together a sixth
/// of the time of a crash state on `sim`, and children start faster. Tests, and whoever links the
/// libraries, do without either.
let programSettings: [LinkerSetting] = [
  .linkedLibrary("jemalloc", .when(configuration: .release)),
  .unsafeFlags(
    // Swift's own linker: the system's warns of calls inside of Foundation.
    ["-static-stdlib", "-use-ld=lld", "-l_FoundationCShims", "-l_FoundationCollections"],
    .when(configuration: .release)),
]

/// The real databases that findings are made of: only where `make databases` asks for them, since
/// their libraries are heavy and nothing else needs them.
let hasDatabases = Context.environment["TORTURE_DATABASES"] != nil
let databaseTargets: [Target] =
  hasDatabases
  ? [
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CLMDB", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CRocksDB", providers: [.apt(["librocksdb-dev"])]),
    .target(
      name: "CLevelDBShims", cxxSettings: [.treatAllWarnings(as: .error)],
      linkerSettings: [.linkedLibrary("leveldb")]),
    .executableTarget(
      name: "DatabaseSubjects",
      dependencies: [
        "CSQLite", "CLMDB", "CRocksDB", "CLevelDBShims", "Determinism", "SubjectProtocol",
        "Subjects",
      ],
      swiftSettings: settings),
  ] : []
let databaseProducts: [Product] =
  hasDatabases ? [.executable(name: "torture-databases", targets: ["DatabaseSubjects"])] : []

let package = Package(
  name: "wal-torture",
  products: [
    .library(name: "ReferenceStore", targets: ["ReferenceStore", "StorageInterface", "PosixIO"]),
    .library(name: "Harness", targets: ["Harness"]),
    .library(name: "SubjectKit", targets: ["SubjectKit"]),
    .executable(name: "torture", targets: ["torture"]),
  ] + databaseProducts,
  targets: [
    // C borders.
    .systemLibrary(name: "CFuse", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
    .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "CLinuxShims", cSettings: [.treatAllWarnings(as: .error)]),
    .target(
      name: "CTortureClock", cSettings: [.treatAllWarnings(as: .error)],
      linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CVectors", cSettings: [.treatAllWarnings(as: .error)]),
    // What the bench measures the store beside.
    .target(name: "CPeers", dependencies: ["CISAL"], cSettings: [.treatAllWarnings(as: .error)]),
    // What the bench measures the mount against.
    .target(
      name: "CBareServer", dependencies: ["CFuse"], cSettings: [.treatAllWarnings(as: .error)]),

    // The pure middle: values and functions, no libc.
    .target(name: "Determinism", swiftSettings: modelSettings),
    .target(name: "StorageInterface", swiftSettings: settings),
    .target(name: "SubjectProtocol", dependencies: ["Determinism"], swiftSettings: settings),
    .target(
      name: "DurabilityModel", dependencies: ["Determinism", "StorageInterface"],
      swiftSettings: modelSettings),
    .target(
      name: "Scenarios", dependencies: ["Determinism", "SubjectProtocol", "DurabilityModel"],
      swiftSettings: settings),
    .target(
      name: "Oracle", dependencies: ["Determinism", "SubjectProtocol"], swiftSettings: settings),

    // The reference, and the edges that touch the world.
    .target(
      name: "ReferenceStore",
      dependencies: ["StorageInterface", "Locks", "CISAL", "CVectors", "CZstd"],
      swiftSettings: settings),
    .target(name: "Locks", swiftSettings: settings),
    .target(
      name: "PosixIO", dependencies: ["StorageInterface", "CLinuxShims"], swiftSettings: settings),
    .target(
      name: "Subjects",
      dependencies: ["Locks", "ReferenceStore", "SubjectProtocol", "StorageInterface", "PosixIO"],
      swiftSettings: settings),
    // Write-ahead logs that others have published.
    .target(
      name: "Designs", dependencies: ["SubjectProtocol", "StorageInterface", "CISAL"],
      swiftSettings: settings),
    .target(
      name: "FaultFS",
      dependencies: ["CFuse", "CLinuxShims", "DurabilityModel", "StorageInterface"],
      swiftSettings: settings),
    .target(
      name: "Harness",
      dependencies: [
        "CBareServer", "CLinuxShims", "CPeers", "Determinism", "Locks", "StorageInterface",
        "SubjectProtocol", "DurabilityModel", "Scenarios", "Oracle", "PosixIO", "Subjects",
        "FaultFS", "ReferenceStore", "Designs",
      ],
      swiftSettings: settings),
    // What owners of other stores use, and its example, which is also a package of its own.
    .target(
      name: "SubjectKit",
      dependencies: ["Harness", "Subjects", "SubjectProtocol", "StorageInterface", "PosixIO"],
      swiftSettings: settings),
    .target(
      name: "ExampleStore", dependencies: ["SubjectKit"],
      path: "Sources/Kits/Swift/Sources/ExampleStore", swiftSettings: settings),
    .executableTarget(
      name: "torture", dependencies: ["Harness", "CLinuxShims"], swiftSettings: settings,
      linkerSettings: programSettings),

    .testTarget(
      name: "DeterminismTests", dependencies: ["Determinism"], swiftSettings: testSettings),
    .testTarget(
      name: "SubjectProtocolTests", dependencies: ["SubjectProtocol", "Determinism"],
      swiftSettings: testSettings),
    .testTarget(
      name: "DurabilityModelTests",
      dependencies: ["DurabilityModel", "Determinism", "StorageInterface"],
      swiftSettings: testSettings),
    .testTarget(
      name: "GroundTruthTests",
      dependencies: ["DurabilityModel", "Determinism", "StorageInterface", "SubjectProtocol"],
      exclude: ["Fixtures"], swiftSettings: modelSettings),
    .testTarget(
      name: "ScenariosTests",
      dependencies: ["Scenarios", "Determinism", "SubjectProtocol", "DurabilityModel"],
      swiftSettings: testSettings),
    .testTarget(
      name: "OracleTests", dependencies: ["Oracle", "SubjectProtocol", "Determinism"],
      swiftSettings: testSettings),
    .testTarget(
      name: "PosixIOTests", dependencies: ["PosixIO", "StorageInterface"],
      swiftSettings: testSettings),
    .testTarget(
      name: "ReferenceStoreTests",
      dependencies: ["ReferenceStore", "StorageInterface", "PosixIO", "CVectors"],
      swiftSettings: testSettings),
    .testTarget(
      name: "SubjectsTests",
      dependencies: ["Locks", "Subjects", "SubjectProtocol", "StorageInterface", "PosixIO"],
      swiftSettings: testSettings),
    .testTarget(
      name: "DesignsTests",
      dependencies: ["Designs", "SubjectProtocol", "StorageInterface", "PosixIO"],
      swiftSettings: testSettings),
    .testTarget(
      name: "FaultFSTests",
      dependencies: [
        "FaultFS", "DurabilityModel", "CLinuxShims", "Determinism", "StorageInterface",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "HarnessTests",
      dependencies: [
        "Harness", "Determinism", "StorageInterface", "SubjectProtocol", "DurabilityModel",
        "Scenarios", "Oracle", "Subjects", "FaultFS", "PosixIO", "CLinuxShims",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "ExampleStoreTests", dependencies: ["ExampleStore", "SubjectKit"],
      path: "Sources/Kits/Swift/Tests/ExampleStoreTests", swiftSettings: testSettings),
    .testTarget(
      name: "EndToEndTests", dependencies: ["torture"], exclude: ["Fixtures"],
      swiftSettings: testSettings),
    .testTarget(
      name: "RepositoryTests", dependencies: ["Scenarios", "SubjectProtocol"],
      swiftSettings: testSettings),
  ] + databaseTargets
)
