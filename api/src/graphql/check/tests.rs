//! The check on the product's own schema.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use async_graphql::parser::parse_query;
use async_graphql::{ServerError, Variables};
use darkroom_schema::{Mutation, Query, Subscription};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn check() -> Check {
    Check::new(Shape::of::<Query, Mutation, Subscription>(), Limits::default())
}

/// Text, parser, document: as a request goes, without its variables.
fn look(check: &Check, text: &str) -> Result<Costs, ServerError> {
    check.text(text)?;
    check.document(&parse_query(text)?)
}

/// The limit that refuses the document; empty if it can't be parsed or breaks another rule.
fn refused(check: &Check, text: &str) -> String {
    let error = look(check, text).expect_err("it is refused");
    let extensions = error.extensions.unwrap_or_default();
    match extensions.get("limit") {
        Some(Value::String(limit)) => limit.clone(),
        _ => String::new(),
    }
}

fn cost(text: &str, variables: serde_json::Value) -> u64 {
    let variables = Variables::from_json(variables);
    look(&check(), text).unwrap_or_else(|error| panic!("{text}: {}", error.message)).of(None, &variables).unwrap()
}

#[test]
fn a_field_costs_one_and_a_list_its_length_times_what_is_below() {
    for (text, expected) in [
        ("{ __typename }", 1),
        ("{ viewer { user { id username } } }", 4),
        // feed, and 20 or 3 times nodes, id.
        ("{ feed { nodes { id } } }", 1 + 20 * 2),
        ("{ feed(first: 3) { nodes { id } } }", 1 + 3 * 2),
        ("{ feed(first: 3) { edges { node { id } cursor } pageInfo { endCursor } } }", 1 + 3 * 6),
        // A list that says no length: photos.
        ("{ feed(first: 2) { nodes { media { id } } } }", 1 + 2 * (1 + 1 + 3)),
        ("{ feed(first: 2) { nodes { hashtags } } }", 1 + 2 * 2),
        ("{ nodes(ids: [\"a\", \"b\"]) { id } }", 1 + 2),
        ("{ nodes(ids: []) { id } }", 1 + 1),
        ("{ nodes(ids: \"a\") { id } }", 1 + 3),
        ("{ nodes(ids: [\"a\", \"b\"]) { ... on Post { comments(first: 5) { nodes { id } } } } }", 1 + 2 * (1 + 5 * 2)),
        // What makes no sense costs as if it did, and is refused by whom it concerns.
        ("{ feed(first: -1) { nodes { id } } }", 1 + 2),
        ("{ feed(first: 0) { nodes { id } } }", 1 + 2),
        ("{ nobody(first: 9) { nothing } }", 2),
        ("mutation { likePost(input: { postId: \"a\" }) { post { id } userErrors { code } } }", 1 + 2 + 1 + 3),
        ("subscription { feedUpdated { newPostCount } }", 2),
        // The same fields, however they are written.
        ("{ feed(first: 3) { ... { nodes { ...F } } } } fragment F on Post { id ... on Post { caption } }", 1 + 3 * 3),
        ("{ a: viewer { email } b: viewer { ...V ...V } } fragment V on Viewer { email }", 2 + 3),
    ] {
        assert_eq!(cost(text, json!({})), expected, "{text}");
    }
}

#[test]
fn a_variable_says_the_length() {
    let feed = "query($n: Int = 7) { feed(first: $n) { nodes { ...P } } } fragment P on Post { comments(first: $n) { nodes { id } } }";
    let of = |n: u64| 1 + n * (1 + 1 + n * 2);
    for (variables, n) in [
        (json!({}), 7),
        (json!({ "n": 2 }), 2),
        (json!({ "n": null }), 7),
        (json!({ "n": "x" }), 7),
        (json!({ "n": -3 }), 1),
        (json!({ "n": -3.5e30 }), 1),
    ] {
        assert_eq!(cost(feed, variables.clone()), of(n), "{variables}");
    }
    for huge in [json!({ "n": u64::MAX }), json!({ "n": 1e300 })] {
        assert_eq!(cost(feed, huge), u64::MAX);
    }
    let nodes = "query($ids: [ID!]!, $id: ID!) { all: nodes(ids: $ids) { id } some: nodes(ids: [$id, $id]) { id } }";
    assert_eq!(cost(nodes, json!({ "ids": ["a", "b", "c"], "id": "a" })), 1 + 3 + 1 + 2);
    // Without a default of its own it is the schema's.
    assert_eq!(cost("query($n: Int) { feed(first: $n) { nodes { id } } }", json!({})), 1 + 20 * 2);
}

