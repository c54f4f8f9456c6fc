//! How much may be asked for, and who it is counted to.

use chrono::TimeDelta;
use darkroom_testing::{Client, Mode, TestApp, mode};
use serde_json::{Value, json};

/// An answer as it travels: status, headers by name, body.
struct Seen {
    status: u16,
    limit: String,
    policy: String,
    retry_after: Option<u64>,
    body: Value,
}

impl Seen {
    fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }
}

/// Asks something that costs 2 points, by way of proxies that say so.
async fn ask(client: &Client, token: Option<&str>, forwarded: Option<&str>) -> Seen {
    let mut request = client.http().post(client.url("/graphql")).json(&json!({ "query": "{ instance { version } }" }));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let response = request.send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (limit, policy) = (header("ratelimit").unwrap_or_default(), header("ratelimit-policy").unwrap_or_default());
    let retry_after = header("retry-after").map(|seconds| seconds.parse().unwrap());
    let status = response.status().as_u16();
    Seen { status, limit, policy, retry_after, body: response.json().await.unwrap() }
}

async fn sign_in(client: &Client, login: &str, password: &str) -> darkroom_testing::Answer {
    client.mutate("signIn", json!({ "login": login, "password": password }), "session { token }").await
}

#[tokio::test]
async fn a_session_spends_points_is_refused_and_recovers() {
    let app = TestApp::start_with(&[("DARKROOM_RATES_SESSION_POINTS", "10")]).await;
    let ada = app.client().sign_up("ada").await;
    for left in [8, 6, 4, 2, 0] {
        let seen = ask(&ada, Some(&ada.token), None).await;
        assert_eq!(seen.status, 200, "{}", seen.body);
        assert_eq!(seen.policy, "\"session\";q=10;w=60");
        assert_eq!(seen.limit, format!("\"session\";r={left};t={}", (10 - left) * 6));
    }
    let refused = ask(&ada, Some(&ada.token), None).await;
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"));
    assert_eq!(refused.body["errors"][0]["extensions"]["retryAfter"], 12);
    assert!(refused.body["errors"][0]["extensions"]["requestId"].is_string() && refused.body.get("data").is_none());
    assert_eq!((refused.retry_after, refused.limit.as_str()), (Some(12), "\"session\";r=0;t=12"));
    // Others, and those who are signed out, are not held up.
    let ben = app.client().sign_up("ben").await;
    assert_eq!(ask(&ben, Some(&ben.token), None).await.status, 200);
    assert_eq!(ask(&ben, None, None).await.limit, "");
    app.clock.advance(TimeDelta::seconds(12));
    assert_eq!(ask(&ada, Some(&ada.token), None).await.status, 200);
    assert_eq!(ask(&ada, Some(&ada.token), None).await.status, 429);
    app.finish().await;
}

#[tokio::test]
async fn a_subscription_over_the_limit_is_refused_on_its_socket() {
    let app = TestApp::start_with(&[("DARKROOM_RATES_SESSION_POINTS", "2")]).await;
    let ada = app.client().sign_up("ada").await;
    assert_eq!(ask(&ada, Some(&ada.token), None).await.status, 200);
    let refused = ada.subscribe("subscription { notificationAdded { id } }", json!({})).await;
    assert_eq!(refused.refusal().await, "RATE_LIMITED");
    app.finish().await;
}

#[tokio::test]
async fn addresses_count_by_what_a_trusted_proxy_says() {
    let settings =
        [("DARKROOM_RATES_ADDRESS_POINTS", "4"), ("DARKROOM_HTTP_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")];
    let app = TestApp::start_with(&settings).await;
    let client = app.client();
    let status = async |forwarded: &'static str| ask(&client, None, Some(forwarded)).await.status;
    assert_eq!(status("198.51.100.7").await, 200);
    // What the client wrote itself stands left, and a second proxy right.
    assert_eq!(status("203.0.113.1, 198.51.100.7, 10.1.1.1").await, 200);
    assert_eq!(status("203.0.113.2, 198.51.100.7").await, 429);
    assert_eq!(status("198.51.100.8").await, 200);
    // A whole /64 is one address.
    assert_eq!(status("2001:db8:1:2::1").await, 200);
    assert_eq!(status("2001:db8:1:2:aaaa::2").await, 200);
    assert_eq!(status("2001:db8:1:2:bbbb::3").await, 429);
    assert_eq!(status("2001:db8:1:3::1").await, 200);
    app.finish().await;
}

#[tokio::test]
async fn nobody_escapes_by_a_header_that_no_proxy_vouches_for() {
    let app = TestApp::start_with(&[("DARKROOM_RATES_ADDRESS_POINTS", "4")]).await;
    let client = app.client();
    for (forwarded, status) in [("198.51.100.1", 200), ("198.51.100.2", 200), ("198.51.100.3", 429)] {
        assert_eq!(ask(&client, None, Some(forwarded)).await.status, status, "{forwarded}");
    }
    app.finish().await;
}

