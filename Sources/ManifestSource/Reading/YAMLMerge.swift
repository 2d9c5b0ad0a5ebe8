/// Merge keys (`<<: *base`, https://yaml.org/type/merge.html).
enum YAMLMerge {
    /// Puts the fields of the merged maps where the map has none of that name; of several, the first wins.
    static func resolve(_ mapping: DocumentTree.Index, in tree: inout DocumentTree) throws(SyntaxFault) {
        var own: [DocumentTree.Index] = []
        var sources: [DocumentTree.Index] = []
        for (key, value) in tree.entries(of: mapping) {
            if tree[key].kind == .plain, tree.string(key) == "<<" {
                sources.append(contentsOf: try maps(value, in: tree))
            } else {
                own.append(contentsOf: [key, value])
            }
        }
        var names = Set(stride(from: 0, to: own.count, by: 2).compactMap { tree.string(own[$0]) })
        for source in sources {
            for (key, value) in tree.entries(of: source) {
                guard let name = tree.string(key), names.insert(name).inserted else { continue }
                own.append(contentsOf: [key, value])
            }
        }
        tree.relink(mapping, own)
        tree[mapping].hasMerge = false
    }

    private static func maps(
        _ value: DocumentTree.Index, in tree: DocumentTree
    ) throws(SyntaxFault) -> [DocumentTree.Index] {
        let maps = tree[value].kind == .sequence ? tree.children(of: value) : [value]
        for map in maps where tree[map].kind != .mapping {
            throw SyntaxFault(
                position: TextPosition(line: tree[map].line, column: tree[map].column),
                message: "a merge key (<<) takes a map or a list of maps")
        }
        return maps
    }
}