#[test]
fn the_operation_that_runs_counts() {
    let costs = look(&check(), "query a { viewer { email } } query b { feed(first: 9) { nodes { id } } }").unwrap();
    let of = |name| costs.of(name, &Variables::default());
    assert_eq!((of(Some("a")), of(Some("b")), of(Some("c")), of(None)), (Some(2), Some(19), None, None));
}

#[test]
fn too_dear_is_refused_with_what_it_costs() {
    let check = check();
    let costs = look(&check, "query($n: Int!) { feed(first: $n) { nodes { comments(first: 100) { nodes { id } } } } }")
        .unwrap();
    let ask = |n: i64| check.cost(&costs, None, &Variables::from_json(json!({ "n": n })));
    assert_eq!(ask(90).unwrap(), Some(Cost { requested: 1 + 90 * 202, limit: 20_000 }));
    let error = ask(100).unwrap_err();
    let told = serde_json::to_value(error.extensions.unwrap()).unwrap();
    assert_eq!(
        told,
        json!({
        "code": "TOO_COMPLEX", "limit": "cost", "found": 20_201, "most": 20_000,
        "cost": { "requested": 20_201, "limit": 20_000 } })
    );
    assert!(error.message.contains("20201"), "{}", error.message);
    // What is more than 32 bits hold is told as much as they hold.
    let error = ask(i64::MAX).unwrap_err();
    assert!(error.message.contains("4294967295"), "{}", error.message);
}

/// Fragments that spread the next one `width` times, `height` of them.
fn bomb(width: usize, height: usize) -> String {
    let mut text = "{ viewer { ...F0 } }".to_owned();
    for at in 0..height {
        text += &format!("fragment F{at} on Viewer {{ {} }}", format!("...F{} ", at + 1).repeat(width));
    }
    text + &format!("fragment F{height} on Viewer {{ email }}")
}

