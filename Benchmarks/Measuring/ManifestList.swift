/// Objects in one manifest, as `kubectl get` prints them.
package struct ManifestList<Item: Encodable>: Encodable {
    private let apiVersion = "v1"
    private let kind = "List"
    private let items: [Item]

    package init(items: [Item]) { self.items = items }
}
