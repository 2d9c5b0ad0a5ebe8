/// A mode of `--proxy-mode` that does not run, and may have left something in the kernel when it did.
package struct OtherMode: Sendable {
    package let modeName: String
    private let remove: @Sendable () throws(DataplaneError) -> [String]

    /// - Parameter open: makes the dataplane whose `cleanup` is to be called.
    package init<Other: Dataplane & ~Copyable & SendableMetatype>(
        _ type: Other.Type, open: @escaping @Sendable () throws(DataplaneError) -> Other
    ) {
        modeName = Other.modeName
        remove = { () throws(DataplaneError) in
            var dataplane = try open()
            return try dataplane.cleanup()
        }
    }

    /// - Parameter remove: removes what the mode ever put into the kernel, and says what that was, one line each.
    package init(_ modeName: String, remove: @escaping @Sendable () throws(DataplaneError) -> [String]) {
        self.modeName = modeName
        self.remove = remove
    }

    /// Removes everything the mode ever put into the kernel.
    ///
    /// - Returns: what was removed, one line each.
    package func removeState() throws(DataplaneError) -> [String] { try remove() }
}
