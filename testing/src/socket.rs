//! A client of subscriptions, by `graphql-transport-ws`.

use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest silence of the server before a test fails.
const SILENCE: Duration = Duration::from_secs(30);

/// One WebSocket with one subscription on it.
pub struct Subscription {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Subscription {
    pub(crate) async fn begin(address: SocketAddr, token: Option<&str>, query: &str, variables: Value) -> Self {
        let mut request = format!("ws://{address}/graphql/ws").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let mut subscription = Self { socket };
        let payload = token.map(|token| json!({ "Authorization": format!("Bearer {token}") }));
        subscription.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(subscription.hear().await["type"], "connection_ack");
        let payload = json!({ "query": query, "variables": variables });
        subscription.say(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        subscription
    }

    /// The next event's `data`; `None` at the end.
    ///
    /// # Panics
    /// When an error comes instead, or nothing.
    pub async fn next(&mut self) -> Option<Value> {
        let message = self.hear().await;
        match message["type"].as_str() {
            Some("next") if message["payload"].get("errors").is_none() => Some(message["payload"]["data"].clone()),
            Some("complete") => None,
            _ => panic!("{message}"),
        }
    }

    /// Every event's `data` up to the end.
    pub async fn all(mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    /// The code of the error that comes instead of a first event.
    pub async fn refusal(mut self) -> String {
        let message = self.hear().await;
        let errors = if message["type"] == "error" { &message["payload"] } else { &message["payload"]["errors"] };
        let code = errors[0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("no refusal: {message}")).to_owned()
    }

    async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let next_text = async {
            loop {
                match self.socket.next().await.unwrap().unwrap() {
                    Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        };
        tokio::time::timeout(SILENCE, next_text).await.expect("the server said nothing")
    }
}
