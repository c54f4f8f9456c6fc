//! Clients that go away.

use std::time::{Duration, Instant};

use darkroom_testing::picture;
use darkroom_testing::sequence::Dice;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::PATIENCE;
use crate::load::Load;
use crate::report::Row;
use crate::site::Site;

/// Cut at once.
const TOGETHER: usize = 16;

/// Nothing is left of an upload that was cut.
const CLEARED: Duration = Duration::from_secs(10);

/// So many uploads break off, each at another byte.
pub(super) async fn cut_uploads(site: &mut Site, load: &Load, times: usize, row: &mut Row) {
    let mut dice = Dice::new(times as u64);
    let token = load.company.people[0].voice.token().to_owned();
    let file = picture::noise(300, 200);
    let mut cuts = JoinSet::new();
    for at in 0..times {
        let address = site.apis[at % site.apis.len()].address;
        let request = request(&token, &file, &format!("cut {at}"));
        let length = dice.below(request.len() - 1);
        cuts.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // The server may have had enough before: that is a cut, too.
            let _ = stream.write_all(&request[..length]).await;
        });
        while cuts.len() >= TOGETHER {
            cuts.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(cut) = cuts.join_next().await {
        cut.unwrap();
    }
    let over = Instant::now();
    while site.count("media", "alt_text LIKE 'cut %'").await > 0 {
        assert!(over.elapsed() < PATIENCE, "rows of uploads that were cut are left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    row.recovered("cleared", over.elapsed(), CLEARED);
    row.note(format!("{times} uploads were cut"));
}

fn request(token: &str, file: &[u8], alt_text: &str) -> Vec<u8> {
    let boundary = "a-boundary-of-a-test";
    let operations = json!({
        "query": "mutation($file: Upload!, $alt: String!) { uploadMedia(input: { file: $file, altText: $alt }) {
            media { id } userErrors { code } } }",
        "variables": { "file": null, "alt": alt_text },
    });
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{operations}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{{\"0\":[\"variables.file\"]}}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let mut request = format!(
        "POST /graphql HTTP/1.1\r\nHost: darkroom\r\nAuthorization: Bearer {token}\r\nGraphQL-Require-Preflight: 1\r\n\
         Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.append(&mut body);
    request
}
