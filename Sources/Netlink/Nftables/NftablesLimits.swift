/// Named limits of nf_tables and of Fairway's use of it; bytes unless the name says otherwise.
package enum NftablesLimits {
    /// A name with its NUL (NFT_NAME_MAXLEN).
    package static let nameBytes = 255
    /// A comment without its NUL: nft's own limit (NFTNL_UDATA_COMMENT_MAXLEN). Longer ones are cut.
    package static let commentBytes = 128
    /// Userdata of one object (NFT_USERDATA_MAXLEN).
    static let userdataBytes = 256
    /// Expressions of one rule (NFT_RULE_MAXEXPRS).
    static let expressions = 128
    /// A nested attribute's length has 16 bits; the list is cut at the last aligned value below.
    package static let elementListBytes = 65532
    /// One operation that is not an element list: a rule of 128 expressions stays well below.
    static let operationBytes = 128 * 1024
    /// What a caller should let a batch grow to: one transaction is one contiguous kernel buffer.
    package static let batchBytes = 32 << 20

    /// The comment as it is stored: at most `commentBytes`, cut between characters.
    package static func storedComment(_ comment: String) -> String {
        guard comment.utf8.count > commentBytes else { return comment }
        var length = 0
        return String(comment.prefix { character in
            length += character.utf8.count
            return length <= commentBytes
        })
    }
}
