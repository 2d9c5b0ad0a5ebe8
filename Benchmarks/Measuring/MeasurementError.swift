/// What went wrong in a measurement.
package struct MeasurementError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}
