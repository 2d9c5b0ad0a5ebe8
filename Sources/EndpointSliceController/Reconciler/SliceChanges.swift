package import KubernetesModel
package import NetworkTypes

/// What must be written so that the slices of one Service say what its pods are.
package struct SliceChanges: Sendable, Hashable {
    /// Slices that do not exist yet. Each has a `name` free at the time of the decision beside its
    /// `generateName`, so that a writer may use either.
    package var create: [EndpointSlice]
    /// Slices that exist and get other contents; name, uid and resourceVersion are those read.
    package var update: [EndpointSlice]
    /// Slices that are no longer needed.
    package var delete: [ObjectKey]
    /// Families whose endpoints got no hints although the Service asks for them, and why.
    package var hintRefusals: [IPFamily: HintRefusal]

    package init(
        create: [EndpointSlice] = [], update: [EndpointSlice] = [], delete: [ObjectKey] = [],
        hintRefusals: [IPFamily: HintRefusal] = [:]
    ) {
        self.create = create
        self.update = update
        self.delete = delete
        self.hintRefusals = hintRefusals
    }

    /// Nothing has to be written.
    package var isEmpty: Bool { create.isEmpty && update.isEmpty && delete.isEmpty }
}
