//! That lists are written as bytes where they can be, and only there.

use std::cell::Cell;

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
use darkroom_platform::{Clock, Config, Platform, Role};

use super::*;

#[derive(Clone)]
struct Thing(i64);

/// A thing.
#[Object]
impl Thing {
    async fn number(&self) -> i64 {
        self.0
    }

    async fn looked_up(&self) -> i64 {
        self.0
    }

    async fn times(&self, by: i64) -> i64 {
        self.0 * by
    }

    async fn half(&self) -> i64 {
        self.0 / 2
    }

    async fn inner(&self) -> Thing {
        self.clone()
    }
}

thread_local! {
    /// How many fields' steps were made: a test and what it executes are on one thread.
    static READ: Cell<usize> = const { Cell::new(0) };
}

impl Hot for Thing {
    type Source = i64;

    fn source(&self) -> Option<&i64> {
        // As of something that is not at hand.
        Some(&self.0).filter(|number| **number >= 0)
    }

    fn field(field: &Context<'_>) -> Option<Step<i64>> {
        READ.set(READ.get() + 1);
        match field.item.node.name.node.as_str() {
            "number" => step(|source: &i64, out| number(out, *source)),
            "times" => {
                let by = field.param_value::<i64>("by", None).ok()?.1;
                step(move |source: &i64, out| number(out, source * by))
            }
            // As of something that is at hand for some.
            "half" => Some(Box::new(|source: &i64, with, out| match source % 2 {
                0 => number(out, source / 2),
                _ => with.give_up(),
            })),
            "inner" => {
                let plan = Plan::<Thing>::below(field)?;
                Some(Box::new(move |source: &i64, with, out| plan.write(source, with, out)))
            }
            _ => None,
        }
    }
}

struct Root(Vec<Thing>);

/// Things.
#[Object]
impl Root {
    async fn things(&self) -> HotList<'_, Thing> {
        HotList(self.0.iter().collect())
    }
}

/// What a document returns, and whether its list was written as bytes.
async fn run(numbers: &[i64], document: &str) -> (String, bool) {
    let variables = async_graphql::value!({ "by": 3, "yes": true });
    run_by(numbers, async_graphql::Request::new(document).variables(async_graphql::Variables::from_value(variables)))
        .await
}

async fn run_by(numbers: &[i64], request: async_graphql::Request) -> (String, bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [("DARKROOM_DATA_DIR".to_owned(), folder.path().display().to_string())];
    let config = Config::load_from(Role::Single, None, settings).expect("settings");
    let app = App::new(Platform::connect(config, Clock::system()).await.expect("stores"));
    let things = numbers.iter().copied().map(Thing).collect();
    let schema = Schema::build(Root(things), EmptyMutation, EmptySubscription).data(app).finish();
    let document = request.query.clone();
    let response = schema.execute(request).await;
    assert!(response.errors.is_empty(), "{document}: {:?}", response.errors);
    let Value::Object(data) = &response.data else { panic!("no object") };
    let (_, list) = data.iter().next().expect("a list");
    match list {
        Value::Binary(json) => (String::from_utf8(json.to_vec()).expect("text"), true),
        ordinary => (ordinary.clone().into_json().expect("JSON").to_string(), false),
    }
}

