/// Told of the redirection's own commits, so that those of others can be told from them. Called on the dataplane's thread.
package struct RedirectionCommits: Sendable {
    /// With the generation of the kernel's tables at which a commit begins.
    let begins: @Sendable (UInt32) -> Void
    /// With the generation afterwards; nil when the commit was refused, or that could not be read.
    let ended: @Sendable (UInt32?) -> Void

    package init(begins: @escaping @Sendable (UInt32) -> Void, ended: @escaping @Sendable (UInt32?) -> Void) {
        self.begins = begins
        self.ended = ended
    }
}
