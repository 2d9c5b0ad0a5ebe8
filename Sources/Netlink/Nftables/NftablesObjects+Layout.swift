extension [String: NftablesSet] {
    /// Those that are wanted are there, by name, with their keys, data and flags.
    package func hold(_ wanted: [NftablesSet]) -> Bool {
        wanted.allSatisfy { set in
            guard let found = self[set.name] else { return false }
            return found.key == set.key && found.data == set.data && found.flags == set.flags
        }
    }
}

extension [String: NftablesChain] {
    /// Those that are wanted are there, by name, attached as they should be.
    package func hold(_ wanted: [NftablesChain]) -> Bool {
        wanted.allSatisfy { chain in
            guard let found = self[chain.name] else { return false }
            return found.attachment == chain.attachment
        }
    }
}
