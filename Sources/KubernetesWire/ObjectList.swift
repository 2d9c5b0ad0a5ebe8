package import KubernetesModel

/// One page of a list.
package struct ObjectList: Sendable, Hashable {
    package var objects: [KubernetesObject]
    /// What in the page could not be read; the other objects stand.
    package var faults: [ObjectFault]
    /// Of the whole list: a watch goes on from here.
    package var resourceVersion: String
    /// Asks for the next page; empty: this was the last.
    package var continueToken: String

    package init(
        objects: [KubernetesObject] = [], faults: [ObjectFault] = [], resourceVersion: String = "",
        continueToken: String = ""
    ) {
        self.objects = objects
        self.faults = faults
        self.resourceVersion = resourceVersion
        self.continueToken = continueToken
    }
}

/// An object that came from the API and is none that Fairway understands: it is passed over, and what was known of it stays.
package struct ObjectFault: Sendable, Hashable, CustomStringConvertible {
    /// Nil where not even the name could be read.
    package var reference: ObjectReference?
    /// `spec.ports[0].port: Invalid value: ...`
    package var message: String

    package init(reference: ObjectReference?, message: String) {
        self.reference = reference
        self.message = message
    }

    package var description: String { reference.map { "\($0): \(message)" } ?? message }
}

/// One event of a watch.
package enum WatchEvent: Sendable, Hashable {
    /// The object is there and looks like this: `ADDED` and `MODIFIED` alike.
    case set(KubernetesObject)
    /// `DELETED`, with the version at which it was.
    case deleted(ObjectReference, resourceVersion: String)
    /// Nothing happened up to this version. The last of the initial events of a streamed list says so.
    case bookmark(resourceVersion: String, endsInitialEvents: Bool)
    /// The watch ends with this; 410 tells that its version is too old.
    case error(APIStatus)
    /// An object that cannot be read, at this version.
    case unreadable(ObjectFault, resourceVersion: String)
}
