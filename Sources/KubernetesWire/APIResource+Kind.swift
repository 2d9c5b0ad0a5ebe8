package import KubernetesModel

extension APIResource {
    /// The kind of its objects where the model has it: lists and watches are of these.
    package var objectKind: ObjectKind? { KubernetesObject.kind(apiVersion: apiVersion, kind: kind) }
}
