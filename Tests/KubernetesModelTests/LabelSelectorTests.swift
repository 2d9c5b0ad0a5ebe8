import KubernetesModel
import Testing

@Suite struct LabelSelectorTests {
    static let labels = ["app": "web", "tier": "front", "empty": ""]

    @Test(
        "requirements hold as the API says",
        arguments: [
            (LabelSelector.Requirement(key: "app", operator: .in, values: ["web", "db"]), true),
            (.init(key: "app", operator: .in, values: ["db"]), false),
            (.init(key: "none", operator: .in, values: ["web"]), false),
            (.init(key: "none", operator: .in, values: [""]), false),
            (.init(key: "empty", operator: .in, values: [""]), true),
            (.init(key: "app", operator: .notIn, values: ["db"]), true),
            (.init(key: "app", operator: .notIn, values: ["web"]), false),
            (.init(key: "none", operator: .notIn, values: ["web"]), true),
            (.init(key: "app", operator: .exists), true), (.init(key: "empty", operator: .exists), true),
            (.init(key: "none", operator: .exists), false), (.init(key: "none", operator: .doesNotExist), true),
            (.init(key: "app", operator: .doesNotExist), false),
        ])
    func requirements(requirement: LabelSelector.Requirement, expected: Bool) {
        #expect(requirement.matches(Self.labels) == expected)
        #expect(LabelSelector(matchExpressions: [requirement]).matches(Self.labels) == expected)
    }

    @Test("labels and expressions must all hold; an empty selector matches everything")
    func conjunction() throws {
        #expect(LabelSelector().matches(Self.labels))
        #expect(LabelSelector().matches([:]))
        let selector: LabelSelector = try decode(
            #"{"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}"#)
        #expect(selector.matches(Self.labels))
        #expect(!selector.matches(["app": "db", "tier": "front"]))
        #expect(!selector.matches(["app": "web", "tier": "back"]))
        #expect(try decode(encodeJSON(selector)) == selector)
    }

    @Test(
        "a Service's selector selects by equality, and nothing when empty",
        arguments: [
            ([:], false), (["app": "web"], true), (["app": "web", "tier": "front"], true), (["app": "db"], false),
            (["app": "web", "none": ""], false), (["empty": ""], true),
        ] as [([String: String], Bool)])
    func serviceSelector(selector: [String: String], expected: Bool) {
        #expect(ServiceSpec(selector: selector).selects(Self.labels) == expected)
    }

    @Test(
        "texts parse as kubectl's",
        arguments: [
            ("", []), ("  ", []),
            ("app=web", [.init(key: "app", operator: .in, values: ["web"])]),
            ("app==web", [.init(key: "app", operator: .in, values: ["web"])]),
            (" app = web ", [.init(key: "app", operator: .in, values: ["web"])]),
            ("app=", [.init(key: "app", operator: .in, values: [""])]),
            ("app!=web", [.init(key: "app", operator: .notIn, values: ["web"])]),
            ("app in (web, db)", [.init(key: "app", operator: .in, values: ["web", "db"])]),
            ("app notin (web,),!x/y , z", [
                .init(key: "app", operator: .notIn, values: ["web", ""]), .init(key: "x/y", operator: .doesNotExist),
                .init(key: "z", operator: .exists),
            ]),
        ] as [(String, [LabelSelector.Requirement])])
    func texts(text: String, expected: [LabelSelector.Requirement]) throws {
        let selector = try LabelSelector(parsing: text)
        #expect(selector.matchExpressions == expected)
    }

    @Test(
        "texts that are no selector are refused",
        arguments: [",", "a,", "=b", "!", "a=b=c", "a===b", "a!==b", "a in b", "a within (b)", "a in (b", "a b", "a in (b c)", "a/b/c=d"])
    func badTexts(text: String) {
        #expect(throws: LabelSelectorSyntaxError.self) { try LabelSelector(parsing: text) }
    }

    @Test(
        "faults are named with their path",
        arguments: [
            (#"{"matchLabels": {"-a": "b"}}"#, "s.matchLabels.-a: Invalid value: \"-a\": name part must consist"),
            (#"{"matchExpressions": [{"key": "a", "operator": "In"}]}"#,
             "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"),
            (#"{"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}"#,
             "s.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
            (#"{"matchExpressions": [{"key": "", "operator": "Exists"}]}"#,
             "s.matchExpressions[0].key: Invalid value: \"\": name part must be non-empty"),
            (#"{"matchExpressions": [{"key": "a", "operator": "In", "values": ["ok", "b c"]}]}"#,
             "s.matchExpressions[0].values[1]: Invalid value: \"b c\": a valid label must be"),
        ])
    func faults(text: String, expected: String) throws {
        let selector: LabelSelector = try decode(text)
        let faults = selector.validate(at: FieldPath("s"))
        #expect(faults.count == 1)
        #expect(faults.first?.description.hasPrefix(expected) == true, "\(faults)")
    }

    @Test("an unknown operator is a fault of decoding")
    func unknownOperator() throws {
        let fault = try decodingFault(#"{"matchExpressions": [{"key": "a", "operator": "Gt"}]}"#, as: LabelSelector.self)
        #expect(
            fault
                == #"matchExpressions[0].operator: Unsupported value: "Gt": supported values: "DoesNotExist", "Exists", "In", "NotIn""#)
    }
}
