//! `darkroom admin`: what an operator does to people while everything runs.

use std::time::Duration;

use darkroom_testing::process::World;
use serde_json::json;

#[tokio::test]
async fn a_person_is_suspended_and_reinstated_beside_a_running_server() {
    let world = World::migrated().await;
    let mut server = world.darkroom().await;
    let client = server.client();
    let ada = client.sign_up("Ada").await;
    let admin = async |task: &str, name: &str| {
        let output = world.run("darkroom", &["admin", task, name], &[]).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let sign_in = async || {
        let input = json!({ "login": "ada", "password": "a good password" });
        client.mutate("signIn", input, "session { token }").await.user_errors().len()
    };

    let (code, said) = admin("suspend", "ADA").await;
    assert!(code == Some(0) && said.contains("Ada is suspended since 2"), "{said}");
    assert_eq!(ada.run("{ viewer { email } }", json!({})).await.status, 401);
    assert_eq!(sign_in().await, 1);
    let (code, said) = admin("reinstate", "ada").await;
    assert!(code == Some(0) && said.contains("Ada is not suspended."), "{said}");
    assert_eq!(sign_in().await, 0);
    let (code, said) = admin("suspend", "nobody").await;
    assert!(code == Some(1) && said.contains("No such user."), "{said}");
    server.process.stop(Duration::from_secs(8)).await;
    world.end().await;
}