#[tokio::test]
async fn guesses_at_a_login_are_counted_whether_it_exists() {
    let app = TestApp::start_with(&[("DARKROOM_RATES_SIGN_INS_PER_LOGIN", "3")]).await;
    let client = app.client();
    client.sign_up("ada").await;
    for login in ["ada", "nobody"] {
        for _ in 0..2 {
            let wrong = sign_in(&client, login, "a wrong password").await;
            assert_eq!(wrong.user_errors(), [("FORBIDDEN".to_owned(), "login".to_owned())]);
        }
        // However it is written.
        sign_in(&client, &format!(" {} ", login.to_uppercase()), "a wrong password").await;
        app.statements.start();
        let refused = sign_in(&client, login, "a good password").await;
        assert_eq!(refused.error_code(), "RATE_LIMITED");
        assert_eq!(refused.body["errors"][0]["extensions"]["retryAfter"], 300, "{login}");
        assert!(app.statements.stop().is_empty(), "nothing is looked up");
    }
    app.clock.advance(TimeDelta::minutes(5));
    // Only failures count, so whoever knows the password may come as often as they like.
    for _ in 0..5 {
        sign_in(&client, "ada", "a good password").await.payload();
    }
    app.finish().await;
}

#[tokio::test]
async fn an_exempt_address_spends_nothing_and_may_not_guess() {
    let limits =
        [("SESSION_POINTS", "2"), ("SIGN_UPS_PER_ADDRESS", "1"), ("SIGN_INS_PER_LOGIN", "2"), ("EXEMPT", "127.0.0.1")];
    let limits = limits.map(|(name, value)| (format!("DARKROOM_RATES_{name}"), value));
    let app = TestApp::start_with(&limits.each_ref().map(|(name, value)| (name.as_str(), *value))).await;
    let ada = app.client().sign_up("ada").await;
    app.client().sign_up("ben").await;
    for _ in 0..4 {
        let seen = ask(&ada, Some(&ada.token), None).await;
        assert_eq!((seen.status, seen.limit.as_str()), (200, "\"session\";r=2;t=0"));
    }
    for _ in 0..2 {
        sign_in(&ada, "ben", "a wrong password").await.data();
    }
    assert_eq!(sign_in(&ada, "ben", "a wrong password").await.error_code(), "RATE_LIMITED");
    app.finish().await;
}

#[tokio::test]
async fn sign_ins_and_sign_ups_are_counted_by_address() {
    let settings = [("DARKROOM_RATES_SIGN_INS_PER_ADDRESS", "2"), ("DARKROOM_RATES_SIGN_UPS_PER_ADDRESS", "1")];
    let app = TestApp::start_with(&settings).await;
    let client = app.client();
    client.sign_up("ada").await;
    let input = json!({ "username": "ben", "email": "ben@example.test", "password": "a good password" });
    let refused = client.mutate("signUp", input, "session { token }").await;
    assert_eq!(refused.error_code(), "RATE_LIMITED");
    for login in ["one", "two"] {
        sign_in(&client, login, "a wrong password").await.data();
    }
    assert_eq!(sign_in(&client, "ada", "a good password").await.error_code(), "RATE_LIMITED");
    app.finish().await;
}

#[tokio::test]
async fn uploads_are_counted_by_person() {
    let app = TestApp::start_with(&[("DARKROOM_RATES_UPLOADS_PER_ACCOUNT", "1")]).await;
    let (ada, ben) = (app.client().sign_up("ada").await, app.client().sign_up("ben").await);
    let picture = || darkroom_testing::picture::jpeg(32, 24);
    ada.photo(picture()).await;
    assert_eq!(ada.upload(picture()).await.error_code(), "RATE_LIMITED");
    ben.photo(picture()).await;
    app.clock.advance(TimeDelta::hours(1));
    ada.photo(picture()).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn servers_on_the_same_redis_share_a_limit() {
    if mode() == Mode::Embedded {
        return;
    }
    let settings = [("DARKROOM_RATES_SESSION_POINTS", "8"), ("DARKROOM_RATES_SIGN_INS_PER_LOGIN", "2")];
    let app = TestApp::start_with(&settings).await;
    let ada = app.client().sign_up("ada").await;
    let peer = app.peer().await;
    let there = peer.client(&ada.token);
    for client in [&ada.client, &there, &ada.client, &there] {
        assert_eq!(ask(client, Some(&ada.token), None).await.status, 200);
    }
    for client in [&ada.client, &there] {
        assert_eq!(ask(client, Some(&ada.token), None).await.status, 429);
    }
    let (here, there) = (app.client(), Client::new(there.address()));
    sign_in(&here, "ben", "a wrong password").await.data();
    sign_in(&there, "ben", "a wrong password").await.data();
    assert_eq!(sign_in(&here, "ben", "a wrong password").await.error_code(), "RATE_LIMITED");
    peer.finish().await;
    app.finish().await;
}

/// Nobody listens on port 1.
#[tokio::test]
async fn without_redis_guessers_and_gluttons_are_held_up_all_the_same() {
    let settings = [
        ("DARKROOM_REDIS_URL", "redis://127.0.0.1:1"),
        ("DARKROOM_REDIS_CONNECT_TIMEOUT_MS", "100"),
        ("DARKROOM_RATES_SIGN_INS_PER_LOGIN", "2"),
        ("DARKROOM_RATES_ADDRESS_POINTS", "100"),
    ];
    let app = TestApp::start_with(&settings).await;
    let client = app.client();
    for _ in 0..2 {
        sign_in(&client, "ada", "a wrong password").await.data();
    }
    assert_eq!(sign_in(&client, "ada", "a wrong password").await.error_code(), "RATE_LIMITED");
    let mut last = ask(&client, None, None).await;
    for _ in 0..60 {
        last = ask(&client, None, None).await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(last.code(), "RATE_LIMITED");
    app.abandon().await;
}