#[test]
fn every_limit_refuses_what_is_over_it_and_nothing_at_it() {
    let check = check();
    let nested = |depth: usize| format!("{{ viewer {} {} }}", "{ user ".repeat(depth), "}".repeat(depth));
    let viewer = |inner: &str| format!("{{ viewer {{ {inner} }} }}");
    let aliases = |n: usize| viewer(&(0..n).map(|at| format!("a{at}: email ")).collect::<String>());
    let directives = |n: usize| viewer(&"email @skip(if: false) ".repeat(n));
    let inline = |n: usize| viewer(&format!("{} email {}", "... { ".repeat(n), "}".repeat(n)));
    let roots = |kind: &str, n: usize| format!("{kind} {{ {} }}", "__typename ".repeat(n));
    let fragments = |n: usize| {
        viewer("email") + &(0..n).map(|at| format!(" fragment F{at} on Viewer {{ email }}")).collect::<String>()
    };
    let operations = |n: usize| (0..n).map(|at| format!("query q{at} {{ viewer {{ email }} }}")).collect::<String>();
    let variables = |n: usize| {
        format!("query({}) {{ viewer {{ email }} }}", (0..n).map(|at| format!("$v{at}: Int ")).collect::<String>())
    };
    let cases: [(&str, String, String); 14] = [
        ("bytes", " ".repeat(65_534) + "{x}", " ".repeat(65_533) + "{x}"),
        ("tokens", viewer(&"email ".repeat(9_996)), String::new()),
        ("nesting", "{a".repeat(51), String::new()),
        ("depth", nested(20), nested(19)),
        ("levels", inline(39), inline(38)),
        ("fields", viewer(&"email ".repeat(5_000)), viewer(&"email ".repeat(4_999))),
        ("aliases", aliases(101), aliases(100)),
        ("directives", directives(101), directives(100)),
        (
            "directivesAtOnce",
            viewer(&format!("email {}", "@a ".repeat(6))),
            viewer(&format!("email {}", "@a ".repeat(5))),
        ),
        ("rootFields", roots("query", 51), roots("query", 50)),
        ("rootFields", roots("mutation", 11), roots("mutation", 10)),
        ("fragments", fragments(101), fragments(100)),
        ("operations", operations(51), operations(50)),
        ("variables", variables(101), variables(100)),
    ];
    for (limit, over, at) in cases {
        let start: String = over.chars().take(60).collect();
        if !at.is_empty() {
            look(&check, &at).unwrap_or_else(|error| panic!("{limit} at {start}: {}", error.message));
        }
        assert_eq!(refused(&check, &over), limit, "{start}");
    }
    assert!(check.text(&"a ".repeat(10_000)).is_ok() && check.text(&"a ".repeat(10_001)).is_err());
    assert!(check.text(&"{".repeat(50)).is_ok() && check.text(&"{".repeat(51)).is_err());
    let unknown = |n: usize| viewer(&"mail ".repeat(n));
    assert_eq!(refused(&check, &unknown(21)), "wrongNames");
    assert!(look(&check, &unknown(20)).is_ok());
    for wrong in ["... on Nobody { x } ", "... on User { x } ", "user(x: 1) { id } ", "user { x: y } "] {
        assert_eq!(refused(&check, &viewer(&wrong.repeat(21))), "wrongNames", "{wrong}");
    }
}

#[test]
fn fragments_count_as_often_as_they_are_spread() {
    let check = check();
    for (text, limit) in [
        (bomb(10, 5), "fields"),
        (bomb(2, 37), "fields"),
        (bomb(1, 39), "levels"),
        ("{ viewer { ...A ...A } } fragment A on Viewer { ".to_owned() + &"a: email ".repeat(51) + "}", "aliases"),
        ("{ ...A ...A } fragment A on Query { ".to_owned() + &"__typename ".repeat(26) + "}", "rootFields"),
        (
            "{ ...A } fragment A on Query { ".to_owned() + &"...B ".repeat(51) + "} fragment B on Query { __typename }",
            "rootFields",
        ),
        ("{ viewer { ...A ...A } } fragment A on Viewer { ".to_owned() + &"email @a ".repeat(51) + "}", "directives"),
    ] {
        assert_eq!(refused(&check, &text), limit, "{text}");
    }
    assert!(look(&check, &bomb(5, 4)).is_ok());
}

#[test]
fn a_fragment_that_spreads_itself_is_refused_used_or_not() {
    let check = check();
    for text in [
        "{ viewer { ...A } } fragment A on Viewer { ...A }",
        "{ viewer { ...A } } fragment A on Viewer { user { ...B } } fragment B on User { ... { ...A } }",
        "{ viewer { email } } fragment A on Viewer { ...B } fragment B on Viewer { ...C } fragment C on Viewer { ...B }",
    ] {
        let error = look(&check, text).expect_err(text);
        assert!(error.message.contains("spreads itself") && !error.locations.is_empty(), "{}", error.message);
    }
    // One that is not there is for validation to name.
    assert!(look(&check, "{ viewer { ...A } } fragment A on Viewer { ...B }").is_ok());
}

/// Bombs that would take minutes expanded are additions. The bound is a hundred times what it takes without optimisation.
#[test]
fn bombs_cost_next_to_nothing() {
    let check = check();
    for (width, height) in [(2, 20), (30, 8), (2, 60), (100, 20), (13, 90)] {
        let text = bomb(width, height);
        let document = parse_query(&text).unwrap();
        let begun = Instant::now();
        assert!(check.document(&document).is_err());
        assert!(begun.elapsed() < Duration::from_millis(300), "{width} {height}: {:?}", begun.elapsed());
    }
}

