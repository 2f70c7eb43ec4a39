import Determinism
import SubjectProtocol

extension EpochWriter {
  /// Draws a namespace: half of the time the default one, else one that is probably there, and
  /// sometimes one that is not.
  mutating func namespace() -> [UInt8] {
    guard !keys.namespaces.isEmpty, random.chance(1, in: 2) else { return [] }
    if namespaces.isEmpty || random.chance(1, in: 16) {
      return random.chance(1, in: 4) ? random.pick(keys.namespaces) : []
    }
    return random.pick(namespaces)
  }

  /// Creates a namespace at the start of most runs, so that seeds whose swarm has no namespace step
  /// use one that exists too.
  mutating func addFirstNamespace() {
    guard namespaces.isEmpty, !keys.namespaces.isEmpty, supports(.createNamespace),
      room > 1, random.chance(2, in: 3)
    else { return }
    let namespace = random.pick(keys.namespaces)
    namespaces.append(namespace)
    add(.createNamespace(namespace))
  }

  /// Draws the key of a put: sometimes one whose record was deleted.
  mutating func putKey() -> RecordKey {
    if !deleted.isEmpty, random.chance(1, in: 5) { return random.pick(deleted) }
    return RecordKey(namespace: namespace(), id: keys.id(&random))
  }

  /// Draws the key of a read or delete: mostly one that is probably there.
  mutating func readKey() -> RecordKey {
    if !written.isEmpty, random.chance(3, in: 4) { return random.pick(written) }
    return RecordKey(namespace: namespace(), id: keys.id(&random))
  }

  /// Creates a namespace that is probably not there, or drops one that probably is.
  ///
  /// Not while a transaction is open, as no store says what happens to its writes there.
  mutating func addNamespaceStep() {
    guard transactions.isEmpty else { return addFiller() }
    let missing = keys.namespaces.filter { !namespaces.contains($0) }
    let canCreate = supports(.createNamespace) && !missing.isEmpty
    let canDrop = supports(.dropNamespace) && !namespaces.isEmpty
    if canCreate, !canDrop || random.chance(2, in: 3) {
      let namespace = random.pick(missing)
      namespaces.append(namespace)
      add(.createNamespace(namespace))
    } else if canDrop {
      let namespace = random.pick(namespaces)
      namespaces.removeAll { $0 == namespace }
      forget { $0.namespace == namespace }
      add(.dropNamespace(namespace))
    } else {
      addFiller()
    }
  }

  /// Clears one namespace, or seldom all.
  mutating func addClear() {
    guard transactions.isEmpty else { return addFiller() }
    if random.chance(1, in: 4) {
      forget { _ in true }
      add(.clear(namespace: nil))
    } else {
      let namespace = namespace()
      forget { $0.namespace == namespace }
      add(.clear(namespace: namespace))
    }
  }

  private mutating func forget(_ isGone: (RecordKey) -> Bool) {
    deleted.append(contentsOf: written.filter(isGone))
    written.removeAll(where: isGone)
  }
}
