// swift-tools-version: 6.2
import PackageDescription

// A package of its own: this is all that a store of yours needs. Here wal-torture is the folder
// three levels up; elsewhere it is .package(url:…) or the path of your clone.
let package = Package(
  name: "example-store",
  dependencies: [.package(name: "wal-torture", path: "../../..")],
  targets: [
    .target(
      name: "ExampleStore",
      dependencies: [.product(name: "SubjectKit", package: "wal-torture")]),
    .executableTarget(
      name: "example-subject",
      dependencies: ["ExampleStore", .product(name: "SubjectKit", package: "wal-torture")]),
    .testTarget(
      name: "ExampleStoreTests",
      dependencies: ["ExampleStore", .product(name: "SubjectKit", package: "wal-torture")]),
  ]
)
