//! An S3 server of a test's own.

use tempfile::TempDir;

use super::{Process, binary, command};

/// The one bucket of it.
const BUCKET: &str = "darkroom";

/// A secret that opens what is deleted with the test.
const SECRET: &str = "a-secret-of-a-test";

/// `darkroom-test-s3` on a folder of its own.
pub struct S3Server {
    address: String,
    // Before the folder: it must not be deleted under a server that writes.
    _process: Process,
    _folder: TempDir,
}

impl S3Server {
    /// Starts one and waits for it.
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = command(&binary("darkroom-test-s3"), folder.path(), &Self::credentials());
        command.arg("--root").arg(folder.path().join("s3")).args(["--listen", "127.0.0.1:0", "--bucket", BUCKET]);
        let mut process = Process::start(command);
        let line = process.printed("listening on http://").await;
        let (_, address) = line.rsplit_once("http://").unwrap();
        Self { address: address.trim().to_owned(), _process: process, _folder: folder }
    }

    /// Where it listens, host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What to set `DARKROOM_OBJECTS_URL` to.
    pub fn url() -> String {
        format!("s3://{BUCKET}")
    }

    /// The variables by which it lets one in.
    pub fn credentials() -> Vec<(String, String)> {
        [("AWS_ACCESS_KEY_ID", "darkroom-test"), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_REGION", "us-east-1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }
}
