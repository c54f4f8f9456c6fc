//! Operators act, over their own API; for everybody else it is not there.

mod features;
mod jobs;
mod matrix;
mod media;
mod work;

use darkroom_entity::job;
use darkroom_service::job::Queue;
use darkroom_service::job::ledger::{self, Suspects};
use darkroom_service::operator::Actor;
use darkroom_service::{account, operator};
use darkroom_testing::{Answer, Person, TestApp};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody who is an operator.
async fn appoint(app: &TestApp, name: &str) -> Person {
    let person = app.client().sign_up(name).await;
    operator::grant(&app.app, name).await.unwrap();
    person
}

/// Claims what is due in a queue and gives up the jobs of this name: they are dead. The others go back.
async fn give_up(app: &TestApp, queue: Queue, name: &str) -> Vec<Uuid> {
    let ids = ledger::due(&app.app, queue, 100).await.unwrap();
    let mut dead = Vec::new();
    for claimed in ledger::claim(&app.app, queue, &ids, Suspects::One).await.unwrap() {
        if claimed.name == name {
            ledger::bury(&app.app, &claimed, "the disk is on fire").await.unwrap();
            dead.push(claimed.id);
        } else {
            ledger::release(&app.app, &claimed).await.unwrap();
        }
    }
    dead
}

async fn row(app: &TestApp, id: Uuid) -> Option<job::Model> {
    job::Entity::find_by_id(id).one(app.app.rows()).await.unwrap()
}

/// Runs a mutation of operators.
async fn act(operator: &Person, name: &str, input: Value, selection: &str) -> Answer {
    let (first, rest) = name.split_at(1);
    let query = format!(
        "mutation($input: {}{rest}Input!) {{ {name}(input: $input) {{ {selection} userErrors {{ code field message }} }} }}",
        first.to_uppercase()
    );
    operator.operate(&query, json!({ "input": input })).await
}

/// What is on record, the newest first: who did what.
async fn record(operator: &Person) -> Vec<(Option<String>, String)> {
    let answer = operator.operate("{ actions(first: 100) { nodes { operatorId action } } }", json!({})).await;
    let nodes = answer.at("/actions/nodes").as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    nodes.map(|node| (text(&node["operatorId"]), text(&node["action"]).unwrap())).collect()
}

#[tokio::test]
async fn people_are_kept_out_and_let_in_and_it_is_on_record() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let ben = app.client().sign_up("Ben").await;
    for _ in 0..2 {
        let done = act(&ada, "suspendPerson", json!({ "username": "ben" }), "person { id username suspendedAt }").await;
        let person = &done.payload()["person"];
        assert_eq!((&person["id"], &person["username"]), (&json!(ben.id), &json!("Ben")));
        assert!(person["suspendedAt"].is_string());
        assert_eq!(ben.run("{ viewer { email } }", json!({})).await.status, 401);
    }
    let done = act(&ada, "reinstatePerson", json!({ "username": "BEN" }), "person { suspendedAt }").await;
    assert_eq!(done.payload()["person"]["suspendedAt"], Value::Null);
    let own = act(&ada, "suspendPerson", json!({ "username": "ada" }), "").await;
    assert_eq!(own.user_errors(), [("FORBIDDEN".into(), "username".into())]);
    let nobody = act(&ada, "suspendPerson", json!({ "username": "nobody" }), "").await;
    assert_eq!(nobody.user_errors(), [("NOT_FOUND".into(), "username".into())]);
    let by_ada = |action: &str| (Some(ada.id.clone()), action.to_owned());
    let expected = [by_ada("person.reinstate"), by_ada("person.suspend"), (None, "operator.grant".to_owned())];
    assert_eq!(record(&ada).await, expected, "what changed something, once");

    app.clock.advance(chrono::Duration::days(401));
    assert!(!operator::sweep(&app.app).await.unwrap());
    assert_eq!(app.rows("operator_action").await, 0, "after 400 days it is forgotten");
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn the_role_counts_at_each_request() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let asks = async || ada.operate("{ viewer { username } }", json!({})).await;
    assert_eq!(asks().await.status, 404);
    for _ in 0..2 {
        operator::grant(&app.app, "ADA").await.unwrap();
        assert_eq!(asks().await.at("/viewer/username"), "ada");
    }
    assert_eq!(operator::list(&app.app).await.unwrap().len(), 1);
    account::suspend(&app.app, Actor::Machine, "ada").await.unwrap();
    assert_eq!(asks().await.status, 404);
    account::reinstate(&app.app, Actor::Machine, "ada").await.unwrap();
    let again = json!({ "login": "ada", "password": "a good password" });
    let session = app.client().mutate("signIn", again, "session { token }").await;
    let ada = app.client().with_token(session.payload()["session"]["token"].as_str().unwrap());
    assert_eq!(ada.operate("{ viewer { username } }", json!({})).await.status, 200);
    operator::revoke(&app.app, "ada").await.unwrap();
    assert_eq!(ada.operate("{ viewer { username } }", json!({})).await.status, 404);
    assert!(operator::list(&app.app).await.unwrap().is_empty());
    assert!(operator::grant(&app.app, "nobody").await.is_err_and(|error| error.is_not_found()));
    app.finish().await;
}
