//! `graphql-transport-ws`, spoken by a real client over TCP.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{TestEdge, test_edge};
use crate::serve::Bounds;

pub(super) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

async fn listen(edge: &TestEdge) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = edge.edge.shutdown.clone();
    let bounds = Bounds { connections: 100, head: Duration::from_secs(30), idle: Duration::from_secs(30) };
    tokio::spawn(crate::serve::run(edge.router(), listener, bounds, shutdown, edge.edge.sockets.clone()));
    address.to_string()
}

async fn connect(address: &str, headers: &[(&'static str, &str)]) -> Result<Client, Error> {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| Client { socket })
}

async fn open(edge: &TestEdge) -> Client {
    connect(&listen(edge).await, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
}

pub(super) async fn acknowledged(edge: &TestEdge, payload: Value) -> Client {
    let mut client = open(edge).await;
    client.say(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
    client
}

impl Client {
    pub(super) async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    pub(super) async fn hear(&mut self) -> Value {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The code with which the server closes; messages before it are passed over.
    async fn close_code(&mut self) -> u16 {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Close(None))) => return 1005,
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn operations_of_every_kind_and_several_at_once() {
    let mut client = acknowledged(&test_edge(), json!({ "AUTHORIZATION": "Bearer good" })).await;
    client.subscribe("q", "{ me }").await;
    assert_eq!(
        client.hear().await,
        json!({ "type": "next", "id": "q", "payload": {
        "data": { "me": "ada" }, "extensions": { "cost": { "requested": 1, "limit": 20_000 } } } })
    );
    assert_eq!(client.hear().await, json!({ "type": "complete", "id": "q" }));
    client.subscribe("silent", "subscription { silence }").await;
    client.subscribe("s", "subscription { count(to: 2) }").await;
    for n in 1..=2 {
        assert_eq!(client.hear().await["payload"]["data"]["count"], n);
    }
    assert_eq!(client.hear().await, json!({ "type": "complete", "id": "s" }));
    client.say(json!({ "type": "ping" })).await;
    assert_eq!(client.hear().await, json!({ "type": "pong" }));
    // Completed by the client, the id is free again.
    client.say(json!({ "type": "complete", "id": "silent" })).await;
    client.subscribe("silent", "{ hello }").await;
    assert_eq!(client.hear().await["payload"]["data"]["hello"], "world");
}

#[tokio::test]
async fn what_does_not_begin_is_an_error_message() {
    let mut client = acknowledged(&test_edge(), Value::Null).await;
    for query in ["{", "{ nothing }", "subscription { count }"] {
        client.subscribe("1", query).await;
        let message = client.hear().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{message}");
        assert!(message["payload"][0]["extensions"]["requestId"].is_string(), "{message}");
    }
    client.subscribe("1", "{ hello fails }").await;
    assert_eq!(client.hear().await["type"], "next");
    assert_eq!(client.hear().await["type"], "complete");
}

#[tokio::test]
async fn close_codes() {
    let edge = test_edge();
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": "subscription { silence }" } });
    let init = |token: &str| json!({ "type": "connection_init", "payload": { "Authorization": token } });
    let cases = [
        (vec![json!({ "type": "start" })], 4400),
        (vec![json!({ "type": "connection_init", "payload": [] })], 4400),
        (vec![subscribe.clone()], 4401),
        (vec![init("Bearer bad")], 4403),
        (vec![init("good")], 4403),
        (vec![init("Bearer good"), subscribe.clone(), subscribe], 4409),
        (vec![init("Bearer good"), init("Bearer good")], 4429),
    ];
    for (messages, code) in cases {
        let mut client = open(&edge).await;
        for message in &messages {
            client.say(message.clone()).await;
        }
        assert_eq!(client.close_code().await, code, "{messages:?}");
    }
    let mut client = open(&edge).await;
    client.socket.send(Message::binary(b"x".to_vec())).await.unwrap();
    assert_eq!(client.close_code().await, 4400);
}

#[tokio::test]
async fn who_says_nothing_is_closed() {
    let edge = test_edge().timing(Duration::from_millis(20), Duration::from_secs(30));
    assert_eq!(open(&edge).await.close_code().await, 4408);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_closed() {
    let mut client = acknowledged(&test_edge(), Value::Null).await;
    client.say(json!({ "type": "ping", "payload": { "x": "x".repeat(70_000) } })).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn operations_at_once_are_bounded() {
    let mut client = acknowledged(&test_edge(), Value::Null).await;
    for n in 0..33 {
        client.subscribe(&n.to_string(), "subscription { silence }").await;
    }
    let message = client.hear().await;
    assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("32")));
    assert_eq!(message["payload"][0]["extensions"]["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn a_revoked_session_is_closed() {
    let edge = test_edge().timing(Duration::from_secs(10), Duration::from_millis(10));
    let mut client = acknowledged(&edge, json!({ "authorization": "Bearer good" })).await;
    client.subscribe("1", "subscription { silence }").await;
    edge.live.store(false, Ordering::Relaxed);
    assert_eq!(client.close_code().await, 4401);
}

#[tokio::test]
async fn the_server_says_good_bye() {
    let edge = test_edge();
    let mut client = acknowledged(&edge, Value::Null).await;
    client.subscribe("1", "subscription { silence }").await;
    edge.edge.shutdown.cancel();
    assert_eq!(client.close_code().await, 1001);
}

#[tokio::test]
async fn protocol_origin_and_token_are_checked_at_the_door() {
    const SPEAKS: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");
    let edge = test_edge();
    let address = listen(&edge).await;
    assert_eq!(connect(&address, &[]).await.unwrap().close_code().await, 4406);
    let own = format!("http://{address}");
    for origin in ["https://photos.example.com", own.as_str()] {
        assert!(connect(&address, &[SPEAKS, ("origin", origin)]).await.is_ok(), "{origin}");
    }
    for (headers, expected) in
        [([SPEAKS, ("origin", "https://evil.test")], 403), ([SPEAKS, ("authorization", "Bearer bad")], 401)]
    {
        match connect(&address, &headers).await {
            Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), expected),
            other => panic!("{headers:?}: {:?}", other.is_ok()),
        }
    }
    let mut client = connect(&address, &[SPEAKS, ("authorization", "Bearer good")]).await.unwrap();
    client.say(json!({ "type": "connection_init" })).await;
    client.hear().await;
    client.subscribe("1", "{ me }").await;
    assert_eq!(client.hear().await["payload"]["data"]["me"], "ada");
}