#[test]
fn strings_and_comments_hide_nothing() {
    let check = check();
    for good in [
        r#"{ user(username: "{{{{\"{{") { id } }"#,
        r#"{ user(username: """ {{{ " \""" {{{ """) { id } } # {{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{"#,
        "\u{feff}{ viewer { email } }",
    ] {
        look(&check, good).unwrap_or_else(|error| panic!("{good}: {}", error.message));
    }
    for open in [
        r#"{ user(username: "a) { id } }"#,
        "{ user(username: \"a\n\") { id } }",
        r#"{ user(username: """a"") { id } }"#,
    ] {
        let error = check.text(open).expect_err(open);
        assert!(error.message.contains("not closed"), "{}", error.message);
        assert_eq!((error.locations[0].line, error.locations[0].column), (1, 18));
    }
    let deep = format!("{{ a }} #\n{}", "[".repeat(60));
    let error = check.text(&deep).unwrap_err();
    assert_eq!(error.locations[0].line, 2);
}

#[test]
fn introspection_has_a_budget_of_its_own() {
    let check = check();
    let usual = super::introspection::USUAL;
    assert_eq!(cost(usual, json!({})), 1, "only the root counts as the product's");
    let circle = |turns: usize| {
        format!(
            "{{ __schema {{ types {{ {} name {} }} }} }}",
            "fields { name type { ".repeat(turns),
            "} }".repeat(turns)
        )
    };
    assert!(look(&check, &circle(1)).is_ok());
    let related = "possibleTypes { interfaces { ".repeat(8) + "name" + &" } }".repeat(8);
    assert_eq!(refused(&check, &format!("{{ __schema {{ types {{ {related} }} }} }}")), "introspection");
    assert_eq!(refused(&check, &circle(8)), "introspection");
    assert!(look(&check, "{ __type(name: \"User\") { name fields { name type { name fields { name } } } } }").is_ok());
    let closed =
        Check::new(Shape::of::<Query, Mutation, Subscription>(), Limits { introspection: false, ..Limits::default() });
    assert_eq!(refused(&closed, "{ __schema { queryType { name } } }"), "introspection");
    assert!(look(&closed, "{ __typename viewer { __typename } }").is_ok());
}

#[test]
fn variables_are_counted_to_their_depths() {
    let check = check();
    let fits = |value: serde_json::Value| check.variables(&Variables::from_json(json!({ "v": value }))).is_ok();
    assert!(fits(json!(vec![1; 999])) && !fits(json!(vec![1; 1000])));
    assert!(!fits(json!({ "a": vec![vec![json!({ "b": 1 }); 40]; 20] })));
    assert!(fits(json!("x".repeat(65_536))) && !fits(json!("x".repeat(65_537))));
}

/// Lists of composites in the schema: each says its length, is a page's, or counts as three. One that holds far more must
/// take `first`.
#[test]
fn the_shape_is_the_schemas() {
    let shape = Shape::of::<Query, Mutation, Subscription>();
    let feed =
        shape.named("Query").and_then(|place| shape.at(place)).and_then(|query| query.fields.get("feed")).unwrap();
    assert_eq!(feed.of, shape.named("FeedConnection"));
    assert_eq!(feed.arguments, ["mode", "first", "after"]);
    assert!(shape.introspection > 10_000, "{}", shape.introspection);
}

proptest! {
    /// Whatever the parser takes was counted as it is: no text has more tokens, or deeper ones, than the scan says.
    #[test]
    fn any_text_is_looked_at(text in "[{}()\\[\\]\"\\\\#a-c:$@!.,\\n 0-9-]{0,200}") {
        let check = check_small();
        if check.text(&text).is_ok()
            && let Ok(document) = parse_query(&text)
        {
            let _ = check.document(&document);
        }
    }
}

fn check_small() -> Check {
    static CHECK: std::sync::LazyLock<Check> = std::sync::LazyLock::new(check);
    CHECK.clone()
}
