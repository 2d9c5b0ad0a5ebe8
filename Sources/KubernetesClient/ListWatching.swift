package import KubernetesWire

/// Which objects of a resource are wanted.
package struct Selection: Sendable, Hashable {
    /// `!service.kubernetes.io/headless`; empty: all.
    package var labels: String
    /// `metadata.name=node-1`; empty: all.
    package var fields: String
    /// Empty: all.
    package var namespace: String

    package init(labels: String = "", fields: String = "", namespace: String = "") {
        self.labels = labels
        self.fields = fields
        self.namespace = namespace
    }
}

/// One page of a list is asked for.
package struct ListRequest: Sendable, Hashable {
    package var resource: APIResource
    package var selection: Selection
    /// Objects in a page at most; 0: all in one.
    package var limit: Int
    /// Of the page before; empty: the first.
    package var continueToken: String
    /// Nil: the newest, read through the quorum. `"0"`: whatever the server has at hand. Else: not older than that.
    package var resourceVersion: String?

    package init(
        resource: APIResource, selection: Selection = Selection(), limit: Int = 0, continueToken: String = "",
        resourceVersion: String? = nil
    ) {
        self.resource = resource
        self.selection = selection
        self.limit = limit
        self.continueToken = continueToken
        self.resourceVersion = resourceVersion
    }
}

/// A watch is asked for; bookmarks always are.
package struct WatchRequest: Sendable, Hashable {
    package enum Start: Sendable, Hashable {
        /// Events after this version.
        case after(String)
        /// The whole list as events first, its end told by a bookmark (KEP-3157, `sendInitialEvents`).
        case initialEvents
    }

    package var resource: APIResource
    package var selection: Selection
    package var start: Start
    /// The server ends the watch after this time, so that load evens out.
    package var timeoutSeconds: Int

    package init(resource: APIResource, selection: Selection = Selection(), start: Start, timeoutSeconds: Int) {
        self.resource = resource
        self.selection = selection
        self.start = start
        self.timeoutSeconds = timeoutSeconds
    }
}

/// Lists and watches: what a reflector needs of a connection.
package protocol ListWatching: Sendable {
    /// The events of one read from the connection together, in order; ends when the server ends the watch.
    associatedtype Events: AsyncSequence<[WatchEvent], any Error> & Sendable

    /// - Throws: ``APIStatus`` when the server refuses, any other error when it cannot be reached.
    func list(_ request: ListRequest) async throws -> ObjectList

    /// Returns when the server has accepted the watch.
    ///
    /// - Throws: as ``list(_:)``.
    func watch(_ request: WatchRequest) async throws -> Events
}