#[tokio::test]
async fn what_can_be_written_is() {
    for (document, expected) in [
        ("{ things { number } }", r#"[{"number":1},{"number":2}]"#),
        ("{ t: things { a: number __typename } }", r#"[{"a":1,"__typename":"Thing"},{"a":2,"__typename":"Thing"}]"#),
        ("query($by: Int!) { things { times(by: $by) x: times(by: 2) } }", r#"[{"times":3,"x":2},{"times":6,"x":4}]"#),
        (
            "{ things { inner { inner { number } } } }",
            r#"[{"inner":{"inner":{"number":1}}},{"inner":{"inner":{"number":2}}}]"#,
        ),
        (
            "query($yes: Boolean!) { things { number looked_up: number @skip(if: $yes) lookedUp @skip(if: $yes) } }",
            r#"[{"number":1},{"number":2}]"#,
        ),
        (
            "{ ...R } fragment R on Root { things { ...T number ... { number } } } fragment T on Thing { number }",
            r#"[{"number":1},{"number":2}]"#,
        ),
    ] {
        assert_eq!(run(&[1, 2], document).await, (expected.to_owned(), true), "{document}");
    }
    assert_eq!(run(&[], "{ things { number } }").await, ("[]".to_owned(), true));
    let halves = r#"[{"number":2,"half":1},{"number":4,"half":2}]"#;
    assert_eq!(run(&[2, 4], "{ things { number half } }").await, (halves.to_owned(), true));
}

#[tokio::test]
async fn what_cannot_be_written_takes_the_ordinary_way() {
    for (numbers, document, expected) in [
        ([1, 2], "{ things { number lookedUp } }", r#"[{"lookedUp":1,"number":1},{"lookedUp":2,"number":2}]"#),
        ([1, 2], "{ things { inner { lookedUp } } }", r#"[{"inner":{"lookedUp":1}},{"inner":{"lookedUp":2}}]"#),
        // One lacks what is asked for: nothing of what was written of the others is left.
        ([4, 3], "{ things { number half } }", r#"[{"half":2,"number":4},{"half":1,"number":3}]"#),
        ([4, 3], "{ things { inner { half } } }", r#"[{"inner":{"half":2}},{"inner":{"half":1}}]"#),
        ([1, -2], "{ things { number } }", r#"[{"number":1},{"number":-2}]"#),
        // Twice under one key: merged.
        ([1, 2], "{ things { number } things { x: number } }", r#"[{"number":1,"x":1},{"number":2,"x":2}]"#),
        (
            [1, 2],
            "{ things { inner { number } inner { x: number } } }",
            r#"[{"inner":{"number":1,"x":1}},{"inner":{"number":2,"x":2}}]"#,
        ),
        ([1, 2], "{ things { number } ... { things { x: number } } }", r#"[{"number":1,"x":1},{"number":2,"x":2}]"#),
    ] {
        let (json, written) = run(&numbers, document).await;
        let same: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((same, written), (serde_json::from_str(expected).expect("JSON"), false), "{document}");
    }
}

#[tokio::test]
async fn a_document_that_comes_again_is_not_read_again() {
    let plans = Plans::default();
    let ask = async |document: &str, operation: Option<&str>, variables: Value| {
        let mut request = async_graphql::Request::new(document)
            .variables(async_graphql::Variables::from_value(variables))
            .data(plans.clone());
        request.operation_name = operation.map(str::to_owned);
        READ.set(0);
        let (json, written) = run_by(&[1], request).await;
        assert!(written, "{document}");
        (json, READ.get())
    };
    let by = |by: i64| async_graphql::value!({ "by": by, "more": by });
    let document =
        "query a($by: Int! = 2) { ...R } query b($by: Int! = 5) { ...R } fragment R on Root { things { ...T } }
        fragment T on Thing { inner { times(by: $by) } }";
    let answer = |times: i64| format!(r#"[{{"inner":{{"times":{times}}}}}]"#);
    let none = || async_graphql::value!({});
    assert_eq!(ask(document, Some("a"), by(3)).await, (answer(3), 2));
    assert_eq!(ask(document, Some("a"), by(3)).await, (answer(3), 0));
    // With whatever it mentions as it was.
    assert_eq!(ask(document, Some("a"), by(4)).await, (answer(4), 2));
    assert_eq!(ask(document, Some("a"), none()).await, (answer(2), 2));
    assert_eq!(ask(document, Some("b"), none()).await, (answer(5), 2));
    assert_eq!(ask(document, Some("b"), none()).await, (answer(5), 0));
    assert_eq!(ask(document, Some("a"), by(3)).await, (answer(3), 0));
    let unlike = async_graphql::value!({ "by": 3, "after": "somewhere else" });
    assert_eq!(ask(document, Some("a"), unlike).await, (answer(3), 0), "what it does not mention");
}

#[tokio::test]
async fn long_selections_and_many_are_read_each_time() {
    let fields = |count: usize| (0..count).map(|at| format!("f{at}: number ")).collect::<String>();
    let documents = |count: usize| {
        let below = fields(count);
        [
            format!("{{ things {{ {below} }} }}"),
            format!("{{ a: things {{ {below} }} }}"),
            format!("{{ things {{ {below} }} }} "),
        ]
    };
    for (count, kept) in [(plans::MOST, 1), (plans::MOST / 2, 2), (plans::MOST + 1, 0)] {
        let plans = Plans::default();
        for document in documents(count) {
            for _ in 0..2 {
                run_by(&[1], async_graphql::Request::new(document.as_str()).data(plans.clone())).await;
            }
        }
        assert_eq!(plans.count(), kept, "{count}");
    }
    for (length, kept) in [(64, 1), (65, 0)] {
        let (plans, key) = (Plans::default(), "k".repeat(length));
        let document = format!("{{ things {{ inner {{ {key}: number }} }} }}");
        run_by(&[1], async_graphql::Request::new(document).data(plans.clone())).await;
        assert_eq!(plans.count(), kept, "a key of {length} bytes");
    }
}

#[test]
fn text_is_written_as_the_library_writes_it() {
    let ascii = (0..128).map(|code| format!("before {} after", char::from(code)));
    let others = ["", "plain", "naïve 📷 \u{2028}\u{7f}\u{85}", "\"", "\\", "a\nb\tc\u{0}", "</script>"];
    for value in ascii.chain(others.map(str::to_owned)) {
        let mut out = Vec::new();
        text(&mut out, &value);
        assert_eq!(String::from_utf8(out).expect("text"), serde_json::to_string(&value).expect("JSON"), "{value:?}");
    }
}
