//! Large files, part by part, as an app sends them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{Answer, Client};

/// Everything that there is to know of an upload.
const UPLOAD: &str = "id contentType byteSize sha256 altText partSize createdAt expiresAt media { id }
    parts { number offset byteSize url urlExpiresAt uploaded }";

/// What `createUpload` takes of a file of this type.
pub fn announcement(file: &[u8], content_type: &str) -> Value {
    json!({
        "contentType": content_type,
        "byteSize": file.len(),
        "sha256": format!("{:x}", Sha256::digest(file)),
        "altText": "a test",
    })
}

impl Client {
    /// Announces a large file; `input` as from [`announcement`].
    pub async fn create_upload(&self, input: Value) -> Answer {
        self.mutate("createUpload", input, &format!("upload {{ {UPLOAD} }}")).await
    }

    /// Announces a large file that can be taken, and returns the upload.
    pub async fn begin_upload(&self, file: &[u8], content_type: &str) -> Value {
        self.create_upload(announcement(file, content_type)).await.payload()["upload"].clone()
    }

    /// One of the viewer's uploads, or null.
    pub async fn look_up_upload(&self, id: &str) -> Value {
        let query = format!("query($id: ID!) {{ viewer {{ upload(id: $id) {{ {UPLOAD} }} }} }}");
        self.run(&query, json!({ "id": id })).await.at("/viewer/upload").clone()
    }

    /// Sends bytes to a link.
    pub async fn put(&self, url: &str, bytes: impl Into<reqwest::Body>) -> reqwest::Response {
        self.http().put(url).body(bytes).send().await.unwrap()
    }

    /// Sends a part, as [`Client::begin_upload`] lists it, of its file.
    pub async fn send_part(&self, part: &Value, file: &[u8]) {
        let from = part["offset"].as_u64().unwrap() as usize;
        let bytes = file[from..from + part["byteSize"].as_u64().unwrap() as usize].to_vec();
        let response = self.put(part["url"].as_str().unwrap(), bytes).await;
        let status = response.status();
        assert!(status.is_success(), "{status}: {}", response.text().await.unwrap());
    }

    /// Sends every part of an upload.
    pub async fn send_parts(&self, upload: &Value, file: &[u8]) {
        for part in upload["parts"].as_array().unwrap() {
            self.send_part(part, file).await;
        }
    }

    /// Finishes an upload.
    pub async fn finish_upload(&self, id: &str) -> Answer {
        let query = "mutation($id: ID!) { finishUpload(input: { uploadId: $id }) {
            media { id status altText } userErrors { code field message mediaFailure } } }";
        self.run(query, json!({ "id": id })).await
    }

    /// Cancels an upload.
    pub async fn cancel_upload(&self, id: &str) -> Answer {
        self.mutate("cancelUpload", json!({ "uploadId": id }), "cancelledUploadId").await
    }
}
