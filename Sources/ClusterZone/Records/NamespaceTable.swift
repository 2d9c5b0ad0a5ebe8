internal import ObjectStore

/// The namespaces that objects speak of, and which of them exist.
struct NamespaceTable: Sendable {
    /// One namespace.
    struct Entry: Sendable {
        /// There is a Namespace object.
        var isDeclared = false
        /// Objects in it, of any kind.
        var objects = 0
        /// Pods of ``AddressClaims``, in addresses.
        var podAddresses = 0
        /// Names of its Services, kept only where its appearance does not coincide with theirs.
        var services: Set<String> = []
    }

    private let settings: ZoneSettings
    private var numbering = Numbering<String>()
    private var entries: [Entry] = []

    init(settings: ZoneSettings) { self.settings = settings }

    /// The filter lets the namespace through.
    func isServed(_ name: String) -> Bool { settings.namespaces?.contains(name) ?? true }

    func number(of name: String) -> Int32? { numbering[name] }

    func name(_ number: Int32) -> String? { numbering.key(number) }

    subscript(number: Int32) -> Entry {
        get { entries[Int(number)] }
        set { entries[Int(number)] = newValue }
    }

    /// The namespace's number, a new one if it has none.
    mutating func insert(_ name: String) -> Int32 {
        let number = numbering.number(name)
        if Int(number) == entries.count { entries.append(Entry()) }
        return number
    }

    /// Its nodes are in the zone.
    func exists(_ number: Int32) -> Bool {
        let entry = entries[Int(number)]
        return entry.isDeclared || (!settings.requiresNamespaceObjects && entry.objects > 0)
    }

    func exists(_ name: String) -> Bool { numbering[name].map { exists($0) } ?? false }

    mutating func countService(_ name: String, in number: Int32, exists: Bool) {
        guard settings.requiresNamespaceObjects else { return }
        if exists {
            entries[Int(number)].services.insert(name)
        } else {
            entries[Int(number)].services.remove(name)
        }
    }

    /// Forgets a namespace that nothing speaks of any more.
    mutating func removeIfUnused(_ number: Int32) {
        let entry = entries[Int(number)]
        guard !entry.isDeclared, entry.objects == 0, let name = numbering.key(number) else { return }
        entries[Int(number)] = Entry()
        numbering.remove(name)
    }
}
